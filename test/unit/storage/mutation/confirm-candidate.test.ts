import { describe, expect, test } from 'vitest'
import type { Amplify } from '../../../../src/storage/api.ts'
import type { StorageContext } from '../../../../src/storage/context.ts'
import {
  confirmCandidate,
  type CandidateCheck,
} from '../../../../src/storage/mutation/lost-response.ts'
import type { LostResponse } from '../../../../src/storage/mutation/state.ts'
import { createFailure } from '../../../support/unit/api-failures.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { aMutation } from '../../../support/unit/mutation-runs.ts'
import {
  creates,
  LOST_AFTER_EFFECT,
  otherJob,
  runApply,
  runTask,
  storageExists,
  testRuns,
  type Scenario,
  type ScenarioResult,
} from '../../../support/unit/storage-runs.ts'

/** The create was sent at the start of the run, and its response was lost at once. */
const lostAtStart = (context: StorageContext): LostResponse => ({
  mutation: aMutation(context),
  failure: createFailure('CreateBackendStorage', 'gatewayTimeout'),
  sentAt: 0,
  failedAt: 0,
  effectFound: false,
})

const confirm = (scenario: Scenario): Promise<ScenarioResult<CandidateCheck>> =>
  runTask(scenario, (context) => confirmCandidate(context, lostAtStart(context), 'other-1'))

/** The job that the lost create may have started. */
const candidate = otherJob({ operation: 'CreateBackendStorage' })

describe('the check of a candidate at the end of the window', () => {
  const CONFIRMED = { kind: 'confirmed', job: { jobId: 'other-1' } }
  const DOUBTFUL = { kind: 'doubtful', lost: { sentAt: 0 } }
  const READS = ['ListBackendJobs', 'GetBackendStorage']

  testRuns(confirm, {
    'The only job is confirmed when the window ends, and the storage is reported': [
      { events: [candidate, storageExists()] },
      {
        end: CONFIRMED,
        calls: READS,
        durationMs: 30_000,
        storages: [{ permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE'] } }],
      },
    ],
    'An absent storage is reported where the response has none': [
      { events: [candidate], absentAs: 'empty' },
      { end: CONFIRMED, calls: READS, storages: [undefined] },
    ],
    'Nothing is reported of a storage that cannot be read': [
      { events: [candidate, storageExists()], denied: ['GetBackendStorage'] },
      { end: CONFIRMED, calls: READS, storages: [] },
    ],
    'Nothing is reported when the response is about another storage': [
      { events: [candidate, storageExists()], mismatches: { GetBackendStorage: [true] } },
      { end: CONFIRMED, calls: READS, storages: [] },
    ],
    'A candidate stays doubtful when the list of jobs is not read to its end': [
      { events: [candidate], isListComplete: false },
      { end: DOUBTFUL, calls: READS },
    ],
    'A candidate stays doubtful when another job may be the one': [
      { events: [candidate, candidate] },
      { end: { ...DOUBTFUL, reason: containing('other-2') }, calls: READS },
    ],
    'A candidate stays doubtful, at once, when the window ends at the deadline': [
      { events: [candidate], timeoutMs: 30_000 },
      { end: DOUBTFUL, calls: [], durationMs: 0 },
    ],
    'A candidate is confirmed when the window ends just before the deadline': [
      { events: [candidate], timeoutMs: 30_001 },
      { end: CONFIRMED, calls: READS, durationMs: 30_000 },
    ],
  })

  test('A candidate stays doubtful when a job without an ID may be the one', async () => {
    const withoutIds = async (
      { listJobs }: Amplify,
      options: Parameters<Amplify['listJobs']>[0],
    ): ReturnType<Amplify['listJobs']> => {
      const list = await listJobs(options)
      if (!list.ok) return list
      const jobs = list.value.jobs.map((job) => ({ ...job, jobId: undefined }))
      return { ...list, value: { ...list.value, jobs } }
    }
    const { end } = await runTask({ events: [candidate] }, (context) => {
      const { amplify } = context
      const listJobs: Amplify['listJobs'] = (options) => withoutIds(amplify, options)
      const changed = { ...context, amplify: { ...amplify, listJobs } }
      return confirmCandidate(changed, lostAtStart(context), 'other-1')
    })
    expect(end).toMatchObject({ ...DOUBTFUL, reason: matching(/^job [a-z]/) })
  })
})

describe('a run that does not wait', () => {
  testRuns(runApply, {
    'A job that a lost create has started is settled once it is confirmed': [
      { ...creates(LOST_AFTER_EFFECT), wait: false, jobMs: 60_000 },
      {
        end: { result: 'started', verified: false },
        jobs: [{ jobId: 'job-1', status: 'RUNNING' }],
        reportedMutations: ['pending', 'settled'],
        sentAt: [0],
      },
    ],
    'The job of a lost create stays doubtful where the list of jobs has no end': [
      { ...creates(LOST_AFTER_EFFECT), wait: false, jobMs: 60_000, isListComplete: false },
      {
        end: { code: 'UNKNOWN_OUTCOME', result: 'unknown' },
        reportedMutations: ['pending'],
        sentAt: [0],
      },
    ],
  })
})
