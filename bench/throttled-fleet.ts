/**
 * Many jobs at once on one throttled account: `npm run bench:fleet [-- --write]`. The action's own code
 * decides and waits, on a virtual clock; beside it stand the usual ways to do the same.
 *
 * The service is simple here: each job has an environment of its own, all share the account's token
 * bucket, and a call that finds no token is refused with 429.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Amplify } from '../src/storage/api.ts'
import { apply } from '../src/storage/apply.ts'
import type { StorageContext } from '../src/storage/context.ts'
import { ActionError } from '../src/errors/action-error.ts'
import type { ApiFailure } from '../src/network/failure.ts'
import type { ApiResult } from '../src/network/retry.ts'
import type { Storage } from '../src/storage/model.ts'
import { createVirtualClock, seededRandom, type VirtualClock } from './virtual-clock.ts'

const PER_SECOND = 5
const BURST = 10
const JOB_MS = 180_000
const LATENCY_MS = 80
/** Within this time the runners of a matrix start. */
const START_SPREAD_MS = 5_000
/** The longest that a step may take: the input's own maximum. */
const TIMEOUT_MS = 350 * 60_000

type Account = { requests: number; refused: number; admit(): boolean }

function createAccount(time: VirtualClock): Account {
  let tokens = BURST
  let at = 0
  const account = {
    requests: 0,
    refused: 0,
    admit: () => {
      account.requests += 1
      tokens = Math.min(BURST, tokens + ((time.now() - at) / 1_000) * PER_SECOND)
      at = time.now()
      if (tokens >= 1) {
        tokens -= 1
        return true
      }
      account.refused += 1
      return false
    },
  }
  return account
}

const never = new AbortController().signal

/** One environment of the service: undefined is a refusal for want of tokens. */
function createEnvironment(time: VirtualClock, account: Account, id: string) {
  let acceptedAt: number | undefined
  const call = async <T>(effect: () => T): Promise<T | undefined> => {
    await time.sleep(LATENCY_MS / 2, never)
    const answer = account.admit() ? effect() : undefined
    await time.sleep(LATENCY_MS / 2, never)
    return answer
  }
  const completed = (): boolean => acceptedAt !== undefined && time.now() >= acceptedAt + JOB_MS
  return {
    id,
    look: () => call(() => (completed() ? ('there' as const) : ('absent' as const))),
    backend: () => call(() => 'there' as const),
    create: () =>
      call(() => {
        acceptedAt ??= time.now()
        return 'accepted' as const
      }),
    poll: () => call(() => (completed() ? ('COMPLETED' as const) : ('RUNNING' as const))),
  }
}

type Environment = ReturnType<typeof createEnvironment>

/** The environment behind the port that the action's decisions are given. */
function createApi(environment: Environment): Amplify {
  const failed = (operation: string, status: number, name: string): ApiResult<never> => ({
    ok: false,
    failure: {
      operation,
      status,
      name,
      code: undefined,
      message: '',
      connected: true,
      timedOut: false,
      requestId: undefined,
      retryAfterMs: undefined,
      clockSkewCorrected: false,
    } satisfies ApiFailure,
  })
  const answered = <T>(operation: string, answer: unknown, value: T): ApiResult<T> =>
    answer === undefined
      ? failed(operation, 429, 'TooManyRequestsException')
      : { ok: true, value, requestId: undefined, serverTime: undefined }
  const storage: Storage = {
    bucketName: undefined,
    permissions: { authenticated: ['READ'], unauthenticated: [] },
    unknownPermissions: { authenticated: [], unauthenticated: [] },
  }
  const started = (operation: string, answer: unknown) =>
    answered(operation, answer, {
      jobId: environment.id,
      status: 'RUNNING',
      appId: undefined,
      backendEnvironmentName: undefined,
    })
  const backend = {
    environments: ['prod'],
    error: undefined,
    meta: { suffix: 'abcde', auth: ['auth'], storages: [] },
  }
  return {
    getStorage: async () => {
      const answer = await environment.look()
      return answer === 'absent'
        ? failed('GetBackendStorage', 404, 'NotFoundException')
        : answered('GetBackendStorage', answer, storage)
    },
    getBackend: async () => answered('GetBackend', await environment.backend(), backend),
    createStorage: async () => started('CreateBackendStorage', await environment.create()),
    updateStorage: async () => started('UpdateBackendStorage', await environment.create()),
    getJob: async () => {
      const status = await environment.poll()
      return answered('GetBackendJob', status, {
        jobId: environment.id,
        status: status ?? '',
        operation: 'CreateBackendStorage',
        createdAt: undefined,
        error: '',
      })
    },
    listJobs: async () => answered('ListBackendJobs', await environment.poll(), []),
  }
}

type Random = () => number
type Strategy = Readonly<{
  name: string
  run(time: VirtualClock, environment: Environment, random: Random): Promise<boolean>
}>

function thisAction(maxAttempts: number): Strategy {
  return {
    name: `this action, max-attempts ${maxAttempts}`,
    run: async (time, environment, random) => {
      const nothing = (): void => undefined
      const engine: StorageContext = {
        amplify: createApi(environment),
        ref: {
          appId: environment.id,
          backendEnvironmentName: 'prod',
          resourceName: 'media',
          region: 'eu-west-1',
          accountId: undefined,
        },
        retryPolicy: {
          clock: time,
          random,
          deadline: time.now() + TIMEOUT_MS,
          maxAttempts,
          signal: never,
          onRetry: nothing,
          throttleState: { throttledResponses: 0 },
          refreshCredentials: nothing,
        },
        mutationSignal: never,
        observer: {
          onLog: nothing,
          onWarning: nothing,
          onMutation: nothing,
          onAccepted: nothing,
          onJob: nothing,
          onChanges: nothing,
          onStorage: nothing,
        },
      }
      try {
        const done = await apply(engine, {
          desired: {
            resourceName: 'media',
            serviceName: 'S3',
            bucketName: undefined,
            authenticated: ['READ'],
            unauthenticated: undefined,
          },
          ifExists: 'match',
          wait: true,
        })
        return done.verified
      } catch (error) {
        if (error instanceof ActionError) return false
        throw error
      }
    },
  }
}

/** The same calls, polling every 5 seconds, with a client's own retries for each call. */
function script(
  name: string,
  attempts: number,
  delayMs: (failures: number, random: Random) => number,
): Strategy {
  return {
    name,
    run: async (time, environment, random) => {
      const persist = async <T>(call: () => Promise<T | undefined>): Promise<T | undefined> => {
        for (let failures = 1; ; failures += 1) {
          const answer = await call()
          if (answer !== undefined || failures >= attempts) return answer
          await time.sleep(delayMs(failures, random), never)
        }
      }
      const deadline = time.now() + TIMEOUT_MS
      if ((await persist(environment.look)) === undefined) return false
      if ((await persist(environment.backend)) === undefined) return false
      if ((await persist(environment.create)) === undefined) return false
      for (;;) {
        await time.sleep(5_000, never)
        if (time.now() > deadline) return false
        const status = await persist(environment.poll)
        if (status === undefined) return false
        if (status === 'COMPLETED') {
          const seen = (await persist(environment.look)) !== undefined
          return seen && (await persist(environment.backend)) !== undefined
        }
      }
    },
  }
}

/** @smithy/core retry: throttling starts at 500 ms, at most 20 s, full jitter; three attempts if nobody asks for more. */
function standardMode(attempts: number): Strategy {
  return script(
    `the JavaScript SDK's standard mode, ${attempts} attempts, polling every 5 s`,
    attempts,
    (failures, random) => Math.floor(Math.min(20_000, random() * 2 ** (failures - 1) * 500)),
  )
}

const STUBBORN = 'a loop that tries again every second'

const strategies: readonly Strategy[] = [
  thisAction(8),
  thisAction(20),
  standardMode(3),
  standardMode(8),
  // botocore legacy: five attempts, random() * 2 ** (n - 1) seconds.
  script("boto3's legacy mode, polling every 5 s", 5, (failures, random) =>
    Math.floor(random() * 2 ** (failures - 1) * 1_000),
  ),
  script(STUBBORN, Infinity, () => 1_000),
]

type Fleet = Readonly<{ jobs: number; parallel: number }>

const fleets: readonly Fleet[] = [
  { jobs: 10, parallel: 10 },
  { jobs: 256, parallel: 256 },
  { jobs: 256, parallel: 20 },
  { jobs: 10_000, parallel: 10_000 },
  { jobs: 10_000, parallel: 100 },
]

type Outcome = Readonly<{
  doneS: number
  green: number
  requests: number
  refused: number
  worstS: number
}>

async function simulate(fleet: Fleet, way: Strategy): Promise<Outcome> {
  const time = createVirtualClock()
  const account = createAccount(time)
  const random = seededRandom(fleet.jobs * 31 + fleet.parallel)
  let next = 0
  let green = 0
  let worst = 0
  const lane = async (): Promise<void> => {
    await time.sleep(random() * START_SPREAD_MS, never)
    for (let job = next++; job < fleet.jobs; job = next++) {
      const startedAt = time.now()
      if (await way.run(time, createEnvironment(time, account, `job-${job}`), random)) green += 1
      worst = Math.max(worst, time.now() - startedAt)
    }
  }
  await time.run(Promise.all(Array.from({ length: fleet.parallel }, lane)))
  return {
    doneS: time.now() / 1_000,
    green,
    requests: account.requests,
    refused: account.refused,
    worstS: worst / 1_000,
  }
}

/** The calls that no run of ours can do without, before its job and after it. */
const CALLS_BEFORE = 3
const CALLS_AFTER = 3

/** No fleet can be faster: the last job starts after all the calls before it, and all have calls after theirs. */
function lowerBoundS({ jobs, parallel }: Fleet): number {
  const jobS = JOB_MS / 1_000
  const callsS = (calls: number): number => Math.max(0, calls - BURST) / PER_SECOND
  const bySlots = Math.ceil(jobs / parallel) * jobS
  const byCalls = callsS(jobs * (CALLS_BEFORE + CALLS_AFTER))
  const byEnds = jobS + callsS(Math.min(jobs, parallel) * Math.max(CALLS_BEFORE, CALLS_AFTER))
  return Math.max(bySlots, byCalls, byEnds)
}

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const lines: string[] = []
for (const fleet of fleets) {
  lines.push(
    '',
    `**${fleet.jobs} jobs, ${fleet.parallel} at once** (at the least ${Math.round(lowerBoundS(fleet))} s)`,
    '',
    '| | all ended after (s) | to the least | green | requests | refused | worst job (s) |',
    '|---|---:|---:|---:|---:|---:|---:|',
  )
  for (const way of strategies) {
    if (way.name === STUBBORN && fleet.parallel > 1_000) {
      lines.push(`| ${way.name} | not simulated: tens of millions of requests | | | | | |`)
      continue
    }
    const { doneS, green, requests, refused, worstS } = await simulate(fleet, way)
    const share = Math.round((refused / requests) * 100)
    lines.push(
      `| ${way.name} | ${Math.round(doneS)} | ${green === fleet.jobs ? (doneS / lowerBoundS(fleet)).toFixed(2) : ''} | ${green} | ${requests} | ${refused} (${share} %) | ${Math.round(worstS)} |`,
    )
    process.stderr.write(
      `${fleet.jobs}/${fleet.parallel} ${way.name}: ${Math.round(doneS)} s, ${green} green, ${requests} requests, ${refused} refused\n`,
    )
  }
}
const text = [
  `Simulated: ${PER_SECOND} calls a second and ${BURST} at once for the account, jobs of ${JOB_MS / 1_000} s, started within ${START_SPREAD_MS / 1_000} s.`,
  ...lines,
].join('\n')
process.stdout.write(`${text}\n`)
if (values.write) {
  const file = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(
      /<!-- fleet -->[\s\S]*<!-- \/fleet -->/,
      `<!-- fleet -->\n\n${text}\n\n<!-- /fleet -->`,
    ),
  )
}
