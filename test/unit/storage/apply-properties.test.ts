/**
 * What holds for every run, whatever the network and the service do to it. Times are those of a virtual
 * clock. A run that fails prints its seed, and its scenario made as small as possible.
 */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { ApiFailure } from '../../../src/network/failure.ts'
import { apply } from '../../../src/storage/apply.ts'
import { caseCount } from '../../support/sampling.ts'
import {
  anyPermissions,
  anyScenario,
  EXPECTED_STORAGE,
  inTurn,
  toRunScenario,
  type AnyScenario,
} from '../../support/unit/any-scenario.ts'
import { AMBIGUOUS } from '../../support/unit/api-failures.ts'
import { aStorageContext } from '../../support/unit/storage-context.ts'
import {
  applyOptions,
  creates,
  MEDIA,
  runApply,
  runPlan,
  storageExists,
} from '../../support/unit/storage-runs.ts'
import { resultOf } from '../../support/unit/task-result.ts'
import {
  toFault,
  type RecordedMutation,
  type ServiceJob,
  type VirtualAmplify,
} from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

const RUNS = { numRuns: caseCount(300, 10_000) }
/** Enough for this many runs on a slow machine; nothing here is measured. */
const TEST_TIMEOUT_MS = 120_000

const isJob = (effect: RecordedMutation['effect']): effect is ServiceJob =>
  typeof effect === 'object'
const isCompleted = ({ status }: ServiceJob): boolean => status.toUpperCase() === 'COMPLETED'

/** Whether the client cannot know if the call was executed; judged by other means than in the code. */
const isAmbiguous = ({ status, connected, timedOut, code }: ApiFailure): boolean =>
  status === undefined
    ? timedOut || (connected && code !== undefined)
    : status >= 500 || status < 400 || status === 408

/** A rejection because of something else counts as no failure, and ends a series of failures. */
const isRejectedByState = ({ failure }: RecordedMutation): boolean =>
  failure !== undefined && /pending job|already added/.test(failure.message)

/** The longest series of consecutive failures of one operation. */
function longestSeries({ mutations }: VirtualAmplify): number {
  const lengths = ['CreateBackendStorage', 'UpdateBackendStorage'].map((operation) => {
    let length = 0
    let max = 0
    for (const mutation of mutations.filter((each) => each.operation === operation)) {
      const endsSeries = mutation.failure === undefined || isRejectedByState(mutation)
      length = endsSeries ? 0 : length + 1
      max = Math.max(max, length)
    }
    return max
  })
  return Math.max(...lengths)
}

const holds = (
  title: string,
  scenarios: fc.Arbitrary<AnyScenario>,
  check: (any: AnyScenario) => Promise<void>,
): void => {
  property.prop([scenarios], RUNS)(title, check, TEST_TIMEOUT_MS)
}

describe('by a role that may read, on a service without rules of its own', () => {
  const scenarios = anyScenario({ rules: 'off', role: 'may read', rivals: false, stable: false })

  holds(
    'No create is sent while an earlier one may take effect, and at most one takes effect',
    scenarios,
    async (any) => {
      const { service, clock } = await runApply(toRunScenario(any))
      await clock.drain()
      expect(service.unsafeCreates).toEqual([])
      const completed = service.jobs.filter(
        (job) => job.run === 'run' && job.operation === 'CreateBackendStorage' && isCompleted(job),
      )
      expect(completed.length).toBeLessThanOrEqual(1)
    },
  )

  holds(
    'A run with the result "failed" leaves nothing that takes effect later',
    scenarios,
    async (any) => {
      const { result, service, clock } = await runApply(toRunScenario(any))
      const hasFailed = !result.ok && result.result === 'failed'
      await clock.drain()
      const completed = service.mutations.filter(
        ({ operation, effect }) =>
          operation === 'CreateBackendStorage' && isJob(effect) && isCompleted(effect),
      )
      if (hasFailed) expect(completed).toEqual([])
    },
  )
})

describe('by any role, on a service with any rules', () => {
  const scenarios = anyScenario({ rules: 'any', role: 'any', rivals: true, stable: false })

  holds(
    'A run that succeeds has left the storage as desired, or has started a job where it does not wait',
    scenarios,
    async (any) => {
      const { result, service, jobs } = await runApply(toRunScenario(any))
      if (!result.ok) return
      const { result: name, verified } = result.value
      if (name === 'started') {
        expect([any.options.wait, verified]).toEqual([false, false])
        expect(service.jobs.map(({ jobId }) => jobId)).toContain(jobs.at(-1)?.jobId)
      } else if (verified) {
        expect(service.storages.get('media')).toMatchObject(EXPECTED_STORAGE)
      } else {
        // Not verified only where the role may not read; by what the service says, a job has done it.
        expect(any.connection.denied).toContain('GetBackendStorage')
        expect(service.jobs.some(isCompleted)).toBe(true)
      }
    },
  )

  holds(
    'A run ends in time with exactly one result, which is unknown only where something was sent',
    scenarios,
    async (any) => {
      const { result, durationMs, service } = await runApply(toRunScenario(any))
      // A call in flight ends at the deadline; reads that follow it take a millisecond each.
      expect(durationMs).toBeLessThanOrEqual(any.timeoutMs + 100)
      if (result.ok) {
        expect(['created', 'updated', 'unchanged', 'started']).toContain(result.value.result)
      } else {
        expect(['failed', 'unknown', 'timed-out']).toContain(result.result)
        if (result.result === 'unknown') expect(service.mutations).not.toEqual([])
        expect(result.message).not.toBe('')
        expect(result.advice).not.toBe('')
      }
    },
  )

  holds(
    'No more consecutive calls fail than max-attempts allows, and none is sent at the end',
    scenarios,
    async (any) => {
      const { service } = await runApply(toRunScenario(any))
      expect(longestSeries(service)).toBeLessThanOrEqual(any.maxAttempts)
      for (const { at } of service.mutations) expect(at).toBeLessThanOrEqual(any.timeoutMs - 2_000)
    },
  )

  holds('After a lost response, nothing is sent for 30 seconds', scenarios, async (any) => {
    const { mutations } = (await runApply(toRunScenario(any))).service
    for (const [index, { failure, endedAt = 0, operation }] of mutations.entries()) {
      if (failure === undefined || !isAmbiguous(failure)) continue
      const next = mutations.slice(index + 1).find((each) => each.operation === operation)
      if (next !== undefined) expect(next.at).toBeGreaterThanOrEqual(endedAt + 30_000)
    }
  })

  holds('Every job id that a response contained is reported', scenarios, async (any) => {
    const { service, jobs } = await runApply(toRunScenario(any))
    const jobIds = service.mutations.flatMap(({ failure, endedAt, effect }) =>
      failure === undefined && endedAt !== undefined && isJob(effect) ? [effect.jobId] : [],
    )
    expect(jobs.map(({ jobId }) => jobId)).toEqual(expect.arrayContaining(jobIds))
  })

  holds('A plan sends nothing that changes the backend', scenarios, async (any) => {
    const { service, result, durationMs } = await runPlan(toRunScenario(any))
    expect(service.mutations).toEqual([])
    expect(durationMs).toBeLessThanOrEqual(any.timeoutMs + 100)
    if (!result.ok) expect(['failed', 'timed-out']).toContain(result.result)
  })
})

describe('two runs for the same storage', () => {
  const scenarios = anyScenario({ rules: 'on', role: 'may read', rivals: false, stable: true })

  property.prop([scenarios, scenarios, fc.nat(60_000)], RUNS)(
    'Both succeed with one create, whatever the network does to their creates',
    async (one, other, apart) => {
      const clock = virtualClock()
      const service = virtualAmplify(clock, {
        ...one.service,
        // A job with an unknown status is over when there is a newer one; with one job there is none.
        jobMs: Math.min(one.service.jobMs ?? 0, 120_000),
        jobResults: [],
      })
      const run = async (name: string, any: AnyScenario, afterMs: number) => {
        const faults = (any.connection.faults?.CreateBackendStorage ?? []).filter(
          (fault) =>
            fault === undefined || AMBIGUOUS.some((failure) => failure === toFault(fault).failure),
        )
        const connection = { run: name, latency: inTurn(any.latencies), ...creates(...faults) }
        const limits = { timeoutMs: 7_200_000, maxAttempts: 20 }
        const { context } = aStorageContext(clock, service.connect(connection), limits)
        await clock.sleep(afterMs, context.retryPolicy.signal)
        return resultOf(apply(context, applyOptions()))
      }
      const results = await clock.run(Promise.all([run('one', one, 0), run('other', other, apart)]))
      await clock.drain()
      expect(results.map(({ ok }) => ok)).toEqual([true, true])
      expect(service.storages.get('media')).toEqual(MEDIA)
      expect(service.jobs.filter(isCompleted)).toHaveLength(1)
    },
    TEST_TIMEOUT_MS,
  )
})

describe('an update', () => {
  property.prop([anyPermissions, anyPermissions, anyPermissions, fc.option(anyPermissions)])(
    'It sends the desired permissions, and those of guests as they are where they are not managed',
    async (users, guests, authenticated, desiredGuests) => {
      const unauthenticated = desiredGuests ?? undefined
      const { service, result } = await runApply({
        desired: { authenticated, unauthenticated },
        ifExists: 'update',
        events: [storageExists({ authenticated: users, unauthenticated: guests })],
      })
      expect(result.ok).toBe(true)
      const expectedGuests = unauthenticated ?? guests
      for (const { desired } of service.mutations) {
        expect(desired).toMatchObject({ authenticated, unauthenticated: expectedGuests })
      }
      const after = service.storages.get('media')
      expect(new Set(after?.authenticated)).toEqual(new Set(authenticated))
      expect(new Set(after?.unauthenticated)).toEqual(new Set(expectedGuests))
    },
    TEST_TIMEOUT_MS,
  )
})
