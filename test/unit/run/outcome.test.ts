import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'

import { isFailure, toFailedOutcome, RESULTS, type RunOutcome } from '../../../src/run/outcome.ts'
import { ActionError } from '../../../src/errors/action-error.ts'
import { createRunState, type RunState } from '../../../src/run/state.ts'
import { STORAGE_REF } from '../../support/unit/storage-context.ts'

const cancelled = new ActionError('CANCELLED', 'The run was cancelled (SIGINT).', {
  result: 'cancelled',
})
const knowing = (known: Partial<RunState> = {}): RunState => ({ ...createRunState(), ...known })
const asIs = (text: string): string => text

const job = { jobId: 'job-7', status: 'RUNNING' }

describe('The outcome of a run that threw', () => {
  it('An error of the action becomes the outcome as it is when nothing is pending', () => {
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
    'Any other value becomes INTERNAL_ERROR: %o',
    (thrown) => {
      const ending = toFailedOutcome(thrown, knowing(), STORAGE_REF, asIs)
      expect(ending.result).toBe('failed')
      expect(ending.error.code).toBe('INTERNAL_ERROR')
      expect(ending.error.message).toMatch(/^An unexpected error occurred: ./)
    },
  )

  it.each(['unknown', 'timed-out'] as const)(
    'The outcome has the result that the error names: %s',
    (result) => {
      const error = new ActionError('TIMED_OUT', 'Over.', { result })
      expect(toFailedOutcome(error, knowing(job), STORAGE_REF, asIs)).toMatchObject({
        result,
        error: { message: 'Over.' },
      })
    },
  )

  it('An internal error has the thrown value as its cause', () => {
    const thrown = new Error('boom')
    const { error } = toFailedOutcome(thrown, knowing(), STORAGE_REF, asIs)
    expect(error.message).toBe('An unexpected error occurred: boom.')
    expect(error.cause).toBe(thrown)
  })

  it('An error of the action keeps its cause', () => {
    const cause = new Error('ECONNRESET')
    const error = new ActionError('NO_ANSWER', 'No answer.', { cause })
    expect(toFailedOutcome(error, knowing(), STORAGE_REF, asIs).error.cause).toBe(cause)
  })

  it('The outcome contains no secret that a server repeated', () => {
    const error = new ActionError('BAD_REQUEST', 'said s3cret', { advice: 'ask s3cret' })
    const redact = (text: string): string => text.replaceAll('s3cret', '***')
    const { error: clean } = toFailedOutcome(error, knowing(), STORAGE_REF, redact)
    expect([clean.message, clean.advice]).toEqual(['said ***', 'ask ***'])
  })
})

describe('An error during a change', () => {
  const error = new ActionError('ROLE_REFUSED', 'No more rights.', { advice: 'Look.' })

  it('An error while the job of the run is running makes the outcome unknown, with a command to check the job', () => {
    const ending = toFailedOutcome(error, knowing(job), STORAGE_REF, asIs)
    expect(ending.result).toBe('unknown')
    expect(ending.error.code).toBe('ROLE_REFUSED')
    expect(ending.error.advice).toMatch(/^Look\. Job job-7 is still running, .*--job-id job-7$/)
  })

  it('A command at the end of an advice stays on a line of its own', () => {
    const looking = new ActionError('STORAGE_EXISTS', 'There.', { advice: 'To look: aws x --id y' })
    const { advice } = toFailedOutcome(looking, knowing(job), STORAGE_REF, asIs).error
    expect(advice).toMatch(/^To look: aws x --id y\nJob job-7 is still running/)
  })

  it('An error while a mutation is pending makes the outcome unknown', () => {
    const ending = toFailedOutcome(error, knowing({ mutationPending: true }), STORAGE_REF, asIs)
    expect(ending.result).toBe('unknown')
    expect(ending.error.advice).toContain('A request was sent and its outcome is not known')
    expect(ending.error.advice).toContain('get-backend-storage')
  })

  it.each(['COMPLETED', 'FAILED', 'completed'])(
    'An error after the job has ended is a failure: %s',
    (status) => {
      expect(
        toFailedOutcome(error, knowing({ jobId: 'job-7', status }), STORAGE_REF, asIs).result,
      ).toBe('failed')
    },
  )
})

describe('The advice of an outcome with a pending change', () => {
  const { region, appId, backendEnvironmentName, resourceName } = STORAGE_REF
  const where = `--region ${region} --app-id ${appId} --backend-environment-name ${backendEnvironmentName}`
  const ofJob = `Job job-7 is still running, and the next run waits for it. To check it: aws amplifybackend get-backend-job ${where} --job-id job-7`
  const ofSend = `A request was sent and its outcome is not known. Running this again is safe: the next run reads the storage first. To check the storage: aws amplifybackend get-backend-storage ${where} --resource-name ${resourceName}`
  const failed = new ActionError('ROLE_REFUSED', 'No.', { advice: 'Look.', requestId: 'r1' })

  it.each<[string, ActionError, Partial<RunState>, Partial<ActionError>]>([
    [
      'A failure while a job is running shows its own advice, then how to check the job',
      failed,
      job,
      { code: 'ROLE_REFUSED', result: 'unknown', advice: `Look. ${ofJob}`, requestId: 'r1' },
    ],
    [
      'A failure while a mutation is pending shows its own advice, then how to check the storage',
      failed,
      { mutationPending: true },
      { code: 'ROLE_REFUSED', result: 'unknown', advice: `Look. ${ofSend}`, requestId: 'r1' },
    ],
    [
      'A cancellation while a job is running shows how to check the job',
      cancelled,
      job,
      { code: 'CANCELLED', result: 'cancelled', advice: ofJob },
    ],
    [
      'A cancellation while a mutation is pending shows how to check the storage',
      cancelled,
      { mutationPending: true },
      { code: 'CANCELLED', result: 'cancelled', advice: ofSend },
    ],
    [
      'A cancellation after the job has ended says that running again is safe',
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

  it('An unknown outcome has the original failure as its cause', () => {
    expect(toFailedOutcome(failed, knowing(job), STORAGE_REF, asIs).error.cause).toBe(failed)
  })
})

describe('Without a storage reference there is no command to show', () => {
  it.each([
    ['a job is running', job],
    ['a mutation is pending', { mutationPending: true }],
  ])('A failure without a storage reference stays as it is, although %s', (_, known) => {
    const error = new ActionError('INVALID_INPUT', 'No.', { advice: 'Look.' })
    expect(toFailedOutcome(error, knowing(known), undefined, asIs)).toMatchObject({
      result: 'failed',
      error: { result: 'failed', advice: 'Look.' },
    })
  })

  it.each([
    ['a job is running', job],
    ['a mutation is pending', { mutationPending: true }],
  ])('A cancellation without a storage reference shows no command, although %s', (_, known) => {
    const { error } = toFailedOutcome(cancelled, knowing(known), undefined, asIs)
    expect(error).toMatchObject({ code: 'CANCELLED', result: 'cancelled' })
    expect(error.advice).not.toContain('aws amplifybackend')
  })
})

describe('A cancelled run', () => {
  it('A cancelled run that sent nothing says that nothing is running', () => {
    const ending = toFailedOutcome(cancelled, knowing(), STORAGE_REF, asIs)
    expect(ending.result).toBe('cancelled')
    expect(ending.error.advice).toContain('Nothing that this run started is still running')
  })

  it('A cancelled run names the job that is still running', () => {
    const { error } = toFailedOutcome(
      cancelled,
      knowing({ ...job, mutationPending: true }),
      STORAGE_REF,
      asIs,
    )
    expect(error.advice).toContain('Job job-7 is still running')
  })

  it('A cancelled run says that the outcome of a pending mutation is not known', () => {
    const { error } = toFailedOutcome(
      cancelled,
      knowing({ mutationPending: true }),
      STORAGE_REF,
      asIs,
    )
    expect(error.advice).toContain('outcome is not known')
  })

  it('A run that is cancelled before the inputs are read is cancelled', () => {
    expect(toFailedOutcome(cancelled, knowing(), undefined, asIs).result).toBe('cancelled')
  })
})

describe('The results', () => {
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

  it('Four results are failures and the others are not', () => {
    expect(endings.filter(isFailure).map(({ result }) => result)).toEqual([
      'failed',
      'unknown',
      'timed-out',
      'cancelled',
    ])
  })
})

describe('Any thrown value in any state', () => {
  property.prop([
    fc.anything(),
    fc.record({ jobId: fc.string(), status: fc.string(), mutationPending: fc.boolean() }),
  ])('Every thrown value becomes one failure with a message and advice', (thrown, known) => {
    const ending = toFailedOutcome(thrown, knowing(known), STORAGE_REF, asIs)
    expect(RESULTS).toContain(ending.result)
    expect(ending.error.message).not.toBe('')
    expect(ending.error.advice).not.toBe('')
    if (known.mutationPending) expect(ending.result).toBe('unknown')
  })
})
