/**
 * Amplify Backend as a simulated service on a virtual clock, behind the port that the decisions are
 * given (`Amplify` in src/aws/amplify-backend.ts).
 *
 * This is no mock of the SDK's client: nothing here says which calls are expected or what they give
 * back. It is a model of the service and of the way to it, with a state of its own (storages, jobs that
 * take time), rules that can be switched off, roles, latencies, time limits, and trouble of every kind
 * before, after and long after a call's effect. It judges what the callers did to it: every send, every
 * effect, and every create that was sent while an earlier one could still take effect.
 */
import type { Amplify, CallOptions, AcceptedJob } from '../../../src/storage/api.ts'
import { parseBackend } from '../../../src/storage/amplify-meta.ts'
import { abortReason } from '../../../src/lib/clock.ts'
import type { ApiFailure } from '../../../src/network/failure.ts'
import { parseJob } from '../../../src/storage/jobs/job.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import { parseStorage } from '../../../src/storage/model.ts'
import { createFailure, type FailureName } from './api-failures.ts'
import type { VirtualClock } from './virtual-clock.ts'

export type Operation =
  | 'GetBackendStorage'
  | 'GetBackend'
  | 'CreateBackendStorage'
  | 'UpdateBackendStorage'
  | 'GetBackendJob'
  | 'ListBackendJobs'

/** What becomes of a spoilt call at the service, in spite of what the client sees. */
type Effect =
  | 'none'
  | 'done'
  /** Carried out so long after the client has seen it fail. */
  | Readonly<{ lateMs: number }>

export type Fault = Readonly<{ failure: FailureName; effect?: Effect; retryAfterMs?: number }>

/** Spoils calls of an operation one after the other; `undefined` lets one through. */
export type Script = readonly (Fault | undefined)[]

/** One run's way to the service. */
export type ConnectionOptions = Readonly<{
  run?: string
  /** What the run's role may not call. */
  denied?: readonly Operation[]
  faults?: Partial<Record<Operation, Script>>
  /** Spoils every call that the script does not reach. */
  always?: Partial<Record<Operation, Fault>>
  /** How long the next request, and then its answer, is on the way. */
  latency?: () => number
}>

/** How the service writes the time at which a job was created. */
export type TimeStyle = (ms: number) => unknown

export const TIME_STYLES = {
  milliseconds: (ms) => String(ms),
  millisecondsAsNumber: (ms) => ms,
  seconds: (ms) => String(Math.floor(ms / 1000)),
  fractionOfSeconds: (ms) => (ms / 1000).toFixed(3),
  iso: (ms) => new Date(ms).toISOString(),
  date: (ms) => new Date(ms),
  garbage: () => 'a moment ago',
  invalidDate: () => new Date(NaN),
  absent: () => undefined,
} as const satisfies Record<string, TimeStyle>

export type ServiceStorage = {
  resourceName: string
  /** The base name; the bucket has the stack's suffix and the environment behind it. */
  baseName: string
  authenticated: readonly string[]
  unauthenticated: readonly string[] | undefined
}

export type ServiceJob = {
  readonly jobId: string
  readonly operation: string
  readonly run: string
  readonly createdAt: number
  status: string
  error: string
  /** It keeps other jobs away, and has its effect still before it. */
  pending: boolean
}

/** How a job ends. */
export type JobResult = Readonly<{ status: string; error?: string }>

export type ServiceOptions = Readonly<{
  /** The service's own rules; on unless switched off. */
  oneJob?: boolean
  oneStorage?: 'refused' | 'failed-job' | 'off'
  jobMs?: number
  /** What a job's status says while it runs. */
  runningStatus?: string
  /** How jobs end, in the order of their starts; COMPLETED after that. */
  jobResults?: readonly JobResult[]
  times?: TimeStyle
  /** A job can be read and listed only so long after its start. */
  jobLagMs?: number
  /** A storage can be read only so long after its job's end. */
  storageLagMs?: number
  /** The server's time at the clock's zero. */
  epochMs?: number
  /** Whether answers have a `Date`. */
  dates?: boolean
  /** Which name the storage's details give for the bucket. */
  bucketAs?: 'base' | 'physical' | 'absent'
  /** GetBackendStorage says 404 where there is none, or answers without a storage. */
  absentAs?: 'not-found' | 'empty'
  environments?: readonly string[]
  auth?: boolean
  /** Instead of the metadata that the state gives. */
  metadata?: string
  backendError?: string
}>

/** A create or an update as it was sent. */
export type RecordedMutation = {
  readonly run: string
  readonly operation: 'CreateBackendStorage' | 'UpdateBackendStorage'
  readonly at: number
  /** How the client saw it end; undefined while it has not. */
  endedAt: number | undefined
  failure: ApiFailure | undefined
  /** What it came to at the service. */
  effect: 'on the way' | 'nothing' | 'refused' | ServiceJob
  /** What was sent. */
  readonly desired: ServiceStorage
}

type RecordedCall = Readonly<{ run: string; operation: Operation; at: number }>

export type VirtualAmplify = Readonly<{
  connect(options?: ConnectionOptions): Amplify
  calls: readonly RecordedCall[]
  mutations: readonly RecordedMutation[]
  /** Sends of a create at a moment when an earlier create of the same run could still take effect. */
  unsafeCreates: readonly RecordedMutation[]
  jobs: readonly ServiceJob[]
  storages: ReadonlyMap<string, ServiceStorage>
  /** The time on the server's own clock. */
  serverNow(): number
  /** Puts a storage there. */
  addStorage(storage: ServiceStorage): void
  removeStorage(resourceName: string): void
  /** Adds somebody else's job; it goes on until it is ended. */
  addJob(operation: string, status: string): ServiceJob
  endJob(job: ServiceJob, end: JobResult): void
  /** How many calls of an operation there were. */
  count(operation: Operation): number
  /** How many creates of a run were carried out, that is became jobs. */
  effects(run?: string): number
  physicalBucket(baseName: string): string
}>

export const APP_ID = 'd1a2b3c4d5'
export const ENVIRONMENT = 'prod'
const SUFFIX = '14a5e'

/** How long after its failure a create may still take effect: the design's number, not the code's. */
const EFFECT_WINDOW_MS = 30_000

/** The time limits of the real port. */
const TIMEOUTS_MS: Readonly<Record<Operation, number>> = {
  GetBackendStorage: 20_000,
  GetBackend: 20_000,
  GetBackendJob: 20_000,
  ListBackendJobs: 20_000,
  CreateBackendStorage: 35_000,
  UpdateBackendStorage: 35_000,
}

const PENDING_TEXT = `There is already a pending job for the requested appId: ${APP_ID} and backendEnvironmentName: ${ENVIRONMENT}, wait for it to complete before creating a new job`
export const EXISTS_TEXT = 'Amazon S3 storage was already added to your project.'

/** Makes a service without storage and without jobs. */
export function virtualAmplify(clock: VirtualClock, options: ServiceOptions = {}): VirtualAmplify {
  const { oneJob = true, oneStorage = 'refused', jobMs = 20_000, dates = true } = options
  const times = options.times ?? TIME_STYLES.milliseconds
  const jobLagMs = options.jobLagMs ?? 0
  const calls: RecordedCall[] = []
  const mutations: RecordedMutation[] = []
  const unsafeCreates: RecordedMutation[] = []
  const jobs: ServiceJob[] = []
  const jobResults = [...(options.jobResults ?? [])]
  const storages = new Map<string, ServiceStorage>()
  const visibleAt = new Map<string, number>()
  const lastIds = new Map<string, number>()

  const serverNow = (): number => (options.epochMs ?? Date.UTC(2026, 0, 15, 12)) + clock.now()
  const newId = (kind: string): string => {
    const id = (lastIds.get(kind) ?? 0) + 1
    lastIds.set(kind, id)
    return `${kind}-${id}`
  }
  const physicalBucket = (baseName: string): string => `${baseName}${SUFFIX}-${ENVIRONMENT}`

  const ok = <T>(value: T): ApiResult<T> => ({
    ok: true,
    value,
    requestId: newId('request'),
    serverTime: dates ? Math.floor(serverNow() / 1000) * 1000 : undefined,
  })
  const refuse = (operation: Operation, message: string): ApiResult<never> => ({
    ok: false,
    failure: createFailure(operation, 'badRequest', { message }),
  })

  const addStorage = (storage: ServiceStorage, lagMs = 0): void => {
    // One that can be seen already is not hidden by a change.
    if (!storages.has(storage.resourceName)) {
      visibleAt.set(storage.resourceName, clock.now() + lagMs)
    }
    storages.set(storage.resourceName, storage)
  }

  const start = (send: RecordedMutation, carryOut: () => void): ApiResult<AcceptedJob> => {
    if (oneJob && jobs.some(({ pending }) => pending)) {
      send.effect = 'refused'
      return refuse(send.operation, PENDING_TEXT)
    }
    const second = send.operation === 'CreateBackendStorage' && oneStorage !== 'off'
    if (second && oneStorage === 'refused' && storages.size > 0) {
      send.effect = 'refused'
      return refuse(send.operation, EXISTS_TEXT)
    }
    const job: ServiceJob = {
      jobId: newId('job'),
      operation: send.operation,
      run: send.run,
      createdAt: clock.now(),
      status: options.runningStatus ?? 'RUNNING',
      error: '',
      pending: true,
    }
    jobs.unshift(job)
    send.effect = job
    const end = jobResults.shift() ?? { status: 'COMPLETED' }
    clock.schedule(jobMs, () => {
      if (second && storages.size > 0) endJob(job, { status: 'FAILED', error: EXISTS_TEXT })
      else {
        if (end.status.toUpperCase() === 'COMPLETED') carryOut()
        endJob(job, end)
      }
    })
    return ok({
      jobId: job.jobId,
      status: job.status === '' ? undefined : job.status,
      appId: APP_ID,
      backendEnvironmentName: ENVIRONMENT,
    })
  }

  const endJob = (job: ServiceJob, end: JobResult): void => {
    job.status = end.status
    job.error = end.error ?? ''
    job.pending = false
  }

  const shown = (job: ServiceJob): boolean => clock.now() >= job.createdAt + jobLagMs
  const described = (job: ServiceJob) =>
    parseJob({
      JobId: job.jobId,
      Operation: job.operation,
      Status: job.status,
      CreateTime: times(serverNow() - clock.now() + job.createdAt),
      Error: job.error,
    })

  const metadata = (): string =>
    options.metadata ??
    JSON.stringify({
      providers: { awscloudformation: { StackName: `amplify-octoapp-${ENVIRONMENT}-${SUFFIX}` } },
      auth: options.auth === false ? {} : { cognito: { service: 'Cognito' } },
      storage: Object.fromEntries(
        [...storages.values()].map(({ resourceName, baseName }) => [
          resourceName,
          { service: 'S3', output: { BucketName: physicalBucket(baseName) } },
        ]),
      ),
    })

  const getBackend = (scope: 'environment' | 'app'): ApiResult<ReturnType<typeof parseBackend>> => {
    const environments = options.environments ?? [ENVIRONMENT, 'dev']
    if (scope === 'environment' && !environments.includes(ENVIRONMENT)) {
      return { ok: false, failure: createFailure('GetBackend', 'notFound') }
    }
    return ok(
      parseBackend({
        BackendEnvironmentList: environments,
        AmplifyMetaConfig: scope === 'environment' ? metadata() : undefined,
        Error: options.backendError,
      }),
    )
  }

  const getStorage = (resourceName: string): ApiResult<ReturnType<typeof parseStorage>> => {
    const found = storages.get(resourceName)
    if (found === undefined || clock.now() < (visibleAt.get(resourceName) ?? 0)) {
      return options.absentAs === 'empty'
        ? ok(undefined)
        : { ok: false, failure: createFailure('GetBackendStorage', 'notFound') }
    }
    const names = {
      base: found.baseName,
      physical: physicalBucket(found.baseName),
      absent: undefined,
    }
    return ok(
      parseStorage({
        BucketName: names[options.bucketAs ?? 'physical'],
        Permissions: {
          Authenticated: found.authenticated,
          UnAuthenticated: found.unauthenticated,
        },
      }),
    )
  }

  /** Whether the create may still become a storage, or has become one. */
  const mayTakeEffect = (send: RecordedMutation): boolean => {
    if (send.effect === 'refused' || send.effect === 'nothing') return false
    return send.effect === 'on the way' || send.effect.pending || isCompleted(send.effect)
  }
  /** Whether the client cannot know yet that it will not. */
  const isOpen = ({ failure, endedAt }: RecordedMutation): boolean =>
    failure !== undefined &&
    endedAt !== undefined &&
    isAmbiguous(failure) &&
    clock.now() < endedAt + EFFECT_WINDOW_MS

  const connect = (of: ConnectionOptions = {}): Amplify => {
    const run = of.run ?? 'run'
    const scripts = new Map(
      Object.entries(of.faults ?? {}).map(([operation, script]) => [operation, [...script]]),
    )
    const latency = of.latency ?? (() => 50)
    const takeFault = (operation: Operation): Fault | undefined => {
      const script = scripts.get(operation)
      return script === undefined || script.length === 0 ? of.always?.[operation] : script.shift()
    }

    const call = <T>(
      operation: Operation,
      terms: CallOptions,
      serve: () => ApiResult<T>,
      send?: RecordedMutation,
    ): Promise<ApiResult<T>> => {
      if (terms.signal.aborted) return Promise.reject(abortReason(terms.signal))
      calls.push({ run, operation, at: clock.now() })
      const fault = takeFault(operation)
      const limitMs = Math.min(TIMEOUTS_MS[operation], terms.remainingMs)
      const limitAt = clock.now() + limitMs
      const [there, back] = [latency(), latency()]
      return new Promise((resolve, reject) => {
        const end = (): void => {
          callOff()
          terms.signal.removeEventListener('abort', abort)
          if (send !== undefined) send.endedAt ??= clock.now()
        }
        const settle = (answer: ApiResult<T>): void => {
          if (send?.endedAt === undefined && send !== undefined && !answer.ok) {
            send.failure = answer.failure
          }
          end()
          resolve(answer)
        }
        const abort = (): void => {
          end()
          reject(abortReason(terms.signal))
        }
        terms.signal.addEventListener('abort', abort, { once: true })
        const callOff = clock.schedule(limitMs, () => {
          settle({ ok: false, failure: createFailure(operation, 'stall') })
        })
        const answer = (what: ApiResult<T>): void => {
          clock.schedule(back, () => {
            settle(what)
          })
        }
        // The request arrives, even if by then the client waits no more.
        clock.schedule(there, () => {
          if (fault === undefined) {
            answer(of.denied?.includes(operation) === true ? deny(operation, send) : serve())
            return
          }
          const { failure, effect = 'none', retryAfterMs } = fault
          const stalls = failure === 'stall'
          if (effect === 'done') serve()
          else if (effect === 'none') {
            if (send !== undefined) send.effect = 'nothing'
          } else {
            const failsAt = stalls ? limitAt : Math.min(limitAt, clock.now() + back)
            clock.schedule(failsAt - clock.now() + effect.lateMs, serve)
          }
          if (!stalls)
            answer({ ok: false, failure: createFailure(operation, failure, { retryAfterMs }) })
        })
      })
    }

    const deny = (operation: Operation, send: RecordedMutation | undefined): ApiResult<never> => {
      if (send !== undefined) send.effect = 'refused'
      return { ok: false, failure: createFailure(operation, 'accessDenied') }
    }

    const mutate = (
      operation: RecordedMutation['operation'],
      desired: ServiceStorage,
      terms: CallOptions,
      carryOut: () => void,
    ): Promise<ApiResult<AcceptedJob>> => {
      const send: RecordedMutation = {
        run,
        operation,
        at: clock.now(),
        endedAt: undefined,
        failure: undefined,
        effect: 'on the way',
        desired,
      }
      const earlier = mutations.filter(
        (other) => other.run === run && other.operation === operation,
      )
      if (
        operation === 'CreateBackendStorage' &&
        earlier.some((other) => mayTakeEffect(other) || isOpen(other))
      ) {
        unsafeCreates.push(send)
      }
      mutations.push(send)
      return call(operation, terms, () => start(send, carryOut), send)
    }

    return {
      getStorage: (resourceName, terms) =>
        call('GetBackendStorage', terms, () => getStorage(resourceName)),
      getBackend: (scope, terms) => call('GetBackend', terms, () => getBackend(scope)),
      createStorage: (request, terms) => {
        const asked: ServiceStorage = {
          resourceName: request.resourceName,
          baseName: request.bucketName ?? 'octoapp0123456789abcdef',
          authenticated: request.authenticated,
          unauthenticated: request.unauthenticated,
        }
        return mutate('CreateBackendStorage', asked, terms, () => {
          addStorage({ ...asked }, options.storageLagMs)
        })
      },
      updateStorage: (resourceName, permissions, terms) => {
        const asked: ServiceStorage = {
          resourceName,
          baseName: storages.get(resourceName)?.baseName ?? '',
          authenticated: permissions.authenticated,
          unauthenticated: permissions.unauthenticated,
        }
        return mutate('UpdateBackendStorage', asked, terms, () => {
          if (storages.has(resourceName)) addStorage({ ...asked })
        })
      },
      getJob: (jobId, terms) =>
        call('GetBackendJob', terms, () => {
          const job = jobs.find((other) => other.jobId === jobId && shown(other))
          return job === undefined
            ? { ok: false, failure: createFailure('GetBackendJob', 'notFound') }
            : ok(described(job))
        }),
      listJobs: (terms) =>
        call('ListBackendJobs', terms, () => ok(jobs.filter(shown).map(described))),
    }
  }

  return {
    connect,
    calls,
    mutations,
    unsafeCreates,
    jobs,
    storages,
    serverNow,
    addStorage,
    removeStorage: (resourceName) => {
      storages.delete(resourceName)
    },
    addJob: (operation, status) => {
      const job: ServiceJob = {
        jobId: newId('other'),
        operation,
        run: 'somebody else',
        createdAt: clock.now(),
        status,
        error: '',
        pending: !/^(?:completed|failed)$/i.test(status),
      }
      jobs.unshift(job)
      return job
    },
    endJob,
    count: (operation) => calls.filter((call) => call.operation === operation).length,
    effects: (run = 'run') =>
      jobs.filter((job) => job.run === run && job.operation === 'CreateBackendStorage').length,
    physicalBucket,
  }
}

const isCompleted = ({ status }: ServiceJob): boolean => status.toUpperCase() === 'COMPLETED'

function isAmbiguous({ status, timedOut, code, connected }: ApiFailure): boolean {
  if (status !== undefined) return status >= 500 || status < 400 || status === 408
  return timedOut || (connected && code !== undefined)
}
