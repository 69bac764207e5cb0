/**
 * What holds for every run, whatever the network and the service do to it. Times are those of a virtual
 * clock; the seed of a failing run is printed, and its world made as small as it gets.
 */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { apply, type ApplyResult } from '../../src/storage/apply.ts'
import type { ApiFailure } from '../../src/network/failure.ts'
import { resultOf } from '../support/unit/task-result.ts'
import { caseCount } from '../support/sampling.ts'
import { aStorageContext, DESIRED } from '../support/unit/storage-context.ts'
import { AMBIGUOUS } from '../support/unit/api-failures.ts'
import {
  anyPermissions,
  anyScenario,
  EXPECTED_STORAGE,
  toSetting,
  type AnyScenario,
} from '../support/unit/any-scenario.ts'
import {
  runApply,
  MEDIA,
  applyOptions,
  runPlan,
  type ScenarioResult,
} from '../support/unit/storage-runs.ts'
import {
  virtualAmplify,
  type RecordedMutation,
  type VirtualAmplify,
  type ServiceJob,
} from '../support/unit/virtual-amplify.ts'
import { virtualClock } from '../support/unit/virtual-clock.ts'

const RUNS = { numRuns: caseCount(300, 10_000) }
/** Enough for this many runs on a slow machine; nothing here is measured. */
const PATIENCE_MS = 120_000

/** A run to its end, and everything that comes after it. */
async function played(any: AnyScenario): Promise<ScenarioResult<ApplyResult>> {
  const scene = await runApply(toSetting(any))
  await scene.clock.drain()
  return scene
}

const isJob = (effect: RecordedMutation['effect']): effect is ServiceJob =>
  typeof effect === 'object'
const isCompleted = ({ status }: ServiceJob): boolean => status.toUpperCase() === 'COMPLETED'

/** Judged by other means than those of the code: the client cannot know whether the call was carried out. */
const isOpen = ({ status, connected, timedOut, code }: ApiFailure): boolean =>
  status === undefined
    ? timedOut || (connected && code !== undefined)
    : status >= 500 || status < 400 || status === 408

/** A refusal because of something else counts as no failure, and ends a series of them. */
const isBusyOrExisting = ({ failure }: RecordedMutation): boolean =>
  failure !== undefined && /pending job|already added/.test(failure.message)

/** The longest series of failed sends of one operation. */
function longestSeries(world: VirtualAmplify): number {
  const longest = ['CreateBackendStorage', 'UpdateBackendStorage'].map((operation) => {
    let series = 0
    let most = 0
    for (const send of world.mutations.filter((one) => one.operation === operation)) {
      series = send.failure === undefined || isBusyOrExisting(send) ? 0 : series + 1
      most = Math.max(most, series)
    }
    return most
  })
  return Math.max(...longest)
}

describe('for a role that may read, with the service’s own rules off', () => {
  const world = anyScenario({ rules: 'off', role: 'may read', rivals: false, calm: false })

  property.prop([world], RUNS)(
    'no create is sent while an earlier one may still take effect, and one at most does',
    async (any) => {
      const scene = await played(any)
      expect(scene.world.unsafeCreates).toEqual([])
      const lasting = scene.world.jobs.filter(
        (job) => job.run === 'run' && job.operation === 'CreateBackendStorage' && isCompleted(job),
      )
      expect(lasting.length).toBeLessThanOrEqual(1)
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'a run that says "failed" has left nothing behind that takes effect later',
    async (any) => {
      const scene = await runApply(toSetting(any))
      const { result } = scene
      const failed = !result.ok && result.result === 'failed'
      await scene.clock.drain()
      const creates = scene.world.mutations.filter(
        ({ operation }) => operation === 'CreateBackendStorage',
      )
      const lasting = creates.filter(({ effect }) => isJob(effect) && isCompleted(effect))
      if (failed) expect(lasting).toEqual([])
    },
    PATIENCE_MS,
  )
})

describe('for any role and any rules', () => {
  const world = anyScenario({ rules: 'any', role: 'any', rivals: true, calm: false })

  property.prop([world], RUNS)(
    'green means that the storage is there as asked, or that a job was started where that was asked',
    async (any) => {
      const { result, world: service, told } = await runApply(toSetting(any))
      if (!result.ok) return
      if (result.value.result === 'started') {
        expect(any.options.wait).toBe(false)
        expect(service.jobs.map(({ jobId }) => jobId)).toContain(told.jobs.at(-1)?.jobId)
        expect(result.value.verified).toBe(false)
        return
      }
      if (result.value.verified)
        expect(service.storages.get('media')).toMatchObject(EXPECTED_STORAGE)
      else {
        // Not seen is only what the role may not read; by what the service says, a job has done it.
        expect(any.port.denied).toContain('GetBackendStorage')
        expect(service.jobs.some(isCompleted)).toBe(true)
      }
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'there is exactly one end, and it comes in time; it is unknown only where something was sent',
    async (any) => {
      const { result, durationMs, world: service } = await runApply(toSetting(any))
      // A call that is under way at the deadline ends with it; reads that follow have a millisecond each.
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
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'never more sends fail one after the other than max-attempts allows, and none is sent at the end',
    async (any) => {
      const { world: service } = await runApply(toSetting(any))
      expect(longestSeries(service)).toBeLessThanOrEqual(any.maxAttempts)
      for (const { at } of service.mutations) expect(at).toBeLessThanOrEqual(any.timeoutMs - 2_000)
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'after a lost answer nothing is sent for the whole window',
    async (any) => {
      const { world: service } = await runApply(toSetting(any))
      for (const [index, { failure, endedAt = 0, operation }] of service.mutations.entries()) {
        if (failure === undefined || !isOpen(failure)) continue
        const next = service.mutations.slice(index + 1).find((send) => send.operation === operation)
        if (next !== undefined) expect(next.at).toBeGreaterThanOrEqual(endedAt + 30_000)
      }
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'every job id that an answer gave was told before the end',
    async (any) => {
      const { world: service, told } = await runApply(toSetting(any))
      const known = service.mutations.flatMap(({ failure, endedAt, effect }) =>
        failure === undefined && endedAt !== undefined && isJob(effect) ? [effect.jobId] : [],
      )
      expect(told.jobs.map(({ jobId }) => jobId)).toEqual(expect.arrayContaining(known))
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'a plan sends nothing that changes anything',
    async (any) => {
      const { world: service, result, durationMs } = await runPlan(toSetting(any))
      expect(service.mutations).toEqual([])
      expect(durationMs).toBeLessThanOrEqual(any.timeoutMs + 100)
      if (!result.ok) expect(['failed', 'timed-out']).toContain(result.result)
    },
    PATIENCE_MS,
  )
})

describe('two runs for the same storage', () => {
  property.prop(
    [
      anyScenario({ rules: 'on', role: 'may read', rivals: false, calm: true }),
      anyScenario({ rules: 'on', role: 'may read', rivals: false, calm: true }),
      fc.nat(60_000),
    ],
    RUNS,
  )(
    'both end green, with one create, whatever the network does to their creates',
    async (one, other, apart) => {
      const clock = virtualClock()
      const world = virtualAmplify(clock, {
        ...one.service,
        // A job of an unknown status is over when there is a newer one; with one job there is none.
        jobMs: Math.min(one.service.jobMs ?? 0, 120_000),
        ends: [],
      })
      const run = async (name: string, any: AnyScenario, after: number) => {
        const script = any.port.faults?.CreateBackendStorage ?? []
        const port = world.connect({
          run: name,
          latency: any.latency(),
          faults: {
            CreateBackendStorage: script.filter(
              (fault) =>
                fault === undefined || AMBIGUOUS.some((trouble) => trouble === fault.failure),
            ),
          },
        })
        const { context } = aStorageContext(clock, port, { timeoutMs: 7_200_000, maxAttempts: 20 })
        await clock.sleep(after, context.retryPolicy.signal)
        return resultOf(apply(context, applyOptions()))
      }
      const ends = await clock.run(Promise.all([run('one', one, 0), run('other', other, apart)]))
      await clock.drain()
      expect(ends.map(({ ok }) => ok)).toEqual([true, true])
      expect(world.storages.get('media')).toEqual(MEDIA)
      expect(world.jobs.filter(isCompleted)).toHaveLength(1)
    },
    PATIENCE_MS,
  )
})

describe('an update', () => {
  property.prop([anyPermissions, anyPermissions, anyPermissions, fc.option(anyPermissions)])(
    'asks for what was asked, and sends back what it read where nothing was asked',
    async (users, guests, wanted, wantedGuests) => {
      const desired = {
        ...DESIRED,
        authenticated: wanted,
        unauthenticated: wantedGuests ?? undefined,
      }
      const { world, result } = await runApply({
        order: { desired, ifExists: 'update' },
        play: (service) => {
          service.addStorage({ ...MEDIA, authenticated: users, unauthenticated: guests })
        },
      })
      expect(result.ok).toBe(true)
      for (const { desired } of world.mutations) {
        expect(desired).toMatchObject({
          authenticated: wanted,
          unauthenticated: wantedGuests ?? guests,
        })
      }
      const after = world.storages.get('media')
      expect(new Set(after?.authenticated)).toEqual(new Set(wanted))
      expect(new Set(after?.unauthenticated)).toEqual(new Set(wantedGuests ?? guests))
    },
    PATIENCE_MS,
  )
})
