/**
 * What holds for every run, whatever the network, the service and others do to it. Times are those of a virtual
 * clock. A run that fails prints its seed, and its scenario made as small as possible.
 *
 * PROPERTY_SEED replaces the seed, and PROPERTY_RUNS the number of runs.
 */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { apply } from '../../../../src/storage/apply.ts'
import { caseCount } from '../../../support/sampling.ts'
import { runAny } from '../../../support/unit/properties/any-run.ts'
import {
  anyPermissions,
  anyScenario,
  toRunScenario,
  type AnyScenario,
} from '../../../support/unit/properties/any-scenario.ts'
import { AMBIGUOUS } from '../../../support/unit/api-failures.ts'
import { brokenInvariants } from '../../../support/unit/properties/run-invariants.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  applyOptions,
  creates,
  MEDIA,
  runApply,
  runPlan,
  storageExists,
} from '../../../support/unit/storage-runs.ts'
import { resultOf } from '../../../support/unit/task-result.ts'
import { toFault } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'
import { inTurn } from '../../../support/unit/virtual/virtual-service.ts'

const { PROPERTY_SEED = '20261129', PROPERTY_RUNS } = process.env
const seed = Number(PROPERTY_SEED)
const ALL_RUNS = { seed, numRuns: Number(PROPERTY_RUNS ?? caseCount(2_000, 200_000)) }
const RUNS = { seed, numRuns: caseCount(200, 10_000) }
/** Enough for this many runs on a slow machine; nothing here is measured. */
const TEST_TIMEOUT_MS = caseCount(120_000, 7_200_000)

const anyRole = anyScenario({ rules: 'any', role: 'any', rivals: true, stable: false })

describe('an apply', () => {
  const scenarios = fc.oneof(
    anyScenario({ rules: 'off', role: 'may read', rivals: false, stable: false }),
    anyScenario({ rules: 'any', role: 'may read', rivals: true, stable: false }),
    anyRole,
  )

  property.prop([scenarios], ALL_RUNS)(
    'It keeps every rule, whatever happens to it',
    async (any) => {
      expect(brokenInvariants(await runAny(any))).toEqual([])
    },
    TEST_TIMEOUT_MS,
  )
})

describe('a plan', () => {
  property.prop([anyRole], RUNS)(
    'It sends nothing that changes the backend, and ends in time',
    async (any) => {
      const { service, result, durationMs } = await runPlan(toRunScenario(any))
      expect(service.mutations).toEqual([])
      expect(durationMs).toBeLessThanOrEqual(any.timeoutMs + 100)
      if (!result.ok) expect(['failed', 'timed-out']).toContain(result.result)
    },
    TEST_TIMEOUT_MS,
  )
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
      expect(service.jobs.filter(({ status }) => /^completed$/i.test(status))).toHaveLength(1)
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
