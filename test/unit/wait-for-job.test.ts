import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import type { Job } from '../../src/storage/jobs/job.ts'
import {
  unlistedJobDelayMs,
  pollDelayMs,
  waitForJob,
  waitForPendingJobs,
} from '../../src/storage/jobs/wait-for-job.ts'
import { resultOf, rejectionOf, type TaskResult } from '../support/unit/task-result.ts'
import {
  aStorageContext,
  type ContextOptions,
  type Recorded,
} from '../support/unit/storage-context.ts'
import { AMBIGUOUS, NOT_EXECUTED, PERMANENT } from '../support/unit/api-failures.ts'
import { containing, matching } from '../support/unit/matchers.ts'
import {
  TIME_STYLES,
  virtualAmplify,
  type Operation,
  type ConnectionOptions,
  type VirtualAmplify,
  type ServiceJob,
  type ServiceOptions,
} from '../support/unit/virtual-amplify.ts'
import { virtualClock, type VirtualClock } from '../support/unit/virtual-clock.ts'

/** A service with one job that was started at the clock's zero, and a run that waits. */
type Scene<T> = {
  ending: TaskResult<T>
  told: Recorded
  world: VirtualAmplify
  clock: VirtualClock
  took: number
}

type Setting = Readonly<{
  world?: ServiceOptions
  port?: ConnectionOptions
  engine?: ContextOptions
  /** What happens to the job, and when. */
  play?: (job: ServiceJob, world: VirtualAmplify, clock: VirtualClock) => void
  status?: string
}>

/** Any time but zero, from which the clock starts. */
const START = 5_000_000

async function waiting({
  world: rules,
  port,
  engine: options,
  play,
  status,
}: Setting): Promise<Scene<Job> & { jobId: string }> {
  const clock = virtualClock(START)
  const world = virtualAmplify(clock, rules)
  const job = world.addJob('CreateBackendStorage', status ?? 'RUNNING')
  play?.(job, world, clock)
  const { context, recorded } = aStorageContext(
    clock,
    world.connect({ latency: () => 0, ...port }),
    options,
  )
  const ending = await clock.run(resultOf(waitForJob(context, job.jobId, status)))
  return { ending, told: recorded, world, clock, took: clock.now() - START, jobId: job.jobId }
}

const ends =
  (atMs: number, status: string, error?: string): NonNullable<Setting['play']> =>
  (job, world, clock) => {
    clock.schedule(atMs, () => {
      world.endJob(job, error === undefined ? { status } : { status, error })
    })
  }

/** The pauses that were said after polls that failed. */
const pausesOf = ({ retries }: Recorded): (string | undefined)[] =>
  retries.map((line) => /Next look in (.*)\./.exec(line)?.[1])

/** When an operation was called, from the start on. */
const timesOf = (world: VirtualAmplify, operation: Operation): number[] =>
  world.calls.filter((call) => call.operation === operation).map(({ at }) => at - START)

describe('W05: the time until the next poll', () => {
  test('grows with the job, from five and a half seconds to thirty', () => {
    const at = (elapsed: number): number => pollDelayMs(elapsed, () => 0.5)
    expect([0, 65_999, 66_000, 120_000, 359_999, 360_000, 3_600_000].map(at)).toEqual([
      5_500, 5_500, 5_500, 10_000, 30_000, 30_000, 30_000,
    ])
  })

  test('varies by 15 % in either direction', () => {
    expect(pollDelayMs(120_000, () => 0)).toBe(8_500)
    expect(pollDelayMs(120_000, () => 0.999999999)).toBe(11_500)
    expect(pollDelayMs(0, () => 0)).toBe(4_675)
    expect(pollDelayMs(1e9, () => 0.999999999)).toBe(34_500)
  })

  test('is no shorter than what a throttled account asks for', () => {
    const after = (throttledResponses: number): number =>
      pollDelayMs(120_000, () => 0.5, { throttledResponses })
    expect([0, 1, 2, 3, 4, 40].map(after)).toEqual([10_000, 10_000, 19_200, 38_400, 76_800, 76_800])
  })

  test('is 15 to 30 seconds where the job cannot be seen', () => {
    expect(unlistedJobDelayMs(() => 0)).toBe(15_000)
    expect(unlistedJobDelayMs(() => 0.5)).toBe(22_500)
    expect(unlistedJobDelayMs(() => 0.999999999)).toBe(30_000)
  })

  property.prop([
    fc.nat(21_000_000),
    fc.nat(21_000_000),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
  ])('never shrinks, and is whole milliseconds within its bounds', (one, other, random) => {
    const [early, late] = [Math.min(one, other), Math.max(one, other)]
    const [first, second] = [early, late].map((elapsed) => pollDelayMs(elapsed, () => random))
    expect(second).toBeGreaterThanOrEqual(first ?? Infinity)
    expect(first).toBeGreaterThanOrEqual(4_675)
    expect(second).toBeLessThanOrEqual(34_500)
    expect(Number.isInteger(first)).toBe(true)
  })
})

describe('waiting for our own job', () => {
  test('ends when the job is complete, and reports every status', async () => {
    const { ending, told, took, world, jobId } = await waiting({ play: ends(15_000, 'COMPLETED') })
    expect(ending).toMatchObject({ ok: true, value: { jobId, status: 'COMPLETED' } })
    expect(took).toBe(16_500)
    expect(world.count('GetBackendJob')).toBe(3)
    expect(told.jobs).toEqual([
      { jobId, status: 'RUNNING' },
      { jobId, status: 'RUNNING' },
      { jobId, status: 'COMPLETED' },
    ])
    expect(told.lines).toEqual([
      `Waiting for job ${jobId}, at most 30 min.`,
      `Job ${jobId} is RUNNING after 6 s; 29 min 55 s left.`,
    ])
  })

  test('ends when the job has failed, with the text of the service', async () => {
    const { ending } = await waiting({ play: ends(1_000, 'FAILED', 'no auth') })
    expect(ending).toMatchObject({ ok: true, value: { status: 'FAILED', error: 'no auth' } })
  })

  test('begins with the status of the answer that started it', async () => {
    const { told, jobId } = await waiting({ status: 'RUNNING', play: ends(5_000, 'completed') })
    expect(told.lines).toEqual([`Waiting for job ${jobId} (RUNNING), at most 30 min.`])
  })

  test('says every change of the status', async () => {
    const { told, jobId } = await waiting({
      status: 'PENDING',
      play: (job, world, clock) => {
        clock.schedule(12_000, () => {
          job.status = 'RUNNING'
        })
        ends(23_000, 'COMPLETED')(job, world, clock)
      },
    })
    expect(told.lines).toEqual([
      `Waiting for job ${jobId} (PENDING), at most 30 min.`,
      `Job ${jobId} is RUNNING after 17 s; 29 min 44 s left.`,
    ])
  })

  test('W07: takes a status that is not known for running, and says so once', async () => {
    const { ending, told, jobId } = await waiting({
      play: (job, world, clock) => {
        const later = (ms: number, status: string): void => {
          clock.schedule(ms, () => {
            job.status = status
          })
        }
        later(1_000, 'NEW_STATE')
        later(14_000, 'RUNNING')
        later(25_000, 'NEW_STATE')
        later(30_000, 'PROVISIONING')
        ends(41_000, 'COMPLETED')(job, world, clock)
      },
    })
    expect(ending.ok).toBe(true)
    expect(told.lines).toEqual([
      `Waiting for job ${jobId}, at most 30 min.`,
      `Job ${jobId} is NEW_STATE after 6 s; 29 min 55 s left. This status is not known; it counts as running.`,
      `Job ${jobId} is RUNNING after 17 s; 29 min 44 s left.`,
      `Job ${jobId} is NEW_STATE after 28 s; 29 min 33 s left.`,
      `Job ${jobId} is PROVISIONING after 33 s; 29 min 27 s left.`,
    ])
  })

  test.each(['Succeeded', 'CANCELLED', 'NEW_STATE'])(
    'W07: with the status %s goes on to the deadline',
    async (status) => {
      const { ending, took } = await waiting({
        engine: { timeoutMs: 120_000 },
        play: (job) => {
          job.status = status
        },
      })
      expect(ending).toMatchObject({ ok: false, code: 'TIMED_OUT', result: 'timed-out' })
      expect(took).toBe(117_000)
    },
  )

  test('W07: gives up soon where the answers have no status', async () => {
    const { ending, took, world, jobId } = await waiting({
      engine: { maxAttempts: 3 },
      play: (job) => {
        job.status = ''
      },
    })
    expect(ending).toMatchObject({
      ok: false,
      code: 'UNREADABLE_RESPONSE',
      result: 'unknown',
      message: `The service answers for job ${jobId} again and again without a status, so its outcome is not known.`,
    })
    expect(ending).toMatchObject({ advice: containing(`--job-id ${jobId}`) })
    expect(world.count('GetBackendJob')).toBe(3)
    expect(took).toBe(16_500)
  })

  test('goes on where a status is missing now and then', async () => {
    const { ending, told, jobId } = await waiting({
      engine: { maxAttempts: 2 },
      status: 'RUNNING',
      play: (job, world, clock) => {
        for (const ms of [1_000, 12_000, 23_000]) {
          clock.schedule(ms, () => {
            job.status = ''
          })
          clock.schedule(ms + 5_500, () => {
            job.status = 'RUNNING'
          })
        }
        ends(36_000, 'COMPLETED')(job, world, clock)
      },
    })
    expect(ending.ok).toBe(true)
    expect(told.jobs).not.toContainEqual({ jobId, status: '' })
    expect(told.lines[1]).toBe(`Job ${jobId} is without a status after 6 s; 29 min 55 s left.`)
  })

  test('says at least once a minute that it goes on, however slow the answers are', async () => {
    for (const latency of [0, 5_000, 9_999, 15_000]) {
      const { told, jobId } = await waiting({
        port: { latency: () => latency },
        engine: { timeoutMs: 900_000 },
      })
      const times = told.timedLines.map(({ at }) => at)
      const gaps = times.map((at, index) => at - (times[index - 1] ?? START))
      expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000)
      expect(Math.max(...gaps.slice(2))).toBeGreaterThanOrEqual(40_000)
      expect(told.lines.at(-1)).toMatch(new RegExp(`^Job ${jobId} is .* after .*; .* left\\.$`))
    }
  })

  test('says so while the server asks for long patience too', async () => {
    const { told } = await waiting({
      port: { always: { GetBackendJob: { failure: 'throttled', retryAfterMs: 300_000 } } },
      engine: { timeoutMs: 700_000 },
    })
    const times = told.timedLines.map(({ at }) => at)
    expect(Math.max(...times.map((at, index) => at - (times[index - 1] ?? START)))).toBe(40_000)
  })

  test.each([...AMBIGUOUS, ...NOT_EXECUTED])('W06: is not ended by %s', async (trouble) => {
    const fault = { failure: trouble }
    const { ending, told } = await waiting({
      port: { faults: { GetBackendJob: [fault, fault, fault, fault] } },
      engine: { maxAttempts: 2 },
      play: ends(10_000, 'COMPLETED'),
    })
    expect(ending).toMatchObject({ ok: true, value: { status: 'COMPLETED' } })
    expect(told.retries).toHaveLength(4)
    expect(told.retries[0]).toMatch(
      /^GetBackendJob failed \(.+\); the job is not affected\. Next look in 6 s\.$/,
    )
  })

  test('backs off from a service that fails, and obeys its Retry-After', async () => {
    const { told, took } = await waiting({
      port: {
        faults: {
          GetBackendJob: [
            { failure: 'throttled' },
            { failure: 'throttled' },
            { failure: 'throttled' },
            { failure: 'throttled' },
            { failure: 'throttled', retryAfterMs: 50_000 },
            undefined,
            { failure: 'throttled' },
          ],
        },
      },
      play: ends(200_000, 'COMPLETED'),
    })
    // That it has answered in between takes nothing back; polls never come faster than without failures.
    expect(pausesOf(told)).toEqual(['6 s', '10 s', '20 s', '40 s', '1 min 30 s', '40 s'])
    expect(took).toBe(287_800)
  })

  test.each([
    ['fails', 'internalError', {}],
    ['throttles, where the account is not known to share a limit', 'throttled', { pressure: null }],
  ] as const)(
    'backs off from a service that %s, anew after each answer',
    async (_how, trouble, engine) => {
      const fault = { failure: trouble }
      const { told, took } = await waiting({
        port: {
          faults: { GetBackendJob: [fault, fault, fault, fault, fault, fault, undefined, fault] },
        },
        engine,
        play: ends(56_000, 'COMPLETED'),
      })
      // The ceilings are those of any call, 1 to 20 seconds; polls never come faster than without failures.
      expect(pausesOf(told)).toEqual(['6 s', '6 s', '6 s', '6 s', '8 s', '10 s', '6 s'])
      expect(took).toBe(56_500)
    },
  )

  test('looks less often at a job of a throttled account', async () => {
    const { world, took } = await waiting({
      engine: { pressure: { throttledResponses: 2 } },
      play: ends(50_000, 'COMPLETED'),
    })
    expect(timesOf(world, 'GetBackendJob')).toEqual([19_200, 38_400, 57_600])
    expect(took).toBe(57_600)
  })

  test.each([1, 2])(
    'takes a job that is not found for late at the first two looks, however late these come (%i)',
    async (absences) => {
      const notFound = { failure: 'notFound' } as const
      const { ending, world } = await waiting({
        port: { faults: { GetBackendJob: Array.from({ length: absences }, () => notFound) } },
        engine: { pressure: { throttledResponses: 4 } },
        play: ends(100_000, 'COMPLETED'),
      })
      expect(timesOf(world, 'GetBackendJob')[0]).toBe(76_800)
      expect(ending).toMatchObject({ value: { status: 'COMPLETED' } })
    },
  )

  test('and at the third no more', async () => {
    const notFound = { failure: 'notFound' } as const
    const { ending } = await waiting({
      port: { faults: { GetBackendJob: [notFound, notFound, notFound] } },
      engine: { pressure: { throttledResponses: 4 } },
    })
    expect(ending).toMatchObject({ code: 'JOB_NOT_FOUND', result: 'unknown' })
  })

  test('looks no sooner at a job of a throttled account when a look fails otherwise', async () => {
    const { world } = await waiting({
      port: { faults: { GetBackendJob: [{ failure: 'internalError' }] } },
      engine: { pressure: { throttledResponses: 2 } },
      play: ends(30_000, 'COMPLETED'),
    })
    expect(timesOf(world, 'GetBackendJob')).toEqual([19_200, 38_400])
  })

  test('looks no less often at a job that is old enough for as long a pause anyway', async () => {
    const { world } = await waiting({
      engine: { pressure: { throttledResponses: 1 } },
      play: ends(150_000, 'COMPLETED'),
    })
    const times = timesOf(world, 'GetBackendJob')
    const pauses = times.map((at, index) => at - (times[index - 1] ?? 0))
    // A twelfth of 115.2 seconds is as much as the account asks for.
    expect(pauses).toEqual([...Array.from({ length: 13 }, () => 9_600), 10_400, 11_267, 12_206])
  })

  test('takes a throttled poll for a sign too, and looks less often from then on', async () => {
    const pressure = { throttledResponses: 0 }
    const throttled = { failure: 'throttled' } as const
    const { world } = await waiting({
      port: { faults: { GetBackendJob: [undefined, throttled, undefined, throttled] } },
      engine: { pressure },
      play: ends(60_000, 'COMPLETED'),
    })
    expect(pressure.throttledResponses).toBe(2)
    // After a refusal the next poll comes by the back-off, which is 5 seconds, and then 10, on the average.
    expect(timesOf(world, 'GetBackendJob')).toEqual([
      5_500, 11_000, 16_500, 26_100, 36_100, 55_300, 74_500,
    ])
  })

  test('takes no other failure of a poll for a sign of that', async () => {
    const pressure = { throttledResponses: 0 }
    const troubles = [...AMBIGUOUS, ...NOT_EXECUTED].filter((one) => !one.startsWith('throttled'))
    await waiting({
      port: { faults: { GetBackendJob: troubles.map((trouble) => ({ failure: trouble })) } },
      engine: { pressure },
      play: ends(1_000, 'COMPLETED'),
    })
    expect(pressure.throttledResponses).toBe(0)
  })

  test('looks as often as ever where the account is not known to share a limit', async () => {
    const { world } = await waiting({
      port: { faults: { GetBackendJob: [{ failure: 'throttled' }] } },
      engine: { pressure: null },
      play: ends(17_000, 'COMPLETED'),
    })
    expect(timesOf(world, 'GetBackendJob')).toEqual([5_500, 11_000, 16_500, 22_000])
  })

  test('on a throttled account ends at the deadline all the same, with a last look', async () => {
    const { ending, took, world } = await waiting({
      engine: { timeoutMs: 100_000, pressure: { throttledResponses: 40 } },
    })
    expect(ending).toMatchObject({ code: 'TIMED_OUT', result: 'timed-out' })
    expect(timesOf(world, 'GetBackendJob')).toEqual([76_800, 97_000])
    expect(took).toBe(97_000)
  })

  test('on a throttled account says at least once a minute that it goes on', async () => {
    const { told } = await waiting({
      engine: { timeoutMs: 700_000, pressure: { throttledResponses: 40 } },
    })
    const times = told.timedLines.map(({ at }) => at)
    expect(Math.max(...times.map((at, index) => at - (times[index - 1] ?? START)))).toBe(40_000)
  })

  test('is not ended by a job that is not found at first', async () => {
    const { ending, told } = await waiting({
      world: { jobLagMs: 50_000 },
      play: ends(55_000, 'COMPLETED'),
    })
    expect(ending).toMatchObject({ ok: true })
    expect(told.retries).toEqual([])
  })

  test('gives up on a job that is not found after a minute', async () => {
    const { ending, took, jobId } = await waiting({ world: { jobLagMs: 1e9 }, status: 'PENDING' })
    expect(ending).toMatchObject({
      ok: false,
      code: 'JOB_NOT_FOUND',
      result: 'unknown',
      requestId: 'request-404',
      message: `The service no longer knows job ${jobId}, whose last status was PENDING: 404 NotFoundException: App not found.`,
    })
    expect(took).toBeGreaterThanOrEqual(60_000)
    expect(took).toBeLessThan(70_000)
    const silent = await waiting({ world: { jobLagMs: 1e9 } })
    expect(silent.ending).toMatchObject({
      message: containing('whose last status was unknown'),
      advice: containing('aws amplifybackend get-backend-storage'),
    })
  })

  test('counts the minute exactly, up to the answer', async () => {
    // The eighth poll leaves after 55.5 seconds; its answer takes the rest.
    const eighth = async (answerMs: number) => {
      let ways = 0
      const { took } = await waiting({
        world: { jobLagMs: 1e9 },
        port: {
          latency: () => {
            ways += 1
            return ways === 16 ? answerMs : 0
          },
        },
      })
      return took
    }
    expect(await eighth(4_500)).toBe(60_000)
    expect(await eighth(4_499)).toBeGreaterThan(60_000)
  })

  test('with a role that may not read it is red, and names the action and wait: false', async () => {
    const { ending, jobId, took } = await waiting({ port: { denied: ['GetBackendJob'] } })
    expect(ending).toMatchObject({
      ok: false,
      code: 'ACCESS_DENIED',
      result: 'unknown',
      requestId: 'request-403',
      message:
        'The credentials may not call GetBackendJob: 403 AccessDeniedException: User is not authorized to perform that.',
      advice: `Job ${jobId} was started and goes on. Allow amplifybackend:GetBackendJob on arn:aws:amplifybackend:eu-west-1:111122223333:/backend/d1a2b3c4d5/* for the role, or set wait: false.`,
    })
    expect(took).toBe(5_500)
  })

  test.each(PERMANENT)('W06: is ended by %s, at once', async (failure) => {
    const { ending, jobId, world } = await waiting({
      port: { always: { GetBackendJob: { failure } } },
    })
    expect(ending).toMatchObject({
      ok: false,
      result: 'unknown',
      advice: `Job ${jobId} was started and goes on remotely. Look at it: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id ${jobId}`,
    })
    expect(world.count('GetBackendJob')).toBe(1)
  })

  test('renews expired credentials, as often as there was a success in between', async () => {
    const expired = { failure: 'expired' } as const
    const good = await waiting({
      port: { faults: { GetBackendJob: [expired, undefined, expired, undefined, expired] } },
      play: ends(15_000, 'COMPLETED'),
    })
    expect(good.ending.ok).toBe(true)
    expect(good.told.refreshes).toBe(3)
    expect(good.took).toBe(16_500)
    const bad = await waiting({ port: { faults: { GetBackendJob: [expired, expired] } } })
    expect(bad.ending).toMatchObject({ code: 'CREDENTIALS_EXPIRED', result: 'unknown' })
    expect(bad.told.refreshes).toBe(1)
  })

  test('W02: ends at the deadline, with a last look just before it', async () => {
    const { ending, took, jobId, world } = await waiting({ engine: { timeoutMs: 300_000 } })
    expect(took).toBe(297_000)
    expect(world.calls.at(-1)?.at).toBe(START + 297_000)
    expect(ending).toMatchObject({
      ok: false,
      code: 'TIMED_OUT',
      result: 'timed-out',
      message: `Job ${jobId} had not ended when the time of the run was used up; its last status was RUNNING after 4 min 57 s of waiting.`,
      advice: `The job goes on remotely, and a re-run waits for it; raise timeout-in-minutes if it needs longer. To look at it: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id ${jobId}`,
    })
  })

  test('W02: may end at the deadline without any status', async () => {
    const { ending, took, world } = await waiting({ engine: { timeoutMs: 3_000 } })
    expect(ending).toMatchObject({
      message: containing('its last status was unknown after 0 s of waiting'),
    })
    expect([took, world.count('GetBackendJob')]).toEqual([0, 0])
  })

  test('sees a job that ends just before the deadline', async () => {
    const { ending, took } = await waiting({
      engine: { timeoutMs: 300_000 },
      play: ends(296_900, 'COMPLETED'),
    })
    expect(ending.ok).toBe(true)
    expect(took).toBe(297_000)
  })

  test('W03: ends with the signal', async () => {
    const abort = new AbortController()
    const run = waiting({
      engine: { signal: abort.signal },
      play: (_job, _world, clock) => {
        clock.schedule(6_000, () => {
          abort.abort(new Error('SIGINT'))
        })
      },
    })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('waiting until no job is pending', () => {
  async function free(
    mayBeLate: boolean,
    { world: rules, port, engine: options, play, status }: Setting & { status?: string },
  ): Promise<Scene<boolean> & { job: ServiceJob | undefined }> {
    const clock = virtualClock(START)
    const world = virtualAmplify(clock, rules)
    const job = status === undefined ? undefined : world.addJob('UpdateBackendAPI', status)
    const { context, recorded } = aStorageContext(
      clock,
      world.connect({ latency: () => 0, ...port }),
      options,
    )
    if (job !== undefined) play?.(job, world, clock)
    const ending = await clock.run(resultOf(waitForPendingJobs(context, mayBeLate)))
    return { ending, told: recorded, world, clock, took: clock.now() - START, job }
  }

  test('is no wait where there is none', async () => {
    const { ending, told, took } = await free(false, {})
    expect(ending).toEqual({ ok: true, value: false })
    expect([told.lines, told.warnings, took]).toEqual([[], [], 0])
  })

  test('is no wait where all jobs have ended', async () => {
    expect((await free(false, { status: 'COMPLETED' })).ending).toEqual({ ok: true, value: false })
  })

  test.each([true, false])('ends with the job, and names it (late %s)', async (mayBeLate) => {
    const { ending, told, took } = await free(mayBeLate, {
      status: 'RUNNING',
      play: ends(10_000, 'COMPLETED'),
    })
    expect(ending).toEqual({ ok: true, value: true })
    expect(took).toBe(11_000)
    expect(told.lines).toEqual([
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING, 0 s old); 30 min left.',
    ])
  })

  test('looks less often where the account is throttled', async () => {
    const { ending, world, took } = await free(true, {
      status: 'RUNNING',
      engine: { pressure: { throttledResponses: 2 } },
      play: ends(20_000, 'COMPLETED'),
    })
    expect(ending).toEqual({ ok: true, value: true })
    expect(timesOf(world, 'ListBackendJobs')).toEqual([0, 19_200, 38_400])
    expect(took).toBe(38_400)
  })

  test('looks less often from the first look on that is throttled', async () => {
    const throttled = { failure: 'throttled' } as const
    const { world } = await free(true, {
      status: 'RUNNING',
      port: { faults: { ListBackendJobs: [undefined, throttled, undefined, throttled] } },
      play: ends(40_000, 'COMPLETED'),
    })
    // Each refusal is followed by its back-off, and every pause after that is no shorter than it says.
    expect(timesOf(world, 'ListBackendJobs')).toEqual([0, 5_500, 10_500, 20_100, 30_100, 49_300])
  })

  test('looks as often as ever where the account is not known to share a limit', async () => {
    const { world } = await free(true, {
      status: 'RUNNING',
      port: { faults: { ListBackendJobs: [undefined, { failure: 'throttled' }] } },
      engine: { pressure: null },
      play: ends(10_000, 'COMPLETED'),
    })
    expect(timesOf(world, 'ListBackendJobs')).toEqual([0, 5_500, 6_000, 11_500])
  })

  test('remembers what was throttled while our own job was waited for', async () => {
    const clock = virtualClock(START)
    const world = virtualAmplify(clock)
    const job = world.addJob('CreateBackendStorage', 'RUNNING')
    const throttled = { failure: 'throttled' } as const
    const port = world.connect({
      latency: () => 0,
      faults: { GetBackendJob: [throttled, throttled], ListBackendJobs: [throttled] },
    })
    const { context, recorded } = aStorageContext(clock, port)
    ends(6_000, 'COMPLETED')(job, world, clock)
    await clock.run(waitForJob(context, job.jobId, 'RUNNING'))
    expect(await clock.run(waitForPendingJobs(context, false))).toBe(false)
    expect(recorded.retries.at(-1)).toMatch(
      /^ListBackendJobs failed \(attempt 1 of 8\): .*\. Next attempt in 20 s\.$/,
    )
  })

  test('shows the age of the job, and its status of now, again and again', async () => {
    const clock = virtualClock()
    const world = virtualAmplify(clock)
    const job = world.addJob('UpdateBackendAPI', 'PENDING')
    const { context, recorded } = aStorageContext(clock, world.connect({ latency: () => 0 }))
    clock.schedule(250_000, () => {
      job.status = 'RUNNING'
    })
    clock.schedule(330_000, () => {
      world.endJob(job, { status: 'FAILED' })
    })
    await clock.run(clock.sleep(200_000, context.retryPolicy.signal))
    expect(await clock.run(waitForPendingJobs(context, true))).toBe(true)
    expect(recorded.lines).toEqual([
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, PENDING, 3 min 20 s old); 26 min 40 s left.',
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, PENDING, 4 min old); 26 min left.',
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING, 4 min 40 s old); 25 min 20 s left.',
      // The server's own time, by which jobs age, comes in whole seconds.
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING, 5 min 19 s old); 24 min 40 s left.',
    ])
  })

  test.each([
    ['its time cannot be read', { times: TIME_STYLES.garbage }],
    ['the server gives no time', { dates: false }],
  ])('shows no age where %s', async (_why, world) => {
    const { told } = await free(true, { world, status: 'RUNNING', play: ends(1_000, 'COMPLETED') })
    expect(told.lines).toEqual([
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING); 30 min left.',
    ])
  })

  test('names the next job too', async () => {
    const { ending, told, took } = await free(true, {
      status: 'RUNNING',
      play: (job, world, clock) => {
        clock.schedule(9_000, () => {
          world.endJob(job, { status: 'COMPLETED' })
          const next = world.addJob('GenerateBackendAPIModels', 'RUNNING')
          clock.schedule(10_000, () => {
            world.endJob(next, { status: 'COMPLETED' })
          })
        })
      },
    })
    expect(ending).toEqual({ ok: true, value: true })
    expect(took).toBe(22_000)
    expect(told.lines).toHaveLength(2)
    expect(told.lines[1]).toMatch(/: other-2 \(GenerateBackendAPIModels, RUNNING, 2 s old\); /)
  })

  test('T07: where the list does not show the job, looks again after 15 to 30 seconds', async () => {
    const { ending, told, took, world } = await free(true, {})
    expect(ending).toEqual({ ok: true, value: true })
    expect([took, world.count('ListBackendJobs')]).toEqual([22_500, 2])
    expect(told.lines).toEqual([
      'The service says that a job of "prod" is pending; waiting for it, 30 min left.',
    ])
  })

  test('T07: where jobs may not be listed, is over after 15 to 30 seconds', async () => {
    const { ending, told, took, world } = await free(true, {
      port: { denied: ['ListBackendJobs'] },
    })
    expect(ending).toEqual({ ok: true, value: true })
    expect([took, world.count('ListBackendJobs')]).toEqual([22_500, 2])
    expect(told.lines).toEqual([
      'A job is pending, and the role may not list jobs (amplifybackend:ListBackendJobs); asking again every 15 to 30 seconds.',
    ])
    expect(told.warnings).toEqual([])
  })

  test('where jobs may not be listed and none is known of, is no wait but a warning', async () => {
    const { ending, told, took } = await free(false, { port: { denied: ['ListBackendJobs'] } })
    expect(ending).toEqual({ ok: true, value: false })
    expect(took).toBe(0)
    expect(told.warnings).toEqual([
      {
        title: 'Pending jobs not seen',
        text: 'The role may not list jobs (amplifybackend:ListBackendJobs), so a job that is changing the storage right now would go unnoticed.',
      },
    ])
  })

  test('at the deadline is red, with the job and a hint at concurrency', async () => {
    const { ending, took } = await free(true, { status: 'RUNNING', engine: { timeoutMs: 100_000 } })
    expect(took).toBe(97_000)
    expect(ending).toMatchObject({
      ok: false,
      code: 'PENDING_JOB',
      result: 'timed-out',
      message:
        'Job other-1 (UpdateBackendAPI, last status RUNNING) of the environment "prod" was still pending when the time of the run was used up.',
      advice:
        'Use one concurrency group for all runs on this app and environment, without cancel-in-progress. Look at the job: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id other-1',
    })
  })

  test('sees a job that ends just before the deadline', async () => {
    const { ending, took } = await free(true, {
      status: 'RUNNING',
      engine: { timeoutMs: 100_000 },
      play: ends(96_900, 'COMPLETED'),
    })
    expect(ending).toEqual({ ok: true, value: true })
    expect(took).toBe(97_000)
  })

  test.each([
    ['the list does not show the job', {}],
    ['jobs may not be listed', { denied: ['ListBackendJobs'] }],
  ] as const)(
    'where %s, never begins a pause that would end at the deadline',
    async (_why, port) => {
      const at = (timeoutMs: number) => free(true, { port, engine: { timeoutMs } })
      const late = await at(25_500)
      expect(late.took).toBe(0)
      expect(late.ending).toMatchObject({
        code: 'PENDING_JOB',
        result: 'timed-out',
        message:
          'A job of the environment "prod" was still pending when the time of the run was used up.',
        advice:
          'Use one concurrency group for all runs on this app and environment, without cancel-in-progress.',
      })
      expect((await at(25_501)).ending).toEqual({ ok: true, value: true })
    },
  )

  test('a job without an id is not looked at by its id', async () => {
    const clock = virtualClock()
    const world = virtualAmplify(clock)
    const job = { jobId: '', operation: 'X', status: '', createdAt: undefined, error: '' }
    const port = world.connect({ latency: () => 0 })
    const listing = {
      ...port,
      listJobs: () =>
        Promise.resolve({ ok: true, value: [job], requestId: undefined, serverTime: 0 } as const),
    }
    const { context, recorded } = aStorageContext(clock, listing, { timeoutMs: 10_000 })
    const error = await clock.run(rejectionOf(waitForPendingJobs(context, true)))
    expect(error.message).toMatch(/^A job of the environment "prod" was still pending/)
    expect(error.advice).toMatch(/without cancel-in-progress\.$/)
    expect(recorded.lines[0]).toBe(
      'Waiting for another job of "prod":  (X, without a status); 10 s left.',
    )
  })

  test('survives trouble of the list, and ends with what does not pass', async () => {
    const good = await free(false, {
      port: { faults: { ListBackendJobs: [{ failure: 'reset' }, { failure: 'throttled' }] } },
    })
    expect(good.ending).toEqual({ ok: true, value: false })
    expect(good.told.retries).toHaveLength(2)
    const bad = await free(false, {
      port: { always: { ListBackendJobs: { failure: 'badRequest' } } },
    })
    expect(bad.ending).toMatchObject({ code: 'BAD_REQUEST', result: 'failed' })
    const tried = await free(true, {
      port: { always: { ListBackendJobs: { failure: 'internalError' } } },
      engine: { maxAttempts: 3 },
    })
    expect(tried.ending).toMatchObject({ code: 'SERVICE_ERROR', result: 'failed' })
    expect(tried.world.count('ListBackendJobs')).toBe(3)
  })

  test('at the deadline is red as pending too, when the list never comes', async () => {
    const { ending } = await free(true, {
      engine: { timeoutMs: 60_000, maxAttempts: 20 },
      port: { always: { ListBackendJobs: { failure: 'internalError' } } },
    })
    expect(ending).toMatchObject({
      code: 'PENDING_JOB',
      result: 'timed-out',
      message: matching(/^A job of the environment "prod"/),
    })
  })

  test('at the deadline is red as pending too, when the list fails until then', async () => {
    const { ending } = await free(true, {
      status: 'RUNNING',
      engine: { timeoutMs: 60_000, maxAttempts: 20 },
      port: {
        faults: { ListBackendJobs: [undefined] },
        always: { ListBackendJobs: { failure: 'internalError' } },
      },
    })
    expect(ending).toMatchObject({
      code: 'PENDING_JOB',
      result: 'timed-out',
      message: matching(/^Job other-1 \(UpdateBackendAPI, last status RUNNING\)/),
    })
  })

  test('ends with the signal', async () => {
    const abort = new AbortController()
    const run = free(true, {
      status: 'RUNNING',
      engine: { signal: abort.signal },
      play: (_job, _world, clock) => {
        clock.schedule(6_000, () => {
          abort.abort(new Error('SIGTERM'))
        })
      },
    })
    await expect(run).rejects.toThrow('SIGTERM')
  })
})
