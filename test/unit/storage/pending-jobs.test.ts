import { describe, expect, test } from 'vitest'
import { waitForPendingJobs } from '../../../src/storage/jobs/pending-jobs.ts'
import { waitForJob } from '../../../src/storage/jobs/wait-for-job.ts'
import {
  callTimes,
  completedAt,
  job,
  JOB_ID,
  runWaitForPendingJobs,
} from '../../support/unit/job-runs.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { aStorageContext } from '../../support/unit/storage-context.ts'
import { abortAt, otherJob, runTask, type Scenario } from '../../support/unit/storage-runs.ts'
import { rejectionOf } from '../../support/unit/task-result.ts'
import { TIME_STYLES, type Fault } from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

const throttled: Fault = { failure: 'throttled' }
const WAITED = { ok: true, value: true }
const NOT_WAITED = { ok: true, value: false }
const running = (endsAtMs?: number) =>
  job('UpdateBackendAPI', 'RUNNING', endsAtMs === undefined ? [] : completedAt(endsAtMs))
const lists = (...faults: (Fault | undefined)[]) => ({ faults: { ListBackendJobs: faults } })

describe('waiting for pending jobs', () => {
  test.each<readonly [string, Scenario]>([
    ['there are no jobs', {}],
    ['all jobs have ended', { events: [job('UpdateBackendAPI', 'COMPLETED')] }],
  ])('There is no wait when %s', async (_when, scenario) => {
    const { result, recorded, durationMs } = await runWaitForPendingJobs(false, scenario)
    expect(result).toEqual(NOT_WAITED)
    expect([recorded.lines, recorded.warnings, durationMs]).toEqual([[], [], 0])
  })

  test.each([true, false])(
    'The wait ends with the job, which the log names (reported: %j)',
    async (isReported) => {
      const { result, recorded, durationMs } = await runWaitForPendingJobs(isReported, {
        events: [running(10_000)],
      })
      expect(result).toEqual(WAITED)
      expect(durationMs).toBe(11_000)
      expect(recorded.lines).toEqual([
        'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING, 0 s old); 30 min left.',
      ])
    },
  )

  test.each<readonly [string, Scenario, readonly number[]]>([
    [
      'less often on a throttled account',
      {
        context: { throttleState: { throttledResponses: 2 } },
        events: [running(20_000)],
      },
      [0, 19_200, 38_400],
    ],
    [
      'less often once a list is throttled',
      // Each throttled list is followed by its back-off, and later delays are at least as long.
      { connection: lists(undefined, throttled, undefined, throttled), events: [running(40_000)] },
      [0, 5_500, 10_500, 20_100, 30_100, 49_300],
    ],
    [
      'as usual where the account shares no known limit',
      {
        connection: lists(undefined, throttled),
        context: { throttleState: null },
        events: [running(10_000)],
      },
      [0, 5_500, 6_000, 11_500],
    ],
  ])('Jobs are listed %s', async (_how, scenario, times) => {
    const { result, service, durationMs } = await runWaitForPendingJobs(true, scenario)
    expect(result).toEqual(WAITED)
    expect(callTimes(service, 'ListBackendJobs')).toEqual(times)
    expect(durationMs).toBe(times.at(-1))
  })

  test('Throttled polls of the own job make a throttled list wait longer', async () => {
    const { result, recorded } = await runTask(
      {
        connection: {
          faults: { GetBackendJob: [throttled, throttled], ListBackendJobs: [throttled] },
        },
        events: [job('CreateBackendStorage', 'RUNNING', completedAt(6_000))],
      },
      async (context) => {
        await waitForJob(context, JOB_ID, 'RUNNING')
        return await waitForPendingJobs(context, false)
      },
    )
    expect(result).toEqual(NOT_WAITED)
    expect(recorded.retries.at(-1)).toMatch(
      /^ListBackendJobs failed \(attempt 1 of 8\): .*\. Next attempt in 20 s\.$/,
    )
  })

  test('The log repeatedly shows the age and the current status of the job', async () => {
    const { result, recorded } = await runTask(
      {
        events: [
          job('UpdateBackendAPI', 'PENDING', [
            { atMs: 250_000, status: 'RUNNING' },
            { endsAtMs: 330_000, status: 'FAILED' },
          ]),
        ],
      },
      async (context) => {
        await context.retryPolicy.clock.sleep(200_000, context.retryPolicy.signal)
        return await waitForPendingJobs(context, true)
      },
    )
    expect(result).toEqual(WAITED)
    expect(recorded.lines).toEqual([
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, PENDING, 3 min 20 s old); 26 min 40 s left.',
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, PENDING, 4 min old); 26 min left.',
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING, 4 min 40 s old); 25 min 20 s left.',
      // The server's time, by which the age is computed, is in whole seconds.
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING, 5 min 19 s old); 24 min 40 s left.',
    ])
  })

  test.each([
    ['its creation time cannot be parsed', { times: TIME_STYLES.garbage }],
    ['the server sends no time', { dates: false }],
  ])('The log shows no age when %s', async (_when, service) => {
    const { recorded } = await runWaitForPendingJobs(true, { service, events: [running(1_000)] })
    expect(recorded.lines).toEqual([
      'Waiting for another job of "prod": other-1 (UpdateBackendAPI, RUNNING); 30 min left.',
    ])
  })

  test('The next job is waited for and named too', async () => {
    const { result, recorded, durationMs } = await runWaitForPendingJobs(true, {
      events: [
        running(9_000),
        otherJob({ operation: 'GenerateBackendAPIModels', fromMs: 9_000, toMs: 19_000 }),
      ],
    })
    expect(result).toEqual(WAITED)
    expect(durationMs).toBe(22_000)
    expect(recorded.lines).toEqual([
      containing('other-1'),
      matching(/: other-2 \(GenerateBackendAPIModels, RUNNING, 2 s old\); /),
    ])
  })

  test('A job without an id is not shown by its id', async () => {
    const clock = virtualClock()
    const unnamed = {
      jobId: undefined,
      operation: undefined,
      status: undefined,
      createdAt: undefined,
      error: undefined,
    }
    const listing = {
      ...virtualAmplify(clock).connect(),
      listJobs: () =>
        Promise.resolve({
          ok: true,
          value: [unnamed],
          requestId: undefined,
          serverTime: 0,
        } as const),
    }
    const { context, recorded } = aStorageContext(clock, listing, { timeoutMs: 10_000 })
    const error = await clock.run(rejectionOf(waitForPendingJobs(context, true)))
    expect(error.message).toMatch(/^A job of the environment "prod" was still pending/)
    expect(error.advice).toMatch(/without cancel-in-progress\.$/)
    expect(recorded.lines).toEqual([
      'Waiting for another job of "prod": no id (unknown operation, without a status); 10 s left.',
    ])
  })

  test('The wait ends with the signal', async () => {
    const abort = new AbortController()
    const run = runWaitForPendingJobs(true, {
      context: { signal: abort.signal },
      events: [running(), abortAt(6_000, abort, 'SIGTERM')],
    })
    await expect(run).rejects.toThrow('SIGTERM')
  })
})

describe('a pending job at the deadline', () => {
  test('A job that stays pending ends the wait with its name and advice on concurrency', async () => {
    const { result, durationMs } = await runWaitForPendingJobs(true, {
      events: [running()],
      context: { timeoutMs: 100_000 },
    })
    expect(durationMs).toBe(97_000)
    expect(result).toMatchObject({
      ok: false,
      code: 'PENDING_JOB',
      result: 'timed-out',
      message:
        'Job other-1 (UpdateBackendAPI, last status RUNNING) of the environment "prod" was still pending when the run timed out.',
      advice:
        'Use one concurrency group for all runs for this app and environment, without cancel-in-progress. To check the job: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id other-1',
    })
  })

  test('A job that ends just before the deadline is noticed', async () => {
    const { result, durationMs } = await runWaitForPendingJobs(true, {
      events: [running(96_900)],
      context: { timeoutMs: 100_000 },
    })
    expect([result, durationMs]).toEqual([WAITED, 97_000])
  })
})
