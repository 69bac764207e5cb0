/**
 * What holds for every run, whatever the network and the service do to it. Times are those of a virtual
 * clock; the seed of a failing run is printed, and its world made as small as it gets.
 */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { apply, type Done } from '../../src/apply.ts'
import type { Failure } from '../../src/failure.ts'
import { endingOf } from './kit/ending.ts'
import { often } from '../kit/thorough.ts'
import { anEngine, REQUEST } from './kit/engine.ts'
import { AMBIGUOUS } from './kit/failures.ts'
import { anyPermissions, anyWorld, ASKED, settingOf, type AnyWorld } from './kit/any-world.ts'
import { applying, MEDIA, orderOf, planning, type Scene } from './kit/runs.ts'
import {
  virtualAmplify,
  type Send,
  type VirtualAmplify,
  type WorldJob,
} from './kit/virtual-amplify.ts'
import { virtualClock } from './kit/virtual-clock.ts'

const RUNS = { numRuns: often(300, 10_000) }
/** Enough for this many runs on a slow machine; nothing here is measured. */
const PATIENCE_MS = 120_000

/** A run to its end, and everything that comes after it. */
async function played(any: AnyWorld): Promise<Scene<Done>> {
  const scene = await applying(settingOf(any))
  await scene.clock.drain()
  return scene
}

const isJob = (effect: Send['effect']): effect is WorldJob => typeof effect === 'object'
const isCompleted = ({ status }: WorldJob): boolean => status.toUpperCase() === 'COMPLETED'

/** Judged by other means than those of the code: the client cannot know whether the call was carried out. */
const isOpen = ({ status, connected, timeLimit, code }: Failure): boolean =>
  status === undefined
    ? timeLimit || (connected && code !== undefined)
    : status >= 500 || status < 400 || status === 408

/** A refusal because of something else counts as no failure, and ends a series of them. */
const isBusyOrExisting = ({ failure }: Send): boolean =>
  failure !== undefined && /pending job|already added/.test(failure.message)

/** The longest series of failed sends of one operation. */
function longestSeries(world: VirtualAmplify): number {
  const longest = ['CreateBackendStorage', 'UpdateBackendStorage'].map((operation) => {
    let series = 0
    let most = 0
    for (const send of world.sends.filter((one) => one.operation === operation)) {
      series = send.failure === undefined || isBusyOrExisting(send) ? 0 : series + 1
      most = Math.max(most, series)
    }
    return most
  })
  return Math.max(...longest)
}

describe('for a role that may read, with the service’s own rules off', () => {
  const world = anyWorld({ rules: 'off', role: 'may read', rivals: false, calm: false })

  property.prop([world], RUNS)(
    'no create is sent while an earlier one may still take effect, and one at most does',
    async (any) => {
      const scene = await played(any)
      expect(scene.world.hazards).toEqual([])
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
      const scene = await applying(settingOf(any))
      const { ending } = scene
      const failed = !ending.ok && ending.result === 'failed'
      await scene.clock.drain()
      const creates = scene.world.sends.filter(
        ({ operation }) => operation === 'CreateBackendStorage',
      )
      const lasting = creates.filter(({ effect }) => isJob(effect) && isCompleted(effect))
      if (failed) expect(lasting).toEqual([])
    },
    PATIENCE_MS,
  )
})

describe('for any role and any rules', () => {
  const world = anyWorld({ rules: 'any', role: 'any', rivals: true, calm: false })

  property.prop([world], RUNS)(
    'green means that the storage is there as asked, or that a job was started where that was asked',
    async (any) => {
      const { ending, world: service, told } = await applying(settingOf(any))
      if (!ending.ok) return
      if (ending.value.result === 'started') {
        expect(any.order.wait).toBe(false)
        expect(service.jobs.map(({ jobId }) => jobId)).toContain(told.jobs.at(-1)?.jobId)
        expect(ending.value.seen).toBe(false)
        return
      }
      if (ending.value.seen) expect(service.storages.get('media')).toMatchObject(ASKED)
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
      const { ending, took, world: service } = await applying(settingOf(any))
      // A call that is under way at the deadline ends with it; reads that follow have a millisecond each.
      expect(took).toBeLessThanOrEqual(any.timeoutMs + 100)
      if (ending.ok) {
        expect(['created', 'updated', 'unchanged', 'started']).toContain(ending.value.result)
      } else {
        expect(['failed', 'unknown', 'timed-out']).toContain(ending.result)
        if (ending.result === 'unknown') expect(service.sends).not.toEqual([])
        expect(ending.message).not.toBe('')
        expect(ending.advice).not.toBe('')
      }
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'never more sends fail one after the other than max-attempts allows, and none is sent at the end',
    async (any) => {
      const { world: service } = await applying(settingOf(any))
      expect(longestSeries(service)).toBeLessThanOrEqual(any.maxAttempts)
      for (const { at } of service.sends) expect(at).toBeLessThanOrEqual(any.timeoutMs - 2_000)
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'after a lost answer nothing is sent for the whole window',
    async (any) => {
      const { world: service } = await applying(settingOf(any))
      for (const [index, { failure, endedAt = 0, operation }] of service.sends.entries()) {
        if (failure === undefined || !isOpen(failure)) continue
        const next = service.sends.slice(index + 1).find((send) => send.operation === operation)
        if (next !== undefined) expect(next.at).toBeGreaterThanOrEqual(endedAt + 30_000)
      }
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'every job id that an answer gave was told before the end',
    async (any) => {
      const { world: service, told } = await applying(settingOf(any))
      const known = service.sends.flatMap(({ failure, endedAt, effect }) =>
        failure === undefined && endedAt !== undefined && isJob(effect) ? [effect.jobId] : [],
      )
      expect(told.jobs.map(({ jobId }) => jobId)).toEqual(expect.arrayContaining(known))
    },
    PATIENCE_MS,
  )

  property.prop([world], RUNS)(
    'a plan sends nothing that changes anything',
    async (any) => {
      const { world: service, ending, took } = await planning(settingOf(any))
      expect(service.sends).toEqual([])
      expect(took).toBeLessThanOrEqual(any.timeoutMs + 100)
      if (!ending.ok) expect(['failed', 'timed-out']).toContain(ending.result)
    },
    PATIENCE_MS,
  )
})

describe('two runs for the same storage', () => {
  property.prop(
    [
      anyWorld({ rules: 'on', role: 'may read', rivals: false, calm: true }),
      anyWorld({ rules: 'on', role: 'may read', rivals: false, calm: true }),
      fc.nat(60_000),
    ],
    RUNS,
  )(
    'both end green, with one create, whatever the network does to their creates',
    async (one, other, apart) => {
      const clock = virtualClock()
      const world = virtualAmplify(clock, {
        ...one.world,
        // A job of an unknown status is over when there is a newer one; with one job there is none.
        jobMs: Math.min(one.world.jobMs ?? 0, 120_000),
        ends: [],
      })
      const run = async (name: string, any: AnyWorld, after: number) => {
        const script = any.port.faults?.CreateBackendStorage ?? []
        const port = world.port({
          run: name,
          latency: any.latency(),
          faults: {
            CreateBackendStorage: script.filter(
              (fault) =>
                fault === undefined || AMBIGUOUS.some((trouble) => trouble === fault.trouble),
            ),
          },
        })
        const { engine } = anEngine(clock, port, { timeoutMs: 7_200_000, maxAttempts: 20 })
        await clock.sleep(after, engine.patience.signal)
        return endingOf(apply(engine, orderOf()))
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
      const request = {
        ...REQUEST,
        authenticated: wanted,
        unauthenticated: wantedGuests ?? undefined,
      }
      const { world, ending } = await applying({
        order: { request, ifExists: 'update' },
        play: (service) => {
          service.addStorage({ ...MEDIA, authenticated: users, unauthenticated: guests })
        },
      })
      expect(ending.ok).toBe(true)
      for (const { asked } of world.sends) {
        expect(asked).toMatchObject({
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
