import { describe, expect, test } from 'vitest'
import { apply } from '../../../src/storage/apply.ts'
import { createFailure } from '../../support/unit/api-failures.ts'
import { containing } from '../../support/unit/matchers.ts'
import { aStorageContext } from '../../support/unit/storage-context.ts'
import {
  applyOptions,
  CREATED,
  CREATE_CHANGES,
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  READS,
  runApply,
  storageExists,
  summarizeApply,
} from '../../support/unit/storage-runs.ts'
import { TIME_STYLES } from '../../support/unit/virtual-amplify-types.ts'
import { virtualAmplify } from '../../support/unit/virtual-amplify.ts'
import { virtualClock } from '../../support/unit/virtual-clock.ts'

/** Jobs whose creation time cannot be parsed, so that a run cannot know its own. */
const unidentifiable = (jobMs: number) => ({ times: TIME_STYLES.garbage, jobMs })

describe('apply when the response to a create is lost', () => {
  test('The job that the create started is waited for, and the run ends as usual', async () => {
    const { end, recorded, sent } = await summarizeApply({
      connection: creates(LOST_AFTER_EFFECT),
    })
    expect(end).toEqual(CREATED)
    expect(recorded.jobs[0]).toEqual({ jobId: 'job-1', status: 'RUNNING' })
    expect(recorded.changes).toEqual([CREATE_CHANGES])
    expect(sent).toHaveLength(1)
  })

  test('Without waiting, the run ends with the job that was found', async () => {
    const { end, recorded } = await summarizeApply({
      connection: creates(LOST_AFTER_EFFECT),
      options: { wait: false },
    })
    expect(end).toMatchObject({ result: 'started' })
    expect(recorded.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
  })

  test.each(['not-found', 'empty'] as const)(
    'A create without effect is sent again after 30 seconds where an absent storage is %s',
    async (absentAs) => {
      const { result, service } = await runApply({
        connection: creates(LOST),
        service: { absentAs },
      })
      expect(result).toEqual({ ok: true, value: CREATED })
      expect(service.mutations.map(({ at }) => at)).toEqual([0, 30_000])
      expect(service.effects()).toBe(1)
    },
  )

  test.each([{ ifExists: 'match' }, { ifExists: 'fail' }] as const)(
    'A storage that appears without an identifiable job counts as created, with a warning (%j)',
    async (options) => {
      const { end, recorded, sent } = await summarizeApply({
        connection: creates(LOST_AFTER_EFFECT),
        service: unidentifiable(1_000),
        options,
      })
      expect(end).toEqual(CREATED)
      expect(recorded.changes.at(-1)).toEqual(CREATE_CHANGES)
      expect(recorded.warnings).toEqual([
        {
          title: 'Lost response',
          text: 'The response to a request of this run was lost. The storage matches the configuration, so the run reports it as created.',
        },
      ])
      expect(recorded.lines).toContain(
        'The storage exists now: the request took effect although its response was lost.',
      )
      expect(sent).toHaveLength(1)
    },
  )

  test('A storage that appears with another configuration fails the run', async () => {
    const { end } = await summarizeApply({
      connection: creates(LOST),
      events: [storageExists({ authenticated: [] }, 1_000)],
    })
    expect(end).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
  })

  test('A storage that appears with another configuration is updated when if-exists is update', async () => {
    const { end, sent } = await summarizeApply({
      connection: creates(LOST),
      options: { ifExists: 'update' },
      events: [storageExists({ authenticated: [] }, 1_000)],
    })
    expect(end).toMatchObject({ result: 'updated' })
    expect(sent).toEqual(['CreateBackendStorage', 'UpdateBackendStorage'])
  })

  test('A pending job that may be its own is waited for, and its storage counts as created', async () => {
    const { end, sent, warnings, recorded } = await summarizeApply({
      connection: creates(LOST_AFTER_EFFECT),
      service: unidentifiable(100_000),
    })
    expect(end).toEqual(CREATED)
    expect(sent).toHaveLength(1)
    expect(warnings).toEqual(['Lost response'])
    expect(recorded.mutations).toEqual(['pending', 'settled', 'settled'])
  })

  test('The outcome of an unchecked create counts as known once the storage was read', async () => {
    const { recorded } = await summarizeApply({
      connection: { denied: READS, ...creates(LOST) },
      service: { jobMs: 1_000 },
    })
    expect(recorded.mutations).toEqual(['pending', 'pending', 'settled'])
  })

  test('A second create that is rejected, with no storage to be read, has an unknown outcome', async () => {
    const { end } = await summarizeApply({
      connection: creates(LOST),
      service: { metadata: '{}' },
      events: [storageExists({ resourceName: 'files' }, 29_000)],
    })
    expect(end).toMatchObject({ code: 'STORAGE_EXISTS', result: 'unknown' })
  })

  test.each(['GetBackendStorage', 'ListBackendJobs'] as const)(
    'The outcome is unknown when %s fails once the storage has appeared',
    async (operation) => {
      const { end } = await summarizeApply({
        service: unidentifiable(100),
        context: { maxAttempts: 2 },
        connection: {
          // Two of each read find the storage; the reads after that fail.
          faults: {
            CreateBackendStorage: [LOST_AFTER_EFFECT],
            [operation]: [undefined, undefined],
          },
          always: { [operation]: { failure: 'internalError' } },
        },
      })
      expect(end).toMatchObject({
        code: 'SERVICE_ERROR',
        result: 'unknown',
        message: containing(`could not be determined: ${operation} failed with an internal`),
      })
    },
  )

  test('The outcome is unknown when the wait for a job that may be its own fails', async () => {
    const { end } = await summarizeApply({
      service: unidentifiable(100_000),
      context: { maxAttempts: 2 },
      connection: {
        faults: {
          CreateBackendStorage: [LOST_AFTER_EFFECT],
          ListBackendJobs: Array.from({ length: 7 }, () => undefined),
        },
        always: { ListBackendJobs: { failure: 'internalError' } },
      },
    })
    expect(end).toMatchObject({
      code: 'SERVICE_ERROR',
      result: 'unknown',
      requestId: 'request-500',
      message:
        'The response to a request that changes the storage was lost, and its outcome could not be determined: ListBackendJobs failed with an internal service error: 500: Internal server error.',
    })
  })

  test('The run times out when the job that may be its own does not end', async () => {
    const { end } = await summarizeApply({
      service: unidentifiable(1e7),
      context: { timeoutMs: 120_000 },
      connection: creates(LOST_AFTER_EFFECT),
    })
    expect(end).toMatchObject({ code: 'PENDING_JOB', result: 'timed-out' })
  })

  test.each([1, 3])(
    'Nothing is sent within the window when the storage appears and then %i reads do not find it',
    async (count) => {
      const { result, service } = await runApply({
        service: unidentifiable(100),
        connection: {
          faults: {
            CreateBackendStorage: [LOST_AFTER_EFFECT],
            // It is absent, then it appears, and then replicas of the service disagree.
            GetBackendStorage: [
              undefined,
              ...Array.from({ length: count }, () => [undefined, { failure: 'notFound' } as const]),
            ].flat(),
          },
        },
      })
      expect(result).toEqual({ ok: true, value: CREATED })
      expect(service.mutations).toHaveLength(1)
      expect(service.unsafeCreates).toEqual([])
    },
  )

  test('The create is sent again when the storage appears and is gone at the end of the window', async () => {
    const { result, service, recorded } = await runApply({
      connection: { latency: () => 100, ...creates(LOST) },
      events: [
        storageExists({}, 2_000),
        (there, clock) => {
          clock.schedule(3_250, () => {
            there.removeStorage('media')
          })
        },
      ],
    })
    expect(recorded.lines).toContain(
      'The storage exists now: the request took effect although its response was lost.',
    )
    expect(result).toEqual({ ok: true, value: CREATED })
    const [first, second] = service.mutations
    expect(service.mutations).toHaveLength(2)
    expect(second?.at).toBeGreaterThanOrEqual((first?.endedAt ?? Infinity) + 30_000)
  })

  test('A last attempt is not repeated after the wait for a job of somebody else', async () => {
    const { end, sent } = await summarizeApply({
      connection: creates(LOST),
      context: { maxAttempts: 1 },
      events: [otherJob({ fromMs: 29_000, toMs: 49_000 })],
    })
    expect(sent).toHaveLength(1)
    expect(end).toMatchObject({ code: 'GATEWAY_TIMEOUT', result: 'failed' })
  })

  test('An unexpected exception is passed on unchanged', async () => {
    const clock = virtualClock()
    const amplify = virtualAmplify(clock).connect({ latency: () => 0, ...creates(LOST) })
    let lists = 0
    const broken = {
      ...amplify,
      listJobs: (...call: Parameters<typeof amplify.listJobs>) => {
        lists += 1
        if (lists > 6) throw new TypeError('a programming error')
        return amplify.listJobs(...call)
      },
      createStorage: (...call: Parameters<typeof amplify.createStorage>) =>
        lists < 6
          ? amplify.createStorage(...call)
          : Promise.resolve({
              ok: false,
              failure: createFailure('CreateBackendStorage', 'badRequest', {
                message: 'pending job',
              }),
            } as const),
    }
    const { context } = aStorageContext(clock, broken)
    await expect(clock.run(apply(context, applyOptions()))).rejects.toThrow('a programming error')
  })
})
