/**
 * A run that is cancelled at any moment: it is gone within a second, says what it knows of what goes on
 * remotely, and has set its outputs.
 */
import { describe, expect, it } from 'vitest'

import { addJob, addStorage, type Emulator, type OperationName } from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import { createTestBed } from '../support/run-action.ts'
import { runAndCancel, type CancelOptions } from '../support/cancel-action.ts'
import { seededRandom, newSeed, type SeededRandom } from '../support/seeded-random.ts'
import { scenario } from '../support/scenario.ts'
import { caseCount } from '../support/sampling.ts'

// They wait most of the time; more at once would take from each other the second that a run has to end in.
/** What is known of what the run has begun. */
type Known =
  /** Nothing of it goes on. */
  | 'nothing'
  /** A call was sent, and its answer did not come. */
  | 'open'
  /** The service has answered with a job. */
  | 'job'
  /** Nothing before the create was sent, its job afterwards. */
  | 'by-chance'

type CancelPoint = Readonly<{
  name: string
  prepare(emulator: Emulator): void
  with?: Readonly<Record<string, string>>
  after: OperationName
  /** The earliest and the latest moment for the signal, in milliseconds after that call. */
  from?: number
  to?: number
  known: Known
  /** Calls go on there; one of them may be on its way when the signal comes. */
  calling?: true
}>

const othersJob = 'somebody-elses-job'
const create = 'CreateBackendStorage'
const persistent = { times: 'always' } as const

const nothing = (): void => undefined
const stall =
  (operation: OperationName) =>
  (emulator: Emulator): void => {
    emulator.injectFault({ operation, kind: 'stall', ...persistent })
  }

function addOther(emulator: Emulator): void {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    permissions: { authenticated: ['READ'] },
  })
}

const cancelPoints: readonly CancelPoint[] = [
  { name: 'while no token comes', prepare: stall('token'), after: 'token', known: 'nothing' },
  {
    name: 'while STS is silent',
    prepare: stall('AssumeRoleWithWebIdentity'),
    after: 'AssumeRoleWithWebIdentity',
    known: 'nothing',
  },
  {
    name: 'while the first look hangs',
    prepare: stall('GetBackendStorage'),
    after: 'GetBackendStorage',
    known: 'nothing',
  },
  {
    name: 'while the check of the backend hangs',
    prepare: stall('GetBackend'),
    after: 'GetBackend',
    known: 'nothing',
  },
  {
    name: 'while it backs off before another create',
    prepare: (emulator: Emulator) => {
      emulator.injectFault({
        operation: create,
        kind: 'status',
        status: 429,
        headers: { 'retry-after': '60' },
        ...persistent,
      })
    },
    after: create,
    from: 60,
    known: 'nothing',
  },
  {
    name: 'while a create is under way whose answer comes in time',
    prepare: (emulator: Emulator) => {
      emulator.injectFault({ operation: create, kind: 'delay', ms: 300, when: 'after' })
    },
    after: create,
    to: 200,
    known: 'job',
  },
  {
    name: 'while an update is under way whose answer comes in time',
    prepare: (emulator: Emulator) => {
      addOther(emulator)
      emulator.injectFault({
        operation: 'UpdateBackendStorage',
        kind: 'delay',
        ms: 300,
        when: 'after',
      })
    },
    with: { 'if-exists': 'update' },
    after: 'UpdateBackendStorage',
    to: 200,
    known: 'job',
  },
  {
    name: 'while a create is under way whose answer comes too late',
    prepare: (emulator: Emulator) => {
      emulator.injectFault({ operation: create, kind: 'delay', ms: 3_000, when: 'after' })
    },
    after: create,
    known: 'open',
  },
  {
    name: 'while a create is under way whose answer never comes',
    prepare: stall(create),
    after: create,
    known: 'open',
  },
  {
    name: 'while an update is under way whose answer never comes',
    prepare: (emulator: Emulator) => {
      addOther(emulator)
      stall('UpdateBackendStorage')(emulator)
    },
    with: { 'if-exists': 'update' },
    after: 'UpdateBackendStorage',
    known: 'open',
  },
  {
    name: 'while it looks for a create whose answer was lost',
    prepare: (emulator: Emulator) => {
      emulator.state.rules.jobListedAfterMs = 600_000
      emulator.injectFault({ operation: create, kind: 'reset', when: 'after' })
    },
    after: create,
    from: 60,
    to: 900,
    known: 'open',
    calling: true,
  },
  {
    name: 'while the search for a lost create hangs',
    prepare: (emulator: Emulator) => {
      emulator.injectFault({ operation: create, kind: 'status', status: 504, when: 'after' })
      stall('ListBackendJobs')(emulator)
    },
    after: 'ListBackendJobs',
    known: 'open',
  },
  {
    name: 'while it waits for its job',
    prepare: nothing,
    after: create,
    from: 100,
    to: 900,
    known: 'job',
  },
  {
    name: 'while it waits for a job of somebody else',
    prepare: (emulator: Emulator) => {
      addJob(emulator.environment(), {
        jobId: othersJob,
        operation: 'UpdateBackendAuth',
        status: 'RUNNING',
        createTime: String(emulator.clock.now()),
      })
    },
    after: 'ListBackendJobs',
    from: 60,
    to: 600,
    known: 'nothing',
    calling: true,
  },
  {
    name: 'somewhere in an ordinary run',
    prepare: nothing,
    after: 'token',
    known: 'by-chance',
  },
  {
    name: 'somewhere in the beginning of an ordinary run',
    prepare: nothing,
    after: 'token',
    to: 60,
    known: 'by-chance',
  },
]

/** These begin with the five or six seconds until the first poll, so there are few of them. */
const slowCancelPoints: readonly CancelPoint[] = [
  {
    name: 'while a poll hangs',
    prepare: stall('GetBackendJob'),
    after: 'GetBackendJob',
    known: 'job',
  },
  {
    name: 'while it looks again and again for the storage that its job has left',
    prepare: (emulator: Emulator) => {
      Object.assign(emulator.state.rules, { jobMs: 500, storageVisibleAfterMs: 600_000 })
    },
    after: 'GetBackendJob',
    from: 60,
    to: 900,
    known: 'nothing',
    calling: true,
  },
]

type CancelCase = Readonly<{ title: string; point: CancelPoint; order: CancelOptions }>

function createCase(point: CancelPoint, chance: SeededRandom): CancelCase {
  const signal = chance.oneOf(['SIGINT', 'SIGTERM'] as const)
  const delayMs = chance.between(point.from ?? 0, point.to ?? 400)
  const secondSignalAfterMs = chance.random() < 0.3 ? chance.between(20, 500) : undefined
  const again =
    secondSignalAfterMs === undefined ? '' : `, and SIGTERM ${String(secondSignalAfterMs)} ms later`
  return {
    title: `${signal} ${point.name}, ${String(delayMs)} ms after ${point.after}${again}`,
    point,
    order: { after: point.after, delayMs, signal, secondSignalAfterMs },
  }
}

/** On Windows no process can be sent a signal that it may catch; see test/unit/cancellation.test.ts. */
const canCatchSignals = process.platform !== 'win32'
const CASE_COUNT = caseCount(18, 100)
const seed = newSeed()
const chance = seededRandom(seed)
const cases: readonly CancelCase[] = canCatchSignals
  ? [
      ...slowCancelPoints.map((place) => createCase(place, chance)),
      ...Array.from({ length: CASE_COUNT - slowCancelPoints.length }, (_, index) =>
        createCase(cancelPoints[index % cancelPoints.length] ?? chance.oneOf(cancelPoints), chance),
      ),
    ]
  : []

async function cancelAt({ point, order }: CancelCase): Promise<void> {
  const world = await createTestBed({ rules: { jobMs: 600_000 } })
  const { emulator } = world
  point.prepare(emulator)
  const { result, tookMs, lateCalls } = await runAndCancel(world, order, { with: point.with ?? {} })
  const log = result.log.join('\n')

  expect(tookMs, log).toBeLessThanOrEqual(1_000)
  expect(result.exitCode, log).toBe(1)
  expect(result.outputs, log).toMatchObject({
    result: 'cancelled',
    ready: '',
    changed: '',
    'error-code': 'CANCELLED',
  })
  const jobId = emulator.environment().jobs.find((job) => job.jobId !== othersJob)?.jobId
  const known =
    point.known !== 'by-chance'
      ? point.known
      : emulator.calls(create).length > 0
        ? 'job'
        : 'nothing'
  expect(result.outputs['job-id'], log).toBe(known === 'open' ? '' : (jobId ?? ''))
  // A call that was on its way already can arrive after the signal; no other is made.
  if (point.known !== 'by-chance')
    expect(lateCalls, log).toBeLessThanOrEqual(point.calling === true ? 1 : 0)
  expect(result.summary, log).toContain('cancelled')
  const errors = result.annotations.filter(({ level }) => level === 'error')
  expect(errors, log).toHaveLength(1)
  const message = errors[0]?.message ?? ''
  expect(message).toContain(`The run was cancelled (${order.signal}).`)
  expect(message).toContain(
    {
      nothing: 'Nothing that this run started is still going on',
      open: 'A request was sent whose outcome is not known; a re-run looks first and is harmless. Look at the storage: aws amplifybackend get-backend-storage',
      job: `Job ${String(jobId)} goes on remotely, and a re-run waits for it. Look at it: aws amplifybackend get-backend-job`,
    }[known],
  )
}

const commentOperations: readonly OperationName[] = canCatchSignals
  ? ['listComments', 'createComment']
  : []

describe(`W03: a run that is cancelled, at ${String(CASE_COUNT)} random moments of it (SEED=${String(seed)})`, () => {
  for (const moment of cases) scenario(moment.title, () => cancelAt(moment))

  it.each(commentOperations)(
    'keeps its result when only its comment is left, and is gone within a second: %s',
    async (operation) => {
      const world = await createTestBed()
      const { emulator } = world
      stall(operation)(emulator)
      const { result, tookMs } = await runAndCancel(
        world,
        { after: operation, delayMs: chance.between(0, 300), signal: 'SIGINT' },
        { event: pullRequest(), with: { 'comment-on-pr': 'true' } },
      )

      const log = result.log.join('\n')
      expect(tookMs, log).toBeLessThanOrEqual(1_000)
      expect(result.exitCode, log).toBe(0)
      expect(result.outputs, log).toMatchObject({ result: 'planned', ready: '' })
      expect(result.summary).toContain('Plan')
    },
  )

  it('P06: has set the job id before, so that it is known even when the process is ended without a warning', async () => {
    const world = await createTestBed({ rules: { jobMs: 600_000 } })
    const order = { after: 'GetBackendJob', delayMs: 0, signal: 'SIGKILL' } as const
    const { result } = await runAndCancel(world, order)

    const [job] = world.emulator.environment().jobs
    expect(result.outputs).toMatchObject({
      'job-id': job?.jobId,
      status: 'RUNNING',
      'resource-name': 'media',
    })
    expect(result.outputs['ready'] ?? '').toBe('')
    expect(result.exitCode).not.toBe(0)
  })
})
