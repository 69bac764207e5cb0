import { describe, expect, test } from 'vitest'
import {
  MIN_TIME_TO_SEND_MS,
  newMutationState,
  deadlineExceeded,
  probablyExecuted,
  sendMutation,
  EFFECT_WINDOW_MS,
  type Mutation,
  type MutationState,
  type MutationOutcome,
} from '../../src/storage/mutation/mutation.ts'
import { resultOf, type TaskResult } from '../support/unit/task-result.ts'
import {
  aStorageContext,
  DESIRED,
  type ContextOptions,
  type Recorded,
} from '../support/unit/storage-context.ts'
import { AMBIGUOUS, createFailure, NOT_EXECUTED, PERMANENT } from '../support/unit/api-failures.ts'
import { containing, matching } from '../support/unit/matchers.ts'
import {
  EXISTS_TEXT,
  TIME_STYLES,
  virtualAmplify,
  type Fault,
  type Operation,
  type ConnectionOptions,
  type VirtualAmplify,
  type ServiceOptions,
} from '../support/unit/virtual-amplify.ts'
import { virtualClock, type VirtualClock } from '../support/unit/virtual-clock.ts'

type Setting = Readonly<{
  world?: ServiceOptions
  port?: ConnectionOptions
  engine?: ContextOptions
  history?: MutationState
  /** What there is before, and what happens meanwhile. */
  play?: (world: VirtualAmplify, clock: VirtualClock) => void
  operation?: Mutation['operation']
}>

type Scene = {
  ending: TaskResult<MutationOutcome>
  told: Recorded
  world: VirtualAmplify
  clock: VirtualClock
  took: number
  history: MutationState
}

const READS: readonly Operation[] = ['GetBackendStorage', 'ListBackendJobs']
const media = {
  resourceName: 'media',
  baseName: 'photos',
  authenticated: ['READ', 'CREATE_AND_UPDATE'],
  unauthenticated: undefined,
}

/** Sends one create (or update) to a service without latency. */
async function sending(setting: Setting = {}): Promise<Scene> {
  const clock = virtualClock()
  const world = virtualAmplify(clock, setting.world)
  setting.play?.(world, clock)
  const port = world.connect({ latency: () => 0, ...setting.port })
  const { context, recorded } = aStorageContext(clock, port, setting.engine)
  const history = setting.history ?? newMutationState()
  const create: Mutation = {
    operation: 'CreateBackendStorage',
    send: (terms) => port.createStorage(DESIRED, terms),
    isDone: (storage) => storage !== undefined,
  }
  const update: Mutation = {
    operation: 'UpdateBackendStorage',
    send: (terms) =>
      port.updateStorage('media', { authenticated: ['DELETE'], unauthenticated: [] }, terms),
    isDone: (storage) => storage?.permissions.authenticated.join() === 'DELETE',
  }
  const mutation = setting.operation === 'UpdateBackendStorage' ? update : create
  const ending = await clock.run(resultOf(sendMutation(context, mutation, history)))
  return { ending, told: recorded, world, clock, took: clock.now(), history }
}

const creates = (...faults: (Fault | undefined)[]): ConnectionOptions => ({
  faults: { CreateBackendStorage: faults },
})
const lost: Fault = { failure: 'gatewayTimeout', effect: 'none' }
const lostAfterEffect: Fault = { failure: 'gatewayTimeout', effect: 'done' }
const started = (jobId: string) => ({
  ok: true,
  value: { kind: 'started', jobId, status: 'RUNNING' },
})

describe('a create that is accepted', () => {
  test('is sent once, and its job is told at once', async () => {
    const { ending, told, world, took, history } = await sending()
    expect(ending).toEqual(started('job-1'))
    expect(told.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(told.accepted).toEqual([
      {
        jobId: 'job-1',
        status: 'RUNNING',
        appId: 'd1a2b3c4d5',
        backendEnvironmentName: 'prod',
      },
    ])
    expect(world.mutations).toHaveLength(1)
    expect(world.calls).toHaveLength(1)
    expect([took, told.lines, history.hadLostResponse]).toEqual([0, [], false])
  })

  test('has a time limit of 35 seconds, or what is left of the run', async () => {
    const stalls: Fault = { failure: 'stall' }
    expect((await sending({ port: creates(stalls) })).world.mutations[0]?.endedAt).toBe(35_000)
    const short = await sending({ port: creates(stalls), engine: { timeoutMs: 5_000 } })
    expect(short.world.mutations[0]?.endedAt).toBe(5_000)
  })
})

describe('a create that certainly was not carried out', () => {
  test.each(NOT_EXECUTED)('after %s is sent again, after a pause', async (failure) => {
    const { ending, told, world, took, history } = await sending({
      port: creates({ failure }, { failure }),
    })
    expect(ending).toEqual(started('job-1'))
    expect(world.mutations).toHaveLength(3)
    expect(told.retries).toHaveLength(2)
    expect(told.retries[1]).toMatch(/^CreateBackendStorage failed \(attempt 2 of 8\): /)
    expect(took).toBe(failure.startsWith('throttled') ? 15_000 : 1_500)
    expect(history.hadLostResponse).toBe(false)
    expect(world.count('ListBackendJobs')).toBe(0)
  })

  test('when the clocks differed is sent again too', async () => {
    const clock = virtualClock()
    const world = virtualAmplify(clock)
    const port = world.connect({ latency: () => 0 })
    const { context } = aStorageContext(clock, port)
    let sends = 0
    const mutation: Mutation = {
      operation: 'CreateBackendStorage',
      send: (terms) => {
        sends += 1
        const failure = createFailure('CreateBackendStorage', 'badRequest', {
          name: 'RequestTimeTooSkewed',
        })
        return sends === 1
          ? Promise.resolve({ ok: false, failure })
          : port.createStorage(DESIRED, terms)
      },
      isDone: () => false,
    }
    expect(await clock.run(resultOf(sendMutation(context, mutation, newMutationState())))).toEqual(
      started('job-1'),
    )
  })

  test('honours Retry-After', async () => {
    const { took } = await sending({ port: creates({ failure: 'throttled', retryAfterMs: 9_000 }) })
    expect(took).toBe(14_000)
  })

  test('waits longer, the more of the run was throttled before', async () => {
    const pressure = { throttledResponses: 2 }
    const { took } = await sending({
      port: creates({ failure: 'throttled' }),
      engine: { pressure },
    })
    expect([took, pressure.throttledResponses]).toEqual([20_000, 3])
  })

  test('waits as after any other failure where no limit is known to be shared', async () => {
    const { took } = await sending({
      port: creates({ failure: 'throttled' }, { failure: 'throttled' }),
      engine: { pressure: null },
    })
    expect(took).toBe(1_500)
  })

  test.each([1, 3, 8])('is sent max-attempts times, here %i, and no more', async (maxAttempts) => {
    const { ending, world } = await sending({
      port: { always: { CreateBackendStorage: { failure: 'throttled' } } },
      engine: { maxAttempts },
    })
    expect(world.mutations).toHaveLength(maxAttempts)
    expect(ending).toMatchObject({
      code: 'THROTTLED',
      result: 'failed',
      requestId: 'request-429',
      message:
        'CreateBackendStorage was throttled in every attempt: 429 TooManyRequestsException: Rate exceeded.',
    })
  })

  test('is not sent when the pause would end after the deadline', async () => {
    const { ending, world, took } = await sending({
      port: creates({ failure: 'throttled', retryAfterMs: 60_000 }),
      engine: { timeoutMs: 60_000 },
    })
    expect([world.mutations.length, took]).toEqual([1, 0])
    expect(ending).toMatchObject({
      code: 'TIMED_OUT',
      result: 'timed-out',
      requestId: 'request-429',
      message:
        'The time of the run was used up while CreateBackendStorage kept failing: 429 TooManyRequestsException: Rate exceeded.',
      advice:
        'Run again, or raise timeout-in-minutes. To look: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
    })
  })

  test('is not sent at all when there is next to no time left', async () => {
    const { ending, world } = await sending({ engine: { timeoutMs: MIN_TIME_TO_SEND_MS - 1 } })
    expect(world.mutations).toEqual([])
    expect(ending).toMatchObject({
      code: 'TIMED_OUT',
      result: 'timed-out',
      message: 'The time of the run was used up before CreateBackendStorage could be sent.',
      advice: containing('raise timeout-in-minutes'),
    })
    expect(
      (await sending({ engine: { timeoutMs: MIN_TIME_TO_SEND_MS } })).world.mutations,
    ).toHaveLength(1)
  })

  test('R04: at an unknown host is given up after ten seconds', async () => {
    const { ending, took, world } = await sending({
      port: { always: { CreateBackendStorage: { failure: 'unknownHost' } } },
      engine: { maxAttempts: 20 },
    })
    expect(ending).toMatchObject({ code: 'HOST_UNREACHABLE', result: 'failed' })
    expect(took).toBeLessThanOrEqual(10_000)
    expect(world.mutations.length).toBeGreaterThan(3)
  })

  test.each([...PERMANENT, 'notFound', 'accessDenied'] as const)(
    'T06: after %s fails at once',
    async (failure) => {
      const { ending, world, took } = await sending({ port: creates({ failure }) })
      expect(ending).toMatchObject({ ok: false, result: 'failed' })
      expect([world.mutations.length, world.calls.length, took]).toEqual([1, 1, 0])
    },
  )

  test('with expired credentials is sent again with fresh ones, once', async () => {
    const expired: Fault = { failure: 'expired' }
    const good = await sending({ port: creates(expired) })
    expect(good.ending).toEqual(started('job-1'))
    expect([good.told.refreshes, good.took]).toEqual([1, 0])
    const bad = await sending({ port: creates(expired, expired) })
    expect(bad.ending).toMatchObject({ code: 'CREDENTIALS_EXPIRED', result: 'failed' })
    expect([bad.told.refreshes, bad.world.mutations.length]).toEqual([1, 2])
    const once = await sending({ port: creates(expired), engine: { maxAttempts: 1 } })
    expect(once.ending).toMatchObject({ code: 'CREDENTIALS_EXPIRED' })
    expect([once.told.refreshes, once.world.mutations.length]).toEqual([0, 1])
  })
})

describe('a create that is refused because of something else', () => {
  test('T07: a pending job is its own outcome, whatever its number', async () => {
    const scene = await sending({
      engine: { maxAttempts: 1 },
      play: (world) => world.addJob('UpdateBackendAPI', 'RUNNING'),
    })
    expect(scene.ending).toEqual({ ok: true, value: { kind: 'busy' } })
    expect(scene.world.mutations).toHaveLength(1)
  })

  test('a storage that exists is its own outcome, with what the service said', async () => {
    const { ending } = await sending({
      play: (world) => {
        world.addStorage({ ...media, resourceName: 'files' })
      },
    })
    expect(ending).toMatchObject({
      ok: true,
      value: { kind: 'exists', failure: { message: EXISTS_TEXT, status: 400 } },
    })
  })

  test('ends the series of failed sends', async () => {
    for (const play of [
      (world: VirtualAmplify) => void world.addJob('X', 'RUNNING'),
      (world: VirtualAmplify) => {
        world.addStorage(media)
      },
    ]) {
      const { history } = await sending({ port: creates({ failure: 'throttled' }), play })
      expect(history.attempts.failures).toBe(0)
    }
  })
})

describe('a create whose answer is lost', () => {
  test.each(AMBIGUOUS)('after %s is looked for before anything is sent again', async (failure) => {
    const { ending, told, world, history } = await sending({
      port: creates({ failure, effect: 'done' }),
      world: { jobMs: 3_000_000 },
      engine: { timeoutMs: 3_600_000 },
    })
    expect(ending).toEqual(started('job-1'))
    expect(world.mutations).toHaveLength(1)
    expect(told.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(told.lines).toEqual([
      matching(
        /^CreateBackendStorage failed \(attempt 1 of 8\): .+\. It may have taken effect; looking for it during the next 30 s before anything is sent again\.$/,
      ),
      'The lost CreateBackendStorage had started job job-1.',
    ])
    expect(history.hadLostResponse).toBe(true)
    expect(world.unsafeCreates).toEqual([])
  })

  test.each(AMBIGUOUS)(
    'after %s without effect is sent again when the window is over',
    async (failure) => {
      const { ending, told, world } = await sending({
        port: creates({ failure, effect: 'none' }),
      })
      expect(ending).toEqual(started('job-1'))
      const [first, second] = world.mutations
      expect(second?.at).toBe((first?.endedAt ?? 0) + EFFECT_WINDOW_MS)
      expect(told.lines[1]).toBe('It had no effect. CreateBackendStorage is sent again.')
      expect(world.effects()).toBe(1)
    },
  )

  test('is looked for after half a second, and then ever less often', async () => {
    const { world } = await sending({ port: creates(lost) })
    const looks = world.calls.filter(({ operation }) => operation === 'ListBackendJobs')
    expect(looks.map(({ at }) => at)).toEqual([500, 2_000, 5_000, 10_000, 18_000, 30_000])
    expect(world.count('GetBackendStorage')).toBe(6)
  })

  test.each([0, 1, 499, 500, 501, 17_999, 18_001, 29_999, 30_000])(
    'is found when its effect comes %i ms after the failure',
    async (lateMs) => {
      const { ending, world, took } = await sending({
        port: creates({ failure: 'reset', effect: { lateMs } }),
      })
      expect(ending).toMatchObject({ ok: true, value: { kind: 'started', jobId: 'job-1' } })
      expect(world.mutations).toHaveLength(1)
      expect(took).toBeLessThanOrEqual(30_000)
    },
  )

  test('is found by its storage where the job cannot be known as ours', async () => {
    const { ending, told, world } = await sending({
      port: creates(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 3_000 },
    })
    expect(ending).toEqual({ ok: true, value: { kind: 'appeared' } })
    expect(told.jobs).toEqual([])
    expect(world.mutations).toHaveLength(1)
  })

  test('is found by its job, when that turned up together with the storage', async () => {
    // The list is read before the job begins, and the storage after it has ended.
    let ways = 0
    const { ending, told, took } = await sending({
      world: { jobMs: 0 },
      port: {
        ...creates({ failure: 'reset', effect: { lateMs: 550 } }),
        latency: () => {
          ways += 1
          // 1, 2: the create; 3, 4: the list at 500; 5: the storage, on the way until 600.
          return ways === 5 ? 100 : 0
        },
      },
    })
    expect(ending).toMatchObject({ ok: true, value: { kind: 'started', jobId: 'job-1' } })
    expect(told.jobs).toEqual([{ jobId: 'job-1', status: 'COMPLETED' }])
    expect(took).toBe(600)
  })

  test('is not sent again when its job ends between the two reads', async () => {
    // Without a time that can be read, the job itself cannot be known as ours.
    let ways = 0
    const { ending, world } = await sending({
      world: { times: TIME_STYLES.garbage, jobMs: 30_050 },
      port: {
        ...creates(lostAfterEffect),
        latency: () => {
          ways += 1
          // 1, 2: the create; 3 to 22: five looks; 23, 24: the first read of the last one, at 30 000.
          return ways > 24 ? 100 : 0
        },
      },
    })
    expect(ending).toMatchObject({ ok: true })
    expect(world.mutations).toHaveLength(1)
  })

  test('is waited for like another, where its job runs and cannot be known as ours', async () => {
    const { ending, took, world } = await sending({
      port: creates(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 60_000 },
    })
    expect(ending).toEqual({ ok: true, value: { kind: 'busy' } })
    expect([took, world.mutations.length]).toEqual([30_000, 1])
  })

  test('adopts a job of the same second: that close, it is ours for all anybody can tell', async () => {
    const { ending, world } = await sending({
      port: creates(lost),
      play: (there) => there.addJob('CreateBackendStorage', 'FAILED'),
    })
    expect(ending).toMatchObject({ ok: true, value: { kind: 'started', jobId: 'other-1' } })
    expect(world.mutations).toHaveLength(1)
  })

  test('adopts no job that was created more than a second or two before it', async () => {
    const clock = virtualClock()
    const world = virtualAmplify(clock)
    world.addJob('CreateBackendStorage', 'COMPLETED')
    await clock.run(clock.sleep(2_001, new AbortController().signal))
    const port = world.connect({ latency: () => 0, ...creates(lost) })
    const { context } = aStorageContext(clock, port)
    const mutation: Mutation = {
      operation: 'CreateBackendStorage',
      send: (terms) => port.createStorage(DESIRED, terms),
      isDone: (storage) => storage !== undefined,
    }
    expect(await clock.run(resultOf(sendMutation(context, mutation, newMutationState())))).toEqual(
      started('job-1'),
    )
    expect(world.mutations).toHaveLength(2)
  })

  test('adopts no job of another operation', async () => {
    const { ending, world } = await sending({
      port: creates(lost),
      play: (there, clock) => {
        clock.schedule(100, () => {
          const job = there.addJob('UpdateBackendAPI', 'RUNNING')
          clock.schedule(1_000, () => {
            there.endJob(job, { status: 'COMPLETED' })
          })
        })
      },
    })
    expect(ending).toEqual(started('job-1'))
    expect(world.mutations).toHaveLength(2)
  })

  test.each([Date.UTC(1999, 0), Date.UTC(2049, 5)])(
    'adopts by the time of the server, wherever our own clock stands (%i)',
    async (epochMs) => {
      const { ending } = await sending({ world: { epochMs }, port: creates(lostAfterEffect) })
      expect(ending).toEqual(started('job-1'))
    },
  )

  test('adopts nothing where the server gives no time', async () => {
    const { ending } = await sending({
      world: { dates: false, jobMs: 1e6 },
      port: creates(lostAfterEffect),
    })
    expect(ending).toEqual({ ok: true, value: { kind: 'busy' } })
  })

  test('waits for the job of somebody else that is pending at the end of the window', async () => {
    const { ending, took } = await sending({
      port: creates(lost),
      play: (world, clock) => {
        clock.schedule(29_000, () => world.addJob('UpdateBackendAPI', 'RUNNING'))
      },
    })
    expect(ending).toEqual({ ok: true, value: { kind: 'busy' } })
    expect(took).toBe(30_000)
  })

  test('is over when its job has failed, which is adopted', async () => {
    const { ending } = await sending({
      world: { jobMs: 100, ends: [{ status: 'FAILED', error: 'no auth' }] },
      port: creates(lostAfterEffect),
    })
    expect(ending).toMatchObject({ value: { kind: 'started', jobId: 'job-1', status: 'FAILED' } })
  })

  test('fails with what the service said, when that was its last attempt and it had no effect', async () => {
    const { ending, world, took, told } = await sending({
      engine: { maxAttempts: 2 },
      port: { always: { CreateBackendStorage: lost } },
    })
    expect(world.mutations).toHaveLength(2)
    expect(took).toBe(60_000)
    expect(told.lines.filter((line) => line.startsWith('It had no effect'))).toEqual([
      'It had no effect. CreateBackendStorage is sent again.',
      'It had no effect. CreateBackendStorage is not sent again: the attempts are used up.',
    ])
    expect(ending).toMatchObject({
      code: 'GATEWAY_TIMEOUT',
      result: 'failed',
      requestId: 'request-504',
    })
  })

  test('counts as an attempt together with other failures', async () => {
    const { told, world } = await sending({
      engine: { maxAttempts: 3 },
      port: creates({ failure: 'throttled' }, lost, { failure: 'throttled' }),
    })
    expect(world.mutations).toHaveLength(3)
    expect(told.lines[0]).toMatch(/\(attempt 2 of 3\)/)
  })

  test('counts failures of earlier series that no answer has ended', async () => {
    const history = {
      ...newMutationState(),
      attempts: { failures: 7, dnsNotFoundSince: undefined },
    }
    const { world, ending } = await sending({ history, port: creates({ failure: 'throttled' }) })
    expect(world.mutations).toHaveLength(1)
    expect(ending).toMatchObject({ code: 'THROTTLED' })
    const good = await sending({
      history: { ...newMutationState(), attempts: { failures: 7, dnsNotFoundSince: undefined } },
    })
    expect(good.history.attempts.failures).toBe(0)
  })
})

describe('attempts that were used up before', () => {
  test('by a create that was lost are not exceeded once somebody else’s job has ended', async () => {
    const lastFailure = createFailure('CreateBackendStorage', 'gatewayTimeout')
    const history: MutationState = {
      ...newMutationState(),
      hadLostResponse: true,
      attempts: { failures: 3, dnsNotFoundSince: undefined },
      lastFailure,
    }
    const { ending, world } = await sending({ history, engine: { maxAttempts: 3 } })
    expect(world.mutations).toEqual([])
    expect(ending).toMatchObject({
      code: 'GATEWAY_TIMEOUT',
      result: 'failed',
      requestId: 'request-504',
    })
    const blind = await sending({
      history: { ...history, resentUnchecked: true },
      engine: { maxAttempts: 2 },
    })
    expect(blind.ending).toMatchObject({ code: 'GATEWAY_TIMEOUT', result: 'unknown' })
    expect((await sending({ history, engine: { maxAttempts: 4 } })).ending).toEqual(
      started('job-1'),
    )
  })

  test('are those of one series only: it ends with an accepted create', async () => {
    const { history } = await sending({ port: creates({ failure: 'throttled' }) })
    expect(history).toEqual(newMutationState())
  })
})

describe('a create that was lost before, and is open still', () => {
  const lostBefore = (
    operation: Mutation['operation'],
    seen: boolean,
    failedAt = -60_000,
  ): MutationState => ({
    ...newMutationState(),
    hadLostResponse: true,
    attempts: { failures: 1, dnsNotFoundSince: undefined },
    lostResponse: { failure: createFailure(operation, 'reset'), sentAt: failedAt, failedAt, seen },
  })

  test('is looked for once more before anything is sent', async () => {
    const { ending, world, history } = await sending({
      history: lostBefore('CreateBackendStorage', false),
    })
    expect(ending).toEqual(started('job-1'))
    expect(world.calls.map(({ operation }) => operation)).toEqual([
      'ListBackendJobs',
      'GetBackendStorage',
      'CreateBackendStorage',
    ])
    expect(world.mutations[0]?.at).toBe(0)
    expect(history.lostResponse).toBeUndefined()
  })

  test('is looked for after a pause where looks have contradicted each other', async () => {
    const { world } = await sending({ history: lostBefore('CreateBackendStorage', true) })
    expect(world.mutations[0]?.at).toBe(2_000)
    const early = await sending({ history: lostBefore('CreateBackendStorage', true, 0) })
    const looks = early.world.calls.filter(({ operation }) => operation === 'ListBackendJobs')
    expect(looks.map(({ at }) => at)).toEqual([2_000, 5_000, 10_000, 18_000, 30_000])
    expect(early.world.mutations[0]?.at).toBe(30_000)
  })

  test('is looked for in what is left of the window', async () => {
    const { world } = await sending({ history: lostBefore('CreateBackendStorage', false, -15_000) })
    const looks = world.calls.filter(({ operation }) => operation === 'ListBackendJobs')
    expect(looks.map(({ at }) => at)).toEqual([3_000, 15_000])
    expect(world.mutations[0]?.at).toBe(15_000)
  })

  test('does not keep back a call of another kind', async () => {
    const { world, history } = await sending({
      operation: 'UpdateBackendStorage',
      history: lostBefore('CreateBackendStorage', false),
      play: (there) => {
        there.addStorage(media)
      },
    })
    expect(world.calls.map(({ operation }) => operation)).toEqual(['UpdateBackendStorage'])
    expect(history.lostResponse).toBeDefined()
  })

  test('stays so as long as its storage has only been seen', async () => {
    const { history } = await sending({
      port: creates(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 3_000 },
    })
    expect(history.lostResponse).toMatchObject({ seen: true, sentAt: 0, failedAt: 0 })
  })
})

describe('what is said of a send', () => {
  const said = async (setting: Setting): Promise<readonly string[]> =>
    (await sending(setting)).told.mutations

  test('is that it is open when it goes out, and settled with its answer', async () => {
    expect(await said({})).toEqual(['open', 'settled'])
    expect(await said({ port: creates({ failure: 'throttled' }) })).toEqual([
      'open',
      'settled',
      'open',
      'settled',
    ])
    expect(await said({ port: creates({ failure: 'badRequest' }) })).toEqual(['open', 'settled'])
    expect(await said({ play: (world) => world.addJob('X', 'RUNNING') })).toEqual([
      'open',
      'settled',
    ])
  })

  test('is that a lost one is open until something is found, or certainly nothing', async () => {
    expect(await said({ port: creates(lostAfterEffect) })).toEqual(['open', 'settled'])
    expect(await said({ port: creates(lost) })).toEqual(['open', 'settled', 'open', 'settled'])
    expect(
      await said({
        port: creates(lostAfterEffect),
        world: { times: TIME_STYLES.garbage, jobMs: 1_000 },
      }),
    ).toEqual(['open', 'settled'])
  })

  test('is that it stays open where nobody can tell', async () => {
    const pending = { times: TIME_STYLES.garbage, jobMs: 1e6 }
    expect(await said({ port: creates(lostAfterEffect), world: pending })).toEqual(['open'])
    expect(await said({ port: creates(lost), engine: { timeoutMs: 20_000 } })).toEqual(['open'])
    const blind = (...faults: Fault[]): ConnectionOptions => ({
      denied: READS,
      ...creates(...faults),
    })
    expect(await said({ port: blind(lost, { failure: 'badRequest' }) })).toEqual([
      'open',
      'open',
      'open',
    ])
  })
})

describe('a lost create that nobody may look for', () => {
  const blind: ConnectionOptions = { denied: READS, ...creates(lost) }

  test('is sent again after the window, and says that this is blind', async () => {
    const { ending, told, world, history } = await sending({ port: blind })
    expect(ending).toEqual(started('job-1'))
    expect(world.mutations.map(({ at }) => at)).toEqual([0, 30_000])
    expect(told.lines[1]).toBe(
      'Nothing could be seen, since the role may not look. CreateBackendStorage is sent again.',
    )
    expect(history).toMatchObject({ uncertain: true, blind: true })
  })

  test.each([
    ['a storage that exists', { jobMs: 1_000 }, EXISTS_TEXT],
    ['a pending job', { jobMs: 1e6 }, 'There is already a pending job'],
  ])('then refused because of %s was probably carried out: unknown', async (_why, world, text) => {
    const scene = await sending({ world, port: { denied: READS, ...creates(lostAfterEffect) } })
    expect(scene.ending).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      requestId: 'request-400',
      message: containing(text),
      advice:
        'Allow amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs for the role, and a re-run will find out by itself. To see whether the storage is there: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
    })
    expect(scene.ending).toMatchObject({
      message: matching(
        /^The answer to the first CreateBackendStorage was lost, and the second was refused \(400 BadRequestException: .+\), so the first was probably executed; the role may not look\.$/,
      ),
    })
    expect(scene.world.effects()).toBe(1)
  })

  test('at its last attempt is unknown', async () => {
    const { ending, world } = await sending({ port: blind, engine: { maxAttempts: 1 } })
    expect(world.mutations).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      requestId: 'request-504',
      message:
        'CreateBackendStorage was sent and its answer was lost (504 GatewayTimeoutException: Endpoint request timed out); whether it took effect could not be established: the role may not look.',
      advice:
        'Look at the storage before anything else. A re-run looks first and is harmless; the role needs amplifybackend:GetBackendStorage and amplifybackend:ListBackendJobs to find out by itself. To look: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
    })
  })

  test.each(['throttled', 'badRequest', 'accessDenied'] as const)(
    'and then ends in %s is unknown still',
    async (failure) => {
      const { ending } = await sending({
        engine: { maxAttempts: 2 },
        port: { denied: READS, ...creates(lost, { failure }) },
      })
      expect(ending).toMatchObject({
        ok: false,
        result: 'unknown',
        message: matching(/An earlier send may have taken effect; the role may not look\.$/),
      })
    },
  )

  test('and then ends at the deadline is unknown still', async () => {
    const throttled = await sending({
      engine: { timeoutMs: 40_000 },
      port: {
        denied: READS,
        ...creates(lost, { failure: 'throttled', retryAfterMs: 60_000 }),
      },
    })
    expect(throttled.ending).toMatchObject({ code: 'TIMED_OUT', result: 'unknown' })
    const late = await sending({
      engine: { timeoutMs: 30_000 + MIN_TIME_TO_SEND_MS - 1 },
      port: blind,
    })
    expect(late.ending).toMatchObject({ code: 'TIMED_OUT', result: 'unknown' })
    expect(late.world.mutations).toHaveLength(1)
  })

  test('and is then lost again is looked for again', async () => {
    const { world } = await sending({ port: { denied: READS, ...creates(lost, lost) } })
    expect(world.mutations.map(({ at }) => at)).toEqual([0, 30_000, 60_000])
  })
})

describe('a lost create that cannot be looked for', () => {
  const open = async (port: ConnectionOptions, engine: ContextOptions = {}): Promise<Scene> =>
    sending({
      port: { ...port, ...creates(lostAfterEffect), ...port },
      engine,
      world: { jobMs: 1e6 },
    })

  test.each([
    ['ListBackendJobs', 'internalError', '500: Internal server error'],
    ['GetBackendStorage', 'internalError', '500: Internal server error'],
    [
      'ListBackendJobs',
      'accessDenied',
      '403 AccessDeniedException: User is not authorized to perform that',
    ],
    ['ListBackendJobs', 'notFound', '404 NotFoundException: App not found'],
    [
      'GetBackendStorage',
      'accessDenied',
      '403 AccessDeniedException: User is not authorized to perform that',
    ],
    ['GetBackendStorage', 'forbidden', '403: Forbidden'],
  ] as const)('because of %s with %s is unknown', async (operation, trouble, why) => {
    const { ending, world } = await sending({
      port: { always: { [operation]: { trouble } }, ...creates(lost) },
      engine: { maxAttempts: 2 },
    })
    expect(world.mutations).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      message: `CreateBackendStorage was sent and its answer was lost (504 GatewayTimeoutException: Endpoint request timed out); whether it took effect could not be established: ${why}.`,
    })
  })

  test('because both fail is unknown, with the reason of the storage', async () => {
    const { ending } = await open(
      {
        always: {
          ListBackendJobs: { failure: 'badRequest' },
          GetBackendStorage: { failure: 'forbidden' },
        },
      },
      { maxAttempts: 2 },
    )
    expect(ending).toMatchObject({ result: 'unknown', message: containing('403: Forbidden') })
  })

  test('for want of time is unknown, and ends at once when the next look would come too late', async () => {
    const at = (timeoutMs: number): Promise<Scene> =>
      sending({ port: creates(lost), engine: { timeoutMs } })
    const late = await at(30_000)
    expect(late.took).toBe(18_000)
    expect(late.ending).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      message: containing('could not be established: the time is used up.'),
    })
    expect((await at(30_001)).took).toBe(30_000)
    expect((await at(500)).ending).toMatchObject({ code: 'TIMED_OUT' })
    expect((await at(MIN_TIME_TO_SEND_MS)).took).toBe(500)
  })

  test('tries both reads again at the end of the window, not before', async () => {
    const reset: Fault = { failure: 'reset' }
    const { ending, world, told } = await sending({
      port: {
        faults: {
          CreateBackendStorage: [lost],
          ListBackendJobs: [reset, undefined, reset, undefined, undefined, reset],
          GetBackendStorage: [undefined, reset, undefined, undefined, reset, reset],
        },
      },
    })
    expect(ending).toEqual(started('job-1'))
    expect(told.retries).toHaveLength(2)
    expect(world.count('ListBackendJobs')).toBe(7)
    expect(world.count('GetBackendStorage')).toBe(7)
  })

  test('leaves out a look whose time slow reads have passed, but never the last', async () => {
    let ways = 0
    const { world } = await sending({
      port: {
        ...creates(lost),
        latency: () => {
          ways += 1
          return ways > 2 ? 1_000 : 0
        },
      },
    })
    const looks = world.calls.filter(({ operation }) => operation === 'ListBackendJobs')
    expect(looks.map(({ at }) => at)).toEqual([500, 5_000, 10_000, 18_000, 30_000])
  })

  test('may be adopted in time although the storage cannot be read', async () => {
    const { ending } = await open({ always: { GetBackendStorage: { failure: 'internalError' } } })
    expect(ending).toEqual(started('job-1'))
  })

  test('may turn up although the jobs cannot be read', async () => {
    const { ending } = await sending({
      port: { denied: ['ListBackendJobs'], ...creates(lostAfterEffect) },
      world: { jobMs: 1_000 },
    })
    expect(ending).toEqual({ ok: true, value: { kind: 'appeared' } })
  })

  test('ends with the signal', async () => {
    const abort = new AbortController()
    const run = sending({
      port: creates(lost),
      engine: { signal: abort.signal },
      play: (_world, clock) => {
        clock.schedule(6_000, () => {
          abort.abort(new Error('SIGINT'))
        })
      },
    })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('an absent storage', () => {
  test.each(['not-found', 'empty'] as const)('may be told as %s', async (absentAs) => {
    const { ending, world } = await sending({ world: { absentAs }, port: creates(lost) })
    expect(ending).toEqual(started('job-1'))
    expect(world.mutations).toHaveLength(2)
  })
})

describe('an update', () => {
  const updating = (faults: readonly Fault[], world: ServiceOptions = {}): Promise<Scene> =>
    sending({
      operation: 'UpdateBackendStorage',
      world,
      port: { faults: { UpdateBackendStorage: faults } },
      play: (there) => {
        there.addStorage(media)
      },
    })

  test('whose answer is lost is found by its job', async () => {
    const { ending, told } = await updating([lostAfterEffect])
    expect(ending).toEqual(started('job-1'))
    expect(told.lines[1]).toBe('The lost UpdateBackendStorage had started job job-1.')
  })

  test('whose answer is lost is found by what it has changed', async () => {
    const { ending } = await updating([lostAfterEffect], {
      times: TIME_STYLES.garbage,
      jobMs: 1_000,
    })
    expect(ending).toEqual({ ok: true, value: { kind: 'appeared' } })
  })

  test('that had no effect is sent again, although there is a storage', async () => {
    const { ending, world } = await updating([lost])
    expect(ending).toEqual(started('job-1'))
    expect(world.mutations.map(({ at }) => at)).toEqual([0, 30_000])
  })

  test('is named in every message', async () => {
    const { ending } = await sending({
      operation: 'UpdateBackendStorage',
      engine: { timeoutMs: MIN_TIME_TO_SEND_MS - 1 },
    })
    expect(ending).toMatchObject({ message: containing('UpdateBackendStorage') })
  })
})

describe('cancellation', () => {
  test('ends a create in flight by its own signal, which may come later', async () => {
    const sendAbort = new AbortController()
    const abort = new AbortController()
    const scene = sending({
      port: { latency: () => 3_000 },
      engine: { signal: abort.signal, mutationSignal: sendAbort.signal },
      play: (_world, clock) => {
        clock.schedule(1_000, () => {
          abort.abort(new Error('SIGINT'))
        })
      },
    })
    expect((await scene).ending).toEqual(started('job-1'))
    const cut = sending({
      port: { latency: () => 3_000 },
      engine: { signal: abort.signal, mutationSignal: sendAbort.signal },
      play: (_world, clock) => {
        clock.schedule(1_600, () => {
          sendAbort.abort(new Error('600 ms later'))
        })
      },
    })
    await expect(cut).rejects.toThrow('600 ms later')
  })
})

describe('the errors that others use', () => {
  test('name what was lost', () => {
    const clock = virtualClock()
    const { context } = aStorageContext(clock, virtualAmplify(clock).connect())
    expect(deadlineExceeded(createFailure('GetBackend', 'stall'), context)).toMatchObject({
      code: 'TIMED_OUT',
      result: 'timed-out',
      requestId: undefined,
      message:
        'The time of the run was used up while GetBackend kept failing: no response within the time limit.',
    })
    const mutation: Mutation = {
      operation: 'CreateBackendStorage',
      send: () => Promise.reject(new Error('not sent')),
      isDone: () => false,
    }
    expect(probablyExecuted('why', 'id', mutation, context)).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      requestId: 'id',
      message: containing('(why)'),
    })
  })
})
