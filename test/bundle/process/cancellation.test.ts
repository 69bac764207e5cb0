/** A cancelled run ends within a second, says what it knows of its job, and has set its outputs. */
import { expect } from 'vitest'

import type { Emulator, OperationName } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import { runAndCancel, type CancelOptions } from '../../support/cancel-action.ts'
import { addMedia, addOtherJob } from '../../support/emulator-state.ts'
import { createTestBed } from '../../support/run-action.ts'
import { caseCount } from '../../support/sampling.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { newSeed, seededRandom, type SeededRandom } from '../../support/seeded-random.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'

/** What a run knows of what it has started. */
type Known =
  /** Nothing of it goes on. */
  | 'nothing'
  /** A call was sent, and its response did not come. */
  | 'open'
  /** The service has accepted a job. */
  | 'job'
  /** Nothing before the create was sent, its job afterwards. */
  | 'depends'

type CancelPoint = Readonly<{
  /** Names it in the title. */
  name: string
  prepare(emulator: Emulator): unknown
  with?: Readonly<Record<string, string>>
  after: OperationName
  /** The earliest and the latest moment of the signal, in milliseconds after that call. */
  from?: number
  to?: number
  known: Known
  /** The run sends calls there; one of them may be on its way when the signal comes. */
  sendsCalls?: true
}>

const otherJobId = 'job-of-another-run'
const CREATE = 'CreateBackendStorage'
const UPDATE = 'UpdateBackendStorage'
const update = { 'if-exists': 'update' }

const nothing = (): void => undefined
const stall =
  (operation: OperationName) =>
  (emulator: Emulator): void => {
    if (operation === UPDATE) addMedia(emulator)
    emulator.injectFault({ operation, kind: 'stall', times: 'always' })
  }
const delay =
  (operation: OperationName, ms: number) =>
  (emulator: Emulator): void => {
    if (operation === UPDATE) addMedia(emulator)
    emulator.injectFault({ operation, kind: 'delay', ms, when: 'after' })
  }

const cancelPoints: readonly CancelPoint[] = [
  ...(['token', 'AssumeRoleWithWebIdentity', 'GetBackendStorage', 'GetBackend'] as const).map(
    (operation): CancelPoint => ({
      name: `while ${operation} gets no response`,
      prepare: stall(operation),
      after: operation,
      known: 'nothing',
    }),
  ),
  {
    name: 'before another attempt at a create',
    prepare: (emulator) =>
      emulator.injectFault({
        ...{ operation: CREATE, kind: 'status', status: 429, times: 'always' },
        headers: { 'retry-after': '60' },
      }),
    ...{ after: CREATE, from: 60, known: 'nothing' },
  },
  {
    name: 'before a create gets its response in time',
    ...{ prepare: delay(CREATE, 300), after: CREATE, to: 200, known: 'job' },
  },
  {
    name: 'before an update gets its response in time',
    ...{ prepare: delay(UPDATE, 300), with: update, after: UPDATE, to: 200, known: 'job' },
  },
  {
    name: 'before a create gets its response too late',
    ...{ prepare: delay(CREATE, 3_000), after: CREATE, known: 'open' },
  },
  { name: 'while a create gets no response', prepare: stall(CREATE), after: CREATE, known: 'open' },
  {
    name: 'while an update gets no response',
    ...{ prepare: stall(UPDATE), with: update, after: UPDATE, known: 'open' },
  },
  {
    name: 'while the run looks for a create without a response',
    prepare: (emulator) => {
      emulator.state.rules.jobListedAfterMs = 600_000
      emulator.injectFault({ operation: CREATE, kind: 'reset', when: 'after' })
    },
    ...{ after: CREATE, from: 60, to: 900, known: 'open', sendsCalls: true },
  },
  {
    name: 'while the list of jobs gets no response',
    prepare: (emulator) => {
      emulator.injectFault({ operation: CREATE, kind: 'status', status: 504, when: 'after' })
      stall('ListBackendJobs')(emulator)
    },
    ...{ after: 'ListBackendJobs', known: 'open' },
  },
  {
    name: 'while the run waits for its job',
    ...{ prepare: nothing, after: CREATE, from: 100, to: 900, known: 'job' },
  },
  {
    name: 'while the run waits for the job of another',
    prepare: (emulator) => (addOtherJob(emulator).jobId = otherJobId),
    ...{ after: 'ListBackendJobs', from: 60, to: 600, known: 'nothing', sendsCalls: true },
  },
  { name: 'anywhere', prepare: nothing, after: 'token', known: 'depends' },
  { name: 'at the beginning', prepare: nothing, after: 'token', to: 60, known: 'depends' },
]

/** The first poll comes after five or six seconds, so these are not repeated. */
const slowCancelPoints: readonly CancelPoint[] = [
  {
    name: 'while a poll gets no response',
    ...{ prepare: stall('GetBackendJob'), after: 'GetBackendJob', known: 'job' },
  },
  {
    name: 'while the storage of a completed job is not there yet',
    prepare: ({ state }) =>
      Object.assign(state.rules, { jobMs: 500, storageVisibleAfterMs: 600_000 }),
    ...{ after: 'GetBackendJob', from: 60, to: 900, known: 'nothing', sendsCalls: true },
  },
]

type CancelCase = Readonly<{ title: string; point: CancelPoint; options: CancelOptions }>

function createCase(point: CancelPoint, random: SeededRandom): CancelCase {
  const signal = random.oneOf(['SIGINT', 'SIGTERM'] as const)
  const delayMs = random.between(point.from ?? 0, point.to ?? 400)
  const secondSignalAfterMs = random.random() < 0.3 ? random.between(20, 500) : undefined
  const second =
    secondSignalAfterMs === undefined ? '' : `, and SIGTERM ${secondSignalAfterMs} ms later`
  return {
    title: `${signal} ${point.name}, ${delayMs} ms after ${point.after}${second}`,
    point,
    options: { after: point.after, delayMs, signal, secondSignalAfterMs },
  }
}

/** What the error says for each of them. */
const EXPLANATIONS = {
  nothing: 'Nothing that this run started is still',
  open: 'aws amplifybackend get-backend-storage',
  job: 'aws amplifybackend get-backend-job',
} as const

async function cancelAt({ point, options }: CancelCase): Promise<void> {
  const bed = await createTestBed({ rules: { jobMs: 600_000 }, scale: 1 })
  const { emulator } = bed
  point.prepare(emulator)
  const { result, tookMs, lateCalls } = await runAndCancel(bed, options, {
    with: point.with ?? {},
  })
  const jobId = emulator.environment().jobs.find((job) => job.jobId !== otherJobId)?.jobId
  const isSent = emulator.calls(CREATE).length > 0
  const known = point.known === 'depends' ? (isSent ? 'job' : 'nothing') : point.known

  const message = expectFailure(result, 'CANCELLED', {
    result: 'cancelled',
    'job-id': known === 'open' ? '' : (jobId ?? ''),
  })
  expect(message).toContain(options.signal)
  expect(message).toContain(EXPLANATIONS[known])
  if (known === 'job') expect(message).toContain(String(jobId))
  expect(tookMs, getLog(result)).toBeLessThanOrEqual(1_000)
  // The calls of one read can be on their way when the signal comes; the run sends no others.
  if (point.known !== 'depends')
    expect(lateCalls, getLog(result)).toBeLessThanOrEqual(point.sendsCalls === true ? 2 : 0)
  expect(result.summary).toContain('cancelled')
}

// On Windows no process can be sent a signal that it may catch; see test/unit/run/cancellation.test.ts.
if (process.platform !== 'win32') {
  const seed = newSeed()
  const random = seededRandom(seed)
  const cases = [
    ...slowCancelPoints.map((point) => createCase(point, random)),
    ...Array.from({ length: caseCount(16, 98) }, (_, index) =>
      createCase(cancelPoints[index % cancelPoints.length] ?? random.oneOf(cancelPoints), random),
    ),
  ]
  for (const one of cases)
    scenario(`A cancelled run ends at once and reports its job: ${one.title} (SEED=${seed})`, () =>
      cancelAt(one),
    )

  scenarios<OperationName>(
    'A run that is cancelled while it comments keeps its result, and ends within a second',
    { listComments: 'listComments', createComment: 'createComment' },
    async (operation) => {
      const bed = await createTestBed({ scale: 1 })
      stall(operation)(bed.emulator)
      const { result, tookMs } = await runAndCancel(
        bed,
        { after: operation, delayMs: 150, signal: 'SIGINT' },
        { event: pullRequest(), with: { 'comment-on-pr': 'true' } },
      )
      expect(tookMs, getLog(result)).toBeLessThanOrEqual(1_000)
      expectSuccess(result, 'planned', { ready: '' })
      expect(result.summary).toContain('Plan')
    },
  )
}

scenario('A run that is killed has set the id of its job before', async () => {
  const bed = await createTestBed({ rules: { jobMs: 600_000 } })
  const { result } = await runAndCancel(bed, {
    after: 'GetBackendJob',
    delayMs: 0,
    signal: 'SIGKILL',
  })
  expect(result.outputs).toMatchObject({
    'job-id': bed.emulator.environment().jobs[0]?.jobId,
    status: expect.stringMatching(/^(?:PENDING|RUNNING)$/) as unknown,
    'resource-name': 'media',
  })
  expect(result.outputs['ready'] ?? '').toBe('')
  expect(result.exitCode).not.toBe(0)
})
