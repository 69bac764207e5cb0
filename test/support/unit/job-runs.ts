/** Waits for jobs on the virtual service. */
import type { Job } from '../../../src/storage/jobs/job.ts'
import { waitForPendingJobs } from '../../../src/storage/jobs/pending-jobs.ts'
import { waitForJob } from '../../../src/storage/jobs/wait-for-job.ts'
import { runTask, type Scenario, type ScenarioEvent, type ScenarioResult } from './storage-runs.ts'
import type { JobResult, Operation, VirtualAmplify } from './virtual-amplify-types.ts'

/** Any time but zero, at which the clock starts. */
export const START_MS = 5_000_000

/** When an operation was called, in milliseconds from the start. */
export const callTimes = (service: VirtualAmplify, operation: Operation): number[] =>
  service.calls.filter((call) => call.operation === operation).map(({ at }) => at - START_MS)

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
export const runWaitForJob = ({
  status,
  changes,
  ...scenario
}: JobScenario): Promise<ScenarioResult<Job>> => {
  const started = job('CreateBackendStorage', status ?? 'RUNNING', changes)
  return runTask(
    { ...scenario, events: [started, ...(scenario.events ?? [])] },
    (context) => waitForJob(context, JOB_ID, status),
    START_MS,
  )
}

/** Waits until no job is pending. */
export const runWaitForPendingJobs = (
  isReported: boolean,
  scenario: Scenario = {},
): Promise<ScenarioResult<boolean>> =>
  runTask(scenario, (context) => waitForPendingJobs(context, isReported), START_MS)
