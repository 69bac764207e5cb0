import {
  addStorage,
  generateBaseName,
  physicalBucket,
  type Environment,
  type StoragePermissions,
} from '../../state/backends.ts'
import type { State } from '../../state/state.ts'
import type { ResourceConfig } from './requests.ts'

/** The error messages of the Amplify CLI. */
export const cliMessages = {
  alreadyAdded: 'Amazon S3 storage was already added to your project.',
  noAuth:
    'Cannot headlessly add storage resource without an existing auth resource. ' +
    'It can be added with "amplify add auth"',
  resourceName: 'Resource name should be alphanumeric',
  bucketName:
    'Bucket name can only use the following characters: a-z 0-9 - and should have minimum 3 character and max of 47 character',
  incompatibleAuth: 'The imported auth config is not compatible with the specified storage config',
  importedStorage: 'Updating an imported storage resource is not supported.',
  storageNotFound:
    'No storage resource to update. Please use "amplify add storage" command to create a new storage resource',
} as const

function nameError(environment: Environment, resource: string, bucket: string): string | undefined {
  if (!/^[a-zA-Z0-9]+$/.test(resource)) return cliMessages.resourceName
  if (!/^[a-z0-9-]{3,47}$/.test(bucket)) return cliMessages.bucketName
  const physical = physicalBucket(environment, bucket)
  if (physical.length > 63 || !/^[a-z0-9]/.test(physical))
    return `Resource handler returned message: "The specified bucket is not valid. (Service: S3, Status Code: 400)": ${physical}`
  return undefined
}

/**
 * Makes sure that there is an identity pool, which storage needs; returns the error of the CLI if there is
 * none. Only to auth that is not imported, the CLI adds one.
 */
function requireIdentityPool(environment: Environment): string | undefined {
  if (environment.auth === 'imported-user-pool') return cliMessages.incompatibleAuth
  if (environment.auth === 'user-pool') environment.auth = true
  return undefined
}

/** Creates a storage; returns the error of the CLI or of CloudFormation if that fails. */
export function createStorage(
  state: State,
  environment: Environment,
  resourceName: string,
  config: ResourceConfig,
  now: number,
): string | undefined {
  const { rules } = state
  const baseName = config.bucketName ?? generateBaseName(environment)
  if (rules.authRequired && environment.auth === false) return cliMessages.noAuth
  if (rules.oneStorage !== 'off' && environment.storages.size > 0) return cliMessages.alreadyAdded
  const invalid = rules.checkedNames ? nameError(environment, resourceName, baseName) : undefined
  if (invalid !== undefined) return invalid
  const bucket = physicalBucket(environment, baseName)
  if (rules.uniqueBuckets && environment.buckets.has(bucket))
    return `UPDATE_FAILED storage${resourceName} AWS::CloudFormation::Stack\nS3Bucket: ${bucket} already exists`
  const incompatible = requireIdentityPool(environment)
  if (incompatible !== undefined) return incompatible
  addStorage(environment, {
    resourceName,
    bucketName: baseName,
    permissions: config.permissions,
    visibleAt: now + rules.storageVisibleAfterMs,
  })
  return undefined
}

/** Leaves behind the bucket of a create that fails halfway. */
export function leaveBucket(environment: Environment, config: ResourceConfig): void {
  environment.buckets.add(
    physicalBucket(environment, config.bucketName ?? generateBaseName(environment)),
  )
}

/** Replaces the permissions of a storage; returns the error of the CLI if that fails. */
export function updateStorage(
  environment: Environment,
  resourceName: string,
  permissions: StoragePermissions,
): string | undefined {
  const storage = environment.storages.get(resourceName)
  if (storage === undefined) return cliMessages.storageNotFound
  if (storage.imported) return cliMessages.importedStorage
  storage.permissions = permissions
  return undefined
}
