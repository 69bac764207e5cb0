import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'

import { isFailure, toFailedOutcome, RESULTS, type RunOutcome } from '../../src/run/outcome.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import { createRunState, type RunState } from '../../src/run/state.ts'
import { STORAGE_REF } from '../support/unit/storage-context.ts'

const cancelled = new ActionError('CANCELLED', 'The run was cancelled (SIGINT).', {
  result: 'cancelled',
})
const knowing = (known: Partial<RunState> = {}): RunState => ({ ...createRunState(), ...known })
const asIs = (text: string): string => text

const job = { jobId: 'job-7', status: 'RUNNING' }

describe('what is thrown comes to a red end', () => {
  it('as it is, when it is an error of the action and nothing is open', () => {
    const error = new ActionError('BAD_REQUEST', 'Refused.', {
      advice: 'Mend it.',
      requestId: 'r1',
    })
    const ending = toFailedOutcome(error, knowing(), STORAGE_REF, asIs)
    expect(ending.result).toBe('failed')
    expect(ending.error).toMatchObject({
      code: 'BAD_REQUEST',
      message: 'Refused.',
      advice: 'Mend it.',
      requestId: 'r1',
    })
  })

  it.each([new Error('boom'), 'boom', undefined, null, 7, Object.create(null)])(
    'as an internal error when it is something else: %o',
    (thrown) => {
      const ending = toFailedOutcome(thrown, knowing(), STORAGE_REF, asIs)
      expect(ending.result).toBe('failed')
      expect(ending.error.code).toBe('INTERNAL_ERROR')
      expect(ending.error.message).toMatch(/^An unexpected error occurred: ./)
    },
  )

  it.each(['unknown', 'timed-out'] as const)(
    'with the result that the error says: %s',
    (result) => {
      const error = new ActionError('TIMED_OUT', 'Over.', { result })
      expect(toFailedOutcome(error, knowing(job), STORAGE_REF, asIs)).toMatchObject({
        result,
        error: { message: 'Over.' },
      })
    },
  )

  it('with what was thrown as the cause of an internal error', () => {
    const thrown = new Error('boom')
    const { error } = toFailedOutcome(thrown, knowing(), STORAGE_REF, asIs)
    expect(error.message).toBe('An unexpected error occurred: boom.')
    expect(error.cause).toBe(thrown)
  })

  it('with the cause that an error of the action names', () => {
    const cause = new Error('ECONNRESET')
    const error = new ActionError('NO_ANSWER', 'No answer.', { cause })
    expect(toFailedOutcome(error, knowing(), STORAGE_REF, asIs).error.cause).toBe(cause)
  })

  it('without any secret that a server has repeated', () => {
    const error = new ActionError('BAD_REQUEST', 'said s3cret', { advice: 'ask s3cret' })
    const redact = (text: string): string => text.replaceAll('s3cret', '***')
    const { error: clean } = toFailedOutcome(error, knowing(), STORAGE_REF, redact)
    expect([clean.message, clean.advice]).toEqual(['said ***', 'ask ***'])
  })
})

describe('an error in the middle of a change', () => {
  const error = new ActionError('ROLE_REFUSED', 'No more rights.', { advice: 'Look.' })

  it('is unknown while the job of the run goes on, and says how to look at it', () => {
    const ending = toFailedOutcome(error, knowing(job), STORAGE_REF, asIs)
    expect(ending.result).toBe('unknown')
    expect(ending.error.code).toBe('ROLE_REFUSED')
    expect(ending.error.advice).toMatch(/^Look\. Job job-7 is still running, .*--job-id job-7$/)
  })

  it('keeps a command of its own advice apart from what is added', () => {
    const looking = new ActionError('STORAGE_EXISTS', 'There.', { advice: 'To look: aws x --id y' })
    const { advice } = toFailedOutcome(looking, knowing(job), STORAGE_REF, asIs).error
    expect(advice).toMatch(/^To look: aws x --id y\nJob job-7 is still running/)
  })

  it('is unknown while what became of a send is open', () => {
    const ending = toFailedOutcome(error, knowing({ mutationPending: true }), STORAGE_REF, asIs)
    expect(ending.result).toBe('unknown')
    expect(ending.error.advice).toContain('A request was sent and its outcome is not known')
    expect(ending.error.advice).toContain('get-backend-storage')
  })

  it.each(['COMPLETED', 'FAILED', 'completed'])('is failed when the job was over: %s', (status) => {
    expect(
      toFailedOutcome(error, knowing({ jobId: 'job-7', status }), STORAGE_REF, asIs).result,
    ).toBe('failed')
  })
})

describe('what an open end advises, word for word', () => {
  const { region, appId, backendEnvironmentName, resourceName } = STORAGE_REF
  const where = `--region ${region} --app-id ${appId} --backend-environment-name ${backendEnvironmentName}`
  const ofJob = `Job job-7 is still running, and the next run waits for it. To check it: aws amplifybackend get-backend-job ${where} --job-id job-7`
  const ofSend = `A request was sent and its outcome is not known. Running this again is safe: the next run reads the storage first. To check the storage: aws amplifybackend get-backend-storage ${where} --resource-name ${resourceName}`
  const failed = new ActionError('ROLE_REFUSED', 'No.', { advice: 'Look.', requestId: 'r1' })

  it.each<[string, ActionError, Partial<RunState>, Partial<ActionError>]>([
    [
      'a failure while a job goes on: its own advice, then where to look at the job',
      failed,
      job,
      { code: 'ROLE_REFUSED', result: 'unknown', advice: `Look. ${ofJob}`, requestId: 'r1' },
    ],
    [
      'a failure while a send is open: its own advice, then where to look at the storage',
      failed,
      { mutationPending: true },
      { code: 'ROLE_REFUSED', result: 'unknown', advice: `Look. ${ofSend}`, requestId: 'r1' },
    ],
    [
      'a cancellation while a job goes on: where to look at the job',
      cancelled,
      job,
      { code: 'CANCELLED', result: 'cancelled', advice: ofJob },
    ],
    [
      'a cancellation while a send is open: where to look at the storage',
      cancelled,
      { mutationPending: true },
      { code: 'CANCELLED', result: 'cancelled', advice: ofSend },
    ],
    [
      'a cancellation once the job is over: that a re-run is harmless',
      cancelled,
      { jobId: 'job-7', status: 'COMPLETED' },
      {
        code: 'CANCELLED',
        result: 'cancelled',
        advice: 'Nothing that this run started is still running. Running it again is safe.',
      },
    ],
  ])('%s', (_, thrown, known, told) => {
    const { error } = toFailedOutcome(thrown, knowing(known), STORAGE_REF, asIs)
    expect(error).toMatchObject({ message: thrown.message, ...told })
  })

  it('a failure in the middle of a change is the cause of the unknown end', () => {
    expect(toFailedOutcome(failed, knowing(job), STORAGE_REF, asIs).error.cause).toBe(failed)
  })
})

describe('where the place is not known, there is no command to show', () => {
  it.each([
    ['a job goes on', job],
    ['a send is open', { mutationPending: true }],
  ])('a failure stays as it is, although %s', (_, known) => {
    const error = new ActionError('INVALID_INPUT', 'No.', { advice: 'Look.' })
    expect(toFailedOutcome(error, knowing(known), undefined, asIs)).toMatchObject({
      result: 'failed',
      error: { result: 'failed', advice: 'Look.' },
    })
  })

  it.each([
    ['a job goes on', job],
    ['a send is open', { mutationPending: true }],
  ])('a cancellation names none, although %s', (_, known) => {
    const { error } = toFailedOutcome(cancelled, knowing(known), undefined, asIs)
    expect(error).toMatchObject({ code: 'CANCELLED', result: 'cancelled' })
    expect(error.advice).not.toContain('aws amplifybackend')
  })
})

describe('a cancellation', () => {
  it('says that nothing goes on when nothing was sent', () => {
    const ending = toFailedOutcome(cancelled, knowing(), STORAGE_REF, asIs)
    expect(ending.result).toBe('cancelled')
    expect(ending.error.advice).toContain('Nothing that this run started is still running')
  })

  it('says which job goes on', () => {
    const { error } = toFailedOutcome(
      cancelled,
      knowing({ ...job, mutationPending: true }),
      STORAGE_REF,
      asIs,
    )
    expect(error.advice).toContain('Job job-7 is still running')
  })

  it('says that the outcome of a send is not known', () => {
    const { error } = toFailedOutcome(
      cancelled,
      knowing({ mutationPending: true }),
      STORAGE_REF,
      asIs,
    )
    expect(error.advice).toContain('outcome is not known')
  })

  it('before the inputs were read has nothing to look at', () => {
    expect(toFailedOutcome(cancelled, knowing(), undefined, asIs).result).toBe('cancelled')
  })
})

describe('the colour of a result', () => {
  const error = new ActionError('INTERNAL_ERROR', 'x')
  const endings: readonly RunOutcome[] = RESULTS.map((result): RunOutcome => {
    switch (result) {
      case 'created':
      case 'updated':
      case 'unchanged':
      case 'started':
        return { result, verified: false, bucketName: undefined }
      case 'planned':
        return { result }
      case 'skipped':
        return { result, reason: 'x' }
      case 'failed':
      case 'unknown':
      case 'timed-out':
      case 'cancelled':
        return { result, error }
    }
  })

  it('is red for four of them, and green for the rest', () => {
    expect(endings.filter(isFailure).map(({ result }) => result)).toEqual([
      'failed',
      'unknown',
      'timed-out',
      'cancelled',
    ])
  })
})

describe('whatever is thrown, and whatever is known', () => {
  property.prop([
    fc.anything(),
    fc.record({ jobId: fc.string(), status: fc.string(), mutationPending: fc.boolean() }),
  ])('there is one red end, with a message and advice', (thrown, known) => {
    const ending = toFailedOutcome(thrown, knowing(known), STORAGE_REF, asIs)
    expect(RESULTS).toContain(ending.result)
    expect(ending.error.message).not.toBe('')
    expect(ending.error.advice).not.toBe('')
    if (known.mutationPending) expect(ending.result).toBe('unknown')
  })
})
