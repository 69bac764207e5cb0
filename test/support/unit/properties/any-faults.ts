/** Random faults of calls: what the network and the service can do to them. */
import { fc } from '@fast-check/vitest'
import { AMBIGUOUS, NOT_EXECUTED, PERMANENT } from '../api-failures.ts'
import type {
  ConnectionOptions,
  Fault,
  Operation,
  Outage,
  Script,
  Session,
} from '../virtual/virtual-amplify-types.ts'
import { EFFECT_WINDOW_MS } from '../virtual/virtual-connection.ts'

export const RECORD = { noNullPrototype: true }

const READS: readonly Operation[] = [
  'GetBackendStorage',
  'ListBackendJobs',
  'GetBackendJob',
  'GetBackend',
]

const ambiguous = fc.constantFrom(...AMBIGUOUS)
const notExecuted = fc.constantFrom(...NOT_EXECUTED)

export const rarely = <T>(arbitrary: fc.Arbitrary<T>, oneIn = 6): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const retryAfter = rarely(fc.constantFrom(0, 1_000, 30_000, 3_600_000))

const fault = (members: fc.Arbitrary<Fault>): fc.Arbitrary<Fault> =>
  fc
    .tuple(members, retryAfter)
    .map(([made, after]) => (after === undefined ? made : { ...made, retryAfterMs: after }))

/** Faults of creates and updates; late effects come up to `latestMs` after the failure. */
const writeFaults = (latestMs: number): fc.Arbitrary<Script> => {
  const write = fc.option(
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
  )
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(write, { minLength: 1, maxLength: 6 }) },
  )
}

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
  { weight: 3, arbitrary: fc.constant([]) },
  {
    weight: 2,
    arbitrary: fc.array(fc.option(readFault, { freq: 2, nil: undefined }), { maxLength: 10 }),
  },
)

/** Bursts in which every call of some reads fails. */
const outage: fc.Arbitrary<Outage> = fc
  .record(
    {
      fromMs: fc.oneof(fc.nat(3_000), fc.nat(60_000)),
      ms: fc.nat(45_000),
      operations: fc.oneof(
        fc.constant(['ListBackendJobs' as const]),
        fc.subarray([...READS], { minLength: 1 }),
      ),
      failure: fc.constantFrom('throttled' as const, 'internalError' as const, 'stall' as const),
    },
    RECORD,
  )
  .map(({ fromMs, ms, ...members }) => ({ fromMs, toMs: fromMs + ms, ...members }))

const session: fc.Arbitrary<Session> = fc
  .record({ at: fc.oneof(fc.nat(3_000), fc.nat(90_000)), downMs: fc.constantFrom(0, 0, 15_000) })
  .map(({ at, downMs }) => ({ expiresAtMs: at, stsBackAtMs: at + downMs }))

const mismatches = fc.record(
  {
    GetBackendStorage: fc.array(fc.boolean(), { maxLength: 3 }),
    CreateBackendStorage: fc.array(fc.boolean(), { maxLength: 2 }),
    UpdateBackendStorage: fc.array(fc.boolean(), { maxLength: 2 }),
  },
  RECORD,
)

/** The connection of a run, without its latencies. */
export function anyConnection(
  role: 'may read' | 'any',
  jobLagMs: number,
): fc.Arbitrary<Omit<ConnectionOptions, 'latency'>> {
  const write = writeFaults(EFFECT_WINDOW_MS - jobLagMs)
  const faults = fc.record(
    {
      CreateBackendStorage: write,
      UpdateBackendStorage: write,
      GetBackendStorage: readFaults,
      ListBackendJobs: readFaults,
      GetBackendJob: readFaults,
      GetBackend: readFaults,
    },
    RECORD,
  )
  const denied = role === 'any' ? rarely(fc.subarray([...READS]), 3) : fc.constant(undefined)
  return fc
    .tuple(
      faults,
      denied,
      rarely(fc.tuple(fc.constantFrom(...READS), anyFault), 15),
      rarely(fc.array(outage, { minLength: 1, maxLength: 2 }), 5),
      rarely(session, 10),
      rarely(mismatches, 10),
    )
    .map(([scripts, operations, always, outages, expires, odd]) => ({
      faults: scripts,
      ...(operations === undefined ? {} : { denied: operations }),
      ...(always === undefined ? {} : { always: { [always[0]]: always[1] } }),
      ...(outages === undefined ? {} : { outages }),
      ...(expires === undefined ? {} : { session: expires }),
      ...(odd === undefined ? {} : { mismatches: odd }),
    }))
}
