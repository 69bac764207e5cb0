import { describe, expect, test } from 'vitest'
import { describeUnclearJob } from '../../../../src/storage/mutation/errors.ts'
import { containing, matching } from '../../../support/unit/matchers.ts'
import { runMutation, started } from '../../../support/unit/mutation-runs.ts'
import {
  CREATED,
  creates,
  failing,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  runApply,
  storageExists,
  testRuns,
  UPDATED,
  userChange,
  type ScenarioEvent,
} from '../../../support/unit/storage-runs.ts'

const removedAt =
  (ms: number): ScenarioEvent =>
  (service, clock) => {
    clock.schedule(ms, () => {
      service.removeStorage('media')
    })
  }

describe('the checks for the effect of a lost call', () => {
  /** The command stands on a line of its own, indented. */
  const WITH_COMMAND = matching(/\n {4}aws amplifybackend get-backend-storage .+ media$/)

  testRuns(runMutation, {
    'The storage decides as soon as it is found where the role may not list jobs': [
      { denied: ['ListBackendJobs'], ...creates(LOST_AFTER_EFFECT), jobMs: 1_000 },
      { end: { kind: 'read-again' }, durationMs: 2_000 },
    ],
    'The jobs are listed until the window ends where the storage appears without one': [
      { ...creates(LOST), events: [storageExists({}, 1_000)] },
      { end: { kind: 'read-again' }, durationMs: 30_000, jobs: [] },
    ],
    'The error for an unknown outcome gives the command that shows the storage': [
      { ...creates(LOST), isListComplete: false },
      { end: { code: 'UNKNOWN_OUTCOME', advice: WITH_COMMAND } },
    ],
    'The error for an unchecked outcome gives the command that shows the storage': [
      { ...creates(LOST), maxAttempts: 1, denied: ['GetBackendStorage', 'ListBackendJobs'] },
      { end: { code: 'UNKNOWN_OUTCOME', advice: WITH_COMMAND } },
    ],
    'A lost update is not sent again when its storage has disappeared': [
      {
        operation: 'UpdateBackendStorage',
        ...failing('UpdateBackendStorage', LOST),
        events: [storageExists(), removedAt(10_500)],
      },
      { end: { kind: 'read-again' }, sentAt: [0], state: { lostResponse: undefined } },
    ],
  })

  test('A check that is throttled counts for the waits of later calls', async () => {
    const throttleState = { throttledResponses: 0 }
    const faults = { CreateBackendStorage: [LOST], ListBackendJobs: ['throttled'] } as const
    const { end } = await runMutation({ faults, throttleState })
    expect([end, throttleState.throttledResponses]).toEqual([started(), 1])
  })

  testRuns(runApply, {
    'A lost update without effect is sent again without a new plan': [
      {
        ...failing('UpdateBackendStorage', LOST),
        ifExists: 'update',
        events: [storageExists({ authenticated: [] })],
      },
      { end: UPDATED, sentAt: [0, 30_000], changes: [userChange([])] },
    ],
    'A create follows a lost update without effect when the storage has disappeared': [
      {
        ...failing('UpdateBackendStorage', LOST),
        ifExists: 'update',
        events: [storageExists({ authenticated: [] }), removedAt(10_500)],
      },
      {
        end: CREATED,
        sent: ['UpdateBackendStorage', 'CreateBackendStorage'],
        sentAt: [0, 30_000],
      },
    ],
  })
})

describe('the outcomes of a create', () => {
  test('A create that meets a pending job ends with nothing else to act on', async () => {
    const { end } = await runMutation({ events: [otherJob({})] })
    expect(end).toEqual({ kind: 'job-pending' })
  })

  test('A response about another request shows no other pending job', async () => {
    const { end } = await runMutation({ mismatches: { CreateBackendStorage: [true] } })
    expect(end).toEqual(started('job-1', 'RUNNING', 'mismatch'))
  })
})

describe('a job that may be the one of a lost call', () => {
  const job = { operation: 'CreateBackendStorage', createdAt: undefined, error: undefined }

  test('It is described by its ID, its status and its error', () => {
    const failed = { ...job, jobId: 'other-1', status: 'FAILED', error: 'the stack exists' }
    expect(describeUnclearJob(failed)).toEqual(containing('job other-1 (FAILED: the stack exists)'))
  })

  test('It is described by its ID and its status where it has no error', () => {
    const completed = { ...job, jobId: 'other-1', status: 'COMPLETED' }
    expect(describeUnclearJob(completed)).toEqual(containing('job other-1 (COMPLETED) '))
  })

  test('Words take the place of an ID and a status that it does not have', () => {
    const text = describeUnclearJob({ ...job, jobId: undefined, status: undefined })
    expect(text).toMatch(/^job [a-z][a-z ]+\([a-z][a-z ]+\) /i)
    expect(text).not.toContain('undefined')
  })
})
