import { describe, expect, test } from 'vitest'
import { DESIRED } from '../../support/unit/storage-context.ts'
import {
  abortAt,
  otherJob,
  runApply,
  storageExists,
  summarizeApply,
  UNCHANGED,
  UPDATED,
  userChange,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'
import { EXISTS_TEXT } from '../../support/unit/virtual-amplify-types.ts'

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
