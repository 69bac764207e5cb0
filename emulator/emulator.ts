import { randomBytes } from 'node:crypto'

import { amplifyHandlers } from './services/amplify/handlers.ts'
import { createTimers, realClock, type Clock } from './lib/clock.ts'
import { createControl } from './server/control.ts'
import { defaults } from './lib/defaults.ts'
import { createFaultQueue, type FaultSpec, type InjectedFault } from './faults/queue.ts'
import { newGithubToken } from './state/github.ts'
import { githubHandlers } from './services/github/handlers.ts'
import type { RecordedRequest } from './lib/http.ts'
import { createIssuer, oidcHandlers } from './services/oidc/handlers.ts'
import type { OperationName } from './lib/operations.ts'
import { checkFaultSpec } from './faults/parse.ts'
import type { Rules } from './state/rules.ts'
import { serve } from './server/server.ts'
import { stsHandlers } from './services/sts/handlers.ts'
import {
  getEnvironment,
  createUser,
  createState,
  type Environment,
  type JobPlan,
  type State,
} from './state/state.ts'

export { realClock, type Clock, type Timer } from './lib/clock.ts'
export { defaults } from './lib/defaults.ts'
export type { Fault, FaultKind, FaultSpec, InjectedFault } from './faults/queue.ts'
export type { Comment, GithubState, Pull } from './state/github.ts'
export type { RecordedRequest } from './lib/http.ts'
export type { PolicyDocument, TrustPolicy } from './iam/evaluate.ts'
export type { OperationName, Service } from './lib/operations.ts'
export { defaultRules, permissiveRules, type Rules } from './state/rules.ts'
export { githubTrustPolicy } from './iam/trust.ts'
export {
  addApp,
  addEnvironment,
  addJob,
  addRole,
  addStorage,
  allowPolicy,
  endJob,
  getEnvironment,
  physicalBucket,
  readActions,
  writeActions,
  type App,
  type Credential,
  type Environment,
  type Job,
  type JobPlan,
  type Role,
  type Storage,
  type State,
} from './state/state.ts'

export type EmulatorOptions = {
  /** A free one when left out. */
  port?: number
  /** Listen on [::1] as well. */
  ipv6?: boolean
  clock?: Clock
  rules?: Partial<Rules>
  /** Claims of the tokens, on top of the default ones. */
  claims?: Record<string, string | undefined>
  /** The issuer that the tokens name; GitHub's when left out. */
  issuer?: string
}

export type Emulator = {
  readonly url: string
  readonly port: number
  readonly clock: Clock
  /** Environment variables that point any client, and the action, at the emulator. */
  readonly env: Readonly<Record<string, string>>
  /** Environment variables with the long-term key of the account's user. */
  readonly ambientEnv: Readonly<Record<string, string>>
  readonly githubToken: string
  /** The state as of now, to read and to change. */
  readonly state: State
  /** Every request so far, oldest first. */
  readonly requests: readonly RecordedRequest[]
  /** The requests of one operation so far. */
  calls(operation: OperationName): readonly RecordedRequest[]
  /** An environment of the default app, or of another. */
  environment(name?: string, appId?: string): Environment
  /** Spoils calls to come; gives back how far the order has got. */
  injectFault(order: FaultSpec): InjectedFault
  /** Says how jobs to come go. */
  planJob(plan: JobPlan): void
  /** A fresh world, no faults, nothing received. */
  reset(): void
  /** Closes everything; open requests are cut off. */
  stop(): Promise<void>
}

/** Starts an emulator on loopback. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const clock = options.clock ?? realClock
  const timers = createTimers(clock)
  const issuer = await createIssuer()
  const requestToken = randomBytes(24).toString('base64url')
  const githubToken = newGithubToken()
  const user = createUser()
  const faults = createFaultQueue()
  const requests: RecordedRequest[] = []
  const freshState = (): State =>
    createState({
      issuer: options.issuer ?? defaults.issuer,
      rules: options.rules ?? {},
      claims: options.claims ?? {},
      user,
    })
  let current = freshState()
  const state = (): State => current
  const updatedState = (): State => {
    current.agenda.runUntil(clock.now())
    return current
  }
  const reset = (): void => {
    current = freshState()
    faults.clear()
    requests.length = 0
  }
  const control = createControl({ state: updatedState, faults, requests, reset })
  const listening = await serve(
    {
      clock,
      timers,
      url: () => url,
      state,
      faults,
      requests,
      control,
      handlers: {
        ...oidcHandlers(state, issuer, requestToken),
        ...stsHandlers(state, issuer),
        ...amplifyHandlers(state),
        ...githubHandlers(state, githubToken),
      },
    },
    { port: options.port ?? 0, ipv6: options.ipv6 ?? false },
  )
  const url = `http://127.0.0.1:${listening.port}`
  return {
    url,
    port: listening.port,
    clock,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: defaults.region,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
      GITHUB_API_URL: `${url}/api/v3`,
      GITHUB_GRAPHQL_URL: `${url}/api/graphql`,
    },
    ambientEnv: {
      AWS_ACCESS_KEY_ID: user.accessKeyId,
      AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
    },
    githubToken,
    get state() {
      return updatedState()
    },
    requests,
    calls: (operation) => requests.filter((request) => request.operation === operation),
    environment: (name = 'prod', appId = defaults.appId) =>
      getEnvironment(updatedState(), appId, name),
    injectFault: (order) => {
      checkFaultSpec(order)
      return faults.add(order)
    },
    planJob: (plan) => {
      current.jobPlans.push({ ...plan })
    },
    reset,
    stop: async () => {
      timers.clear()
      await listening.stop()
    },
  }
}
