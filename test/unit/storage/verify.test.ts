import { describe } from 'vitest'
import { containing, including, matching } from '../../support/unit/matchers.ts'
import { CREATED, runApply, storageExists, testRuns } from '../../support/unit/storage-runs.ts'

describe('apply after the job has completed', () => {
  const job = { jobMs: 3_000 }
  const LATE = 'does not exist yet. Reading it again in 5 s.'
  const lateLines = Array.from({ length: 3 }, () => containing(LATE))
  const notSeen = (durationMs: number) => ({
    end: {
      code: 'STORAGE_NOT_SEEN',
      result: 'unknown',
      message: containing('"media" does not exist'),
      advice: matching(/get-backend-storage.+at the same time.+lock.+deployment-state\.json/s),
    },
    durationMs,
  })
  const lastReadFails = {
    faults: { GetBackendStorage: [undefined] },
    always: { GetBackendStorage: 'internalError' },
  } as const

  testRuns(runApply, {
    'A storage that shows late is read again': [
      { ...job, storageLagMs: 14_000 },
      {
        end: CREATED,
        durationMs: 20_000,
        lines: [containing('Creating'), containing('job-1'), ...lateLines, containing('matches')],
      },
    ],
    'A storage that never shows has an unknown outcome after six reads': [
      { ...job, storageLagMs: 1e9 },
      notSeen(30_000),
    ],
    'A storage that keeps differing fails the run': [
      { ...job, events: [storageExists({ authenticated: [] }, 3_500)] },
      {
        end: { code: 'STORAGE_DIFFERS', result: 'failed' },
        durationMs: 30_000,
        lines: including(containing('does not match the configuration yet')),
      },
    ],
    'A storage is not read again when the deadline comes first': [
      { ...job, storageLagMs: 1e9, timeoutMs: 10_000 },
      notSeen(5_000),
    ],
    'A storage is read again just before the deadline': [
      { ...job, storageLagMs: 1e9, timeoutMs: 10_001 },
      notSeen(10_000),
    ],
    'A run whose last read fails in every attempt has an unknown outcome': [
      { ...lastReadFails, maxAttempts: 2 },
      {
        end: {
          code: 'SERVICE_ERROR',
          result: 'unknown',
          requestId: 'request-500',
          message: containing('could not be read: GetBackendStorage failed'),
        },
      },
    ],
    'A run whose last read fails until the deadline is timed out': [
      { ...lastReadFails, timeoutMs: 60_000, maxAttempts: 20 },
      { end: { code: 'TIMED_OUT', result: 'timed-out' } },
    ],
  })
})
