/** Random scenarios for properties: whatever the network and the service can do to a run. */
import { fc } from '@fast-check/vitest'
import type { ApplyOptions } from '../../../src/storage/apply.ts'
import { PERMISSIONS, type Permission } from '../../../src/storage/model.ts'
import { DESIRED } from './storage-context.ts'
import { AMBIGUOUS, NOT_EXECUTED, PERMANENT } from './api-failures.ts'
import { MEDIA, storageExists, type RunScenario, type ScenarioEvent } from './storage-runs.ts'
import {
  EXISTS_TEXT,
  TIME_STYLES,
  type Fault,
  type JobResult,
  type Operation,
  type ConnectionOptions,
  type Script,
  type ServiceOptions,
} from './virtual-amplify-types.ts'
import { EFFECT_WINDOW_MS } from './virtual-connection.ts'

const ambiguous = fc.constantFrom(...AMBIGUOUS)
const notExecuted = fc.constantFrom(...NOT_EXECUTED)
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const retryAfter = rarely(fc.constantFrom(0, 1_000, 30_000, 3_600_000))

const fault = (members: fc.Arbitrary<Fault>): fc.Arbitrary<Fault> =>
  fc
    .tuple(members, retryAfter)
    .map(([made, after]) => (after === undefined ? made : { ...made, retryAfterMs: after }))

/** Faults of creates and updates; late effects come up to `latestMs` after the failure. */
const writeFaults = (latestMs: number): fc.Arbitrary<Script> =>
  fc.array(
    fc.option(
      fault(
        fc.oneof(
          {
            weight: 6,
            arbitrary: fc.record({
              failure: ambiguous,
              effect: fc.oneof(
                fc.constantFrom('none' as const, 'done' as const),
                fc
                  .oneof(fc.nat(latestMs), fc.constantFrom(0, latestMs))
                  .map((lateMs) => ({ lateMs })),
              ),
            }),
          },
          { weight: 3, arbitrary: fc.record({ failure: notExecuted }) },
          {
            weight: 1,
            arbitrary: fc.record({ failure: fc.constantFrom('expired', ...PERMANENT) }),
          },
        ),
      ),
      { freq: 4, nil: undefined },
    ),
    { maxLength: 6 },
  )

const readFault = fault(
  fc.record({
    failure: fc.oneof(
      { weight: 6, arbitrary: ambiguous },
      { weight: 4, arbitrary: notExecuted },
      { weight: 1, arbitrary: fc.constant('expired' as const) },
    ),
  }),
)

const anyFault = fault(
  fc.record({ failure: fc.constantFrom(...AMBIGUOUS, ...NOT_EXECUTED, ...PERMANENT) }),
)

const readFaults: fc.Arbitrary<Script> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 3,
    arbitrary: fc.array(fc.option(readFault, { freq: 2, nil: undefined }), { maxLength: 10 }),
  },
)

/** A read times out when its request and its response take 20 seconds together. */
const MAX_STABLE_LATENCY_MS = 9_000

/** Latencies, used in turn. */
const latencies = (maxMs: number): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }) },
    {
      weight: 2,
      arbitrary: fc.array(fc.nat(MAX_STABLE_LATENCY_MS), { minLength: 1, maxLength: 7 }),
    },
    { weight: 1, arbitrary: fc.array(fc.nat(maxMs), { minLength: 1, maxLength: 7 }) },
  )

const jobResults: fc.Arbitrary<readonly JobResult[]> = fc.array(
  fc.constantFrom<JobResult>(
    { status: 'COMPLETED' },
    { status: 'completed' },
    { status: 'FAILED', error: 'Something went wrong' },
    { status: 'Failed', error: '' },
    { status: 'FAILED', error: EXISTS_TEXT },
  ),
  { maxLength: 3 },
)

export type AnyScenario = Readonly<{
  service: ServiceOptions
  /** The storage before the run, and jobs of other runs. */
  before: 'nothing' | 'equal' | 'different'
  others: readonly Readonly<{ at: number; ms: number; creates: boolean; operation: string }>[]
  connection: Omit<ConnectionOptions, 'latency'>
  latencies: readonly number[]
  maxAttempts: number
  timeoutMs: number
  random: readonly number[]
  options: Pick<ApplyOptions, 'ifExists' | 'wait'>
}>

export type ScenarioKind = Readonly<{
  /** Whether the service itself rejects second jobs and storages. */
  rules: 'on' | 'off' | 'any'
  role: 'may read' | 'any'
  /** Whether other runs create storages. */
  rivals: boolean
  /** Whether no read times out, and every job has a status. */
  stable: boolean
}>

const READS: readonly Operation[] = [
  'GetBackendStorage',
  'ListBackendJobs',
  'GetBackendJob',
  'GetBackend',
]

const COMPLETED = { status: 'COMPLETED' }

const RECORD = { noNullPrototype: true } as const

function anyService(
  { rules, role, stable }: ScenarioKind,
  jobLagMs: number,
): fc.Arbitrary<ServiceOptions> {
  const off = { oneJob: false, oneStorage: 'off' } as const
  const on = fc.constantFrom<ServiceOptions>(
    { oneJob: true, oneStorage: 'refused' },
    { oneJob: true, oneStorage: 'failed-job' },
  )
  const members = fc.record(
    {
      jobMs: fc.oneof(
        fc.constantFrom(0, 1, 500, 20_000, 29_999, 30_000, 30_001, 10_000_000),
        fc.nat(120_000),
      ),
      runningStatus: fc.constantFrom(
        ...['RUNNING', 'RUNNING', 'PENDING', 'NEW_STATE'],
        ...(stable ? [] : ['']),
      ),
      times: fc.constantFrom(...Object.values(TIME_STYLES)),
      jobResults,
      storageLagMs: role === 'any' ? fc.constantFrom(0, 0, 0, 3_000, 40_000) : fc.constant(0),
      epochMs: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }),
      bucketAs: fc.constantFrom('base' as const, 'physical' as const, 'absent' as const),
      absentAs: fc.constantFrom('not-found' as const, 'empty' as const),
    },
    RECORD,
  )
  const kinds = { on, off: fc.constant(off), any: fc.oneof(on, fc.constant(off)) }
  return fc
    .tuple(kinds[rules], members)
    .map(([ruleOptions, options]): ServiceOptions => ({ ...ruleOptions, ...options, jobLagMs }))
}

function anyConnection(
  { role }: ScenarioKind,
  jobLagMs: number,
): fc.Arbitrary<AnyScenario['connection']> {
  const faults = fc.record(
    {
      CreateBackendStorage: writeFaults(EFFECT_WINDOW_MS - jobLagMs),
      UpdateBackendStorage: writeFaults(EFFECT_WINDOW_MS - jobLagMs),
      GetBackendStorage: readFaults,
      ListBackendJobs: readFaults,
      GetBackendJob: readFaults,
      GetBackend: readFaults,
    },
    RECORD,
  )
  const denied = role === 'any' ? fc.subarray([...READS]) : fc.constant([])
  return fc
    .tuple(faults, denied, rarely(fc.tuple(fc.constantFrom(...READS), anyFault)))
    .map(([scripts, operations, always]) => ({
      faults: scripts,
      denied: operations,
      ...(always === undefined ? {} : { always: { [always[0]]: always[1] } }),
    }))
}

export function anyScenario(kind: ScenarioKind): fc.Arbitrary<AnyScenario> {
  const { rivals, stable } = kind
  return fc.constantFrom(0, 0, 0, 1_500, 20_000).chain((jobLagMs) =>
    fc.record(
      {
        service: anyService(kind, jobLagMs),
        before: fc.constantFrom('nothing', 'nothing', 'nothing', 'equal', 'different' as const),
        others: fc.array(
          fc.record({
            at: fc.nat(90_000),
            ms: fc.nat(60_000),
            creates: rivals ? fc.boolean() : fc.constant(false),
            operation: fc.constantFrom('UpdateBackendAPI', 'UpdateBackendStorage'),
          }),
          { maxLength: 2 },
        ),
        connection: anyConnection(kind, jobLagMs),
        latencies: latencies(stable ? MAX_STABLE_LATENCY_MS : EFFECT_WINDOW_MS),
        maxAttempts: fc.integer({ min: 1, max: 6 }),
        timeoutMs: fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(60_000, 1_800_000, 21_000_000) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 200_000 }) },
        ),
        random: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), {
          minLength: 1,
          maxLength: 5,
        }),
        options: fc.record(
          {
            ifExists: fc.constantFrom('match' as const, 'update' as const, 'fail' as const),
            wait: fc.boolean(),
          },
          RECORD,
        ),
      },
      RECORD,
    ),
  )
}

export function toRunScenario(any: AnyScenario): RunScenario {
  return {
    ...any.service,
    ...any.connection,
    ...any.options,
    latency: inTurn(any.latencies),
    maxAttempts: any.maxAttempts,
    timeoutMs: any.timeoutMs,
    random: inTurn(any.random),
    events: [
      ...(any.before === 'equal' ? [storageExists()] : []),
      ...(any.before === 'different' ? [storageExists({ authenticated: [] })] : []),
      ...any.others.map(competingJob),
    ],
  }
}

export function inTurn(values: readonly number[]): () => number {
  let next = -1
  return () => {
    next += 1
    return values[next % values.length] ?? 0
  }
}

/** A job of another run, which may create the storage. */
const competingJob =
  ({ at, ms, creates, operation }: AnyScenario['others'][number]): ScenarioEvent =>
  (service, clock) => {
    clock.schedule(at, () => {
      const job = service.addJob(creates ? 'CreateBackendStorage' : operation, 'RUNNING')
      clock.schedule(ms, () => {
        const fails = creates && service.storages.size > 0
        service.endJob(job, fails ? { status: 'FAILED', error: EXISTS_TEXT } : COMPLETED)
        if (creates && !fails) service.addStorage(MEDIA)
      })
    })
  }

export const anyPermissions: fc.Arbitrary<Permission[]> = fc.subarray([...PERMISSIONS])

/** What a run manages of `MEDIA`. */
export const EXPECTED_STORAGE = {
  resourceName: DESIRED.resourceName,
  baseName: MEDIA.baseName,
  authenticated: MEDIA.authenticated,
}
