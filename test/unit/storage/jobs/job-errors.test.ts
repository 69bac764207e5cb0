import { describe, expect, test } from 'vitest'
import type { ActionError } from '../../../../src/errors/action-error.ts'
import { ERROR_CATALOG } from '../../../../src/errors/catalog.ts'
import {
  incompleteJobList,
  jobStillPending,
  storageNotSeen,
} from '../../../../src/storage/jobs/job-errors.ts'
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

describe('the length of the text of a failed job', () => {
  const reported = (text: string): string | undefined => /"(.*)"$/.exec(failed(text).message)?.[1]

  test('A text of 2,400 characters is shown whole, and a longer one is not', () => {
    const longest = `START ${'x'.repeat(2_388)} END..`.slice(0, 2_400)
    expect(reported(longest)).toBe(longest)
    expect(reported(`${longest}.`)).toContain('…')
  })

  const [IN_TWO_PARTS, IN_THREE_PARTS] = [
    [1_200, 1_200],
    [600, 600, 600],
  ]

  test.each([
    [0, 9_000, IN_TWO_PARTS],
    [599, 9_000, IN_TWO_PARTS],
    [600, 9_000, IN_THREE_PARTS],
    [9_000, 1_186, IN_THREE_PARTS],
    [9_000, 1_185, IN_TWO_PARTS],
  ])(
    'Of a long text with the cause after %i characters and %i more, parts of the lengths %j are shown',
    (before, after, lengths) => {
      const text = `${'x'.repeat(before)}TooManyBuckets${'y'.repeat(after - 3)}END`
      const parts = reported(text)?.split(' ') ?? []
      expect(parts.map(({ length }) => length)).toEqual(lengths)
      expect(parts.filter((part) => part.includes('TooManyBuckets'))).toHaveLength(1)
      expect(parts.at(-1)).toMatch(/END$/)
    },
  )
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
  const PENDING = { jobId: 'job-9', status: 'RUNNING', createdAt: undefined, error: undefined }
  const pending = (operation: string | undefined, ageMs?: number): ActionError =>
    jobStillPending(STORAGE_REF, { ...PENDING, operation }, ageMs)

  test('It names the job, its operation and its last status', () => {
    const { code, result, message } = pending('UpdateBackendAuth')
    expect({ code, result }).toEqual({ code: 'PENDING_JOB', result: 'timed-out' })
    expect(message).toMatch(/^Job job-9 \(UpdateBackendAuth, last status RUNNING\) .+"prod"/)
    expect(pending(undefined).message).toMatch(/^Job job-9 \(unknown operation, /)
  })

  test.each([undefined, { ...PENDING, jobId: undefined, operation: 'CreateBackendStorage' }])(
    'It has no command for a job without an id (%j)',
    (job) => {
      const { message, advice } = jobStillPending(STORAGE_REF, job)
      expect(message).toMatch(/^A job of the environment "prod"/)
      expect(advice).toMatch(/concurrency group.+ cancel-in-progress\.$/)
    },
  )

  test('It ends with the age of the job, if that is known', () => {
    const { message } = pending('UpdateBackendAuth')
    const withAge = pending('UpdateBackendAuth', 120_000).message
    expect(withAge.slice(0, message.length)).toBe(message)
    expect(withAge.slice(message.length)).toContain('2 min')
    expect(pending('UpdateBackendAuth', 0).message).toContain('0 s')
  })

  test.each(['CreateBackendStorage', 'UpdateBackendStorage', undefined, 'x; rm -rf ~', '$(id) x'])(
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

describe('the error for a job or a list that does not show what it should', () => {
  const STORAGE_COMMAND =
    'aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media'

  test.each([
    ['an incomplete list of jobs', incompleteJobList, 'UNREADABLE_RESPONSE', 'failed'],
    ['a storage that is not seen', storageNotSeen, 'STORAGE_NOT_SEEN', 'unknown'],
  ])('The error for %s shows how to check the storage', (_, toError, code, result) => {
    const error = toError(STORAGE_REF)
    expect(error).toMatchObject({ code, result })
    expect(error.advice).toContain(STORAGE_COMMAND)
  })
})
