import { describe, expect, test } from 'vitest'
import { completedAt, JOB_ID, runWaitForJob } from '../../../support/unit/job-runs.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { abortAt, testRuns, trips } from '../../../support/unit/storage-runs.ts'

const COMPLETED = { jobId: JOB_ID, status: 'COMPLETED' }
const TIMED_OUT = { code: 'TIMED_OUT', result: 'timed-out' }

const FIRST_LINE = containing(`job ${JOB_ID}, at most 30 min.`)

describe('waiting for a job', () => {
  testRuns(runWaitForJob, {
    'The wait ends when the job is complete, and every status is reported': [
      { changes: completedAt(6_000) },
      {
        end: COMPLETED,
        polledAt: [2_500, 5_000, 7_500],
        durationMs: 7_500,
        jobs: [{ jobId: JOB_ID, status: 'RUNNING' }, { status: 'RUNNING' }, COMPLETED],
        lines: [FIRST_LINE, containing('RUNNING after 2.5 s; 29 min 58 s left')],
      },
    ],
    'The wait ends when the job has failed, with the text of the service': [
      { changes: [{ endsAtMs: 1_000, status: 'FAILED', error: 'no auth' }] },
      { end: { status: 'FAILED', error: 'no auth' } },
    ],
    'The first line has the status of the response that started the job': [
      { status: 'RUNNING', changes: completedAt(5_000) },
      { lines: [containing(`${JOB_ID} (RUNNING), at most`)] },
    ],
    'Every change of the status is logged': [
      { status: 'PENDING', changes: [{ atMs: 12_000, status: 'RUNNING' }, ...completedAt(23_000)] },
      { lines: [containing('(PENDING)'), containing('is RUNNING after 15 s')] },
    ],
    'An unknown status counts as running, and the log says so once': [
      {
        changes: [
          { atMs: 1_000, status: 'NEW_STATE' },
          { atMs: 14_000, status: 'RUNNING' },
          { atMs: 25_000, status: 'NEW_STATE' },
          { atMs: 30_000, status: 'PROVISIONING' },
          ...completedAt(41_000),
        ],
      },
      {
        end: COMPLETED,
        lines: [
          FIRST_LINE,
          matching(/NEW_STATE after 2\.5 s; .+ left\. .+unknown/),
          matching(/RUNNING after 15 s; .+ left\.$/),
          matching(/NEW_STATE after 25 s; .+ left\.$/),
          matching(/PROVISIONING after 30 s; .+ left\.$/),
        ],
      },
    ],
    'With a status that only looks like an end, the wait goes on until the deadline': [
      { timeoutMs: 120_000, changes: [{ atMs: 0, status: 'Succeeded' }] },
      { end: TIMED_OUT, durationMs: 117_000 },
    ],
    'The wait is given up after eight responses without a status, whatever max-attempts is': [
      { maxAttempts: 3, changes: [{ atMs: 0, status: '' }] },
      {
        end: {
          code: 'UNREADABLE_RESPONSE',
          result: 'unknown',
          message: containing(`job ${JOB_ID} without a status`),
          advice: containing(`--job-id ${JOB_ID}`),
        },
        polledAt: [2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 25_000, 30_000],
        durationMs: 30_000,
      },
    ],
    'The wait goes on where a status is missing now and then': [
      {
        maxAttempts: 2,
        status: 'RUNNING',
        changes: [
          ...[1_000, 6_000].flatMap((atMs) => [
            { atMs, status: '' },
            { atMs: atMs + 2_500, status: 'RUNNING' },
          ]),
          ...completedAt(14_000),
        ],
      },
      {
        end: COMPLETED,
        jobs: [{ status: 'RUNNING' }, { status: 'RUNNING' }, COMPLETED],
        lines: [
          containing('(RUNNING)'),
          matching(/without a status after 2\.5 s; .+ left\.$/),
          containing('is RUNNING after 5 s'),
          containing('without a status after 7.5 s'),
          containing('is RUNNING after 10 s'),
        ],
      },
    ],
  })

  test('The wait ends with the signal', async () => {
    const abort = new AbortController()
    const run = runWaitForJob({ signal: abort.signal, events: [abortAt(6_000, abort)] })
    await expect(run).rejects.toThrow('SIGINT')
  })
})

describe('the log while a job is waited for', () => {
  /** The longest time between two lines, after so many at the start. */
  const longestSilence = (loggedAt: readonly number[], skipped = 0): number =>
    Math.max(...loggedAt.map((at, index) => at - (loggedAt[index - 1] ?? 0)).slice(skipped))

  test.each([0, 5_000, 9_999, 15_000])(
    'With a latency of %i ms, there is a line at least once a minute',
    async (latency) => {
      const run = await runWaitForJob({ latency: () => latency, timeoutMs: 900_000 })
      expect(longestSilence(run.loggedAt)).toBeLessThanOrEqual(60_000)
      expect(longestSilence(run.loggedAt, 2)).toBeGreaterThanOrEqual(40_000)
      expect(run.lines.at(-1)).toMatch(/^Job other-1 is .* after .*; .* left\.$/)
    },
  )

  test.each([
    {
      always: { GetBackendJob: { failure: 'throttled', retryAfterMs: 300_000 } },
    } as const,
    { throttleState: { throttledResponses: 40 } },
  ])('There is a line every 40 seconds where polls are rare (%j)', async (scenario) => {
    const { loggedAt } = await runWaitForJob({ ...scenario, timeoutMs: 700_000 })
    expect(longestSilence(loggedAt)).toBe(40_000)
  })
})

describe('a job that is not found', () => {
  const notFound = (status: string) => ({
    end: {
      code: 'JOB_NOT_FOUND',
      result: 'unknown',
      requestId: 'request-404',
      message: containing(`job ${JOB_ID}, whose last status was ${status}: 404 NotFoundException`),
      advice: containing('aws amplifybackend get-backend-storage'),
    },
  })
  /** The ninth poll is sent after 53 seconds; its response comes so much later. */
  const lateNinthPoll = (ms: number) => ({
    jobLagMs: 1e9,
    latency: trips((trip) => (trip === 18 ? ms : 0)),
  })

  testRuns(runWaitForJob, {
    'A job that is not found at first does not end the wait': [
      { jobLagMs: 50_000, changes: completedAt(55_000) },
      { end: COMPLETED, retries: [] },
    ],
    'A job that is not found for a minute ends the wait with its last status': [
      { jobLagMs: 1e9, status: 'PENDING' },
      notFound('PENDING'),
    ],
    'A job that is not found for a minute ends the wait without a status': [
      lateNinthPoll(7_000),
      { ...notFound('unknown'), durationMs: 60_000 },
    ],
    'The minute ends with the response to a poll and not with the request': [
      lateNinthPoll(6_999),
      { ...notFound('unknown'), durationMs: 69_999 },
    ],
  })
})

describe('a job at the deadline', () => {
  testRuns(runWaitForJob, {
    'The wait ends with a last poll just before the deadline': [
      { timeoutMs: 100_000 },
      {
        end: {
          ...TIMED_OUT,
          message: containing('Its last status was RUNNING after 1 min 37 s of waiting.'),
          advice: matching(/timeout-in-minutes.+aws amplifybackend get-backend-job /),
        },
        durationMs: 97_000,
      },
    ],
    'Without time for a poll, the wait ends at once, with no status': [
      { timeoutMs: 3_000 },
      { end: { message: containing('was unknown after 0 s') }, durationMs: 0, polledAt: [] },
    ],
    'A job that ends just before the deadline is noticed': [
      { timeoutMs: 300_000, changes: completedAt(296_900) },
      { end: COMPLETED, durationMs: 297_000 },
    ],
  })
})
