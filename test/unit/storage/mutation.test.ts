import { describe, expect, test } from 'vitest'
import { MIN_TIME_TO_SEND_MS, sendMutation } from '../../../src/storage/mutation/mutation.ts'
import { newMutationState } from '../../../src/storage/mutation/state.ts'
import { createFailure, NOT_EXECUTED, PERMANENT } from '../../support/unit/api-failures.ts'
import { containing } from '../../support/unit/matchers.ts'
import { aMutation, runMutation, started } from '../../support/unit/mutation-runs.ts'
import { aStorageContext } from '../../support/unit/storage-context.ts'
import { abortAt, creates, otherJob, storageExists } from '../../support/unit/storage-runs.ts'
import { EXISTS_TEXT, type Fault } from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

const STORAGE_COMMAND =
  'aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media'

const throttled: Fault = { failure: 'throttled' }

describe('a create that is accepted', () => {
  test('It is sent once, and its job is reported at once', async () => {
    const { result, recorded, service, durationMs, state } = await runMutation()
    expect(result).toEqual(started('job-1'))
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(recorded.accepted).toEqual([
      { jobId: 'job-1', status: 'RUNNING', appId: 'd1a2b3c4d5', backendEnvironmentName: 'prod' },
    ])
    expect([service.mutations.length, service.calls.length]).toEqual([1, 1])
    expect([durationMs, recorded.lines, state]).toEqual([0, [], newMutationState()])
  })

  test.each([
    [undefined, 35_000],
    [5_000, 5_000],
  ])('With %j ms left of the run, it times out after %i ms', async (timeoutMs, endedAt) => {
    const { service } = await runMutation({
      connection: creates({ failure: 'stall' }),
      context: timeoutMs === undefined ? {} : { timeoutMs },
    })
    expect(service.mutations[0]?.endedAt).toBe(endedAt)
  })
})

describe('a create that was certainly not executed', () => {
  test.each(NOT_EXECUTED)(
    'It is sent again after a delay when it fails with %s',
    async (failure) => {
      const { result, recorded, service, durationMs, state } = await runMutation({
        connection: creates({ failure }, { failure }),
      })
      expect(result).toEqual(started('job-1'))
      expect(service.mutations).toHaveLength(3)
      expect(recorded.retries).toHaveLength(2)
      expect(recorded.retries[1]).toMatch(/^CreateBackendStorage failed \(attempt 2 of 8\): /)
      expect(durationMs).toBe(failure.startsWith('throttled') ? 15_000 : 1_500)
      expect(state).toEqual(newMutationState())
      expect(service.count('ListBackendJobs')).toBe(0)
    },
  )

  test('It is sent again when the clocks differed', async () => {
    const clock = virtualClock()
    const amplify = virtualAmplify(clock).connect({ latency: () => 0 })
    const { context } = aStorageContext(clock, amplify)
    const failure = createFailure('CreateBackendStorage', 'badRequest', {
      name: 'RequestTimeTooSkewed',
    })
    let sends = 0
    const mutation = aMutation(context)
    const send: typeof mutation.send = (options) => {
      sends += 1
      return sends === 1 ? Promise.resolve({ ok: false, failure }) : mutation.send(options)
    }
    const run = sendMutation(context, { ...mutation, send }, newMutationState())
    expect(await clock.run(run)).toEqual(started('job-1').value)
  })

  test('It waits as long as Retry-After asks', async () => {
    const { durationMs } = await runMutation({
      connection: creates({ failure: 'throttled', retryAfterMs: 9_000 }),
    })
    expect(durationMs).toBe(14_000)
  })

  test('It waits longer after earlier throttled calls of the run', async () => {
    const throttleState = { throttledResponses: 2 }
    const { durationMs } = await runMutation({
      connection: creates(throttled),
      context: { throttleState },
    })
    expect([durationMs, throttleState.throttledResponses]).toEqual([20_000, 3])
  })

  test('It waits as after any other failure where no shared limit is known', async () => {
    const { durationMs } = await runMutation({
      connection: creates(throttled, throttled),
      context: { throttleState: null },
    })
    expect(durationMs).toBe(1_500)
  })

  test.each([1, 3, 8])('It is sent at most max-attempts times, here %i', async (maxAttempts) => {
    const { result, service } = await runMutation({
      connection: { always: { CreateBackendStorage: throttled } },
      context: { maxAttempts },
    })
    expect(service.mutations).toHaveLength(maxAttempts)
    expect(result).toMatchObject({
      code: 'THROTTLED',
      result: 'failed',
      requestId: 'request-429',
      message:
        'CreateBackendStorage was throttled in every attempt: 429 TooManyRequestsException: Rate exceeded.',
    })
  })

  test('It is not sent again when the delay would end after the deadline', async () => {
    const { result, service, durationMs } = await runMutation({
      connection: creates({ failure: 'throttled', retryAfterMs: 60_000 }),
      context: { timeoutMs: 60_000 },
    })
    expect([service.mutations.length, durationMs]).toEqual([1, 0])
    expect(result).toMatchObject({
      code: 'TIMED_OUT',
      result: 'timed-out',
      requestId: 'request-429',
      message:
        'Timed out while retrying CreateBackendStorage: 429 TooManyRequestsException: Rate exceeded.',
      advice: `Run the workflow again, or raise timeout-in-minutes. To check the storage: ${STORAGE_COMMAND}`,
    })
  })

  test.each(['CreateBackendStorage', 'UpdateBackendStorage'] as const)(
    '%s is not sent when almost no time is left',
    async (operation) => {
      const late = await runMutation({
        operation,
        context: { timeoutMs: MIN_TIME_TO_SEND_MS - 1 },
      })
      expect(late.service.mutations).toEqual([])
      expect(late.result).toMatchObject({
        code: 'TIMED_OUT',
        result: 'timed-out',
        message: `Timed out before ${operation} could be sent.`,
        advice: containing('raise timeout-in-minutes'),
      })
      const inTime = await runMutation({ operation, context: { timeoutMs: MIN_TIME_TO_SEND_MS } })
      expect(inTime.service.mutations).toHaveLength(1)
    },
  )

  test('An unknown host is given up after ten seconds', async () => {
    const { result, durationMs, service } = await runMutation({
      connection: { always: { CreateBackendStorage: { failure: 'unknownHost' } } },
      context: { maxAttempts: 20 },
    })
    expect(result).toMatchObject({ code: 'HOST_UNREACHABLE', result: 'failed' })
    expect(durationMs).toBeLessThanOrEqual(10_000)
    expect(service.mutations.length).toBeGreaterThan(3)
  })

  test.each([...PERMANENT, 'notFound', 'accessDenied'] as const)(
    'It fails at once with %s',
    async (failure) => {
      const { result, service, durationMs } = await runMutation({
        connection: creates({ failure }),
      })
      expect(result).toMatchObject({ ok: false, result: 'failed' })
      expect([service.mutations.length, service.calls.length, durationMs]).toEqual([1, 1, 0])
    },
  )

  test.each([
    ['It is sent again with fresh credentials when they expired', 1, 8, started('job-1'), 1, 2],
    [
      'It fails when fresh credentials are expired too',
      2,
      8,
      { code: 'CREDENTIALS_EXPIRED', result: 'failed' },
      1,
      2,
    ],
    [
      'It fails with expired credentials when no attempt is left',
      1,
      1,
      { code: 'CREDENTIALS_EXPIRED' },
      0,
      1,
    ],
  ])('%s', async (_title, times, maxAttempts, expected, refreshes, sent) => {
    const { result, recorded, service, durationMs } = await runMutation({
      connection: creates(...Array.from({ length: times }, (): Fault => ({ failure: 'expired' }))),
      context: { maxAttempts },
    })
    expect(result).toMatchObject(expected)
    expect([recorded.refreshes, service.mutations.length, durationMs]).toEqual([refreshes, sent, 0])
  })
})

describe('a create that is rejected because of something else', () => {
  test('A pending job is an outcome of its own, even in the last attempt', async () => {
    const { result, service } = await runMutation({
      context: { maxAttempts: 1 },
      events: [otherJob({})],
    })
    expect(result).toEqual({ ok: true, value: { kind: 'job-pending' } })
    expect(service.mutations).toHaveLength(1)
  })

  test('An existing storage is an outcome of its own, with the text of the service', async () => {
    const { result } = await runMutation({ events: [storageExists({ resourceName: 'files' })] })
    expect(result).toMatchObject({
      ok: true,
      value: { kind: 'already-exists', failure: { message: EXISTS_TEXT, status: 400 } },
    })
  })
})

describe('cancellation of a create', () => {
  test('A create in flight ends by its own signal, which may come later', async () => {
    const mutationAbort = new AbortController()
    const abort = new AbortController()
    const context = { signal: abort.signal, mutationSignal: mutationAbort.signal }
    const connection = { latency: () => 3_000 }
    const run = await runMutation({ connection, context, events: [abortAt(1_000, abort)] })
    expect(run.result).toEqual(started('job-1'))
    const aborted = runMutation({
      connection,
      context,
      events: [abortAt(1_600, mutationAbort, '600 ms later')],
    })
    await expect(aborted).rejects.toThrow('600 ms later')
  })
})
