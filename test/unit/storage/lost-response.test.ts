import { describe, expect, test } from 'vitest'
import { sendMutation } from '../../../src/storage/mutation/mutation.ts'
import { EFFECT_WINDOW_MS, newMutationState } from '../../../src/storage/mutation/state.ts'
import { AMBIGUOUS } from '../../support/unit/api-failures.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import {
  aMutation,
  runMutation,
  started,
  type MutationScenario,
} from '../../support/unit/mutation-runs.ts'
import { aStorageContext, neverAborted } from '../../support/unit/storage-context.ts'
import {
  abortAt,
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
} from '../../support/unit/storage-runs.ts'
import { TIME_STYLES, type VirtualAmplify } from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

const JOB_PENDING = { ok: true, value: { kind: 'job-pending' } }
const EFFECT_FOUND = { ok: true, value: { kind: 'effect-found' } }
const unidentifiable = (jobMs: number) => ({ times: TIME_STYLES.garbage, jobMs })

/** When the effect of a create was checked. */
const checkTimes = ({ calls }: VirtualAmplify): readonly number[] =>
  calls.filter(({ operation }) => operation === 'ListBackendJobs').map(({ at }) => at)

/** The times of a message's trips to the service and back, in order; 0 where nothing is given. */
const trips = (timeMs: (trip: number) => number): (() => number) => {
  let count = 0
  return () => {
    count += 1
    return timeMs(count)
  }
}

describe('a create whose response is lost', () => {
  test.each(AMBIGUOUS)('After %s, its job is found and nothing is sent again', async (failure) => {
    const { result, recorded, service, state } = await runMutation({
      connection: creates({ failure, effect: 'done' }),
      service: { jobMs: 3_000_000 },
      context: { timeoutMs: 3_600_000 },
    })
    expect(result).toEqual(started('job-1'))
    expect(service.mutations).toHaveLength(1)
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(recorded.lines).toEqual([
      matching(
        /^CreateBackendStorage failed \(attempt 1 of 8\): .+\. It may have taken effect; checking for up to 30 s before sending it again\.$/,
      ),
      'CreateBackendStorage started job job-1, although its response was lost.',
    ])
    expect(state.hadLostResponse).toBe(true)
    expect(service.unsafeCreates).toEqual([])
  })

  test.each(AMBIGUOUS)(
    'After %s without effect, it is sent again when the window ends',
    async (failure) => {
      const { result, recorded, service } = await runMutation({
        connection: creates({ failure, effect: 'none' }),
      })
      expect(result).toEqual(started('job-1'))
      const [first, second] = service.mutations
      expect(second?.at).toBe((first?.endedAt ?? 0) + EFFECT_WINDOW_MS)
      expect(recorded.lines[1]).toBe('CreateBackendStorage had no effect. Sending it again.')
      expect(service.effects()).toBe(1)
    },
  )

  test('Its effect is checked after half a second, then at growing intervals', async () => {
    const { service } = await runMutation({ connection: creates(LOST) })
    expect(checkTimes(service)).toEqual([500, 2_000, 5_000, 10_000, 18_000, 30_000])
    expect(service.count('GetBackendStorage')).toBe(6)
  })

  test.each([0, 1, 499, 500, 501, 17_999, 18_001, 29_999, 30_000])(
    'An effect that comes %i ms after the failure is found',
    async (lateMs) => {
      const { result, service, durationMs } = await runMutation({
        connection: creates({ failure: 'reset', effect: { lateMs } }),
      })
      expect(result).toMatchObject({ ok: true, value: { kind: 'started', jobId: 'job-1' } })
      expect(service.mutations).toHaveLength(1)
      expect(durationMs).toBeLessThanOrEqual(30_000)
    },
  )

  test('Its storage is found where the job cannot be identified', async () => {
    const { result, recorded, service, state } = await runMutation({
      connection: creates(LOST_AFTER_EFFECT),
      service: unidentifiable(3_000),
    })
    expect(result).toEqual(EFFECT_FOUND)
    expect(recorded.jobs).toEqual([])
    expect(service.mutations).toHaveLength(1)
    expect(state.lostResponse).toMatchObject({ effectFound: true, sentAt: 0, failedAt: 0 })
  })

  test('Its job is found when it appears together with the storage', async () => {
    // The list is read before the job begins, and the storage after it has ended.
    const { result, recorded, durationMs } = await runMutation({
      service: { jobMs: 0 },
      connection: {
        ...creates({ failure: 'reset', effect: { lateMs: 550 } }),
        // 1, 2: the create; 3, 4: the list at 500; 5: the request for the storage, until 600.
        latency: trips((trip) => (trip === 5 ? 100 : 0)),
      },
    })
    expect(result).toEqual(started('job-1', 'COMPLETED'))
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'COMPLETED' }])
    expect(durationMs).toBe(600)
  })

  test('It is not sent again when its job ends between the two reads of the last check', async () => {
    const { result, service } = await runMutation({
      service: unidentifiable(30_050),
      connection: {
        ...creates(LOST_AFTER_EFFECT),
        // 1, 2: the create; 3 to 22: five checks; 23, 24: the first read of the last one, at 30,000.
        latency: trips((trip) => (trip > 24 ? 100 : 0)),
      },
    })
    expect(result).toMatchObject({ ok: true })
    expect(service.mutations).toHaveLength(1)
  })

  test.each<readonly [string, MutationScenario]>([
    [
      'its job runs and cannot be identified',
      { connection: creates(LOST_AFTER_EFFECT), service: unidentifiable(60_000) },
    ],
    [
      'its job runs and the server sends no time',
      { connection: creates(LOST_AFTER_EFFECT), service: { dates: false, jobMs: 1e6 } },
    ],
    [
      'somebody else starts a job before the window ends',
      { connection: creates(LOST), events: [otherJob({ fromMs: 29_000 })] },
    ],
  ])('The outcome at the end of the window is a pending job when %s', async (_when, scenario) => {
    const { result, service, durationMs } = await runMutation(scenario)
    expect(result).toEqual(JOB_PENDING)
    expect([durationMs, service.mutations.length]).toEqual([30_000, 1])
  })

  test.each<readonly [string, MutationScenario, object, number]>([
    [
      'A job of the same second counts as its own',
      {
        connection: creates(LOST),
        events: [otherJob({ operation: 'CreateBackendStorage', status: 'FAILED' })],
      },
      started('other-1', 'FAILED'),
      1,
    ],
    [
      'A failed job counts as its own',
      {
        connection: creates(LOST_AFTER_EFFECT),
        service: { jobMs: 100, jobResults: [{ status: 'FAILED', error: 'no auth' }] },
      },
      started('job-1', 'FAILED'),
      1,
    ],
    [
      'A job of another operation does not count as its own',
      { connection: creates(LOST), events: [otherJob({ fromMs: 100, toMs: 1_100 })] },
      started('job-1'),
      2,
    ],
    [
      'Its job is identified by the time of the server, with the clock of the runner far behind',
      { connection: creates(LOST_AFTER_EFFECT), service: { epochMs: Date.UTC(2049, 5) } },
      started('job-1'),
      1,
    ],
    [
      'Its job is identified by the time of the server, with the clock of the runner far ahead',
      { connection: creates(LOST_AFTER_EFFECT), service: { epochMs: Date.UTC(1999, 0) } },
      started('job-1'),
      1,
    ],
  ])('%s', async (_title, scenario, expected, sent) => {
    const { result, service } = await runMutation(scenario)
    expect(result).toEqual(expected)
    expect(service.mutations).toHaveLength(sent)
  })

  test('A job that was created two seconds before it does not count as its own', async () => {
    const clock = virtualClock()
    const service = virtualAmplify(clock)
    service.addJob('CreateBackendStorage', 'COMPLETED')
    await clock.run(clock.sleep(2_001, neverAborted))
    const { context } = aStorageContext(
      clock,
      service.connect({ latency: () => 0, ...creates(LOST) }),
    )
    const outcome = await clock.run(sendMutation(context, aMutation(context), newMutationState()))
    expect(outcome).toEqual(started('job-1').value)
    expect(service.mutations).toHaveLength(2)
  })

  test('A last attempt without effect fails with the error of the service', async () => {
    const { result, service, durationMs, recorded } = await runMutation({
      context: { maxAttempts: 2 },
      connection: { always: { CreateBackendStorage: LOST } },
    })
    expect(service.mutations).toHaveLength(2)
    expect(durationMs).toBe(60_000)
    expect(recorded.lines).toEqual([
      matching(/ 30 s before sending it again\.$/),
      'CreateBackendStorage had no effect. Sending it again.',
      matching(/\(attempt 2 of 2\).+ checking for up to 30 s\.$/),
      'CreateBackendStorage had no effect. It is not sent again: no attempts are left.',
    ])
    expect(result).toMatchObject({
      code: 'GATEWAY_TIMEOUT',
      result: 'failed',
      requestId: 'request-504',
      message: containing('Endpoint request timed out. No effect was found within 30 s.'),
      advice: containing('Run the workflow again later.'),
    })
  })

  test('The checks end with the signal', async () => {
    const abort = new AbortController()
    const run = runMutation({
      connection: creates(LOST),
      context: { signal: abort.signal },
      events: [abortAt(6_000, abort)],
    })
    await expect(run).rejects.toThrow('SIGINT')
  })
})
