import { describe, expect, test } from 'vitest'
import type { ActionError } from '../../../../src/errors/action-error.ts'
import { ERROR_CATALOG } from '../../../../src/errors/catalog.ts'
import { jobStillPending } from '../../../../src/storage/jobs/job-errors.ts'
import { STORAGE_REF } from '../../../support/unit/storage-context.ts'
import { failed } from './failed-job.ts'

/** Everything that the error says, the job's own text included. */
const textOf = ({ message, advice }: ActionError): string => `${message}\n${advice}`

describe('the error for a failed job', () => {
  test('A text that is not known is shown whole, with how to find out more', () => {
    const { code, message, advice, result } = failed('Something went wrong')
    expect({ code, result }).toEqual({ code: 'JOB_FAILED', result: 'failed' })
    expect(message).toBe('The backend job job-1 failed: "Something went wrong"')
    expect(advice).toContain(
      'aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id job-1',
    )
    expect(advice).toContain('aws cloudformation describe-stack-events --region eu-west-1')
  })

  test.each([undefined, ' ', ' \n '])('A job with the text %j points at the console', (error) => {
    const { code, message, advice } = failed(error)
    expect(code).toBe('JOB_FAILED')
    expect(message).toBe('The backend job job-1 failed without an error text')
    expect(advice).toContain('Amplify console')
    expect(advice).toContain('describe-stack-events')
  })

  test('The text of the job is one sanitized line', () => {
    const { message } = failed('a\n::error::forged\n##[error]z')
    expect(message).toBe('The backend job job-1 failed: "a ::error::forged ## [error]z"')
  })

  test.each([
    'Error Code: TooManyBuckets',
    'API: s3:PutPublicAccessBlock Access Denied',
    'S3Bucket: acme-media14a5e-dev already exists',
    'Action denied by stack policy: Statement [#1]',
  ])('Of a long text, the part that tells the cause is shown: %s', (part) => {
    for (const [before, after] of [
      [4_000, 4_000],
      [700, 9_000],
      [9_000, 700],
      [0, 9_000],
      [9_000, 0],
    ] as const) {
      const { message } = failed(
        `${'event '.repeat(before / 5)} ${part} ${'more '.repeat(after / 5)}`,
      )
      expect(message).toContain(part)
      expect(message.length).toBeLessThan(3_000)
    }
  })

  test('Of a long text, the start and the end are shown', () => {
    const { message } = failed(`START ${'x'.repeat(9_000)} END`)
    expect(message).toMatch(/^The backend job job-1 failed: "START x+… x+ END"$/)
    expect(message.length).toBeLessThan(2_500)
  })
})

describe('the text of a failed job', () => {
  test('A job that fails for a known reason names the remedy of its code', () => {
    const { advice } = failed('storage needs an existing auth resource')
    expect(advice).toBe(ERROR_CATALOG.AUTH_MISSING.remedy)
  })

  test('No command contains text of the job that a shell would run', () => {
    const evil = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/a$(rm -rf ~)/x'
    for (const text of [
      `Embedded stack ${evil} was not successfully created`,
      'a$(id)-prod already exists',
    ]) {
      const { advice } = failed(text)
      expect(advice).not.toMatch(/\$\((?!aws amplify)/)
    }
    expect(textOf(failed(evil))).toContain('failed')
  })
})

describe('the error for a job that is still pending', () => {
  const pending = (operation: string | undefined): ActionError =>
    jobStillPending(STORAGE_REF, {
      ...{ jobId: 'job-9', status: 'RUNNING', createdAt: undefined, error: undefined },
      operation,
    })

  test.each(['CreateBackendStorage', 'UpdateBackendStorage', undefined, 'x; rm -rf ~'])(
    'For the operation %s, which may be that of another run, it advises a concurrency group',
    (operation) => {
      const { advice } = pending(operation)
      expect(advice).toContain('concurrency group')
      expect(advice).not.toContain('cloudtrail')
      expect(advice).toMatch(/--job-id job-9$/)
    },
  )

  test('For another operation, it says that it is not ours, and how to see who started it', () => {
    const { advice } = pending('UpdateBackendAuth')
    expect(advice).toContain('Somebody else started this job')
    expect(advice).toContain('aws cloudtrail lookup-events --region eu-west-1')
    expect(advice).toContain('AttributeValue=UpdateBackendAuth')
    expect(advice).not.toContain('concurrency')
  })
})
