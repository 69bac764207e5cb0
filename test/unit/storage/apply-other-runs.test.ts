import { describe, expect, test } from 'vitest'
import { apply } from '../../../src/storage/apply.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { aStorageContext } from '../../support/unit/storage-context.ts'
import {
  applyOptions,
  CREATED,
  otherJob,
  storageExists,
  summarizeApply,
  UNCHANGED,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'
import { resultOf } from '../../support/unit/task-result.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

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
