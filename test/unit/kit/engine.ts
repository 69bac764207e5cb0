/** An engine for a run on the virtual service, and everything that the run tells while it goes on. */
import type { Amplify, Started } from '../../../src/amplify.ts'
import type { Engine } from '../../../src/engine.ts'
import type { Place } from '../../../src/explain.ts'
import type { Patience, Pressure } from '../../../src/retry.ts'
import type { Change, Storage, StorageRequest } from '../../../src/storage.ts'
import { APP_ID, ENVIRONMENT } from './virtual-amplify.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What a run has said so far. */
export type Told = {
  readonly lines: string[]
  /** The same with the time at which they came. */
  readonly timedLines: { readonly at: number; readonly text: string }[]
  readonly retries: string[]
  readonly warnings: { readonly title: string; readonly text: string }[]
  readonly jobs: { readonly jobId: string; readonly status: string | undefined }[]
  readonly changes: (readonly Change[])[]
  readonly found: (Storage | undefined)[]
  readonly accepted: Started[]
  /** What was said of sends: `open` as they went out, `settled` when their outcome was known. */
  readonly sent: ('open' | 'settled')[]
  renewals: number
}

export type EngineOptions = Readonly<{
  maxAttempts?: number
  /** Milliseconds from now until the run must have ended. */
  timeoutMs?: number
  random?: () => number
  signal?: AbortSignal
  sendSignal?: AbortSignal
  /** What the run knows of the account's limit: nothing yet, unless given; null where its calls share none. */
  pressure?: Pressure | null
}>

export const PLACE: Place = {
  appId: APP_ID,
  backendEnvironmentName: ENVIRONMENT,
  resourceName: 'media',
  region: 'eu-west-1',
  accountId: '111122223333',
}

/** The storage that most scenarios ask for. */
export const REQUEST: StorageRequest = {
  resourceName: 'media',
  serviceName: 'S3',
  bucketName: 'photos',
  authenticated: ['READ', 'CREATE_AND_UPDATE'],
  unauthenticated: undefined,
}

/** A signal that is never aborted. */
export const never: AbortSignal = new AbortController().signal

/** Patience on a virtual clock that says nothing. */
export function aPatience(clock: VirtualClock, members: Partial<Patience> = {}): Patience {
  return {
    clock,
    random: () => 0.5,
    deadline: clock.now() + 1_800_000,
    maxAttempts: 8,
    signal: never,
    onRetry: () => undefined,
    renewCredentials: () => undefined,
    ...members,
  }
}

/** Makes the engine of a run. */
export function anEngine(
  clock: VirtualClock,
  amplify: Amplify,
  options: EngineOptions = {},
): { engine: Engine; told: Told } {
  const told: Told = {
    lines: [],
    timedLines: [],
    retries: [],
    warnings: [],
    jobs: [],
    changes: [],
    found: [],
    accepted: [],
    sent: [],
    renewals: 0,
  }
  const signal = options.signal ?? never
  const { pressure = { refusals: 0 } } = options
  const patience = aPatience(clock, {
    random: options.random ?? (() => 0.5),
    deadline: clock.now() + (options.timeoutMs ?? 1_800_000),
    maxAttempts: options.maxAttempts ?? 8,
    signal,
    ...(pressure === null ? {} : { pressure }),
    onRetry: (line) => {
      told.retries.push(line)
    },
    renewCredentials: () => {
      told.renewals += 1
    },
  })
  const engine: Engine = {
    amplify,
    place: PLACE,
    patience,
    sendSignal: options.sendSignal ?? signal,
    observer: {
      line: (text) => {
        told.lines.push(text)
        told.timedLines.push({ at: clock.now(), text })
      },
      warning: (title, text) => {
        told.warnings.push({ title, text })
      },
      accepted: (started) => {
        told.accepted.push(started)
      },
      sent: (outcome) => {
        told.sent.push(outcome)
      },
      job: (jobId, status) => {
        told.jobs.push({ jobId, status })
      },
      changes: (changes) => {
        told.changes.push(changes)
      },
      storage: (found) => {
        told.found.push(found)
      },
    },
  }
  return { engine, told }
}
