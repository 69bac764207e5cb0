import { describe, expect, test } from 'vitest'
import {
  LOCKED_ENVIRONMENT,
  STORAGE_JOB_ERRORS,
} from '../../../../src/storage/jobs/known-job-errors.ts'
import { STACK_JOB_ERRORS } from '../../../../src/storage/jobs/stack-job-errors.ts'
import { explained, failed, kindOf } from './failed-job.ts'
import { KNOWN_TEXTS } from './known-texts.ts'

describe('a known text of a failed job', () => {
  const known = KNOWN_TEXTS.flatMap(({ texts, ...row }) => texts.map((text) => ({ text, ...row })))

  test.each(known)(
    'The text $text is of the kind $kind, with its code and the advice that people need',
    ({ text, kind, code, advice: words }) => {
      const explanation = explained(text)
      expect(explanation).toMatchObject({ kind, code })
      for (const word of words) expect(explanation.advice).toContain(word)
      const { advice } = explanation
      const error = failed(text)
      expect(error).toMatchObject({ code, advice, result: 'failed' })
      expect(error.message).toContain(' because ')
      expect(error.message).toContain('The job reports: ')
    },
  )

  test('Every kind has a text here, and no two have the same name', () => {
    const rows = [LOCKED_ENVIRONMENT, ...STORAGE_JOB_ERRORS, ...STACK_JOB_ERRORS]
    const kinds = rows.map(({ kind }) => kind).toSorted()
    expect(kinds).toEqual(KNOWN_TEXTS.map(({ kind }) => kind).toSorted())
    expect(new Set(kinds).size).toBe(kinds.length)
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
