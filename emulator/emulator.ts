/**
 * The facade of the emulator: starts Amplify Backend, STS, an OIDC issuer and GitHub's comments API on
 * loopback, in one process. What is not exported here is internal; README.md describes the folders.
 */
import { randomBytes } from 'node:crypto'

import { checkFaultSpec } from './faults/parse.ts'
import { createFaultQueue, type InjectedFault } from './faults/queue.ts'
import type { FaultSpec } from './faults/spec.ts'
import { createTimers, realClock, type Clock } from './lib/clock.ts'
import { defaults } from './lib/defaults.ts'
import type { OperationName } from './lib/operations.ts'
import { createControl } from './server/control.ts'
import { startServer } from './server/server.ts'
import { amplifyHandlers } from './services/amplify/handlers.ts'
import { githubHandlers } from './services/github/handlers.ts'
import type { RecordedRequest } from './services/handler.ts'
import { oidcHandlers } from './services/oidc/handlers.ts'
import { createIssuer } from './services/oidc/issuer.ts'
import { fetchPublishedKeys, type PublishedKeys } from './services/oidc/published-keys.ts'
import { stsHandlers } from './services/sts/handlers.ts'
import { createUser, type Credential, type RoleSource } from './state/account.ts'
import type { Environment } from './state/backends.ts'
import type { Claims } from './state/claims.ts'
import { createGithubToken } from './state/github.ts'
import type { JobPlan } from './state/jobs.ts'
import type { Rules } from './state/rules.ts'
import { createState, getEnvironment, type State } from './state/state.ts'

export type { Fault, FaultSpec } from './faults/spec.ts'
export type { PolicyDocument } from './iam/evaluate.ts'
export { allowPolicy, readActions, writeActions } from './iam/policies.ts'
export { githubTrustPolicy } from './iam/trust.ts'
export { realClock, type Clock } from './lib/clock.ts'
export { defaults } from './lib/defaults.ts'
export type { OperationName } from './lib/operations.ts'
export type { RecordedRequest } from './services/handler.ts'
export { addRole, type Role } from './state/account.ts'
export { addApp, addEnvironment, addStorage, type App } from './state/backends.ts'

export { addJob, endJob, type Job, type JobPlan } from './state/jobs.ts'
export { defaultRules, permissiveRules, type Rules } from './state/rules.ts'
export { type State } from './state/state.ts'

export type EmulatorOptions = {
  /** Any free port by default. */
  port?: number
  /** Whether to listen on [::1] as well. */
  ipv6?: boolean
  clock?: Clock
  rules?: Partial<Rules>
  /** Claims of the tokens, in addition to the default ones. */
  claims?: Claims
  /** The issuer that the tokens name; that of GitHub by default. */
  issuer?: string
  /** Other issuers that STS accepts, and of which it fetches the keys; it can be the own issuer, too. */
  publishedIssuers?: readonly string[]
  /** Other issuers that the roles trust, whose tokens nobody has. */
  otherIssuers?: readonly string[]
  /** The audiences that STS accepts; if the list is empty, that of the role's partition. */
  audiences?: readonly string[]
  /** The environments of each app, in place of the default app. */
  apps?: Readonly<Record<string, readonly string[]>>
  /** Makes the roles that are asked for, in place of the default roles. */
  roleSource?: RoleSource
}

export type Emulator = {
  readonly url: string
  readonly port: number
  readonly clock: Clock
  /** The environment variables that make any client, and the action, use the emulator. */
  readonly env: Readonly<Record<string, string>>
  /** The environment variables with the long-term key of the account's user. */
  readonly ambientEnv: Readonly<Record<string, string>>
  readonly githubToken: string
  /** The current state; change it at will. */
  readonly state: State
  /** Every request so far, the oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** The requests of one operation so far. */
  calls(operation: OperationName): readonly RecordedRequest[]
  /** An environment; by default `prod` of the default app. */
  environment(name?: string, appId?: string): Environment
  /** Injects a fault into the next calls; the result shows how often it was applied. */
  injectFault(spec: FaultSpec): InjectedFault
  /** Plans how the next jobs run. */
  planJob(plan: JobPlan): void
  /** Starts again with a new state, without faults and requests. */
  reset(): void
  /** Stops listening and closes every connection. */
  stop(): Promise<void>
}

/** Everything that `reset` replaces. */
function createStore(
  options: EmulatorOptions,
  user: Credential,
  clock: Clock,
): {
  readonly faults: ReturnType<typeof createFaultQueue>
  readonly requests: RecordedRequest[]
  readonly getState: () => State
  /** The state after the tasks that are due. */
  readonly currentState: () => State
  readonly reset: () => void
} {
  const faults = createFaultQueue()
  const requests: RecordedRequest[] = []
  const newState = (): State =>
    createState({
      issuer: options.issuer ?? defaults.issuer,
      otherIssuers: [...(options.publishedIssuers ?? []), ...(options.otherIssuers ?? [])],
      audiences: options.audiences ?? [defaults.audience],
      rules: options.rules ?? {},
      claims: options.claims ?? {},
      user,
      apps: options.apps,
      roleSource: options.roleSource,
    })
  let state = newState()
  return {
    faults,
    requests,
    getState: () => state,
    currentState: () => {
      state.scheduler.runUntil(clock.now())
      return state
    },
    reset: () => {
      state = newState()
      faults.clear()
      requests.length = 0
    },
  }
}

const fetchAllKeys = async (issuers: readonly string[]): Promise<Map<string, PublishedKeys>> =>
  new Map(
    await Promise.all(
      issuers.map(async (url): Promise<[string, PublishedKeys]> => [
        url,
        await fetchPublishedKeys(url),
      ]),
    ),
  )

const ambientEnv = (user: Credential): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
})

const clientEnv = (url: string, requestToken: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: defaults.region,
  ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0`,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
  GITHUB_API_URL: `${url}/api/v3`,
  GITHUB_GRAPHQL_URL: `${url}/api/graphql`,
})

/**
 * Starts an emulator on loopback.
 *
 * @throws IssuerError if the keys of a published issuer cannot be fetched
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const clock = options.clock ?? realClock
  const timers = createTimers(clock)
  const published = await fetchAllKeys(options.publishedIssuers ?? [])
  const issuer = await createIssuer()
  const requestToken = randomBytes(24).toString('base64url')
  const githubToken = createGithubToken()
  const user = createUser()
  const { faults, requests, getState, currentState, reset } = createStore(options, user, clock)
  const handlers = {
    ...oidcHandlers(getState, issuer, requestToken),
    ...stsHandlers(getState, { own: issuer, published }),
    ...amplifyHandlers(getState),
    ...githubHandlers(getState, githubToken),
  }
  const stop = (): Promise<void> => {
    timers.clear()
    return server.stop()
  }
  const control = createControl({
    state: currentState,
    faults,
    requests,
    reset,
    // After the response, which is sent in this turn of the event loop.
    stop: () => setImmediate(() => void stop()),
  })
  const server = await startServer(
    { clock, url: () => url, state: getState, faults, requests, handlers, control },
    { timers, port: options.port ?? 0, ipv6: options.ipv6 ?? false },
  )
  const url = `http://127.0.0.1:${server.port}`
  return {
    url,
    port: server.port,
    clock,
    env: clientEnv(url, requestToken),
    ambientEnv: ambientEnv(user),
    githubToken,
    get state() {
      return currentState()
    },
    requests,
    calls: (operation) => requests.filter((request) => request.operation === operation),
    environment: (name = 'prod', appId = defaults.appId) =>
      getEnvironment(currentState(), appId, name),
    injectFault: (spec) => {
      checkFaultSpec(spec)
      return faults.add(spec)
    },
    planJob: (plan) => {
      getState().jobPlans.push({ ...plan })
    },
    reset,
    stop,
  }
}
