/** A scenario of the soak test: the state of the backend, the inputs, and faults, all from one seed. */
import type {
  Emulator,
  Fault,
  FaultSpec,
  JobPlan,
  OperationName,
  Rules,
} from '../../emulator/emulator.ts'
import { pullRequest, push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { seededRandom, type SeededRandom } from '../support/seeded-random.ts'
import { addMedia, addOtherJob, ALL, denyOperations, READ } from '../support/emulator-state.ts'

export type SoakScenario = Readonly<{
  seed: number
  rules: Partial<Rules>
  faults: readonly FaultSpec[]
  job: JobPlan
  existing: 'none' | 'as-asked' | 'different'
  /** How long a job of somebody else runs, in milliseconds; 0 for none. */
  otherJobMs: number
  denied: readonly OperationName[]
  command: 'apply' | 'plan'
  with: Readonly<Record<string, string>>
  /** When the run is cancelled, in real milliseconds after its first line. */
  cancelAfterMs: number | undefined
}>

export const TIMEOUT_MINUTES = 6

const reads = ['GetBackendStorage', 'ListBackendJobs', 'GetBackendJob', 'GetBackend'] as const

const faultTargets: readonly OperationName[] = [
  ...new Array<OperationName>(3).fill('CreateBackendStorage'),
  ...new Array<OperationName>(2).fill('UpdateBackendStorage'),
  ...reads,
  'AssumeRoleWithWebIdentity',
  'token',
]

function randomFault(chance: SeededRandom): Fault {
  const html = '<html><body>Bad gateway ::error::no</body></html>'
  return chance.oneOf<() => Fault>([
    () => ({ kind: 'status', status: chance.oneOf([429, 429, 500, 502, 503, 504, 504, 504]) }),
    () => ({ kind: 'status', status: chance.oneOf([429, 503, 504]), errorNameIn: 'none' }),
    () => ({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': String(chance.between(0, 8)) },
    }),
    () => ({ kind: 'html', status: chance.oneOf([200, 502, 504]), html }),
    () => ({ kind: 'empty', status: chance.oneOf([200, 200, 204, 503]) }),
    () => ({
      kind: 'body',
      body: chance.oneOf(['{}', '[]', '""', 'null', '{"message":null}', '7']),
    }),
    () => ({ kind: 'truncated', chunked: chance.random() < 0.5 }),
    () => ({ kind: 'reset', unread: chance.random() < 0.2 }),
    () => ({ kind: 'close', unread: chance.random() < 0.2 }),
    () => ({ kind: 'stall', sent: chance.oneOf(['nothing', 'headers', 'half'] as const) }),
    () => ({ kind: 'delay', ms: chance.between(100, 15_000) }),
    () => ({ kind: 'slow', ms: chance.between(50, 900), bytes: 16 }),
    () => ({ kind: 'redirect', status: chance.oneOf([302, 307] as const) }),
    () => ({ kind: 'garbage' }),
  ])()
}

/** A later effect could come after the run has looked for it, which no client can prevent. */
const MAX_EFFECT_DELAY_MS = 24_000

function randomFaultSpec(chance: SeededRandom, listedAfterMs: number): FaultSpec {
  const fault = randomFault(chance)
  // A throttled call and one that was not read have no effect; a delayed one has its own.
  const harmless =
    (fault.kind === 'status' && fault.status === 429) ||
    fault.kind === 'delay' ||
    fault.kind === 'slow' ||
    ((fault.kind === 'reset' || fault.kind === 'close') && fault.unread === true)
  const when = harmless ? 'before' : chance.oneOf(['before', 'after', 'after', 'late'] as const)
  return {
    operation: chance.oneOf(faultTargets),
    times: chance.oneOf([1, 1, 1, 2, 3]),
    skip: chance.oneOf([0, 0, 0, 1, 2]),
    when,
    ...(when === 'late'
      ? { lateMs: chance.between(100, MAX_EFFECT_DELAY_MS - listedAfterMs) }
      : {}),
    ...fault,
  }
}

function randomJob(chance: SeededRandom): JobPlan {
  if (chance.random() < 0.08) {
    return {
      error: chance.oneOf([
        'A deployment is in progress.',
        'S3Bucket AWS::S3::Bucket: octo-media already exists',
        '::error::forged\nResource is not in the state stackUpdateComplete',
      ]),
    }
  }
  return {
    ms: chance.oneOf([500, 3_000, 12_000, 40_000, 90_000]),
    statuses: chance.oneOf([['RUNNING'], ['QUEUED', 'RUNNING'], ['NEW_STATE', 'RUNNING']]),
  }
}

/** A role that may not read relies on the rules of the service, so the service is not permissive then. */
function randomRole(chance: SeededRandom): Pick<SoakScenario, 'denied'> & { permissive: boolean } {
  const dice = chance.random()
  if (dice < 0.06) return { denied: reads.slice(0, 2), permissive: false }
  return { denied: dice < 0.2 ? [chance.oneOf(reads)] : [], permissive: true }
}

export function createScenario(seed: number): SoakScenario {
  const chance = seededRandom(seed)
  const jobListedAfterMs = chance.oneOf([0, 0, 0, 2_000, 8_000, 16_000])
  const { denied, permissive } = randomRole(chance)
  const off = { onePendingJob: false, oneStorage: 'off', uniqueBuckets: false } as const
  return {
    seed,
    rules: {
      ...(permissive ? off : {}),
      jobListedAfterMs,
      jobReadableAfterMs: chance.oneOf([0, 0, 6_000, 20_000]),
      storageVisible: chance.oneOf(['at-completion', 'at-completion', 'at-once'] as const),
      storageVisibleAfterMs: chance.oneOf([0, 0, 4_000, 15_000]),
      absentStorage: chance.oneOf(['not-found', 'not-found', 'empty'] as const),
      reportedBucket: chance.oneOf(['physical', 'base'] as const),
      errorNames: chance.oneOf(['model', 'reference'] as const),
    },
    faults: Array.from({ length: chance.between(0, 6) }, () =>
      randomFaultSpec(chance, jobListedAfterMs),
    ),
    job: randomJob(chance),
    existing: chance.oneOf(['none', 'none', 'none', 'none', 'different', 'different', 'as-asked']),
    otherJobMs: chance.random() < 0.12 ? chance.between(2_000, 40_000) : 0,
    denied,
    command: chance.random() < 0.1 ? 'plan' : 'apply',
    with: {
      'timeout-in-minutes': String(TIMEOUT_MINUTES),
      'max-attempts': String(chance.between(2, 8)),
      'if-exists': chance.oneOf(['update', 'update', 'match']),
      wait: chance.oneOf(['true', 'true', 'true', 'true', 'false']),
      'bucket-name': chance.oneOf(['', '', 'octo-media']),
      'unauthenticated-permissions': chance.oneOf(['', '', 'none']),
      'comment-on-pr': chance.oneOf(['false', 'false', 'true']),
    },
    cancelAfterMs: chance.random() < 0.1 ? chance.between(0, 1_500) : undefined,
  }
}

export function setUpScenario(emulator: Emulator, scenario: SoakScenario): WorkflowEvent {
  const { existing, otherJobMs, faults, denied, job, command } = scenario
  if (existing !== 'none') {
    addMedia(emulator, {
      ...(scenario.with['bucket-name'] === '' ? {} : { bucketName: 'octo-media' }),
      permissions: { authenticated: existing === 'different' ? [...READ] : [...ALL] },
    })
  }
  if (otherJobMs > 0) addOtherJob(emulator, otherJobMs)
  denyOperations(emulator, ...denied)
  for (const fault of faults) emulator.injectFault(fault)
  emulator.planJob({ ...job, times: 'always' })
  return command === 'plan' ? pullRequest() : push()
}
