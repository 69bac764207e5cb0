/** Apps with their backend environments and storages. */
import { randomBytes } from 'node:crypto'

import { randomText } from '../lib/random.ts'
import type { Job } from './jobs.ts'

export const permissions = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const
export type Permission = (typeof permissions)[number]

/** The permissions of a storage, with the member names of the API. */
export type StoragePermissions = {
  authenticated: Permission[]
  unAuthenticated?: Permission[] | undefined
}

export type Storage = {
  resourceName: string
  imported: boolean
  /** The bucket name of the request, or the one that the service generated. */
  baseName: string
  /** The name of the bucket in S3. */
  bucket: string
  permissions: StoragePermissions
  /** Reads do not return the storage before this time. */
  visibleAt: number
}

/** The auth of an environment that has only a user pool, which the CLI made or the user imported. */
export const userPoolOnly = ['user-pool', 'imported-user-pool'] as const

/** The auth (Cognito) of an environment: none, a user pool and an identity pool, or only the former. */
export type Auth = boolean | (typeof userPoolOnly)[number]

export type Environment = {
  name: string
  appName: string
  /** The last part of the root stack's name; empty for a legacy stack, whose buckets have none. */
  suffix: string
  auth: Auth
  storages: Map<string, Storage>
  jobs: Job[]
  /** The names of all buckets, including those that failed creates left behind. */
  buckets: Set<string>
  /** Overrides the metadata that GetBackend returns. */
  metadata?: string | undefined
}

export type App = { appId: string; name: string; environments: Map<string, Environment> }

/** Adds an app without environments; replaces one with the same id. */
export function addApp(state: { apps: Map<string, App> }, appId: string, name = 'octoapp'): App {
  const app = { appId, name, environments: new Map<string, Environment>() }
  state.apps.set(appId, app)
  return app
}

/** Adds an environment without storage; replaces one with the same name. */
export function addEnvironment(
  app: App,
  name: string,
  seed: { auth?: Auth; suffix?: string; metadata?: string } = {},
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

/** The name in S3 of the bucket with this base name in an environment. */
export function physicalBucket(environment: Environment, baseName: string): string {
  return `${baseName}${environment.suffix}-${environment.name}`
}

/** The base name that the service generates if a request has no bucket name. */
export function generateBaseName(environment: Environment): string {
  return `${environment.appName}${randomBytes(16).toString('hex')}`.slice(0, 47)
}

/** Adds a storage and its bucket; reads return it at once unless `visibleAt` is set. */
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
