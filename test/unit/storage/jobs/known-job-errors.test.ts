import { describe, expect, test } from 'vitest'
import {
  LOCKED_ENVIRONMENT,
  STORAGE_JOB_ERRORS,
} from '../../../../src/storage/jobs/known-job-errors.ts'
import { STACK_JOB_ERRORS } from '../../../../src/storage/jobs/stack-job-errors.ts'
import { failed, kindOf } from './failed-job.ts'

describe('a known text of a failed job', () => {
  const rows = [LOCKED_ENVIRONMENT, ...STORAGE_JOB_ERRORS, ...STACK_JOB_ERRORS]
  const examples = rows.flatMap(({ kind, code, examples: texts }) =>
    texts.map((text) => [text, kind, code] as const),
  )

  test.each(examples)('The text %j is of the kind %s, with the code %s', (text, kind, code) => {
    expect(kindOf(text)).toBe(kind)
    const error = failed(text)
    expect(error).toMatchObject({ code, result: 'failed' })
    expect(error.message).toContain(' because ')
    expect(error.message).toContain('The job reports: ')
  })

  test('No two kinds have the same name', () => {
    const kinds = rows.map(({ kind }) => kind)
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  test.each([
    [
      'a lock for the migration to Gen 2',
      LOCKED_ENVIRONMENT.examples[0],
      ['remove this step', 'get-stack-policy'],
    ],
    [
      'imported auth',
      'The imported auth config is not compatible',
      ['identity pool', 'amplify import auth'],
    ],
    [
      'a waiter of a stack',
      'Resource is not in the state stackUpdateComplete',
      ['describe-stack-events', 'get-backend-environment'],
    ],
    [
      'a failed rollback',
      'is in UPDATE_ROLLBACK_FAILED state and can not be updated',
      ['continue-update-rollback', 'describe-stack-events'],
    ],
    ['a running deployment', 'A deployment is in progress.', ['Wait', 'deployment-state.json']],
    [
      'a stale lock',
      'Cannot iteratively rollback',
      ['deployment-state.json', 'deploymentArtifacts'],
    ],
    ['an expired session', 'ExpiredToken: expired', ['role-duration-seconds']],
    ['too many buckets', 'TooManyBuckets', ['Service Quotas']],
  ])('The advice for %s has the words that people need', (_, text, words) => {
    const { advice } = failed(text)
    for (const word of words) expect(advice).toContain(word)
  })

  test('The events of the nested stack that the text names are shown', () => {
    const stack =
      'arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-acme-dev-14a5e-storagemedia-1IKU/0f1e2d3c-0000'
    const { advice } = failed(`Embedded stack ${stack} was not successfully created: x`)
    expect(advice).toContain(`--stack-name ${stack} `)
  })

  test.each([
    'The registry requires authentication',
    'Role amplify-octoapp-prod already exists',
    'The table media-prod already exists',
    'amplify-octoapp-authRole already exists',
  ])('The text "%s" has no special advice', (text) => {
    expect(kindOf(text)).toBe('unknown')
    expect(failed(text).code).toBe('JOB_FAILED')
  })
})
