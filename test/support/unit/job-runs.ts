/** Waits for jobs on the virtual service. */
import type { Job } from '../../../src/storage/jobs/job.ts'
import {
  waitForPendingJobs,
  type PendingJobsResult,
} from '../../../src/storage/jobs/pending-jobs.ts'
import { waitForJob } from '../../../src/storage/jobs/wait-for-job.ts'
import { runTask, type Scenario, type ScenarioEvent, type ScenarioResult } from './storage-runs.ts'
import type { JobResult, Operation } from './virtual/virtual-amplify-types.ts'

/** Any time but zero, at which the clock starts. */
const START_MS = 5_000_000

/** A wait, with the times of its polls and of the lines of the log, in milliseconds from the start. */
type Wait<T> = ScenarioResult<T> & Readonly<{ polledAt: readonly number[] }>

async function runWait<T>(
  scenario: Scenario,
  operation: Operation,
  task: Parameters<typeof runTask<T>>[1],
): Promise<Wait<T>> {
  const run = await runTask(scenario, task, START_MS)
  const polls = run.service.calls.filter((call) => call.operation === operation)
  const polledAt = polls.map(({ at }) => at - START_MS)
  return { ...run, polledAt, loggedAt: run.loggedAt.map((at) => at - START_MS) }
}

type JobChange = Readonly<{ atMs: number; status: string }> | (JobResult & { endsAtMs: number })

/** A job of the environment that begins at once, and what happens to it. */
export const job =
  (operation: string, status: string, changes: readonly JobChange[] = []): ScenarioEvent =>
  (service, clock) => {
    const added = service.addJob(operation, status)
    for (const change of changes) {
      clock.schedule('endsAtMs' in change ? change.endsAtMs : change.atMs, () => {
        if ('endsAtMs' in change) service.endJob(added, change)
        else added.status = change.status
      })
    }
  }

export const completedAt = (endsAtMs: number): readonly JobChange[] => [
  { endsAtMs, status: 'COMPLETED' },
]

export type JobScenario = Scenario &
  Readonly<{
    /** The status of the response that started the job. */
    status?: string
    changes?: readonly JobChange[]
  }>

/** The id of the job that `runWaitForJob` waits for. */
export const JOB_ID = 'other-1'

/** Waits for a job that was started at the start of the clock. */
export const runWaitForJob = ({ status, changes, ...scenario }: JobScenario = {}): Promise<
  Wait<Job>
> => {
  const started = job('CreateBackendStorage', status ?? 'RUNNING', changes)
  return runWait(
    { ...scenario, events: [started, ...(scenario.events ?? [])] },
    'GetBackendJob',
    (context) => waitForJob(context, JOB_ID, status),
  )
}

/** Waits until no job is pending, after the service has reported one, unless it has not. */
export const runWaitForPendingJobs = ({
  isReported = true,
  ...scenario
}: Scenario & Readonly<{ isReported?: boolean }> = {}): Promise<Wait<PendingJobsResult>> =>
  runWait(scenario, 'ListBackendJobs', (context) => waitForPendingJobs(context, { isReported }))
