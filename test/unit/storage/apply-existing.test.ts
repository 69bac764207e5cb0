import { describe, expect, test } from 'vitest'
import { apply } from '../../../src/storage/apply.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { aStorageContext, DESIRED } from '../../support/unit/storage-context.ts'
import {
  abortAt,
  applyOptions,
  CREATED,
  otherJob,
  runApply,
  storageExists,
  summarizeApply,
  UNCHANGED,
  UPDATED,
  userChange,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'
import { resultOf } from '../../support/unit/task-result.ts'
import { EXISTS_TEXT } from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

describe('apply with an existing storage', () => {
  test('A storage that matches is left unchanged', async () => {
    const { end, calls, recorded } = await summarizeApply({ events: [storageExists()] })
    expect(end).toEqual(UNCHANGED)
    expect(calls).toEqual(['GetBackendStorage', 'GetBackend', 'ListBackendJobs'])
    expect(recorded.lines).toEqual(['The storage "media" matches the configuration.'])
    expect([recorded.changes.flat(), recorded.warnings, recorded.jobs]).toEqual([[], [], []])
  })

  test('A storage that matches is read again after a pending job has ended', async () => {
    const { end, recorded, durationMs } = await summarizeApply({
      events: [
        storageExists(),
        otherJob({
          operation: 'UpdateBackendStorage',
          toMs: 10_000,
          leaves: { authenticated: ['READ'] },
        }),
      ],
    })
    expect(durationMs).toBe(11_000)
    expect(end).toMatchObject({
      code: 'STORAGE_DIFFERS',
      message:
        'The storage "media" exists with a different configuration: authenticated-permissions is READ, but the workflow sets READ, CREATE_AND_UPDATE.',
    })
    expect(recorded.lines[0]).toMatch(/^Waiting for another job of "prod": other-1/)
    expect(recorded.changes).toEqual([userChange(['READ'])])
  })

  test('A storage that matches is unchanged, with a warning, where jobs cannot be listed', async () => {
    const { end, warnings } = await summarizeApply({
      events: [storageExists()],
      connection: { denied: ['ListBackendJobs'] },
    })
    expect(end).toEqual(UNCHANGED)
    expect(warnings).toEqual(['Pending jobs not checked'])
  })

  test.each<readonly [string, RunScenario, object, number]>([
    [
      'A storage that differs fails the run when if-exists is match',
      { events: [storageExists({ authenticated: [] })] },
      { code: 'STORAGE_DIFFERS' },
      1,
    ],
    [
      'A storage with another bucket fails the run when if-exists is update',
      { options: { ifExists: 'update' }, events: [storageExists({ baseName: 'videos' })] },
      {
        code: 'BUCKET_FIXED',
        message:
          'The storage "media" has another bucket, and the bucket cannot be changed: bucket-name is videos14a5e-prod, but the workflow sets photos.',
      },
      1,
    ],
    [
      'A storage that matches fails the run when if-exists is fail',
      { options: { ifExists: 'fail' }, events: [storageExists()] },
      { code: 'STORAGE_EXISTS' },
      0,
    ],
  ])('%s', async (_title, scenario, expected, changes) => {
    const { end, sent, recorded } = await summarizeApply(scenario)
    expect(end).toMatchObject({ result: 'failed', ...expected })
    expect(sent).toEqual([])
    expect(recorded.changes.flat()).toHaveLength(changes)
  })

  test('A storage that differs is updated when if-exists is update, and guests keep their permissions', async () => {
    const { result, service, recorded } = await runApply({
      options: { ifExists: 'update' },
      events: [storageExists({ authenticated: ['DELETE'], unauthenticated: ['READ'] })],
    })
    expect(result).toEqual({ ok: true, value: UPDATED })
    expect(service.mutations[0]).toMatchObject({
      operation: 'UpdateBackendStorage',
      desired: { authenticated: ['READ', 'CREATE_AND_UPDATE'], unauthenticated: ['READ'] },
    })
    expect(recorded.changes).toEqual([userChange(['DELETE'])])
    expect(recorded.lines[0]).toBe(
      'Updating the storage "media":\n  Signed-in users: DELETE → READ, CREATE_AND_UPDATE',
    )
  })

  test('An update does not check the preconditions of a create', async () => {
    const { end, calls } = await summarizeApply({
      options: { ifExists: 'update', desired: { ...DESIRED, bucketName: undefined } },
      service: { auth: false },
      events: [storageExists({ authenticated: ['DELETE'] })],
    })
    expect(end).toMatchObject({ result: 'updated' })
    expect(calls.slice(0, 2)).toEqual(['GetBackendStorage', 'UpdateBackendStorage'])
  })

  test('Without waiting, an update ends with the accepted job', async () => {
    const { end } = await summarizeApply({
      options: { ifExists: 'update', wait: false },
      events: [storageExists({ authenticated: [] })],
    })
    expect(end).toMatchObject({ result: 'started' })
  })

  test('A rejected update still reports the changes that it was to make', async () => {
    const { end, recorded } = await summarizeApply({
      options: { ifExists: 'update' },
      connection: { denied: ['UpdateBackendStorage'] },
      events: [storageExists({ authenticated: ['READ'] })],
    })
    expect(end).toMatchObject({ code: 'ACCESS_DENIED', result: 'failed' })
    expect(recorded.changes).toEqual([userChange(['READ'])])
  })

  test('A failed update is never taken for a create that finds a storage', async () => {
    const { end } = await summarizeApply({
      options: { ifExists: 'update' },
      service: { jobResults: [{ status: 'FAILED', error: EXISTS_TEXT }] },
      events: [storageExists({ authenticated: [] })],
    })
    expect(end).toMatchObject({ code: 'OTHER_STORAGE', result: 'failed' })
  })
})

describe('apply when another run creates the storage first', () => {
  /** A storage appears between the first read and the create, and no metadata shows it. */
  const overtaken = (
    members: Parameters<typeof storageExists>[0] = {},
    more: RunScenario = {},
  ): RunScenario => ({
    connection: { latency: () => 100 },
    service: { metadata: '{}' },
    events: [storageExists(members, 250)],
    ...more,
  })

  test('A matching storage of another run is unchanged, with a warning', async () => {
    const { end, recorded, sent } = await summarizeApply(overtaken())
    expect(end).toEqual(UNCHANGED)
    expect(sent).toHaveLength(1)
    expect(recorded.warnings).toEqual([
      {
        title: 'Created by another run',
        text: matching(
          /^Another run created the storage in the meantime, with the same configuration: "400 BadRequestException: Amazon S3 storage .+"\.$/,
        ),
      },
    ])
    expect(recorded.changes.at(-1)).toEqual([])
  })

  test('A matching storage of another run is waited for while its job is pending', async () => {
    const { end, durationMs } = await summarizeApply(
      overtaken(
        {},
        {
          service: { metadata: '{}', oneJob: false },
          events: [
            storageExists({}, 250),
            otherJob({ operation: 'CreateBackendStorage', fromMs: 250, toMs: 10_250 }),
          ],
        },
      ),
    )
    expect(end).toEqual(UNCHANGED)
    expect(durationMs).toBeGreaterThan(10_250)
  })

  test.each(['match', 'update', 'fail'] as const)(
    'A different storage of another run fails the run when if-exists is %s',
    async (ifExists) => {
      const { end, sent } = await summarizeApply(
        overtaken({ authenticated: [] }, { options: { ifExists } }),
      )
      expect(end).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
      expect(sent).toHaveLength(1)
    },
  )

  test('A matching storage of another run is unchanged even when if-exists is fail', async () => {
    const { end } = await summarizeApply(overtaken({}, { options: { ifExists: 'fail' } }))
    expect(end).toEqual(UNCHANGED)
  })

  test('A storage of another name fails the run', async () => {
    const { end, sent } = await summarizeApply(overtaken({ resourceName: 'files' }))
    expect(end).toMatchObject({
      code: 'STORAGE_EXISTS',
      result: 'failed',
      requestId: 'request-400',
      message: matching(
        /^The service reports that the environment already has a storage, but none named "media" exists: "400 BadRequestException: .+"\.$/,
      ),
      advice: containing('An environment can have only one S3 storage.'),
    })
    expect(sent).toHaveLength(1)
  })

  test('A job that fails because another run was first leaves the storage unchanged', async () => {
    const { end, recorded, sent } = await summarizeApply({
      service: { oneStorage: 'failed-job', jobMs: 10_000 },
      events: [storageExists({}, 5_000)],
    })
    expect(end).toEqual(UNCHANGED)
    expect(recorded.warnings).toMatchObject([
      { title: 'Created by another run', text: containing('job job-1 failed: Amazon S3') },
    ])
    expect(sent).toHaveLength(1)
  })

  test('A pending create of another run is waited for, and the backend is read again', async () => {
    const { end, recorded, sent } = await summarizeApply({
      // Only the metadata names the bucket, so what was read of it before the wait is not enough.
      service: { bucketAs: 'base' },
      events: [otherJob({ operation: 'CreateBackendStorage', toMs: 60_000, leaves: {} })],
    })
    expect(end).toEqual(UNCHANGED)
    expect(sent).toHaveLength(1)
    expect([recorded.warnings, recorded.jobs, recorded.changes.at(-1)]).toEqual([[], [], []])
  })

  test('A pending create of another run that fails lets this run create the storage', async () => {
    const { end, sent } = await summarizeApply({
      events: [
        otherJob({
          operation: 'CreateBackendStorage',
          toMs: 60_000,
          result: { status: 'FAILED' },
        }),
      ],
    })
    expect(end).toEqual(CREATED)
    expect(sent).toHaveLength(2)
  })

  test('A job that stays pending ends the run at the deadline', async () => {
    const { end, recorded, durationMs } = await summarizeApply({
      context: { timeoutMs: 600_000 },
      events: [otherJob({ operation: 'CreateBackendStorage' })],
    })
    expect(end).toMatchObject({ code: 'PENDING_JOB', result: 'timed-out' })
    expect([durationMs, recorded.jobs]).toEqual([597_000, []])
  })

  test.each([0, 40, 90, 160, 5_000, 19_000, 25_000])(
    'Two runs for the same storage that start %i ms apart succeed with one create',
    async (apart) => {
      const clock = virtualClock()
      const service = virtualAmplify(clock)
      const run = async (name: string, afterMs: number) => {
        const { context } = aStorageContext(
          clock,
          service.connect({ run: name, latency: () => 50 }),
        )
        await clock.sleep(afterMs, context.retryPolicy.signal)
        return resultOf(apply(context, applyOptions()))
      }
      const results = await clock.run(Promise.all([run('first', 0), run('second', apart)]))
      expect(results).toEqual([
        { ok: true, value: CREATED },
        { ok: true, value: UNCHANGED },
      ])
      expect(service.effects('first') + service.effects('second')).toBe(1)
    },
  )
})

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
        'Check the storage before you run again: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
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

describe('cancellation of an apply', () => {
  test.each([50, 150, 250, 5_000, 22_850])(
    'A run that is cancelled after %i ms ends with the reason of the signal',
    async (ms) => {
      const abort = new AbortController()
      const run = runApply({
        connection: { latency: () => 50 },
        context: { signal: abort.signal },
        events: [abortAt(ms, abort)],
      })
      await expect(run).rejects.toThrow('SIGINT')
    },
  )
})
