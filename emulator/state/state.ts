import { randomBytes, randomUUID } from 'node:crypto'

import { createScheduler, type Scheduler } from './scheduler.ts'
import { defaults } from '../lib/defaults.ts'
import { newGithubState, type GithubState } from './github.ts'
import type { PolicyDocument, TrustPolicy } from '../iam/evaluate.ts'
import { defaultRules, type Rules } from './rules.ts'
import { applyTrust, planTrust } from '../iam/trust.ts'

export const permissions = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const
export type Permission = (typeof permissions)[number]

/** The permissions of a storage, in the names of the wire. */
export type StoragePermissions = {
  authenticated: Permission[]
  unAuthenticated?: Permission[] | undefined
}

export type Storage = {
  resourceName: string
  imported: boolean
  /** The name asked for, or the one the service chose. */
  baseName: string
  /** The bucket as S3 knows it. */
  bucket: string
  permissions: StoragePermissions
  /** Reads do not show the storage before this time. */
  visibleAt: number
}

export type Job = {
  jobId: string
  operation: string
  status: string
  createTime?: string | undefined
  updateTime?: string | undefined
  error?: string | undefined
  /** Whether it keeps other jobs away, whatever its status says. */
  pending: boolean
  readableAt: number
  listedAt: number
}

export type Environment = {
  name: string
  appName: string
  /** The end of the root stack's name; empty for a legacy stack, whose buckets carry none. */
  suffix: string
  /** Whether there is an auth (Cognito) resource. */
  auth: boolean
  storages: Map<string, Storage>
  jobs: Job[]
  /** Every bucket there is, those that failed creates have left behind included. */
  buckets: Set<string>
  /** Given, GetBackend answers with this text as the backend's metadata. */
  metadata?: string | undefined
}

export type App = { appId: string; name: string; environments: Map<string, Environment> }

export type Role = {
  arn: string
  trust: TrustPolicy
  policies: PolicyDocument[]
  maxSessionSeconds: number
}

/** An access key, with the session it belongs to or the policies of its user. */
export type Credential = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
  expiresAt?: number | undefined
  /** The principal's ARN, as GetCallerIdentity gives it. */
  arn: string
  userId: string
  accountId: string
  /** The assumed role; its policies are looked up at every request. */
  roleArn?: string | undefined
  /** A user's own policies. */
  policies: PolicyDocument[]
  sessionPolicy?: PolicyDocument | undefined
}

/** An IAM OIDC provider: whose tokens the account accepts, and for which audiences. */
export type Provider = { url: string; audiences: string[] }

export type OperationCounters = {
  /** Requests that arrived, faulted ones included. */
  received: number
  /** Jobs that were started. */
  accepted: number
  /** Effects that took place. */
  executed: number
}

export type Counters = {
  create: OperationCounters
  update: OperationCounters
  /** The most jobs that were pending in one environment at the same time. */
  maxPendingJobs: number
}

/** How a job to come goes; whatever is left out follows the rules. */
export type JobPlan = {
  /** How many jobs the plan serves; 1 when left out. */
  times?: number | 'always' | undefined
  ms?: number | 'never' | undefined
  statuses?: string[] | undefined
  /** The last status; COMPLETED, or FAILED with an error, when left out. */
  finalStatus?: string | undefined
  /** Fails the job with this text. */
  error?: string | undefined
  /** Whether a failing create leaves its bucket behind; true when left out. */
  leavesBucket?: boolean | undefined
}

export type State = {
  readonly accountId: string
  apps: Map<string, App>
  roles: Map<string, Role>
  providers: Provider[]
  credentials: Map<string, Credential>
  /** The long-term key of the account's user. */
  readonly user: Credential
  /** The issuer named in the tokens. */
  issuer: string
  /** Claims of the tokens to come; a claim set to undefined is left out. */
  claims: Record<string, string | undefined>
  tokenSeconds: number
  rules: Rules
  jobPlans: JobPlan[]
  counters: Counters
  throttle: { tokens: number; at: number } | undefined
  github: GithubState
  readonly agenda: Scheduler
}

const createCounters = (): Counters => ({
  create: { received: 0, accepted: 0, executed: 0 },
  update: { received: 0, accepted: 0, executed: 0 },
  maxPendingJobs: 0,
})

/** The claims of a push to main, as GitHub words them. */
export function defaultClaims(): Record<string, string | undefined> {
  return {
    sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    ref_protected: 'true',
    sha: '1d1b8f0dbb3d5d3d4d55cf2b1d1c3a1f6a5f7e10',
    repository: defaults.repository,
    repository_id: '456789',
    repository_owner: 'octo-org',
    repository_owner_id: '12345',
    repository_visibility: 'private',
    job_workflow_ref: 'octo-org/octo-app/.github/workflows/storage.yml@refs/heads/main',
    workflow_ref: 'octo-org/octo-app/.github/workflows/storage.yml@refs/heads/main',
    workflow: 'storage',
    event_name: 'push',
    actor: 'octocat',
    actor_id: '583231',
    run_id: '1234567890',
    run_number: '1',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    head_ref: '',
    base_ref: '',
  }
}

const randomText = (length: number, alphabet: string): string =>
  Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join('')

const keyAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A random id in the form of AWS's, such as `AROA…`. */
export const createUniqueId = (prefix: string): string => prefix + randomText(16, keyAlphabet)

/** A random secret access key. */
export const createSecretKey = (): string => randomBytes(30).toString('base64')

export const readActions = [
  'amplifybackend:GetBackend',
  'amplifybackend:GetBackendStorage',
  'amplifybackend:GetBackendJob',
  'amplifybackend:ListBackendJobs',
]

export const writeActions = [
  'amplifybackend:CreateBackendStorage',
  'amplifybackend:UpdateBackendStorage',
]

/** A policy that allows some actions on every backend of an account. */
export function allowPolicy(
  actions: string[],
  accountId: string = defaults.accountId,
): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: actions,
        Resource: `arn:aws:amplifybackend:*:${accountId}:/backend/*`,
      },
    ],
  }
}

/** Adds a role, or replaces the one of that ARN. */
export function addRole(
  world: State,
  role: {
    arn: string
    trust: TrustPolicy
    policies?: PolicyDocument[]
    maxSessionSeconds?: number
  },
): Role {
  const added = {
    arn: role.arn,
    trust: role.trust,
    policies: role.policies ?? [allowPolicy([...readActions, ...writeActions])],
    maxSessionSeconds: role.maxSessionSeconds ?? 3600,
  }
  world.roles.set(added.arn, added)
  return added
}

/** Adds an app without environments, or replaces the one of that id. */
export function addApp(world: State, appId: string, name = 'octoapp'): App {
  const app = { appId, name, environments: new Map<string, Environment>() }
  world.apps.set(appId, app)
  return app
}

/** Adds an environment without storage, or replaces the one of that name. */
export function addEnvironment(
  app: App,
  name: string,
  seed: { auth?: boolean; suffix?: string; metadata?: string } = {},
): Environment {
  const environment: Environment = {
    name,
    appName: app.name,
    suffix: seed.suffix ?? randomText(5, '0123456789abcdef'),
    auth: seed.auth ?? true,
    storages: new Map(),
    jobs: [],
    buckets: new Set(),
    metadata: seed.metadata,
  }
  app.environments.set(name, environment)
  return environment
}

/** The bucket that S3 shows for a base name in an environment. */
export function physicalBucket(environment: Environment, baseName: string): string {
  return `${baseName}${environment.suffix}-${environment.name}`
}

/** The base name that the service chooses where none is asked for. */
export function generateBaseName(environment: Environment): string {
  return `${environment.appName}${randomBytes(16).toString('hex')}`.slice(0, 47)
}

/** Adds a storage that is there and can be read. */
export function addStorage(
  environment: Environment,
  seed: {
    resourceName: string
    bucketName?: string | undefined
    permissions?: StoragePermissions | undefined
    imported?: boolean | undefined
    visibleAt?: number | undefined
  },
): Storage {
  const baseName = seed.bucketName ?? generateBaseName(environment)
  const imported = seed.imported ?? false
  const storage = {
    resourceName: seed.resourceName,
    imported,
    baseName,
    bucket: imported ? baseName : physicalBucket(environment, baseName),
    permissions: seed.permissions ?? { authenticated: ['READ'] },
    visibleAt: seed.visibleAt ?? 0,
  }
  environment.storages.set(storage.resourceName, storage)
  environment.buckets.add(storage.bucket)
  return storage
}

const finalStatuses = ['COMPLETED', 'FAILED']

/** Adds a job by hand, for instance somebody else's. It stays as it is. */
export function addJob(
  environment: Environment,
  seed: {
    operation: string
    status: string
    jobId?: string | undefined
    createTime?: string | undefined
    updateTime?: string | undefined
    error?: string | undefined
    pending?: boolean | undefined
  },
): Job {
  const job = {
    jobId: seed.jobId ?? randomUUID(),
    operation: seed.operation,
    status: seed.status,
    createTime: seed.createTime,
    updateTime: seed.updateTime ?? seed.createTime,
    error: seed.error,
    pending: seed.pending ?? !finalStatuses.includes(seed.status),
    readableAt: 0,
    listedAt: 0,
  }
  environment.jobs.push(job)
  return job
}

/** Ends a job that was added by hand. */
export function endJob(job: Job, status: string, now: number, error?: string): void {
  job.status = status
  job.pending = false
  job.error = error
  job.updateTime = String(now)
}

/** An environment that must be there. */
export function getEnvironment(world: State, appId: string, name: string): Environment {
  const environment = world.apps.get(appId)?.environments.get(name)
  if (environment === undefined) throw new Error(`No environment ${name} in app ${appId}`)
  return environment
}

function addUser(world: State): void {
  world.credentials.set(world.user.accessKeyId, world.user)
}

/** What the documentation lets the role that plans do: less than to read, since it starts no jobs. */
const planActions = ['amplifybackend:GetBackend', 'amplifybackend:GetBackendStorage']

function addDefaultRoles(world: State): void {
  addRole(world, { arn: defaults.applyRole, trust: applyTrust(world.issuer) })
  addRole(world, {
    arn: defaults.planRole,
    trust: planTrust(world.issuer),
    policies: [allowPolicy(planActions)],
  })
}

/** A fresh world: one app with two environments, two roles, one user. */
export function createState(seed: {
  issuer: string
  rules: Partial<Rules>
  claims: Record<string, string | undefined>
  user: Credential
}): State {
  const world: State = {
    accountId: defaults.accountId,
    apps: new Map(),
    roles: new Map(),
    providers: [{ url: seed.issuer, audiences: [defaults.audience] }],
    credentials: new Map(),
    user: seed.user,
    issuer: seed.issuer,
    claims: { ...defaultClaims(), ...seed.claims },
    tokenSeconds: 300,
    rules: { ...defaultRules(), ...seed.rules },
    jobPlans: [],
    counters: createCounters(),
    throttle: undefined,
    github: newGithubState(),
    agenda: createScheduler(),
  }
  addUser(world)
  addDefaultRoles(world)
  const app = addApp(world, defaults.appId)
  addEnvironment(app, 'dev', { suffix: '14a5e' })
  addEnvironment(app, 'prod', { suffix: '9c04b' })
  return world
}

/** A user with a long-term key that may do everything with the account's backends. */
export function createUser(): Credential {
  return {
    accessKeyId: createUniqueId('AKIA'),
    secretAccessKey: createSecretKey(),
    arn: `arn:aws:iam::${defaults.accountId}:user/octocat`,
    userId: createUniqueId('AIDA'),
    accountId: defaults.accountId,
    policies: [allowPolicy(['amplifybackend:*'])],
  }
}
