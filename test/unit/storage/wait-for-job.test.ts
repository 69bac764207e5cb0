import { describe, expect, test } from 'vitest'
import {
  callTimes,
  completedAt,
  JOB_ID,
  runWaitForJob,
  START_MS,
  type JobScenario,
} from '../../support/unit/job-runs.ts'
import { containing } from '../../support/unit/matchers.ts'
import type { Recorded } from '../../support/unit/storage-context.ts'
import { abortAt } from '../../support/unit/storage-runs.ts'

const COMPLETED = { ok: true, value: { status: 'COMPLETED' } }

/** The times between the lines of the log, the first one counted from the start. */
const silences = ({ timedLines }: Recorded): readonly number[] =>
  timedLines.map(({ at }, index) => at - (timedLines[index - 1]?.at ?? START_MS))

describe('waiting for a job', () => {
  test('The wait ends when the job is complete, and every status is reported', async () => {
    const { result, recorded, durationMs, service } = await runWaitForJob({
      changes: completedAt(15_000),
    })
    expect(result).toMatchObject({ ok: true, value: { jobId: JOB_ID, status: 'COMPLETED' } })
    expect([durationMs, service.count('GetBackendJob')]).toEqual([16_500, 3])
    expect(recorded.jobs).toEqual([
      { jobId: JOB_ID, status: 'RUNNING' },
      { jobId: JOB_ID, status: 'RUNNING' },
      { jobId: JOB_ID, status: 'COMPLETED' },
    ])
    expect(recorded.lines).toEqual([
      `Waiting for job ${JOB_ID}, at most 30 min.`,
      `Job ${JOB_ID} is RUNNING after 6 s; 29 min 55 s left.`,
    ])
  })

  test('The wait ends when the job has failed, with the text of the service', async () => {
    const { result } = await runWaitForJob({
      changes: [{ endsAtMs: 1_000, status: 'FAILED', error: 'no auth' }],
    })
    expect(result).toMatchObject({ ok: true, value: { status: 'FAILED', error: 'no auth' } })
  })

  test('The first line has the status of the response that started the job', async () => {
    const { recorded } = await runWaitForJob({
      status: 'RUNNING',
      changes: [{ endsAtMs: 5_000, status: 'completed' }],
    })
    expect(recorded.lines).toEqual([`Waiting for job ${JOB_ID} (RUNNING), at most 30 min.`])
  })

  test('Every change of the status is logged', async () => {
    const { recorded } = await runWaitForJob({
      status: 'PENDING',
      changes: [{ atMs: 12_000, status: 'RUNNING' }, ...completedAt(23_000)],
    })
    expect(recorded.lines).toEqual([
      `Waiting for job ${JOB_ID} (PENDING), at most 30 min.`,
      `Job ${JOB_ID} is RUNNING after 17 s; 29 min 44 s left.`,
    ])
  })

  test('An unknown status counts as running, and the log says so once', async () => {
    const { result, recorded } = await runWaitForJob({
      changes: [
        { atMs: 1_000, status: 'NEW_STATE' },
        { atMs: 14_000, status: 'RUNNING' },
        { atMs: 25_000, status: 'NEW_STATE' },
        { atMs: 30_000, status: 'PROVISIONING' },
        ...completedAt(41_000),
      ],
    })
    expect(result.ok).toBe(true)
    expect(recorded.lines).toEqual([
      `Waiting for job ${JOB_ID}, at most 30 min.`,
      `Job ${JOB_ID} is NEW_STATE after 6 s; 29 min 55 s left. This status is unknown and is treated as running.`,
      `Job ${JOB_ID} is RUNNING after 17 s; 29 min 44 s left.`,
      `Job ${JOB_ID} is NEW_STATE after 28 s; 29 min 33 s left.`,
      `Job ${JOB_ID} is PROVISIONING after 33 s; 29 min 27 s left.`,
    ])
  })

  test.each(['Succeeded', 'CANCELLED', 'NEW_STATE'])(
    'With the status %s, the wait goes on until the deadline',
    async (status) => {
      const { result, durationMs } = await runWaitForJob({
        context: { timeoutMs: 120_000 },
        changes: [{ atMs: 0, status }],
      })
      expect(result).toMatchObject({ ok: false, code: 'TIMED_OUT', result: 'timed-out' })
      expect(durationMs).toBe(117_000)
    },
  )

  test('The wait is given up after max-attempts responses without a status', async () => {
    const { result, durationMs, service } = await runWaitForJob({
      context: { maxAttempts: 3 },
      changes: [{ atMs: 0, status: '' }],
    })
    expect(result).toMatchObject({
      ok: false,
      code: 'UNREADABLE_RESPONSE',
      result: 'unknown',
      message: `The service repeatedly returned job ${JOB_ID} without a status, so its outcome is unknown.`,
      advice: containing(`--job-id ${JOB_ID}`),
    })
    expect([durationMs, service.count('GetBackendJob')]).toEqual([16_500, 3])
  })

  test('The wait goes on where a status is missing now and then', async () => {
    const { result, recorded } = await runWaitForJob({
      context: { maxAttempts: 2 },
      status: 'RUNNING',
      changes: [
        ...[1_000, 12_000, 23_000].flatMap((atMs) => [
          { atMs, status: '' },
          { atMs: atMs + 5_500, status: 'RUNNING' },
        ]),
        ...completedAt(36_000),
      ],
    })
    expect(result.ok).toBe(true)
    expect(recorded.jobs.map(({ status }) => status)).not.toContain('')
    expect(recorded.lines[1]).toBe(`Job ${JOB_ID} is without a status after 6 s; 29 min 55 s left.`)
  })

  test('The wait ends with the signal', async () => {
    const abort = new AbortController()
    const run = runWaitForJob({
      context: { signal: abort.signal },
      events: [abortAt(6_000, abort)],
    })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('the log while a job is waited for', () => {
  test.each([0, 5_000, 9_999, 15_000])(
    'With a latency of %i ms, there is a line at least once a minute',
    async (latency) => {
      const { recorded } = await runWaitForJob({
        connection: { latency: () => latency },
        context: { timeoutMs: 900_000 },
      })
      const gaps = silences(recorded)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000)
      expect(Math.max(...gaps.slice(2))).toBeGreaterThanOrEqual(40_000)
      expect(recorded.lines.at(-1)).toMatch(
        new RegExp(`^Job ${JOB_ID} is .* after .*; .* left\\.$`),
      )
    },
  )

  test.each<readonly [string, JobScenario]>([
    [
      'the server asks for long delays',
      {
        connection: { always: { GetBackendJob: { failure: 'throttled', retryAfterMs: 300_000 } } },
      },
    ],
    ['the account is throttled', { context: { throttleState: { throttledResponses: 40 } } }],
  ])('There is a line every 40 seconds when %s', async (_when, scenario) => {
    const { recorded } = await runWaitForJob({
      ...scenario,
      context: { ...scenario.context, timeoutMs: 700_000 },
    })
    expect(Math.max(...silences(recorded))).toBe(40_000)
  })
})

describe('a job that is not found', () => {
  test('A job that is not found at first does not end the wait', async () => {
    const { result, recorded } = await runWaitForJob({
      service: { jobLagMs: 50_000 },
      changes: completedAt(55_000),
    })
    expect(result).toMatchObject({ ok: true })
    expect(recorded.retries).toEqual([])
  })

  test.each([
    ['PENDING', 'PENDING'],
    [undefined, 'unknown'],
  ])(
    'A job that is not found for a minute ends the wait (last status %j)',
    async (status, shown) => {
      const { result, durationMs } = await runWaitForJob({
        service: { jobLagMs: 1e9 },
        ...(status === undefined ? {} : { status }),
      })
      expect(result).toMatchObject({
        ok: false,
        code: 'JOB_NOT_FOUND',
        result: 'unknown',
        requestId: 'request-404',
        message: `The service no longer finds job ${JOB_ID}, whose last status was ${shown}: 404 NotFoundException: App not found.`,
        advice: containing('aws amplifybackend get-backend-storage'),
      })
      expect(durationMs).toBeGreaterThanOrEqual(60_000)
      expect(durationMs).toBeLessThan(70_000)
    },
  )

  test.each([
    [4_500, 60_000],
    [4_499, 69_999],
  ])(
    'The minute ends with the response: after %i ms, the wait ends at %i ms',
    async (ms, endMs) => {
      // The eighth poll is sent after 55.5 seconds.
      let trips = 0
      const { durationMs } = await runWaitForJob({
        service: { jobLagMs: 1e9 },
        connection: {
          latency: () => {
            trips += 1
            return trips === 16 ? ms : 0
          },
        },
      })
      expect(durationMs).toBe(endMs)
    },
  )
})

describe('a job at the deadline', () => {
  test('The wait ends with a last poll just before the deadline', async () => {
    const { result, durationMs, service } = await runWaitForJob({ context: { timeoutMs: 300_000 } })
    expect([durationMs, callTimes(service, 'GetBackendJob').at(-1)]).toEqual([297_000, 297_000])
    expect(result).toMatchObject({
      ok: false,
      code: 'TIMED_OUT',
      result: 'timed-out',
      message: `Job ${JOB_ID} had not ended when the run timed out. Its last status was RUNNING after 4 min 57 s of waiting.`,
      advice: `The job continues in AWS, and the next run waits for it. If it needs longer, raise timeout-in-minutes. To check the job: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id ${JOB_ID}`,
    })
  })

  test('Without time for a poll, the wait ends at once, with no status', async () => {
    const { result, durationMs, service } = await runWaitForJob({ context: { timeoutMs: 3_000 } })
    expect(result).toMatchObject({
      message: containing('Its last status was unknown after 0 s of waiting.'),
    })
    expect([durationMs, service.calls]).toEqual([0, []])
  })

  test('A job that ends just before the deadline is noticed', async () => {
    const { result, durationMs } = await runWaitForJob({
      context: { timeoutMs: 300_000 },
      changes: completedAt(296_900),
    })
    expect(result).toMatchObject(COMPLETED)
    expect(durationMs).toBe(297_000)
  })
})
