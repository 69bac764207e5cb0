/** The backend environment as GetBackend returns it, with the parts of `amplify-meta.json` that are used. */
import { getPath, isObject, nonEmptyString, parseJson, type JsonObject } from '../../lib/json.ts'
import { sanitizeLine } from '../../lib/text.ts'

export type Backend = Readonly<{
  /** The names of the app's environments, as the service sent them; undefined if there is no such list. */
  environments: readonly string[] | undefined
  /** The error that the service reports in a response with status 200; undefined if there is none. */
  error: string | undefined
  /** The metadata; undefined if it could not be parsed. */
  meta: AmplifyMeta | undefined
}>

export type AmplifyMeta = Readonly<{
  /** The suffix of the stack `amplify-NAME-ENVIRONMENT-SUFFIX`, which bucket names carry. */
  suffix: string | undefined
  /** The auth resources of Amazon Cognito. */
  auth: readonly AuthResource[]
  /** The S3 storages with their physical buckets. */
  storages: readonly Readonly<{ name: string; bucketName: string | undefined }>[]
}>

export type AuthResource = Readonly<{
  name: string
  imported: boolean
  /** Undefined if the metadata does not say. */
  hasIdentityPool: boolean | undefined
}>

/** The name of a storage that the backend has in place of the requested one. */
export function findOtherStorage(
  meta: AmplifyMeta | undefined,
  resourceName: string,
): string | undefined {
  const names = meta?.storages.map(({ name }) => name) ?? []
  return names.includes(resourceName) ? undefined : names[0]
}

/**
 * Parses the response of GetBackend.
 *
 * @param response members of any type, as the service sent them
 */
export function parseBackend(response: {
  readonly BackendEnvironmentList?: unknown
  readonly AmplifyMetaConfig?: unknown
  readonly Error?: unknown
}): Backend {
  const { BackendEnvironmentList: list, Error: error } = response
  return {
    environments: Array.isArray(list) ? list.filter((name) => typeof name === 'string') : undefined,
    error: typeof error === 'string' && error.trim() !== '' ? sanitizeLine(error, 300) : undefined,
    meta: parseAmplifyMeta(response.AmplifyMetaConfig),
  }
}

function parseAmplifyMeta(text: unknown): AmplifyMeta | undefined {
  const root = typeof text === 'string' ? parseJson(text) : undefined
  const stack = getPath(root, 'providers', 'awscloudformation')
  // The metadata of a deployed backend always names its stack; anything else is another document.
  if (!isObject(stack)) return undefined
  return {
    suffix: getStackSuffix(stack['StackName']),
    auth: Object.entries(getObject(root, 'auth')).flatMap(([name, resource]) =>
      parseAuth(name, resource),
    ),
    storages: Object.entries(getObject(root, 'storage')).flatMap(([name, resource]) => {
      if (getPath(resource, 'service') !== 'S3') return []
      const bucketName = getPath(resource, 'output', 'BucketName')
      return [{ name, bucketName: typeof bucketName === 'string' ? bucketName : undefined }]
    }),
  }
}

/** Leaves out resources of other services, such as the groups of a user pool. */
function parseAuth(name: string, resource: unknown): readonly AuthResource[] {
  const service = getPath(resource, 'service')
  if (service !== undefined && service !== 'Cognito') return []
  const hasOutput = (keys: readonly string[]): boolean =>
    keys.some((key) => nonEmptyString(getPath(resource, 'output', key)) !== undefined)
  const hasIdentityPool = hasOutput(['IdentityPoolId', 'IdentityPoolName'])
  const hasUserPool = hasOutput(['UserPoolId', 'UserPoolName'])
  return [
    {
      name,
      imported: getPath(resource, 'serviceType') === 'imported',
      hasIdentityPool: hasIdentityPool || hasUserPool ? hasIdentityPool : undefined,
    },
  ]
}

function getObject(value: unknown, key: string): JsonObject {
  const found = getPath(value, key)
  return isObject(found) ? found : {}
}

function getStackSuffix(stackName: unknown): string | undefined {
  return typeof stackName === 'string'
    ? /^amplify-[^-]+-[^-]+-([a-z0-9]{5,6})$/.exec(stackName)?.[1]
    : undefined
}
