/** The action's own code on the simulated service, and common ways to do the same. */
import { apply } from '../src/storage/apply.ts'
import type { StorageContext } from '../src/storage/context.ts'
import { ActionError } from '../src/errors/action-error.ts'
import { createApi, neverAborted, type Environment } from './throttled-service.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** The maximum of `timeout-in-minutes`. */
const TIMEOUT_MS = 350 * 60_000

type Random = () => number

export type Strategy = Readonly<{
  name: string
  /** Resolves to whether the storage was created and read. */
  run(clock: VirtualClock, environment: Environment, random: Random): Promise<boolean>
}>

function thisAction(maxAttempts: number): Strategy {
  return {
    name: `this action, max-attempts ${maxAttempts}`,
    run: async (clock, environment, random) => {
      const ignore = (): void => undefined
      const context: StorageContext = {
        amplify: createApi(environment),
        ref: {
          appId: environment.id,
          backendEnvironmentName: 'prod',
          resourceName: 'media',
          region: 'eu-west-1',
          accountId: undefined,
        },
        retryPolicy: {
          clock,
          random,
          deadline: clock.now() + TIMEOUT_MS,
          maxAttempts,
          signal: neverAborted,
          onRetry: ignore,
          throttleState: { throttledResponses: 0 },
          invalidateCredentials: ignore,
        },
        mutationSignal: neverAborted,
        observer: {
          onLog: ignore,
          onWarning: ignore,
          onMutation: ignore,
          onAccepted: ignore,
          onJob: ignore,
          onChanges: ignore,
          onStorage: ignore,
          onOtherStorage: ignore,
          onBucketName: ignore,
        },
      }
      try {
        const result = await apply(context, {
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
        return result.verified
      } catch (error) {
        if (error instanceof ActionError) return false
        throw error
      }
    },
  }
}

/** The same calls with a client's own retries, and polling every 5 seconds. */
function script(
  name: string,
  maxAttempts: number,
  delayMs: (failures: number, random: Random) => number,
): Strategy {
  return {
    name,
    run: async (clock, environment, random) => {
      const withRetry = async <T>(call: () => Promise<T | undefined>): Promise<T | undefined> => {
        for (let failures = 1; ; failures += 1) {
          const response = await call()
          if (response !== undefined || failures >= maxAttempts) return response
          await clock.sleep(delayMs(failures, random), neverAborted)
        }
      }
      const deadline = clock.now() + TIMEOUT_MS
      if ((await withRetry(environment.readStorage)) === undefined) return false
      if ((await withRetry(environment.readBackend)) === undefined) return false
      if ((await withRetry(environment.create)) === undefined) return false
      for (;;) {
        await clock.sleep(5_000, neverAborted)
        if (clock.now() > deadline) return false
        const status = await withRetry(environment.poll)
        if (status === undefined) return false
        if (status === 'COMPLETED') {
          const isFound = (await withRetry(environment.readStorage)) !== undefined
          return isFound && (await withRetry(environment.readBackend)) !== undefined
        }
      }
    },
  }
}

/** @smithy/core: throttling delays start at 500 ms, at most 20 s, with full jitter; three attempts by default. */
function standardMode(maxAttempts: number): Strategy {
  return script(
    `the JavaScript SDK's standard mode, ${maxAttempts} attempts, polling every 5 s`,
    maxAttempts,
    (failures, random) => Math.floor(Math.min(20_000, random() * 2 ** (failures - 1) * 500)),
  )
}

export const FIXED_DELAY_LOOP = 'a loop that retries every second'

export const strategies: readonly Strategy[] = [
  thisAction(8),
  thisAction(20),
  standardMode(3),
  standardMode(8),
  // botocore legacy: five attempts, random() * 2 ** (n - 1) seconds.
  script("boto3's legacy mode, polling every 5 s", 5, (failures, random) =>
    Math.floor(random() * 2 ** (failures - 1) * 1_000),
  ),
  script(FIXED_DELAY_LOOP, Infinity, () => 1_000),
]
