import { describe, expect, test } from 'vitest'
import {
  CREATED,
  storageExists,
  summarizeApply,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'

describe('apply after the job has completed', () => {
  test('A storage that shows late is read again', async () => {
    const { end, recorded, durationMs } = await summarizeApply({
      service: { storageLagMs: 14_000, jobMs: 3_000 },
    })
    expect(end).toEqual(CREATED)
    expect(durationMs).toBe(20_500)
    expect(recorded.lines.filter((line) => line.includes('does not match'))).toEqual(
      Array(3).fill('The storage does not match the configuration yet. Reading it again in 5 s.'),
    )
  })

  test('A storage that never shows has an unknown outcome', async () => {
    const { end, calls, durationMs } = await summarizeApply({
      service: { storageLagMs: 1e9, jobMs: 3_000 },
    })
    expect(end).toMatchObject({
      code: 'STORAGE_NOT_SEEN',
      result: 'unknown',
      message: 'The job completed, but the storage "media" does not exist.',
      advice:
        'Check the storage before you run the workflow again: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
    })
    expect(calls.filter((call) => call === 'GetBackendStorage')).toHaveLength(7)
    expect(durationMs).toBe(5_500 + 25_000)
  })

  test('A storage that keeps differing fails the run', async () => {
    const { end, calls } = await summarizeApply({
      service: { jobMs: 3_000 },
      events: [storageExists({ authenticated: [] }, 3_500)],
    })
    expect(end).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
    expect(calls.filter((call) => call === 'GetBackendStorage')).toHaveLength(7)
  })

  test.each([
    [10_500, 5_500],
    [10_501, 10_500],
  ])(
    'With a timeout of %i ms, the last read is at %i ms',
    async (timeoutMs, expectedDurationMs) => {
      const { end, durationMs } = await summarizeApply({
        service: { storageLagMs: 1e9, jobMs: 3_000 },
        context: { timeoutMs },
      })
      expect(durationMs).toBe(expectedDurationMs)
      expect(end).toMatchObject({ code: 'STORAGE_NOT_SEEN' })
    },
  )

  test.each<readonly [string, NonNullable<RunScenario['context']>, object]>([
    [
      'in every attempt has an unknown outcome',
      { maxAttempts: 2 },
      {
        code: 'SERVICE_ERROR',
        result: 'unknown',
        requestId: 'request-500',
        message:
          'The job completed, but the storage could not be read: GetBackendStorage failed with an internal service error: 500: Internal server error.',
      },
    ],
    [
      'until the deadline is timed out',
      { timeoutMs: 60_000, maxAttempts: 20 },
      { code: 'TIMED_OUT', result: 'timed-out' },
    ],
  ])('A run whose last read fails %s', async (_how, context, expected) => {
    const { end } = await summarizeApply({
      context,
      connection: {
        faults: { GetBackendStorage: [undefined] },
        always: { GetBackendStorage: { failure: 'internalError' } },
      },
    })
    expect(end).toMatchObject(expected)
  })
})
