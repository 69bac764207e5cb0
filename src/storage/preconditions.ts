/**
 * The backend environment as GetBackend describes it, and what of it would make a create fail minutes
 * later, inside the job.
 */
import { ActionError } from '../errors/action-error.ts'
import { sanitizeLine, quote } from '../lib/text.ts'

export type Backend = Readonly<{
  /** Names of the app's environments; undefined where the answer has no such list. */
  environments: readonly string[] | undefined
  /** What the service says went wrong although it answered 200; undefined where nothing did. */
  error: string | undefined
  /** The metadata, where it could be read. */
  meta: AmplifyMeta | undefined
}>

/** What is used of `amplify-meta.json`. */
export type AmplifyMeta = Readonly<{
  /** Suffix of the stack `amplify-NAME-ENVIRONMENT-SUFFIX`, which bucket names carry. */
  suffix: string | undefined
  /** Names of the auth resources. */
  auth: readonly string[]
  /** The S3 storages with their physical buckets. */
  storages: readonly Readonly<{ name: string; bucketName: string | undefined }>[]
}>

/** Takes the backend out of an answer, whatever the types in it. */
export function parseBackend(output: {
  readonly BackendEnvironmentList?: unknown
  readonly AmplifyMetaConfig?: unknown
  readonly Error?: unknown
}): Backend {
  const list = output.BackendEnvironmentList
  const error = output.Error
  return {
    environments: Array.isArray(list)
      ? list.filter((name) => typeof name === 'string').map((name) => sanitizeLine(name, 60))
      : undefined,
    error: typeof error === 'string' && error.trim() !== '' ? sanitizeLine(error, 300) : undefined,
    meta: parseAmplifyMeta(output.AmplifyMetaConfig),
  }
}

function parseAmplifyMeta(text: unknown): AmplifyMeta | undefined {
  if (typeof text !== 'string') return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  const root = record(parsed)
  // Metadata of a deployed backend always names its stack; anything else is some other document.
  const stack = record(record(root?.['providers'])?.['awscloudformation'])
  if (root === undefined || stack === undefined) return undefined
  const stackName = stack['StackName']
  return {
    suffix:
      typeof stackName === 'string'
        ? /^amplify-[^-]+-[^-]+-([a-z0-9]{5,6})$/.exec(stackName)?.[1]
        : undefined,
    auth: Object.keys(record(root['auth']) ?? {}),
    storages: Object.entries(record(root['storage']) ?? {}).flatMap(([name, value]) => {
      const resource = record(value)
      if (resource?.['service'] !== 'S3') return []
      const bucketName = record(resource['output'])?.['BucketName']
      return [{ name, bucketName: typeof bucketName === 'string' ? bucketName : undefined }]
    }),
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined
}

/** Something in the way of a create. */
export type FailedPrecondition = Readonly<{
  error: ActionError
  /** The merge of the planned pull request may itself bring what is missing. */
  mayBeFixedByMerge: boolean
}>

/** What stands in the way of creating the storage, seen in metadata that was read without doubt. */
export function findFailedPreconditions(
  request: Readonly<{ appId: string; backendEnvironmentName: string; resourceName: string }>,
  backend: Backend,
): readonly FailedPrecondition[] {
  const { backendEnvironmentName: name, appId, resourceName } = request
  const { environments, meta } = backend
  if (environments !== undefined && environments.length > 0 && !environments.includes(name)) {
    return [{ error: environmentNotFound(appId, name, environments), mayBeFixedByMerge: true }]
  }
  if (meta === undefined) return []
  const failed: FailedPrecondition[] = []
  const other = meta.storages.find((storage) => storage.name !== resourceName)
  if (other !== undefined && !meta.storages.some((storage) => storage.name === resourceName)) {
    failed.push({
      error: new ActionError(
        'OTHER_STORAGE',
        `The environment ${quote(name)} has an S3 storage already, named ${quote(other.name)}; there can be only one.`,
        {
          advice: `Set resource-name to ${quote(other.name)} to manage that one, or remove it first.`,
        },
      ),
      mayBeFixedByMerge: false,
    })
  }
  if (meta.auth.length === 0) {
    failed.push({
      error: new ActionError(
        'AUTH_MISSING',
        `The environment ${quote(name)} has no auth resource, and S3 storage needs one.`,
      ),
      mayBeFixedByMerge: true,
    })
  }
  return failed
}

/** The error for an environment that the app does not have; names those that it has. */
export function environmentNotFound(
  appId: string,
  name: string,
  environments: readonly string[],
): ActionError {
  const known = environments.slice(0, 20).map(quote).join(', ')
  return new ActionError(
    'ENVIRONMENT_NOT_FOUND',
    `The app ${quote(appId)} has no backend environment ${quote(name)}; it has ${known === '' ? 'none' : known}.`,
  )
}
