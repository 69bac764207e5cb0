/** Random scenarios for properties: whatever the network, the service and others can do to a run. */
import { fc } from '@fast-check/vitest'
import type { ApplyOptions } from '../../../../src/storage/apply.ts'
import { PERMISSIONS, type Permission } from '../../../../src/storage/model.ts'
import { anyConnection, rarely, RECORD } from './any-faults.ts'
import { DESIRED } from '../storage-context.ts'
import { MEDIA, storageExists, type RunScenario, type ScenarioEvent } from '../storage-runs.ts'
import {
  EXISTS_TEXT,
  TIME_STYLES,
  type ConnectionOptions,
  type JobResult,
  type ServiceOptions,
  type ServiceStorage,
  type StorageEdit,
} from '../virtual/virtual-amplify-types.ts'
import { EFFECT_WINDOW_MS } from '../virtual/virtual-connection.ts'
import { inTurn } from '../virtual/virtual-service.ts'

/** A read times out when its request and its response take 20 seconds together. */
const MAX_STABLE_LATENCY_MS = 9_000

/** Latencies, used in turn. */
const latencies = (maxMs: number): fc.Arbitrary<readonly number[]> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }) },
    {
      weight: 2,
      arbitrary: fc.array(fc.nat(MAX_STABLE_LATENCY_MS), { minLength: 1, maxLength: 7 }),
    },
    { weight: 1, arbitrary: fc.array(fc.nat(maxMs), { minLength: 1, maxLength: 7 }) },
  )

const FAILED: readonly JobResult[] = [
  { status: 'FAILED', error: 'Something went wrong' },
  { status: 'Failed', error: '' },
  { status: 'FAILED', error: EXISTS_TEXT },
]

const jobResult = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom<JobResult>({ status: 'COMPLETED' }, { status: 'completed' }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...FAILED), fc.boolean())
      .map(([result, atOnce]): JobResult => (atOnce ? { ...result, atOnce } : result)),
  },
)

/** What others do: each of them by a job of its own, but a change at the console. */
const OTHERS = {
  none: undefined,
  create: () => MEDIA,
  createDifferent: () => ({ ...MEDIA, authenticated: [] }),
  createOther: () => ({ ...MEDIA, resourceName: 'files' }),
  update: (storage) => storage && { ...storage, authenticated: ['DELETE'] },
  delete: () => undefined,
} as const satisfies Record<string, StorageEdit | undefined>

const OPERATIONS = {
  none: 'UpdateBackendAuth',
  create: 'CreateBackendStorage',
  createDifferent: 'CreateBackendStorage',
  createOther: 'CreateBackendStorage',
  update: 'UpdateBackendStorage',
  delete: 'DeleteBackendStorage',
} as const satisfies Record<keyof typeof OTHERS, string>

type Other = Readonly<{
  at: number
  ms: number
  does: keyof typeof OTHERS
  /** Undefined for a change without a job. */
  result: JobResult | undefined
}>

/** The storage before the run. */
const BEFORE = {
  nothing: undefined,
  equal: {},
  different: { authenticated: [] },
  otherBucket: { baseName: 'files' },
  imported: { imported: true },
  otherStorage: { resourceName: 'files' },
} as const satisfies Record<string, Partial<ServiceStorage> | undefined>

export type AnyScenario = Readonly<{
  service: ServiceOptions
  before: keyof typeof BEFORE
  /** Jobs that ended before the run. */
  history: number
  others: readonly Other[]
  connection: Omit<ConnectionOptions, 'latency'>
  latencies: readonly number[]
  maxAttempts: number
  timeoutMs: number
  cancelAtMs?: number | undefined
  random: readonly number[]
  options: Pick<ApplyOptions, 'ifExists' | 'wait'>
  /** Whether the run asks for a bucket. */
  managesBucket: boolean
}>

export type ScenarioKind = Readonly<{
  /** Whether the service itself rejects second jobs and storages. */
  rules: 'on' | 'off' | 'any'
  role: 'may read' | 'any'
  /** Whether others change the storage, and whether lists end early. */
  rivals: boolean
  /** Whether no read times out, every job has a status, and nobody cancels the run. */
  stable: boolean
}>

type Lag = Readonly<{ jobLagMs: number; storageLagMs: number }>

function anyService(
  { rules, rivals, stable }: ScenarioKind,
  { jobLagMs, storageLagMs }: Lag,
): fc.Arbitrary<ServiceOptions> {
  const on = fc.record(
    {
      oneJob: fc.constant(true),
      oneStorage: fc.constantFrom('refused' as const, 'failed-job' as const),
    },
    RECORD,
  )
  const off = { oneJob: false, oneStorage: 'off' as const }
  const lags = (maxMs: number): fc.Arbitrary<number | readonly number[]> =>
    maxMs === 0
      ? fc.constant(0)
      : fc.oneof(fc.constant(maxMs), fc.array(fc.nat(maxMs), { minLength: 1, maxLength: 4 }))
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
      dates: fc.constantFrom(true, true, true, stable),
      jobResults: fc.array(jobResult, { maxLength: 3 }),
      jobLagMs: lags(jobLagMs),
      storageLagMs: lags(storageLagMs),
      storageLeadMs: stable ? fc.constant(0) : fc.constantFrom(0, 5_000, 60_000),
      epochMs: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }),
      bucketAs: fc.constantFrom('base' as const, 'physical' as const, 'absent' as const),
      absentAs: fc.constantFrom('not-found' as const, 'empty' as const),
      oldestFirst: fc.boolean(),
    },
    RECORD,
  )
  const kinds = { on, off: fc.constant(off), any: fc.oneof(on, fc.constant(off)) }
  const listLimit = rivals ? rarely(fc.nat(3)) : fc.constant(undefined)
  return fc
    .tuple(kinds[rules], members, listLimit)
    .map(([ruleOptions, options, limit]): ServiceOptions => ({
      ...ruleOptions,
      ...options,
      ...(limit === undefined ? {} : { listLimit: limit }),
    }))
}

const other: fc.Arbitrary<Other> = fc.record(
  {
    at: fc.oneof(fc.nat(3_000), fc.nat(90_000)),
    ms: fc.oneof(fc.nat(3_000), fc.nat(60_000)),
    does: fc.constantFrom('none', 'create', 'createDifferent', 'createOther', 'update', 'delete'),
    result: fc.oneof(
      { weight: 4, arbitrary: fc.constant<JobResult>({ status: 'COMPLETED' }) },
      { weight: 2, arbitrary: jobResult },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
  },
  RECORD,
)

export function anyScenario(kind: ScenarioKind): fc.Arbitrary<AnyScenario> {
  const { rivals, stable, role } = kind
  const lag = fc.record({
    jobLagMs: fc.constantFrom(0, 0, 0, 1_500, 20_000),
    storageLagMs: role === 'any' ? fc.constantFrom(0, 0, 0, 3_000, 40_000) : fc.constant(0),
  })
  return lag.chain((lags) =>
    fc.record(
      {
        service: anyService(kind, lags),
        before: fc.oneof(
          { weight: 6, arbitrary: fc.constant('nothing' as const) },
          {
            weight: 2,
            arbitrary: fc.constantFrom('equal' as const, 'different' as const, 'different'),
          },
          {
            weight: rivals ? 1 : 0,
            arbitrary: fc.constantFrom(...(['otherBucket', 'imported', 'otherStorage'] as const)),
          },
        ),
        history: rivals ? fc.nat(3) : fc.constant(0),
        others: fc.array(
          rivals ? other : other.map((each) => ({ ...each, does: 'none' as const })),
          {
            maxLength: 3,
          },
        ),
        connection: anyConnection(role, lags.jobLagMs),
        latencies: latencies(stable ? MAX_STABLE_LATENCY_MS : EFFECT_WINDOW_MS),
        maxAttempts: fc.oneof(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 3, max: 8 })),
        timeoutMs: fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(60_000, 1_800_000, 21_000_000) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 200_000 }) },
        ),
        cancelAtMs: stable
          ? fc.constant(undefined)
          : rarely(fc.oneof(fc.nat(3_000), fc.nat(120_000))),
        random: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), {
          minLength: 1,
          maxLength: 5,
        }),
        options: fc.record(
          {
            ifExists: fc.constantFrom(
              'match' as const,
              'match',
              'update' as const,
              'fail' as const,
            ),
            wait: fc.constantFrom(true, true, false),
          },
          RECORD,
        ),
        managesBucket: fc.boolean(),
      },
      RECORD,
    ),
  )
}

export function toRunScenario(any: AnyScenario): RunScenario {
  const before = BEFORE[any.before]
  return {
    ...any.service,
    ...any.connection,
    ...any.options,
    desired: any.managesBucket ? {} : { bucketName: undefined },
    latency: inTurn(any.latencies),
    maxAttempts: any.maxAttempts,
    timeoutMs: any.timeoutMs,
    random: inTurn(any.random),
    events: [
      ...(before === undefined ? [] : [storageExists(before)]),
      ...Array.from({ length: any.history }, () => endedJob),
      ...any.others.map(actionOfOther),
    ],
  }
}

const endedJob: ScenarioEvent = (service) => {
  service.endJob(service.addJob('UpdateBackendAPI', 'RUNNING'), { status: 'COMPLETED' })
}

const actionOfOther =
  ({ at, ms, does, result }: Other): ScenarioEvent =>
  (service, clock) => {
    clock.schedule(at, () => {
      const edit = OTHERS[does]
      if (result !== undefined) {
        service.act({ operation: OPERATIONS[does], ms, result, ...(edit && { edit }) })
      } else if (edit !== undefined) service.edit(edit)
    })
  }

export const anyPermissions: fc.Arbitrary<Permission[]> = fc.subarray([...PERMISSIONS])

/** What a run manages of `MEDIA`. */
export const EXPECTED_STORAGE = {
  resourceName: DESIRED.resourceName,
  baseName: MEDIA.baseName,
  authenticated: MEDIA.authenticated,
}
