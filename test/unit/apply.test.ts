import { describe, expect, test } from 'vitest'
import { apply } from '../../src/storage/apply.ts'
import { resultOf } from '../support/unit/task-result.ts'
import { aStorageContext, DESIRED, type Recorded } from '../support/unit/storage-context.ts'
import { createFailure } from '../support/unit/api-failures.ts'
import { containing, matching } from '../support/unit/matchers.ts'
import {
  runApply,
  MEDIA,
  applyOptions,
  runPlan,
  type Scenario,
} from '../support/unit/storage-runs.ts'
import {
  EXISTS_TEXT,
  TIME_STYLES,
  virtualAmplify,
  type Fault,
  type Operation,
  type VirtualAmplify,
} from '../support/unit/virtual-amplify.ts'
import { virtualClock } from '../support/unit/virtual-clock.ts'

const lost: Fault = { failure: 'gatewayTimeout', effect: 'none' }
const lostAfterEffect: Fault = { failure: 'gatewayTimeout', effect: 'done' }
const READS: readonly Operation[] = ['GetBackendStorage', 'ListBackendJobs']
const BUCKET = 'photos14a5e-prod'

const CREATED = { result: 'created', seen: true, bucketName: BUCKET } as const
const UNCHANGED = { result: 'unchanged', seen: true, bucketName: BUCKET } as const

const withStorage =
  (members: Partial<typeof MEDIA> = {}): NonNullable<Scenario['play']> =>
  (world) => {
    world.addStorage({ ...MEDIA, ...members })
  }

const operations = (world: VirtualAmplify): readonly Operation[] =>
  world.calls.map(({ operation }) => operation)

const titles = (told: { warnings: readonly { title: string }[] }): readonly string[] =>
  told.warnings.map(({ title }) => title)

const CREATE_CHANGES = [
  { field: 'resource-name', from: null, to: 'media' },
  { field: 'bucket-name', from: null, to: 'photos' },
  { field: 'authenticated-permissions', from: null, to: ['READ', 'CREATE_AND_UPDATE'] },
]

describe('where there is no storage', () => {
  test('it is created, waited for and seen', async () => {
    const { result, told, world } = await runApply()
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(world.storages.get('media')).toEqual(MEDIA)
    expect(told.jobs[0]).toEqual({ jobId: 'job-1', status: 'RUNNING' })
    expect(told.jobs.at(-1)).toEqual({ jobId: 'job-1', status: 'COMPLETED' })
    expect(told.changes).toEqual([CREATE_CHANGES])
    expect(told.storages).toEqual([undefined, expect.objectContaining({ bucketName: BUCKET })])
    expect(told.warnings).toEqual([])
    expect(told.lines.filter((line) => !line.startsWith('Job job-1 is RUNNING'))).toEqual([
      'Creating the storage "media":\n  Storage: media\n  Bucket: photos\n  Signed-in users: READ, CREATE_AND_UPDATE',
      'Waiting for job job-1 (RUNNING), at most 30 min.',
      'The storage "media" is there as asked.',
    ])
  })

  test('it is looked for, checked, created, polled, and looked at, and nothing else', async () => {
    const { world } = await runApply({ world: { jobMs: 3_000 } })
    expect(operations(world)).toEqual([
      'GetBackendStorage',
      'GetBackend',
      'CreateBackendStorage',
      'GetBackendJob',
      'GetBackendStorage',
      'GetBackend',
    ])
  })

  test('what is sent is what is asked; what is not managed is not sent', async () => {
    const { world } = await runApply()
    expect(world.mutations[0]?.desired).toEqual(MEDIA)
    const guests = await runApply({
      order: {
        desired: {
          ...DESIRED,
          bucketName: undefined,
          authenticated: [],
          unauthenticated: ['READ'],
        },
      },
    })
    expect(guests.world.mutations[0]?.desired).toMatchObject({
      authenticated: [],
      unauthenticated: ['READ'],
    })
    expect(guests.result).toMatchObject({ ok: true, value: { result: 'created' } })
  })

  test.each(['match', 'update', 'fail'] as const)(
    'it is created under if-exists %s',
    async (mode) => {
      const { result } = await runApply({ order: { ifExists: mode } })
      expect(result).toEqual({ ok: true, value: CREATED })
    },
  )

  test('without waiting, the end is the accepted job', async () => {
    const { result, told, world, durationMs } = await runApply({ order: { wait: false } })
    expect(result).toEqual({
      ok: true,
      value: { result: 'started', seen: false, bucketName: undefined },
    })
    expect(told.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
    expect(told.changes).toEqual([CREATE_CHANGES])
    expect(told.lines[1]).toBe('Job job-1 was started (RUNNING).')
    expect([durationMs, world.count('GetBackendJob')]).toEqual([0, 0])
  })

  test('a create that is refused has told what it was to change', async () => {
    const { result, told } = await runApply({ port: { denied: ['CreateBackendStorage'] } })
    expect(result).toMatchObject({ code: 'ACCESS_DENIED', result: 'failed' })
    expect(told.changes).toEqual([CREATE_CHANGES])
  })

  test('what is to be created is said once, however often the create has to wait', async () => {
    const { told, world } = await runApply({
      play: (there, clock) => {
        const job = there.addJob('UpdateBackendAPI', 'RUNNING')
        clock.schedule(10_000, () => {
          there.endJob(job, { status: 'COMPLETED' })
        })
      },
    })
    expect(world.mutations).toHaveLength(2)
    expect(told.lines.filter((line) => line.startsWith('Creating'))).toEqual([
      'Creating the storage "media":\n  Storage: media\n  Bucket: photos\n  Signed-in users: READ, CREATE_AND_UPDATE',
      'Creating the storage "media".',
    ])
  })

  test('a job that fails is red, with its own text', async () => {
    const { result, world } = await runApply({
      world: { ends: [{ status: 'FAILED', error: 'Something went wrong' }] },
    })
    expect(result).toMatchObject({
      code: 'JOB_FAILED',
      result: 'failed',
      message: 'The backend job job-1 failed: Something went wrong',
    })
    expect(world.mutations).toHaveLength(1)
  })

  test('a job that fails for want of auth is no storage that exists', async () => {
    const error =
      'Cannot headlessly add storage resource without an existing auth resource. It can be added with "amplify add auth"'
    const { result } = await runApply({ world: { ends: [{ status: 'FAILED', error }] } })
    expect(result).toMatchObject({ code: 'AUTH_MISSING', result: 'failed' })
  })

  test('a job that fails because something else exists is no storage that exists', async () => {
    const error = 'Role amplify-octoapp-prod already exists'
    const { result } = await runApply({ world: { ends: [{ status: 'FAILED', error }] } })
    expect(result).toMatchObject({ code: 'JOB_FAILED', result: 'failed' })
  })

  test('a bucket that an earlier storage left behind is no storage that exists', async () => {
    const { result } = await runApply({
      world: {
        ends: [
          {
            status: 'FAILED',
            error: `UPDATE_FAILED storagemedia AWS::CloudFormation::Stack\nS3Bucket: ${BUCKET} already exists`,
          },
        ],
      },
    })
    expect(result).toMatchObject({
      code: 'JOB_FAILED',
      advice: containing('A bucket of that name was left behind'),
    })
  })

  test('an answer without a status is said', async () => {
    const { told } = await runApply({
      world: { runningStatus: 'PENDING' },
      order: { wait: false },
    })
    expect(told.lines[1]).toBe('Job job-1 was started (PENDING).')
    const clock = virtualClock()
    const world = virtualAmplify(clock)
    const port = world.connect({ latency: () => 0 })
    const silent = {
      ...port,
      createStorage: async (...given: Parameters<typeof port.createStorage>) => {
        const answer = await port.createStorage(...given)
        return answer.ok ? { ...answer, value: { ...answer.value, status: undefined } } : answer
      },
    }
    const run = aStorageContext(clock, silent)
    await clock.run(resultOf(apply(run.context, applyOptions({ wait: false }))))
    expect(run.recorded.lines[1]).toBe('Job job-1 was started (no status).')
  })
})

describe('what stands in the way of a create', () => {
  const MEDIA_OF_ANOTHER_NAME = withStorage({ resourceName: 'files' })

  test.each([
    [
      'an environment that the app does not have',
      { environments: ['dev', 'test'] },
      'ENVIRONMENT_NOT_FOUND',
      'The app "d1a2b3c4d5" has no backend environment "prod"; it has "dev", "test".',
    ],
    [
      'a missing auth resource',
      { auth: false },
      'AUTH_MISSING',
      'The environment "prod" has no auth resource, and S3 storage needs one.',
    ],
  ] as const)('%s is red before anything is sent', async (_what, world, code, message) => {
    const scene = await runApply({ world })
    expect(scene.result).toMatchObject({ code, message, result: 'failed' })
    expect(scene.world.mutations).toEqual([])
    expect(scene.told.changes).toEqual([CREATE_CHANGES])
  })

  test('a storage of another name is red before anything is sent', async () => {
    const { result, world } = await runApply({ play: MEDIA_OF_ANOTHER_NAME })
    expect(result).toMatchObject({ code: 'OTHER_STORAGE', result: 'failed' })
    expect(world.mutations).toEqual([])
  })

  test('a storage of another name makes a plan red, which tells what it was to change', async () => {
    const { result, told } = await runPlan({ play: MEDIA_OF_ANOTHER_NAME })
    expect(result).toMatchObject({ code: 'OTHER_STORAGE', result: 'failed' })
    expect(told.changes).toEqual([CREATE_CHANGES])
  })

  test('an environment that an answer names while it calls it unknown is just not found', async () => {
    const { result } = await runApply({
      port: { faults: { GetBackend: [{ failure: 'notFound' }] } },
    })
    expect(result).toMatchObject({ code: 'NOT_FOUND', requestId: 'request-404' })
  })

  test('an app that cannot be asked for its environments is just not found', async () => {
    const { result, world } = await runApply({
      world: { environments: ['dev'] },
      port: { faults: { GetBackend: [undefined, { failure: 'accessDenied' }] } },
    })
    expect(result).toMatchObject({ code: 'NOT_FOUND' })
    expect(world.count('GetBackend')).toBe(2)
  })

  test('metadata that is not understood is nothing', async () => {
    const { result } = await runApply({ world: { metadata: '{"auth":{}}', bucketAs: 'physical' } })
    expect(result).toEqual({ ok: true, value: CREATED })
  })

  test('an error in an answer of 200 is told and is nothing', async () => {
    const { result, told } = await runApply({ world: { backendError: 'Stack is odd' } })
    expect(result).toMatchObject({ ok: true })
    expect(told.warnings[0]).toEqual({
      title: 'Backend reports an error',
      text: 'GetBackend says: Stack is odd',
    })
  })

  test('a role that may not read the backend is told, and the create goes on', async () => {
    const { result, told } = await runApply({ port: { denied: ['GetBackend'] } })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(told.warnings).toEqual([
      {
        title: 'Backend not checked',
        text: 'The role may not read the backend (amplifybackend:GetBackend), so a missing environment or auth resource would show only when the job fails: 403 AccessDeniedException: User is not authorized to perform that.',
      },
    ])
  })

  test('a backend that cannot be read is told, and the create goes on: red only by metadata', async () => {
    const { result, told } = await runApply({
      engine: { maxAttempts: 2 },
      port: { always: { GetBackend: { failure: 'internalError' } } },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(told.warnings[0]).toEqual({
      title: 'Backend not checked',
      text: 'GetBackend failed, so a missing environment or auth resource would show only when the job fails: 500: Internal server error.',
    })
  })

  test('a backend that cannot be read before the deadline ends the run', async () => {
    const { result, world } = await runApply({
      engine: { timeoutMs: 60_000, maxAttempts: 20 },
      port: { always: { GetBackend: { failure: 'throttled' } } },
    })
    expect(result).toMatchObject({ code: 'TIMED_OUT', result: 'timed-out' })
    expect(world.mutations).toEqual([])
  })

  test('is asked for once, however often the create has to wait', async () => {
    const { world, told } = await runApply({
      port: { denied: ['GetBackend'] },
      play: (there, clock) => {
        const job = there.addJob('UpdateBackendAPI', 'RUNNING')
        clock.schedule(10_000, () => {
          there.endJob(job, { status: 'COMPLETED' })
        })
      },
    })
    expect(world.mutations).toHaveLength(2)
    expect(titles(told)).toEqual(['Backend not checked'])
  })
})

describe('on a throttled account', () => {
  const throttled: Fault = { failure: 'throttled' }
  /** What was said of the calls that failed, without the reasons. */
  const pausesOf = ({ retries }: Recorded): readonly string[] =>
    retries.map((line) => line.replace(/ failed .* in /, ': '))

  test('every throttled answer makes the next throttled call wait longer, whichever it is', async () => {
    const { result, told, world } = await runApply({
      port: {
        faults: {
          GetBackendStorage: [throttled],
          GetBackend: [throttled],
          CreateBackendStorage: [throttled],
        },
      },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(pausesOf(told)).toEqual([
      'GetBackendStorage: 5 s.',
      'GetBackend: 10 s.',
      'CreateBackendStorage: 20 s.',
    ])
    // And polls of the job are a fifth farther apart than that may come to: 1.2 times 32 seconds.
    expect(world.calls.filter(({ operation }) => operation === 'GetBackendJob')).toEqual([
      { run: 'run', operation: 'GetBackendJob', at: 35_000 + 38_400 },
    ])
  })

  test('a throttled poll makes the throttled look after it wait longer', async () => {
    const { result, told } = await runApply({
      port: {
        faults: {
          GetBackendJob: [throttled, throttled],
          GetBackendStorage: [undefined, throttled],
        },
      },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(pausesOf(told)).toEqual([
      'GetBackendJob: 6 s.',
      'GetBackendJob: 10 s.',
      'GetBackendStorage: 20 s.',
    ])
  })

  test('other failures in between are waited out as ever, and count nothing', async () => {
    const { told } = await runApply({
      order: { wait: false },
      port: {
        faults: {
          GetBackendStorage: [throttled, { failure: 'unavailable' }],
          CreateBackendStorage: [{ failure: 'connectionRefused' }, throttled],
        },
      },
    })
    // The second failure of a call in a row has a ceiling of two seconds, or of sixteen where throttled.
    expect(pausesOf(told)).toEqual([
      'GetBackendStorage: 5 s.',
      'GetBackendStorage: 1 s.',
      'CreateBackendStorage: 1 s.',
      'CreateBackendStorage: 10 s.',
    ])
  })

  test('a plan is as patient', async () => {
    const { told, durationMs } = await runPlan({
      port: { faults: { GetBackendStorage: [throttled], GetBackend: [throttled] } },
    })
    expect(pausesOf(told)).toEqual(['GetBackendStorage: 5 s.', 'GetBackend: 10 s.'])
    expect(durationMs).toBe(15_000)
  })

  test('nothing is remembered where the calls are not known to share a limit', async () => {
    const { told, world } = await runApply({
      engine: { pressure: null },
      port: {
        faults: {
          GetBackendStorage: [throttled],
          GetBackend: [throttled],
          CreateBackendStorage: [throttled],
        },
      },
    })
    expect(pausesOf(told)).toEqual([
      'GetBackendStorage: 1 s.',
      'GetBackend: 1 s.',
      'CreateBackendStorage: 1 s.',
    ])
    const polls = world.calls.filter(({ operation }) => operation === 'GetBackendJob')
    expect(polls.map(({ at }) => at)).toEqual([7_000, 12_500, 18_000, 23_500])
  })
})

describe('guests', () => {
  const asked = (unauthenticated: readonly 'READ'[] | undefined): Scenario => ({
    order: { ifExists: 'update', desired: { ...DESIRED, unauthenticated } },
  })

  test('that get access are warned of, once', async () => {
    const { told } = await runApply({
      ...asked(['READ']),
      port: { faults: { CreateBackendStorage: [lostAfterEffect] } },
      world: { times: TIME_STYLES.garbage },
    })
    expect(told.warnings.filter(({ title }) => title === 'Guests get access')).toEqual([
      {
        title: 'Guests get access',
        text: 'unauthenticated-permissions give everybody access without signing in, and switch on unauthenticated identities in the Cognito identity pool of the app.',
      },
    ])
  })

  test('that get access are warned of once, too, where another job has to end first', async () => {
    const { told, world } = await runApply({
      ...asked(['READ']),
      play: (there, clock) => {
        const job = there.addJob('UpdateBackendAPI', 'RUNNING')
        clock.schedule(10_000, () => {
          there.endJob(job, { status: 'COMPLETED' })
        })
      },
    })
    expect(world.mutations).toHaveLength(2)
    expect(titles(told)).toEqual(['Guests get access'])
  })

  test.each([[[]], [undefined]] as const)('that get none (%j) are not', async (unauthenticated) => {
    expect((await runApply(asked(unauthenticated))).told.warnings).toEqual([])
  })

  test('that get access by an update are warned of, those that had it are not', async () => {
    const update = (unauthenticated: readonly string[]): Scenario => ({
      ...asked(['READ']),
      play: withStorage({ unauthenticated }),
    })
    expect(titles((await runApply(update([]))).told)).toEqual(['Guests get access'])
    expect(titles((await runApply(update(['DELETE']))).told)).toEqual([])
    expect(titles((await runPlan(update([]))).told)).toEqual(['Guests get access'])
    expect(titles((await runPlan(update(['DELETE']))).told)).toEqual([])
    expect(titles((await runPlan(asked(['READ']))).told)).toEqual(['Guests get access'])
  })
})

describe('where there is a storage', () => {
  test('that is equal, nothing is done', async () => {
    const { result, world, told } = await runApply({ play: withStorage() })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
    expect(operations(world)).toEqual(['GetBackendStorage', 'GetBackend', 'ListBackendJobs'])
    expect(told.lines).toEqual(['The storage "media" is there as asked.'])
    expect([told.changes.flat(), told.warnings, told.jobs]).toEqual([[], [], []])
  })

  test('that is equal, a pending job is waited for, and then it is looked at again', async () => {
    const { result, told, durationMs } = await runApply({
      play: (world, clock) => {
        world.addStorage(MEDIA)
        const job = world.addJob('UpdateBackendStorage', 'RUNNING')
        clock.schedule(10_000, () => {
          world.endJob(job, { status: 'COMPLETED' })
          world.addStorage({ ...MEDIA, authenticated: ['READ'] })
        })
      },
    })
    expect(durationMs).toBe(11_000)
    expect(result).toMatchObject({
      code: 'STORAGE_DIFFERS',
      message:
        'The storage "media" exists with other settings: authenticated-permissions is READ, asked is READ, CREATE_AND_UPDATE.',
    })
    expect(told.lines[0]).toMatch(/^Waiting for another job of "prod": other-1/)
    expect(told.changes).toEqual([
      [
        {
          field: 'authenticated-permissions',
          from: ['READ'],
          to: ['READ', 'CREATE_AND_UPDATE'],
        },
      ],
    ])
  })

  test('that is equal and whose jobs may not be listed is unchanged, with a warning', async () => {
    const { result, told } = await runApply({
      play: withStorage(),
      port: { denied: ['ListBackendJobs'] },
    })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
    expect(titles(told)).toEqual(['Pending jobs not seen'])
  })

  test('that differs is red under match, and its differences are told', async () => {
    const { result, world, told } = await runApply({ play: withStorage({ authenticated: [] }) })
    expect(result).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
    expect(world.mutations).toEqual([])
    expect(told.changes).toHaveLength(1)
  })

  test('of another bucket is red under update too', async () => {
    const { result, world } = await runApply({
      order: { ifExists: 'update' },
      play: withStorage({ baseName: 'videos' }),
    })
    expect(result).toMatchObject({
      code: 'BUCKET_FIXED',
      message:
        'The storage "media" has another bucket, and a bucket cannot be changed: bucket-name is videos14a5e-prod, asked is photos.',
    })
    expect(world.mutations).toEqual([])
  })

  test('any is red under fail', async () => {
    const { result, world } = await runApply({
      order: { ifExists: 'fail' },
      play: withStorage(),
    })
    expect(result).toMatchObject({ code: 'STORAGE_EXISTS', result: 'failed' })
    expect(world.mutations).toEqual([])
  })

  test('that differs is updated under update, with what it had for guests', async () => {
    const { result, world, told } = await runApply({
      order: { ifExists: 'update' },
      play: withStorage({ authenticated: ['DELETE'], unauthenticated: ['READ'] }),
    })
    expect(result).toEqual({
      ok: true,
      value: { result: 'updated', seen: true, bucketName: BUCKET },
    })
    expect(world.mutations[0]).toMatchObject({
      operation: 'UpdateBackendStorage',
      asked: { authenticated: ['READ', 'CREATE_AND_UPDATE'], unauthenticated: ['READ'] },
    })
    const changes = [
      {
        field: 'authenticated-permissions',
        from: ['DELETE'],
        to: ['READ', 'CREATE_AND_UPDATE'],
      },
    ]
    expect(told.changes).toEqual([changes])
    expect(told.lines[0]).toBe(
      'Updating the storage "media":\n  Signed-in users: DELETE → READ, CREATE_AND_UPDATE',
    )
  })

  test('an update is not kept back by what stands in the way of a create', async () => {
    const { result, world } = await runApply({
      order: { ifExists: 'update', desired: { ...DESIRED, bucketName: undefined } },
      world: { auth: false },
      play: withStorage({ authenticated: ['DELETE'] }),
    })
    expect(result).toMatchObject({ ok: true, value: { result: 'updated' } })
    expect(operations(world).slice(0, 2)).toEqual(['GetBackendStorage', 'UpdateBackendStorage'])
  })

  test('an update without waiting ends as started', async () => {
    const { result } = await runApply({
      order: { ifExists: 'update', wait: false },
      play: withStorage({ authenticated: [] }),
    })
    expect(result).toMatchObject({ ok: true, value: { result: 'started' } })
  })

  test('an update that is refused has told what it was to change', async () => {
    const { result, told } = await runApply({
      order: { ifExists: 'update' },
      port: { denied: ['UpdateBackendStorage'] },
      play: withStorage({ authenticated: ['READ'] }),
    })
    expect(result).toMatchObject({ code: 'ACCESS_DENIED', result: 'failed' })
    expect(told.changes).toEqual([
      [
        {
          field: 'authenticated-permissions',
          from: ['READ'],
          to: ['READ', 'CREATE_AND_UPDATE'],
        },
      ],
    ])
  })

  test('an update that fails is never taken for a storage that exists', async () => {
    const { result } = await runApply({
      order: { ifExists: 'update' },
      world: { ends: [{ status: 'FAILED', error: EXISTS_TEXT }] },
      play: withStorage({ authenticated: [] }),
    })
    expect(result).toMatchObject({ code: 'OTHER_STORAGE', result: 'failed' })
  })

  test('it is not there for a plan either, where the role may not read', async () => {
    const { result } = await runPlan({
      play: withStorage(),
      port: { denied: ['GetBackendStorage'] },
    })
    expect(result).toMatchObject({
      code: 'ACCESS_DENIED',
      result: 'failed',
      requestId: 'request-403',
      message:
        'Nothing was planned. The credentials may not call GetBackendStorage: 403 AccessDeniedException: User is not authorized to perform that.',
      advice: containing('Allow amplifybackend:GetBackendStorage'),
    })
  })
})

describe('the look', () => {
  test.each(['badRequest', 'forbidden', 'badKeys'] as const)(
    'that ends in %s is red',
    async (failure) => {
      const { result, world } = await runApply({
        port: { always: { GetBackendStorage: { failure } } },
      })
      expect(result).toMatchObject({ ok: false, result: 'failed' })
      expect(world.calls).toHaveLength(1)
    },
  )

  test('that fails in every attempt is red', async () => {
    const { result } = await runApply({
      engine: { maxAttempts: 3 },
      port: { always: { GetBackendStorage: { failure: 'reset' } } },
    })
    expect(result).toMatchObject({ code: 'NO_ANSWER', result: 'failed' })
  })

  test('that fails until the deadline is timed out', async () => {
    const { result } = await runApply({
      engine: { timeoutMs: 60_000, maxAttempts: 20 },
      port: { always: { GetBackendStorage: { failure: 'throttled' } } },
    })
    expect(result).toMatchObject({
      code: 'TIMED_OUT',
      result: 'timed-out',
      message:
        'The time of the run was used up while GetBackendStorage kept failing: 429 TooManyRequestsException: Rate exceeded.',
    })
  })

  test('takes an answer without a storage for none', async () => {
    const { result } = await runApply({ world: { absentAs: 'empty' } })
    expect(result).toEqual({ ok: true, value: CREATED })
  })
})

describe('a role that may not read', () => {
  const denied = { denied: ['GetBackendStorage'] } as const

  test('is told so once; the apply goes on, and the storage counts as not seen', async () => {
    const { result, told } = await runApply({ port: denied })
    expect(result).toEqual({
      ok: true,
      value: { result: 'created', seen: false, bucketName: undefined },
    })
    expect(told.warnings).toEqual([
      {
        title: 'Storage not read',
        text: 'The role may not read the storage (amplifybackend:GetBackendStorage): 403 AccessDeniedException: User is not authorized to perform that.',
      },
    ])
  })

  test('is told so without waiting, too', async () => {
    const { told } = await runApply({ port: denied, order: { wait: false } })
    expect(titles(told)).toEqual(['Storage not read'])
  })

  test('is told so once, too, when it has to wait again and again', async () => {
    const { result, told, world } = await runApply({
      port: { denied: READS },
      play: (there, clock) => {
        const job = there.addJob('UpdateBackendAPI', 'RUNNING')
        clock.schedule(100_000, () => {
          there.endJob(job, { status: 'COMPLETED' })
        })
      },
    })
    expect(result).toMatchObject({ ok: true, value: { result: 'created', seen: false } })
    expect(world.mutations.map(({ at }) => at)).toEqual([
      0, 22_500, 45_000, 67_500, 90_000, 112_500,
    ])
    expect(titles(told)).toEqual(['Storage not read'])
  })

  test('is told so at the end, when it may not read any more', async () => {
    const { result, told } = await runApply({
      port: { faults: { GetBackendStorage: [undefined, { failure: 'accessDenied' }] } },
    })
    expect(result).toMatchObject({ ok: true, value: { result: 'created', seen: false } })
    expect(titles(told)).toEqual(['Storage not read'])
  })

  test('cannot tell an equal storage from another: red', async () => {
    const { result } = await runApply({
      port: { denied: ['GetBackendStorage', 'GetBackend'] },
      play: withStorage(),
    })
    expect(result).toMatchObject({
      code: 'STORAGE_EXISTS',
      result: 'failed',
      requestId: 'request-400',
      message: `The service says that the environment has a storage already, and the role may not look at it: "400 BadRequestException: ${EXISTS_TEXT}".`,
      advice:
        'Allow amplifybackend:GetBackendStorage for the role, so that an equal storage counts as done. To look: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
    })
  })

  test('whose lost create is sent again blindly, and whose job then finds the storage: unknown', async () => {
    const { result, world } = await runApply({
      world: { oneStorage: 'failed-job', jobMs: 10_000 },
      port: {
        denied: [...READS, 'GetBackend'],
        faults: { CreateBackendStorage: [lostAfterEffect] },
      },
    })
    expect(result).toMatchObject({
      code: 'UNKNOWN_OUTCOME',
      result: 'unknown',
      message: containing(`so the first was probably executed`),
    })
    expect(result).toMatchObject({ message: containing(EXISTS_TEXT) })
    expect(world.mutations).toHaveLength(2)
  })
})

describe('when another run was first', () => {
  /** The storage appears between the look and the create. */
  const overtaken = (members: Partial<typeof MEDIA> = {}): Scenario => ({
    port: { latency: () => 100 },
    play: (world, clock) => {
      clock.schedule(250, () => {
        world.addStorage({ ...MEDIA, ...members })
      })
    },
  })

  test('an equal storage is unchanged, with a warning', async () => {
    const { result, told, world } = await runApply({ ...overtaken(), world: { metadata: '{}' } })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
    expect(world.mutations).toHaveLength(1)
    expect(told.warnings).toEqual([
      {
        title: 'Another run was first',
        text: matching(
          /^The storage was created by another run in the meantime, as asked here: "400 BadRequestException: Amazon S3 storage .+"\.$/,
        ),
      },
    ])
    expect(told.changes.at(-1)).toEqual([])
  })

  test('an equal storage whose job is pending is waited for first', async () => {
    const { result, durationMs } = await runApply({
      world: { metadata: '{}', oneJob: false },
      port: { latency: () => 100 },
      play: (world, clock) => {
        clock.schedule(250, () => {
          world.addStorage(MEDIA)
          const job = world.addJob('CreateBackendStorage', 'RUNNING')
          clock.schedule(10_000, () => {
            world.endJob(job, { status: 'COMPLETED' })
          })
        })
      },
    })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
    expect(durationMs).toBeGreaterThan(10_250)
  })

  test.each(['match', 'update', 'fail'] as const)(
    'a different one is red under %s',
    async (mode) => {
      const { result, world } = await runApply({
        ...overtaken({ authenticated: [] }),
        world: { metadata: '{}' },
        order: { ifExists: mode },
      })
      expect(result).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
      expect(world.mutations).toHaveLength(1)
    },
  )

  test('an equal one is unchanged under fail too: this run did not find it, it lost a race', async () => {
    const { result } = await runApply({
      ...overtaken(),
      world: { metadata: '{}' },
      order: { ifExists: 'fail' },
    })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
  })

  test('one of another name is red', async () => {
    const { result, world } = await runApply({
      ...overtaken({ resourceName: 'files' }),
      world: { metadata: '{}' },
    })
    expect(result).toMatchObject({
      code: 'STORAGE_EXISTS',
      result: 'failed',
      requestId: 'request-400',
      message: matching(
        /^The service says that the environment has a storage already, and shows none named "media": "400 BadRequestException: .+"\.$/,
      ),
      advice:
        'There can be one S3 storage in an environment: look for one of another name in the Amplify console, and set resource-name to it or remove it.',
    })
    expect(world.mutations).toHaveLength(1)
  })

  test('a job that fails because of it is the same', async () => {
    const { result, told, world } = await runApply({
      world: { oneStorage: 'failed-job', jobMs: 10_000 },
      play: (there, clock) => {
        clock.schedule(5_000, () => {
          there.addStorage(MEDIA)
        })
      },
    })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
    expect(told.warnings).toMatchObject([
      { title: 'Another run was first', text: containing('job job-1 failed: Amazon S3') },
    ])
    expect(world.mutations).toHaveLength(1)
  })

  test('its pending job is waited for, and its equal storage is unchanged, bucket and all', async () => {
    const { result, told, world } = await runApply({
      // Only the metadata names the bucket, so what was read of it before the wait will not do.
      world: { bucketAs: 'base' },
      play: (there, clock) => {
        const job = there.addJob('CreateBackendStorage', 'RUNNING')
        clock.schedule(60_000, () => {
          there.addStorage(MEDIA)
          there.endJob(job, { status: 'COMPLETED' })
        })
      },
    })
    expect(result).toEqual({ ok: true, value: UNCHANGED })
    expect(world.mutations).toHaveLength(1)
    expect([told.warnings, told.jobs, told.changes.at(-1)]).toEqual([[], [], []])
  })

  test('its pending job may end in nothing, and then it is our turn', async () => {
    const { result, world } = await runApply({
      play: (there, clock) => {
        const job = there.addJob('CreateBackendStorage', 'RUNNING')
        clock.schedule(60_000, () => {
          there.endJob(job, { status: 'FAILED' })
        })
      },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(world.mutations).toHaveLength(2)
  })

  test('a job that stays pending is red at the deadline', async () => {
    const { result, told, durationMs } = await runApply({
      engine: { timeoutMs: 600_000 },
      play: (there) => there.addJob('CreateBackendStorage', 'RUNNING'),
    })
    expect(result).toMatchObject({ code: 'PENDING_JOB', result: 'timed-out' })
    expect(durationMs).toBe(597_000)
    expect(told.jobs).toEqual([])
  })
})

describe('when the answer to our create was lost', () => {
  const losing = (...faults: (Fault | undefined)[]): Scenario => ({
    port: { faults: { CreateBackendStorage: faults } },
  })

  test('A01: the job that was started is ours, and the end is as if nothing had happened', async () => {
    const { result, told, world } = await runApply(losing(lostAfterEffect))
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(told.jobs[0]).toEqual({ jobId: 'job-1', status: 'RUNNING' })
    expect(told.changes).toEqual([CREATE_CHANGES])
    expect(world.mutations).toHaveLength(1)
  })

  test('A01: without waiting, the end is the job that was found', async () => {
    const { result, told } = await runApply({ ...losing(lostAfterEffect), order: { wait: false } })
    expect(result).toMatchObject({ ok: true, value: { result: 'started' } })
    expect(told.jobs).toEqual([{ jobId: 'job-1', status: 'RUNNING' }])
  })

  test.each(['not-found', 'empty'] as const)(
    'A02: without effect it is sent again (%s)',
    async (absentAs) => {
      const { result, world } = await runApply({ ...losing(lost), world: { absentAs } })
      expect(result).toEqual({ ok: true, value: CREATED })
      expect(world.mutations.map(({ at }) => at)).toEqual([0, 30_000])
      expect(world.effects()).toBe(1)
    },
  )

  test('A01: a storage that turned up without a job that we know counts as created, with a warning', async () => {
    const { result, told, world } = await runApply({
      ...losing(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 1_000 },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(told.changes.at(-1)).toEqual(CREATE_CHANGES)
    expect(told.warnings).toEqual([
      {
        title: 'An answer was lost',
        text: 'The answer to a call of this run was lost, and the storage is there as asked, so it counts as created by this run.',
      },
    ])
    expect(told.lines).toContain('The storage has turned up: the lost call had taken effect.')
    expect(world.mutations).toHaveLength(1)
  })

  test('such a storage is none that exists in the sense of fail', async () => {
    const { result } = await runApply({
      ...losing(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 1_000 },
      order: { ifExists: 'fail' },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
  })

  test('a storage that turned up with other settings is red', async () => {
    const { result } = await runApply({
      ...losing(lost),
      play: (world, clock) => {
        clock.schedule(1_000, () => {
          world.addStorage({ ...MEDIA, authenticated: [] })
        })
      },
    })
    expect(result).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
  })

  test('a storage that turned up with other settings is updated where that is asked for', async () => {
    const { result, world } = await runApply({
      ...losing(lost),
      order: { ifExists: 'update' },
      play: (there, clock) => {
        clock.schedule(1_000, () => {
          there.addStorage({ ...MEDIA, authenticated: [] })
        })
      },
    })
    expect(result).toMatchObject({ ok: true, value: { result: 'updated' } })
    expect(world.mutations.map(({ operation }) => operation)).toEqual([
      'CreateBackendStorage',
      'UpdateBackendStorage',
    ])
  })

  test('a job that may be ours is waited for, and what it leaves counts as created', async () => {
    const { result, world, told } = await runApply({
      ...losing(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 100_000 },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(world.mutations).toHaveLength(1)
    expect(titles(told)).toEqual(['An answer was lost'])
  })

  test('a second create that is then refused as existing found our own: created, with a warning', async () => {
    const { result, told, world } = await runApply({
      ...losing({ failure: 'reset', effect: { lateMs: 31_000 } }),
      world: { jobMs: 0 },
      port: {
        faults: { CreateBackendStorage: [{ failure: 'reset', effect: { lateMs: 31_000 } }] },
        latency: (() => {
          let ways = 0
          return () => {
            ways += 1
            // The second create is on the way for two seconds, while the first takes effect after all.
            return ways === 31 ? 2_000 : 0
          }
        })(),
      },
    })
    expect(world.mutations).toHaveLength(2)
    expect(world.effects()).toBe(1)
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(titles(told)).toEqual(['An answer was lost'])
  })

  test('a second create that is refused, with no storage to be seen, is unknown', async () => {
    const { result } = await runApply({
      ...losing(lost),
      world: { metadata: '{}' },
      play: (world, clock) => {
        clock.schedule(29_000, () => {
          world.addStorage({ ...MEDIA, resourceName: 'files' })
        })
      },
    })
    expect(result).toMatchObject({ code: 'STORAGE_EXISTS', result: 'unknown' })
  })

  test.each(['GetBackendStorage', 'ListBackendJobs'] as const)(
    'and %s fails once the storage has turned up is unknown',
    async (operation) => {
      const { result } = await runApply({
        world: { times: TIME_STYLES.garbage, jobMs: 100 },
        engine: { maxAttempts: 2 },
        port: {
          // Two of each find that the storage has turned up; what is read after that is in vain.
          faults: { CreateBackendStorage: [lostAfterEffect], [operation]: [undefined, undefined] },
          always: { [operation]: { failure: 'internalError' } },
        },
      })
      expect(result).toMatchObject({
        code: 'SERVICE_ERROR',
        result: 'unknown',
        message: containing(`could not be established: ${operation} met an error`),
      })
    },
  )

  test('and the wait for a job that may be ours fails is unknown', async () => {
    const { result } = await runApply({
      world: { times: TIME_STYLES.garbage, jobMs: 100_000 },
      engine: { maxAttempts: 2 },
      port: {
        faults: {
          CreateBackendStorage: [lostAfterEffect],
          ListBackendJobs: Array.from({ length: 7 }, () => undefined),
        },
        always: { ListBackendJobs: { failure: 'internalError' } },
      },
    })
    expect(result).toMatchObject({
      code: 'SERVICE_ERROR',
      result: 'unknown',
      requestId: 'request-500',
      message:
        'The answer to a call that changes the storage was lost, and what became of it could not be established: ListBackendJobs met an error inside the service: 500: Internal server error.',
    })
  })

  test.each([1, 3])(
    'and the storage that turned up is not there at the next %i looks, nothing is sent within the window',
    async (count) => {
      const { result, world } = await runApply({
        world: { times: TIME_STYLES.garbage, jobMs: 100 },
        port: {
          faults: {
            CreateBackendStorage: [lostAfterEffect],
            // There is none; it has turned up; and then replicas of the service disagree.
            GetBackendStorage: [
              undefined,
              ...Array.from({ length: count }, () => [undefined, { failure: 'notFound' } as const]),
            ].flat(),
          },
        },
      })
      expect(result).toEqual({ ok: true, value: CREATED })
      expect(world.mutations).toHaveLength(1)
      expect(world.unsafeCreates).toEqual([])
    },
  )

  test('and the storage that turned up is gone at the end of the window, is sent again', async () => {
    const { result, world, told } = await runApply({
      port: { latency: () => 100, faults: { CreateBackendStorage: [lost] } },
      play: (there, clock) => {
        clock.schedule(2_000, () => {
          there.addStorage(MEDIA)
        })
        clock.schedule(3_250, () => {
          there.removeStorage('media')
        })
      },
    })
    expect(told.lines).toContain('The storage has turned up: the lost call had taken effect.')
    expect(result).toEqual({ ok: true, value: CREATED })
    const [first, second] = world.mutations
    expect(world.mutations).toHaveLength(2)
    expect(second?.at).toBeGreaterThanOrEqual((first?.endedAt ?? Infinity) + 30_000)
  })

  test('and it was the last attempt, is not sent again after the wait for somebody else', async () => {
    const { result, world } = await runApply({
      ...losing(lost),
      engine: { maxAttempts: 1 },
      play: (there, clock) => {
        clock.schedule(29_000, () => {
          const job = there.addJob('UpdateBackendAPI', 'RUNNING')
          clock.schedule(20_000, () => {
            there.endJob(job, { status: 'COMPLETED' })
          })
        })
      },
    })
    expect(world.mutations).toHaveLength(1)
    expect(result).toMatchObject({ code: 'GATEWAY_TIMEOUT', result: 'failed' })
  })

  test('what became of it counts as known as soon as the storage was looked at again', async () => {
    const { told } = await runApply({
      ...losing(lostAfterEffect),
      world: { times: TIME_STYLES.garbage, jobMs: 100_000 },
    })
    expect(told.mutations).toEqual(['open', 'settled', 'settled'])
    const denied = await runApply({
      ...losing(lost),
      port: { denied: READS, faults: { CreateBackendStorage: [lost] } },
      world: { jobMs: 1_000 },
    })
    expect(denied.told.mutations).toEqual(['open', 'open', 'settled'])
  })

  test('and the wait ends at the deadline is timed out', async () => {
    const { result } = await runApply({
      world: { times: TIME_STYLES.garbage, jobMs: 1e7 },
      engine: { timeoutMs: 120_000 },
      port: { faults: { CreateBackendStorage: [lostAfterEffect] } },
    })
    expect(result).toMatchObject({ code: 'PENDING_JOB', result: 'timed-out' })
  })
})

describe('when the answer to our update was lost', () => {
  const losing = (fault: Fault, setting: Scenario = {}): Scenario => ({
    order: { ifExists: 'update' },
    port: { faults: { UpdateBackendStorage: [fault] } },
    play: withStorage({ authenticated: [] }),
    ...setting,
  })
  const UPDATED = { ok: true, value: { result: 'updated', seen: true, bucketName: BUCKET } }

  test('its job is found', async () => {
    const { result, world, told } = await runApply(losing(lostAfterEffect))
    expect(result).toEqual(UPDATED)
    expect(world.mutations).toHaveLength(1)
    expect(told.jobs[0]).toEqual({ jobId: 'job-1', status: 'RUNNING' })
    expect(told.warnings).toEqual([])
  })

  test('its effect is found, and counts as updated, with a warning', async () => {
    const { result, told, world } = await runApply(
      losing(lostAfterEffect, { world: { times: TIME_STYLES.garbage, jobMs: 1_000 } }),
    )
    expect(result).toEqual(UPDATED)
    expect(world.mutations).toHaveLength(1)
    expect(told.warnings).toMatchObject([
      { title: 'An answer was lost', text: containing('counts as updated by this run') },
    ])
  })

  test('and it had none, it is sent again', async () => {
    const { result, world } = await runApply(losing(lost))
    expect(result).toEqual(UPDATED)
    expect(world.mutations.map(({ at }) => at)).toEqual([0, 30_000])
  })

  test('and somebody else’s job came in between, it is sent again after that', async () => {
    const { result, world } = await runApply(
      losing(lost, {
        play: (there, clock) => {
          there.addStorage({ ...MEDIA, authenticated: [] })
          clock.schedule(29_000, () => {
            const job = there.addJob('UpdateBackendAPI', 'RUNNING')
            clock.schedule(20_000, () => {
              there.endJob(job, { status: 'COMPLETED' })
            })
          })
        },
      }),
    )
    expect(result).toEqual(UPDATED)
    expect(world.mutations).toHaveLength(2)
  })
})

describe('an effect that comes later than the window', () => {
  // Documented in the design: 30 seconds are the longest that a lost call is looked for. Nothing that a
  // client can do excludes a later effect, since the API has no idempotency token.
  const late = (lateMs: number, world: Scenario['world'] = {}): Scenario => ({
    world: { jobMs: 20_000, ...world },
    port: { faults: { CreateBackendStorage: [{ failure: 'gatewayTimeout', effect: { lateMs } }] } },
  })

  test('one millisecond before its end there is one create', async () => {
    const scene = await runApply(late(29_999, { oneJob: false, oneStorage: 'off' }))
    expect(scene.world.mutations).toHaveLength(1)
    expect(scene.result).toEqual({ ok: true, value: CREATED })
  })

  test('meets the second create, and the service’s own rule turns it away: one storage, green', async () => {
    const scene = await runApply(late(35_000))
    await scene.clock.drain()
    expect(scene.world.mutations.map(({ at }) => at)).toEqual([0, 30_000])
    expect(scene.world.effects()).toBe(1)
    expect(scene.result).toEqual({ ok: true, value: CREATED })
  })

  test('that comes while the second is on its way turns that away instead: still one storage, green', async () => {
    let ways = 0
    const scene = await runApply({
      ...late(31_000),
      port: {
        faults: {
          CreateBackendStorage: [{ failure: 'gatewayTimeout', effect: { lateMs: 31_000 } }],
        },
        latency: () => {
          ways += 1
          return ways === 31 ? 2_000 : 0
        },
      },
    })
    await scene.clock.drain()
    expect(scene.world.mutations).toHaveLength(2)
    expect(scene.world.effects()).toBe(1)
    expect(scene.result).toEqual({ ok: true, value: CREATED })
  })

  test('creates twice where the service has no such rule: two at most, and the run is green once', async () => {
    const scene = await runApply(late(35_000, { oneJob: false, oneStorage: 'off' }))
    await scene.clock.drain()
    expect(scene.world.mutations).toHaveLength(2)
    expect(scene.world.effects()).toBe(2)
    expect(scene.result).toEqual({ ok: true, value: CREATED })
  })
})

describe('after the job is complete', () => {
  test('a storage that shows late is looked for again', async () => {
    const { result, told, durationMs } = await runApply({
      world: { storageLagMs: 14_000, jobMs: 3_000 },
    })
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(durationMs).toBe(20_500)
    expect(told.lines.filter((line) => line.includes('not yet seen'))).toEqual(
      Array(3).fill('The storage is not yet seen as asked; looking again in 5 s.'),
    )
  })

  test('a storage that does not show is unknown', async () => {
    const { result, world, durationMs } = await runApply({
      world: { storageLagMs: 1e9, jobMs: 3_000 },
    })
    expect(result).toMatchObject({
      code: 'STORAGE_NOT_SEEN',
      result: 'unknown',
      message: 'The job was reported complete, and the storage "media" is not there.',
      advice:
        'Look at it before running again: aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --resource-name media',
    })
    expect(world.count('GetBackendStorage')).toBe(7)
    expect(durationMs).toBe(5_500 + 25_000)
  })

  test('a storage that is there otherwise is red', async () => {
    const { result, world } = await runApply({
      world: { jobMs: 3_000 },
      play: (there, clock) => {
        clock.schedule(3_500, () => {
          there.addStorage({ ...MEDIA, authenticated: [] })
        })
      },
    })
    expect(result).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
    expect(world.count('GetBackendStorage')).toBe(7)
  })

  test('no look begins that would come after the deadline', async () => {
    const at = (timeoutMs: number) =>
      runApply({ world: { storageLagMs: 1e9, jobMs: 3_000 }, engine: { timeoutMs } })
    expect((await at(10_500)).durationMs).toBe(5_500)
    expect((await at(10_501)).durationMs).toBe(10_500)
    expect((await at(10_501)).result).toMatchObject({ code: 'STORAGE_NOT_SEEN' })
  })

  test('a look that fails leaves open whether it is as asked: unknown', async () => {
    const { result } = await runApply({
      engine: { maxAttempts: 2 },
      port: {
        faults: { GetBackendStorage: [undefined] },
        always: { GetBackendStorage: { failure: 'internalError' } },
      },
    })
    expect(result).toMatchObject({
      code: 'SERVICE_ERROR',
      result: 'unknown',
      requestId: 'request-500',
      message:
        'The job was reported complete, and the storage could not be looked at: GetBackendStorage met an error inside the service: 500: Internal server error.',
    })
  })

  test('a look that fails until the deadline is timed out', async () => {
    const { result } = await runApply({
      engine: { timeoutMs: 60_000, maxAttempts: 20 },
      port: {
        faults: { GetBackendStorage: [undefined] },
        always: { GetBackendStorage: { failure: 'internalError' } },
      },
    })
    expect(result).toMatchObject({ code: 'TIMED_OUT', result: 'timed-out' })
  })
})

describe('the bucket', () => {
  const bucketOf = async (setting: Scenario): Promise<unknown> => {
    const { result, told } = await runApply({ play: withStorage(), ...setting })
    return result.ok ? [result.value.bucketName, titles(told)] : result.code
  }
  const anyBucket = { order: { desired: { ...DESIRED, bucketName: undefined } } }

  test('is the described one where that is physical', async () => {
    expect(await bucketOf({})).toEqual([BUCKET, []])
    expect(await bucketOf(anyBucket)).toEqual([BUCKET, []])
    expect(await bucketOf({ ...anyBucket, port: { denied: ['GetBackend'] } })).toEqual([BUCKET, []])
  })

  test('comes out of the metadata where only the base name is described', async () => {
    expect(await bucketOf({ world: { bucketAs: 'base' } })).toEqual([BUCKET, []])
    expect(await bucketOf({ world: { bucketAs: 'base' }, ...anyBucket })).toEqual([BUCKET, []])
    expect(await bucketOf({ world: { bucketAs: 'absent' } })).toEqual([BUCKET, []])
    expect(await bucketOf({ world: { bucketAs: 'absent' }, ...anyBucket })).toEqual([BUCKET, []])
  })

  test('stays unknown where nothing tells, with a warning', async () => {
    const hidden = { denied: ['GetBackend'] } as const
    expect(await bucketOf({ world: { bucketAs: 'base' }, port: hidden })).toEqual([
      undefined,
      ['Bucket name not known'],
    ])
    const texts = async (bucketAs: 'base' | 'absent') =>
      (
        await runApply({ play: withStorage(), world: { bucketAs }, port: hidden })
      ).told.warnings.map(({ text }) => text)
    expect(await texts('base')).toEqual([
      'Only the base name of the bucket is known ("photos"); the output bucket-name stays empty.',
    ])
    expect(await texts('absent')).toEqual([
      'The service does not tell the bucket; the output bucket-name stays empty.',
    ])
  })

  test('is that of the storage asked for, where the metadata has several', async () => {
    const play: Scenario['play'] = (world) => {
      world.addStorage({ ...MEDIA, resourceName: 'files', baseName: 'files' })
      world.addStorage(MEDIA)
    }
    expect(await bucketOf({ world: { bucketAs: 'base' }, play })).toEqual([BUCKET, []])
  })

  test('stays unknown where the metadata knows no such storage', async () => {
    const metadata = JSON.stringify({
      providers: { awscloudformation: { StackName: 'amplify-octoapp-prod-14a5e' } },
      auth: { cognito: {} },
    })
    expect(await bucketOf({ world: { bucketAs: 'base', metadata } })).toEqual([
      undefined,
      ['Bucket name not known'],
    ])
  })

  test('is never a base name that looks like a physical one', async () => {
    const desired = { ...DESIRED, bucketName: 'my-photos-prod' }
    const play = withStorage({ baseName: 'my-photos-prod' })
    const world = { bucketAs: 'base' } as const
    expect(await bucketOf({ world, play, order: { desired } })).toEqual([
      'my-photos-prod14a5e-prod',
      [],
    ])
    expect(await bucketOf({ world, play, ...anyBucket })).toEqual(['my-photos-prod14a5e-prod', []])
    expect(
      await bucketOf({ world, play, order: { desired }, port: { denied: ['GetBackend'] } }),
    ).toEqual([undefined, ['Bucket name not known']])
  })

  test('is compared by the metadata where the storage does not tell it', async () => {
    expect(
      await bucketOf({ world: { bucketAs: 'absent' }, play: withStorage({ baseName: 'videos' }) }),
    ).toBe('BUCKET_FIXED')
  })

  test('is compared by the suffix of the stack, where that is known', async () => {
    // Asked for "photos", there is "photos14" with the suffix "14a5e".
    expect(await bucketOf({ play: withStorage({ baseName: 'photos1' }) })).toBe('BUCKET_FIXED')
    // Without the metadata, six characters may be the suffix.
    expect(
      await bucketOf({
        play: withStorage({ baseName: 'photos1' }),
        port: { denied: ['GetBackend'] },
      }),
    ).toEqual(['photos114a5e-prod', []])
  })

  test('costs no call of its own where the described name is the base name that was asked for', async () => {
    const { world, told } = await runPlan({ play: withStorage(), world: { bucketAs: 'base' } })
    expect(operations(world)).toEqual(['GetBackendStorage'])
    expect(told.storages).toMatchObject([{ bucketName: 'photos' }])
    const any = await runPlan({ play: withStorage(), ...anyBucket })
    expect(operations(any.world)).toEqual(['GetBackendStorage'])
  })
})

describe('a plan', () => {
  test('of a create has its changes', async () => {
    const { result, world } = await runPlan()
    expect(result).toEqual({ ok: true, value: CREATE_CHANGES })
    expect(operations(world)).toEqual(['GetBackendStorage', 'GetBackend'])
  })

  test('of nothing has none', async () => {
    expect((await runPlan({ play: withStorage() })).result).toEqual({ ok: true, value: [] })
  })

  test('of an update has its changes', async () => {
    const { result } = await runPlan({
      play: withStorage({ authenticated: ['READ'] }),
      order: { ifExists: 'update' },
    })
    expect(result).toEqual({
      ok: true,
      value: [
        {
          field: 'authenticated-permissions',
          from: ['READ'],
          to: ['READ', 'CREATE_AND_UPDATE'],
        },
      ],
    })
  })

  test('of what an apply would refuse is red, and tells the differences', async () => {
    const { result, told } = await runPlan({ play: withStorage({ authenticated: ['READ'] }) })
    expect(result).toMatchObject({ code: 'STORAGE_DIFFERS', result: 'failed' })
    expect(told.changes).toHaveLength(1)
    const failing = await runPlan({ play: withStorage(), order: { ifExists: 'fail' } })
    expect(failing.result).toMatchObject({ code: 'STORAGE_EXISTS' })
    expect(failing.told.changes).toEqual([[]])
  })

  test('warns of what the merge may bring', async () => {
    const auth = await runPlan({ world: { auth: false } })
    expect(auth.result).toEqual({ ok: true, value: CREATE_CHANGES })
    expect(auth.told.warnings).toEqual([
      {
        title: 'The apply would fail as things are',
        text: 'The environment "prod" has no auth resource, and S3 storage needs one. Add auth (Cognito) to the backend environment, then run again.',
      },
    ])
    const environment = await runPlan({ world: { environments: ['dev'] } })
    expect(environment.result.ok).toBe(true)
    expect(environment.told.warnings[0]?.text).toMatch(
      /^The app "d1a2b3c4d5" has no backend environment "prod"; it has "dev"\. /,
    )
  })

  test('is red by what no merge brings', async () => {
    const other = await runPlan({ play: withStorage({ resourceName: 'files' }) })
    expect(other.result).toMatchObject({ code: 'OTHER_STORAGE', result: 'failed' })
    const app = await runPlan({ port: { always: { GetBackend: { failure: 'notFound' } } } })
    expect(app.result).toMatchObject({ code: 'NOT_FOUND', result: 'failed' })
  })

  test('goes on where the backend cannot be read, with a warning', async () => {
    const { result, told } = await runPlan({ port: { denied: ['GetBackend'] } })
    expect(result).toEqual({ ok: true, value: CREATE_CHANGES })
    expect(titles(told)).toEqual(['Backend not checked'])
  })

  test('whose look fails is red', async () => {
    const { result } = await runPlan({
      engine: { maxAttempts: 1 },
      port: { always: { GetBackendStorage: { failure: 'unavailable' } } },
    })
    expect(result).toMatchObject({ code: 'SERVICE_ERROR', result: 'failed' })
  })
})

describe('two runs that want the same storage', () => {
  test.each([0, 40, 90, 160, 5_000, 19_000, 25_000])(
    'both end green with one create, %i ms apart',
    async (apart) => {
      const clock = virtualClock()
      const world = virtualAmplify(clock)
      const run = async (name: string, after: number) => {
        const { context } = aStorageContext(clock, world.connect({ run: name, latency: () => 50 }))
        await clock.sleep(after, context.retryPolicy.signal)
        return resultOf(apply(context, applyOptions()))
      }
      const [first, second] = await clock.run(Promise.all([run('first', 0), run('second', apart)]))
      expect(first).toEqual({ ok: true, value: CREATED })
      expect(second).toEqual({ ok: true, value: UNCHANGED })
      expect(world.effects('first') + world.effects('second')).toBe(1)
    },
  )
})

describe('cancellation', () => {
  test.each([50, 150, 250, 5_000, 22_850])(
    'after %i ms ends the run with its reason',
    async (ms) => {
      const abort = new AbortController()
      const run = runApply({
        port: { latency: () => 50 },
        engine: { signal: abort.signal },
        play: (_world, clock) => {
          clock.schedule(ms, () => {
            abort.abort(new Error('SIGINT'))
          })
        },
      })
      await expect(run).rejects.toThrow('SIGINT')
    },
  )
})

describe('an error that is none of ours', () => {
  test('comes through as it is, also after a lost answer', async () => {
    const clock = virtualClock()
    const world = virtualAmplify(clock)
    const port = world.connect({ latency: () => 0, faults: { CreateBackendStorage: [lost] } })
    let lists = 0
    const broken = {
      ...port,
      listJobs: (...given: Parameters<typeof port.listJobs>) => {
        lists += 1
        if (lists > 6) throw new TypeError('a mistake of ours')
        return port.listJobs(...given)
      },
      createStorage: (...given: Parameters<typeof port.createStorage>) =>
        lists < 6
          ? port.createStorage(...given)
          : Promise.resolve({
              ok: false,
              failure: createFailure('CreateBackendStorage', 'badRequest', {
                message: 'pending job',
              }),
            } as const),
    }
    const { context } = aStorageContext(clock, broken)
    await expect(clock.run(apply(context, applyOptions()))).rejects.toThrow('a mistake of ours')
  })
})
