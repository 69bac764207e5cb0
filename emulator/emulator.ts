import { randomBytes } from 'node:crypto'

import { amplifyHandlers } from './amplify.ts'
import { createTimers, realClock, type Clock } from './clock.ts'
import { createControl } from './control.ts'
import { defaults } from './defaults.ts'
import { createFaultBook, type FaultOrder, type OrderedFault } from './faults.ts'
import { newGithubToken } from './github-state.ts'
import { githubHandlers } from './github.ts'
import type { Received } from './http.ts'
import { createIssuer, oidcHandlers } from './oidc.ts'
import type { OperationName } from './operations.ts'
import { checkFaultOrder } from './parse-orders.ts'
import type { Rules } from './rules.ts'
import { serve } from './server.ts'
import { stsHandlers } from './sts.ts'
import {
  environmentOf,
  newUser,
  newWorld,
  type Environment,
  type JobPlan,
  type World,
} from './world.ts'

export { realClock, type Clock, type Timer } from './clock.ts'
export { defaults } from './defaults.ts'
export type { Fault, FaultKind, FaultOrder, OrderedFault } from './faults.ts'
export type { Comment, Github, Pull } from './github-state.ts'
export type { Received } from './http.ts'
export type { PolicyDocument, TrustPolicy } from './iam.ts'
export type { OperationName, Service } from './operations.ts'
export { defaultRules, permissive, type Rules } from './rules.ts'
export { githubTrust } from './trust.ts'
export {
  addApp,
  addEnvironment,
  addJob,
  addRole,
  addStorage,
  allow,
  endJob,
  environmentOf,
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
  type World,
} from './world.ts'

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
  readonly world: World
  /** Every request so far, oldest first. */
  readonly received: readonly Received[]
  /** The requests of one operation so far. */
  calls(operation: OperationName): readonly Received[]
  /** An environment of the default app, or of another. */
  environment(name?: string, appId?: string): Environment
  /** Spoils calls to come; gives back how far the order has got. */
  orderFault(order: FaultOrder): OrderedFault
  /** Says how jobs to come go. */
  orderJob(plan: JobPlan): void
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
  const user = newUser()
  const faults = createFaultBook()
  const received: Received[] = []
  const fresh = (): World =>
    newWorld({
      issuer: options.issuer ?? defaults.issuer,
      rules: options.rules ?? {},
      claims: options.claims ?? {},
      user,
    })
  let current = fresh()
  const world = (): World => current
  const settled = (): World => {
    current.agenda.settle(clock.now())
    return current
  }
  const reset = (): void => {
    current = fresh()
    faults.clear()
    received.length = 0
  }
  const control = createControl({ world: settled, faults, received, reset })
  const listening = await serve(
    {
      clock,
      timers,
      url: () => url,
      world,
      faults,
      received,
      control,
      handlers: {
        ...oidcHandlers(world, issuer, requestToken),
        ...stsHandlers(world, issuer),
        ...amplifyHandlers(world),
        ...githubHandlers(world, githubToken),
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
    get world() {
      return settled()
    },
    received,
    calls: (operation) => received.filter((request) => request.operation === operation),
    environment: (name = 'prod', appId = defaults.appId) => environmentOf(settled(), appId, name),
    orderFault: (order) => {
      checkFaultOrder(order)
      return faults.order(order)
    },
    orderJob: (plan) => {
      current.jobPlans.push({ ...plan })
    },
    reset,
    stop: async () => {
      timers.clear()
      await listening.stop()
    },
  }
}
