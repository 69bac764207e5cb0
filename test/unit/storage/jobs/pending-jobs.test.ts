import { describe, expect, test } from 'vitest'
import { waitForPendingJobs } from '../../../../src/storage/jobs/pending-jobs.ts'
import { waitForJob } from '../../../../src/storage/jobs/wait-for-job.ts'
import { completedAt, job, JOB_ID, runWaitForPendingJobs } from '../../../support/unit/job-runs.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  abortAt,
  failing,
  otherJob,
  runTask,
  testRuns,
} from '../../../support/unit/storage-runs.ts'
import { rejectionOf } from '../../../support/unit/task-result.ts'
import { TIME_STYLES, type Script } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

/** A job of another run, which never ends unless a time is given. */
const running = (endsAtMs = Infinity) => [
  job('UpdateBackendAPI', 'RUNNING', endsAtMs === Infinity ? [] : completedAt(endsAtMs)),
]
const lists = (...faults: Script) => failing('ListBackendJobs', ...faults)
const PENDING_JOB = { code: 'PENDING_JOB', result: 'timed-out' }
const NONE_PENDING = { kind: 'none-pending' }
const NOT_LISTED = { denied: ['ListBackendJobs'] } as const

describe('waiting for pending jobs', () => {
  const WAITED = {
    end: NONE_PENDING,
    polledAt: [0, 2_500, 5_000],
    lines: [matching(/"prod": other-1 \(UpdateBackendAPI, RUNNING, 0 s old\); 30 min left/)],
  }

  testRuns(runWaitForPendingJobs, {
    'There is no wait when there are no jobs': [
      { isReported: false },
      { end: { ...NONE_PENDING, awaited: undefined }, lines: [], warnings: [], durationMs: 0 },
    ],
    'There is no wait when all jobs have ended': [
      { isReported: false, events: [job('UpdateBackendAPI', 'COMPLETED')] },
      { end: { ...NONE_PENDING, awaited: undefined, jobs: [{}] }, durationMs: 0 },
    ],
    'The wait for a listed job ends with the job, which the log names': [
      { isReported: false, events: running(4_000) },
      WAITED,
    ],
    'The wait for a reported job ends with the job, which the log names': [
      { events: running(4_000) },
      WAITED,
    ],
    'Jobs are listed less often on a throttled account': [
      { throttleState: { throttledResponses: 2 }, events: running(20_000) },
      { end: NONE_PENDING, polledAt: [0, 19_200, 38_400], durationMs: 38_400 },
    ],
    // Each throttled list is followed by its back-off, and later delays are at least as long.
    'Jobs are listed less often once a list is throttled': [
      { ...lists(undefined, 'throttled', undefined, 'throttled'), events: running(40_000) },
      { end: NONE_PENDING, polledAt: [0, 2_500, 7_500, 17_100, 27_100, 46_300] },
    ],
    'Jobs are listed as usual where the account shares no known limit': [
      { ...lists(undefined, 'throttled'), throttleState: null, events: running(4_000) },
      { end: NONE_PENDING, polledAt: [0, 2_500, 3_000, 5_500] },
    ],
    'The log shows no age when the creation time of the job cannot be parsed': [
      { times: TIME_STYLES.garbage, events: running(1_000) },
      { lines: [containing('(UpdateBackendAPI, RUNNING); 30 min left')] },
    ],
    'The log shows no age when the server sends no time': [
      { dates: false, events: running(1_000) },
      { lines: [containing('(UpdateBackendAPI, RUNNING); 30 min left')] },
    ],
    'The next job is waited for and named too': [
      { events: [...running(9_000), otherJob({ operation: 'Next', fromMs: 9_000, toMs: 19_000 })] },
      {
        end: NONE_PENDING,
        durationMs: 20_000,
        lines: [containing('other-1'), containing('other-2 (Next, RUNNING, 1 s old)')],
      },
    ],
    'A job of somebody else that stays pending ends the wait, and says how to see whose it is': [
      { events: running(), timeoutMs: 100_000 },
      {
        end: {
          ...PENDING_JOB,
          message: matching(
            /other-1 \(UpdateBackendAPI, last status RUNNING\).+ 1 min 37 s ago\.$/,
          ),
          advice: matching(
            /AttributeValue=UpdateBackendAPI.+get-backend-job.+ prod --job-id other-1$/s,
          ),
        },
        durationMs: 97_000,
      },
    ],
    'A job that stays pending has no age in the error when its creation time cannot be parsed': [
      { times: TIME_STYLES.garbage, events: running(), timeoutMs: 100_000 },
      { end: { ...PENDING_JOB, message: matching(/^(?!.* ago)/) } },
    ],
    'A job that ends just before the deadline is noticed': [
      { events: running(96_900), timeoutMs: 100_000 },
      { end: NONE_PENDING, durationMs: 97_000 },
    ],
  })

  test('Throttled polls of the own job make a throttled list wait longer', async () => {
    const { end, retries } = await runTask(
      {
        faults: { GetBackendJob: ['throttled', 'throttled'], ListBackendJobs: ['throttled'] },
        events: [job('CreateBackendStorage', 'RUNNING', completedAt(6_000))],
      },
      async (context) => {
        await waitForJob(context, JOB_ID, 'RUNNING')
        return await waitForPendingJobs(context, { isReported: false })
      },
    )
    expect(end).toMatchObject({ kind: 'none-pending', awaited: undefined })
    expect(retries.at(-1)).toMatch(/^ListBackendJobs failed .*\. Next attempt in 20 s\.$/)
  })

  test('The log repeatedly shows the age and the current status of the job', async () => {
    const changes = [
      { atMs: 250_000, status: 'RUNNING' },
      { endsAtMs: 330_000, status: 'FAILED' },
    ]
    const { lines } = await runTask(
      { events: [job('UpdateBackendAPI', 'PENDING', changes)] },
      async (context) => {
        await context.retryPolicy.clock.sleep(200_000, context.retryPolicy.signal)
        return await waitForPendingJobs(context, { isReported: true })
      },
    )
    // The server's time, by which the age is computed, is in whole seconds.
    expect(lines).toEqual([
      containing('PENDING, 3 min 20 s old); 26 min 40 s left'),
      containing('PENDING, 4 min old); 26 min left'),
      containing('RUNNING, 4 min 40 s old); 25 min 20 s left'),
      containing('RUNNING, 5 min 20 s old); 24 min 40 s left'),
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
    const value = { jobs: [unnamed], isComplete: true }
    const response = { ok: true, value, requestId: undefined, serverTime: 0 } as const
    const listing = {
      ...virtualAmplify(clock).connect(),
      listJobs: () => Promise.resolve(response),
    }
    const { context, recorded } = aStorageContext(clock, listing, { timeoutMs: 10_000 })
    const error = await clock.run(rejectionOf(waitForPendingJobs(context, { isReported: true })))
    expect(error).toMatchObject({
      message: matching(/^A job of the environment "prod"/),
      advice: matching(/without cancel-in-progress\.$/),
    })
    expect(recorded.lines).toEqual([
      containing('no ID (unknown operation, without a status); 10 s left'),
    ])
  })

  test('The wait ends with the own job that is found in the list, even if it is running', async () => {
    const { end, durationMs } = await runTask({ events: running() }, (context) =>
      waitForPendingJobs(context, {
        isReported: true,
        findOwnJob: ({ value }) => value.jobs.map((listed) => ({ ...listed, jobId: 'own' })).at(0),
      }),
    )
    expect({ end, durationMs }).toMatchObject({
      end: { kind: 'own-job', job: { jobId: 'own' }, jobs: [{ jobId: JOB_ID }] },
      durationMs: 0,
    })
  })

  test('The wait ends with the signal', async () => {
    const abort = new AbortController()
    const events = [...running(), abortAt(6_000, abort, 'SIGTERM')]
    const run = runWaitForPendingJobs({ signal: abort.signal, events })
    await expect(run).rejects.toThrow('SIGTERM')
  })
})

describe('waiting for a pending job that cannot be seen', () => {
  const UNNAMED = {
    ...PENDING_JOB,
    message: matching(/^A job of the environment "prod" was still pending/),
    advice: matching(/without cancel-in-progress\.$/),
  }
  const NOT_CHECKED = {
    title: 'Pending jobs not checked',
    text: containing('amplifybackend:ListBackendJobs'),
  }
  const waited = (line: string, kind = 'none-pending') => ({
    end: { kind },
    polledAt: [0, 22_500],
    lines: [containing(line)],
    warnings: [],
  })

  testRuns(runWaitForPendingJobs, {
    'The wait ends after 15 to 30 seconds when the list does not show the job': [
      {},
      waited('a pending job of "prod". Waiting for it; 30 min left'),
    ],
    'The wait ends after 15 to 30 seconds when jobs cannot be listed': [
      NOT_LISTED,
      waited('amplifybackend:ListBackendJobs', 'not-visible'),
    ],
    'No wait begins that would end at the deadline when the list does not show the job': [
      { timeoutMs: 25_500 },
      { end: UNNAMED, durationMs: 0 },
    ],
    'No wait begins that would end at the deadline when jobs cannot be listed': [
      { ...NOT_LISTED, timeoutMs: 25_500 },
      { end: UNNAMED, durationMs: 0 },
    ],
    'A wait begins that ends just before the deadline': [
      { timeoutMs: 25_501 },
      { end: NONE_PENDING },
    ],
    'There is a warning and no wait when jobs cannot be listed and none is reported': [
      { ...NOT_LISTED, isReported: false },
      { end: { kind: 'denied' }, durationMs: 0, warnings: [NOT_CHECKED] },
    ],
    'A wait that can no longer list the pending job fails': [
      { isReported: false, ...lists(undefined, 'accessDenied'), events: running() },
      { end: { code: 'ACCESS_DENIED', result: 'failed' }, warnings: [] },
    ],
  })
})

describe('lists of jobs that fail', () => {
  const failingUntilTheEnd = {
    timeoutMs: 60_000,
    maxAttempts: 20,
    always: { ListBackendJobs: 'internalError' },
  } as const

  testRuns(runWaitForPendingJobs, {
    'Failures that pass do not end the wait': [
      { isReported: false, ...lists('reset', 'throttled') },
      { end: NONE_PENDING, retries: [containing('attempt 1'), containing('attempt 2')] },
    ],
    'A list that is invalid ends the wait': [
      { always: { ListBackendJobs: 'badRequest' } },
      { end: { code: 'BAD_REQUEST', result: 'failed' }, polledAt: [0] },
    ],
    'A list that fails in every attempt ends the wait when no job is known to be pending': [
      { isReported: false, always: { ListBackendJobs: 'internalError' }, maxAttempts: 3 },
      { end: { code: 'SERVICE_ERROR', result: 'failed' }, polledAt: [0, 500, 1_500] },
    ],
    'Polls that fail do not count as attempts while a job is pending': [
      { maxAttempts: 1, ...lists(undefined, 'internalError', 'reset'), events: running(6_000) },
      { end: NONE_PENDING, polledAt: [0, 2_500, 5_000, 7_500] },
    ],
    'Polls that fail do not count as attempts while a listed job is pending': [
      { isReported: false, maxAttempts: 1, ...lists(undefined, 'reset'), events: running(4_000) },
      { end: NONE_PENDING, polledAt: [0, 2_500, 5_000] },
    ],
    'No wait for another list begins that would end at the deadline': [
      { timeoutMs: 5_500, maxAttempts: 1, ...lists('internalError') },
      { end: PENDING_JOB, durationMs: 0 },
    ],
    'A wait for another list begins that ends just before the deadline': [
      { timeoutMs: 5_501, maxAttempts: 1, ...lists('internalError'), events: running(1_000) },
      { end: NONE_PENDING, polledAt: [0, 2_500] },
    ],
    'A list that asks for a delay beyond the deadline ends the wait at once': [
      {
        timeoutMs: 60_000,
        always: { ListBackendJobs: { failure: 'throttled', retryAfterMs: 300_000 } },
      },
      { end: PENDING_JOB, polledAt: [0], durationMs: 0 },
    ],
    'Lists that fail until the deadline are no pending job when none was listed or reported': [
      { ...failingUntilTheEnd, isReported: false },
      { end: { code: 'TIMED_OUT', result: 'timed-out', message: containing('ListBackendJobs') } },
    ],
    'A list that is not read to its end is not enough when no job was reported': [
      { isReported: false, isListComplete: false },
      { end: { code: 'UNREADABLE_RESPONSE', result: 'failed' } },
    ],
    'A list that is not read to its end may lack the reported job': [
      { isListComplete: false },
      { end: { kind: 'not-visible' } },
    ],
    'Lists that fail until the deadline end as a pending job': [
      failingUntilTheEnd,
      { end: { ...PENDING_JOB, message: containing('A job of the environment "prod"') } },
    ],
    'Lists that fail until the deadline after a job was listed end as that pending job': [
      { ...failingUntilTheEnd, ...lists(undefined), events: running() },
      { end: { ...PENDING_JOB, message: containing('Job other-1 (UpdateBackendAPI') } },
    ],
  })
})
