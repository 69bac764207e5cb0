import { defaults } from '../lib/defaults.ts'
import {
  addDefaultRoles,
  type Credential,
  type Provider,
  type Role,
  type RoleSource,
} from './account.ts'
import { addApp, addEnvironment, type App, type Environment } from './backends.ts'
import { defaultClaims, type Claims } from './claims.ts'
import { createGithubState, type GithubState } from './github.ts'
import { createCounters, type Counters, type JobPlan } from './jobs.ts'
import { defaultRules, type Rules } from './rules.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'

/** Everything that the emulated services know. */
export type State = {
  readonly accountId: string
  apps: Map<string, App>
  roles: Map<string, Role>
  /** Where roles that are not in `roles` come from; undefined if there are no others. */
  readonly roleSource: RoleSource | undefined
  providers: Provider[]
  /** By access key id. */
  credentials: Map<string, Credential>
  /** The account's user, with a long-term key. */
  readonly user: Credential
  /** The issuer that the tokens name. */
  issuer: string
  /** The claims of new tokens. */
  claims: Claims
  /** How long new tokens are valid. */
  tokenSeconds: number
  rules: Rules
  jobPlans: JobPlan[]
  counters: Counters
  /** The account's token bucket at the time of its last call. */
  throttle: { tokens: number; at: number } | undefined
  github: GithubState
  readonly scheduler: Scheduler
}

/** What a new state has; the default apps and roles where it names none. */
export type StateSeed = Readonly<{
  issuer: string
  /** Other issuers whose tokens STS accepts. */
  otherIssuers: readonly string[]
  /** The audiences of every issuer; without any, the one of the role's partition. */
  audiences: readonly string[]
  rules: Partial<Rules>
  claims: Claims
  user: Credential
  apps: Readonly<Record<string, readonly string[]>> | undefined
  roleSource: RoleSource | undefined
}>

function addApps(state: State, apps: StateSeed['apps']): void {
  if (apps === undefined) {
    const app = addApp(state, defaults.appId)
    addEnvironment(app, 'dev', { suffix: '14a5e' })
    addEnvironment(app, 'prod', { suffix: '9c04b' })
  }
  for (const [appId, environments] of Object.entries(apps ?? {})) {
    const app = addApp(state, appId)
    for (const name of environments) addEnvironment(app, name)
  }
}

/** Creates the state of a new emulator. */
export function createState(seed: StateSeed): State {
  const issuers = new Set([seed.issuer, ...seed.otherIssuers])
  const state: State = {
    accountId: defaults.accountId,
    apps: new Map(),
    roles: new Map(),
    roleSource: seed.roleSource,
    providers: [...issuers].map((url) => ({ url, audiences: [...seed.audiences] })),
    credentials: new Map([[seed.user.accessKeyId, seed.user]]),
    user: seed.user,
    issuer: seed.issuer,
    claims: { ...defaultClaims(), ...seed.claims },
    tokenSeconds: 300,
    rules: { ...defaultRules(), ...seed.rules },
    jobPlans: [],
    counters: createCounters(),
    throttle: undefined,
    github: createGithubState(),
    scheduler: createScheduler(),
  }
  if (seed.roleSource === undefined) addDefaultRoles(state, state.issuer)
  addApps(state, seed.apps)
  return state
}

/**
 * Finds an environment.
 *
 * @throws Error if the app or the environment does not exist
 */
export function getEnvironment(state: State, appId: string, name: string): Environment {
  const environment = state.apps.get(appId)?.environments.get(name)
  if (environment === undefined) throw new Error(`No environment ${name} in app ${appId}`)
  return environment
}
