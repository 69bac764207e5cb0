import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'

import {
  isFailure,
  redactOutcome,
  toFailedOutcome,
  RESULTS,
  type RunOutcome,
} from '../../../src/run/outcome.ts'
import { ActionError } from '../../../src/errors/action-error.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createRunState, type RunState } from '../../../src/run/state.ts'
import { STORAGE_REF } from '../../support/unit/storage-context.ts'

const cancelled = new ActionError('CANCELLED', 'The run was cancelled (SIGINT).', {
  result: 'cancelled',
})
const knowing = (known: Partial<RunState> = {}): RunState => ({ ...createRunState(), ...known })
const asIs = (text: string): string => text

const job = { jobId: 'job-7', status: 'RUNNING' }

describe('The outcome of a run that threw', () => {
  it('An error of the action keeps everything but the secrets that a server repeated', () => {
    const cause = new Error('ECONNRESET')
    const members = { advice: 'Ask s3cret.', requestId: 'r1', cause }
    const error = new ActionError('BAD_REQUEST', 'Refused s3cret.', members)
    const redact = (text: string): string => text.replaceAll('s3cret', '***')
    expect(toFailedOutcome(error, knowing(), STORAGE_REF, redact)).toMatchObject({
      result: 'failed',
      error: {
        code: 'BAD_REQUEST',
        message: 'Refused ***.',
        advice: 'Ask ***.',
        requestId: 'r1',
        cause,
      },
    })
  })

  it('Any other value becomes INTERNAL_ERROR with the value as its cause', () => {
    const thrown = new Error('boom')
    const { result, error } = toFailedOutcome(thrown, knowing(), STORAGE_REF, asIs)
    expect([result, error.code]).toEqual(['failed', 'INTERNAL_ERROR'])
    expect(error.message).toBe('An unexpected error occurred: boom.')
    expect(error.cause).toBe(thrown)
  })

  it.each(['unknown', 'timed-out'] as const)(
    'The outcome has the result that the error names: %s',
    (result) => {
      const error = new ActionError('TIMED_OUT', 'Over.', { result })
      const expected = { result, error: { message: 'Over.' } }
      expect(toFailedOutcome(error, knowing(job), STORAGE_REF, asIs)).toMatchObject(expected)
    },
  )
})

describe('The outcome of a run with a pending change', () => {
  const { region, appId, backendEnvironmentName, resourceName } = STORAGE_REF
  const where = `--region ${region} --app-id ${appId} --backend-environment-name ${backendEnvironmentName}`
  const checkJob = `aws amplifybackend get-backend-job ${where} --job-id job-7`
  const checkStorage = `aws amplifybackend get-backend-storage ${where} --resource-name ${resourceName}`
  const pending = { mutationPending: true }
  const ended = { jobId: 'job-7', status: 'COMPLETED' }
  const failed = new ActionError('ROLE_REFUSED', 'No.', { advice: 'Look.', requestId: 'r1' })
  const command = new ActionError('STORAGE_EXISTS', 'There.', { advice: 'To look: aws x --id y' })

  it.each<[ActionError, Partial<RunState>, result: string, start: string, end: string]>([
    [failed, job, 'unknown', 'Look. Job job-7 is', checkJob],
    [failed, pending, 'unknown', 'Look. A request was sent', checkStorage],
    [failed, ended, 'failed', 'Look.', 'Look.'],
    [failed, { jobId: 'job-7', status: 'FAILED' }, 'failed', 'Look.', 'Look.'],
    [failed, { jobId: 'job-7', status: 'completed' }, 'failed', 'Look.', 'Look.'],
    [command, job, 'unknown', 'To look: aws x --id y\nJob job-7 is', checkJob],
    [cancelled, job, 'cancelled', 'Job job-7 is', checkJob],
    [cancelled, { ...job, ...pending }, 'cancelled', 'Job job-7 is', checkJob],
    [cancelled, pending, 'cancelled', 'A request was sent', checkStorage],
    [cancelled, ended, 'cancelled', 'Nothing', 'It is safe to run the workflow again.'],
    [cancelled, {}, 'cancelled', 'Nothing', 'It is safe to run the workflow again.'],
  ])('%s with the state %j has the result %s and tells where to look', (...row) => {
    const [thrown, known, result, start, end] = row
    const outcome = toFailedOutcome(thrown, knowing(known), STORAGE_REF, asIs)
    const { code, message, requestId } = thrown
    expect(outcome).toMatchObject({ result, error: { code, message, result, requestId } })
    expect(outcome.error.advice.startsWith(start)).toBe(true)
    expect(outcome.error.advice.endsWith(end)).toBe(true)
    if (result === 'unknown') expect(outcome.error.cause).toBe(thrown)
  })

  it.each([job, pending])('Without a storage reference, %j shows no command', (known) => {
    expect(toFailedOutcome(failed, knowing(known), undefined, asIs)).toMatchObject({
      result: 'failed',
      error: { result: 'failed', advice: 'Look.' },
    })
    const { error } = toFailedOutcome(cancelled, knowing(known), undefined, asIs)
    expect(error).toMatchObject({ code: 'CANCELLED', result: 'cancelled' })
    expect(error.advice).not.toContain('aws amplifybackend')
  })
})

describe('Credentials that GitHub does not pass to the run', () => {
  const restricted = knowing({ credentialsRestriction: 'A fork gets none.' })
  const adviceOf = (code: ErrorCode, state: RunState): string =>
    toFailedOutcome(new ActionError(code, 'No.', { advice: 'Look.' }), state, STORAGE_REF, asIs)
      .error.advice

  it.each(['NO_CREDENTIALS', 'MISSING_ID_TOKEN_PERMISSION'] as const)(
    'The advice of %s is about them alone',
    (code) => {
      expect(adviceOf(code, restricted)).toBe('A fork gets none.')
      expect(adviceOf(code, knowing())).toBe('Look.')
    },
  )

  it('The advice of an error that has another cause does not mention them', () => {
    expect(adviceOf('BAD_REQUEST', restricted)).toBe('Look.')
  })
})

describe('The outcome of a run that did not throw', () => {
  const redact = (text: string): string => text.replaceAll('s3cret', '***')

  it.each<[RunOutcome, RunOutcome]>([
    [
      { result: 'created', verified: true, bucketName: 'media-s3cret' },
      { result: 'created', verified: true, bucketName: 'media-***' },
    ],
    [
      { result: 'planned', bucketName: 's3cret' },
      { result: 'planned', bucketName: '***' },
    ],
    [
      { result: 'skipped', reason: 'The branch s3cret is another one.' },
      { result: 'skipped', reason: 'The branch *** is another one.' },
    ],
  ])('%j without secrets is %j', (outcome, redacted) => {
    expect(redactOutcome(outcome, redact)).toEqual(redacted)
  })

  it.each<RunOutcome>([
    { result: 'planned' },
    { result: 'planned', bucketName: undefined },
    { result: 'started', verified: false, bucketName: undefined },
  ])('%j has nothing to redact', (outcome) => {
    expect(redactOutcome(outcome, redact)).toBe(outcome)
  })
})

it('An outcome with an error is a failure, and any other is not', () => {
  const error = new ActionError('INTERNAL_ERROR', 'x')
  expect(isFailure({ result: 'cancelled', error })).toBe(true)
  expect(isFailure({ result: 'planned' })).toBe(false)
})

describe('Any thrown value in any state', () => {
  property.prop([
    fc.anything(),
    fc.record({ jobId: fc.string(), status: fc.string(), mutationPending: fc.boolean() }),
  ])('Every thrown value becomes one failure with a message and advice', (thrown, known) => {
    const outcome = toFailedOutcome(thrown, knowing(known), STORAGE_REF, asIs)
    expect(RESULTS).toContain(outcome.result)
    expect(outcome.error.message).not.toBe('')
    expect(outcome.error.advice).not.toBe('')
    if (known.mutationPending) expect(outcome.result).toBe('unknown')
  })
})
