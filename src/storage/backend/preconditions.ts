/** What the backend must have before a create can succeed. Without these checks, the job fails minutes later. */
import { ActionError } from '../../errors/action-error.ts'
import { quote } from '../../lib/text.ts'
import { classifyFailure } from '../../network/classify.ts'
import { formatFailure, type ApiFailure } from '../../network/failure.ts'
import type { ApiResult } from '../../network/retry.ts'
import { findOtherStorage, type AmplifyMeta, type Backend } from './amplify-meta.ts'
import type { BackendRef } from '../api.ts'
import { readWithRetry, type StorageContext } from '../context.ts'
import { deadlineExceeded, toActionError, otherStorage } from '../errors.ts'
import type { BackendReader } from '../read-storage.ts'

export type FailedPrecondition = Readonly<{
  error: ActionError
  /** The merge of the planned pull request may itself add what is missing. */
  mayBeFixedByMerge: boolean
}>

/**
 * Checks the backend's metadata. If it cannot be read, the run continues with a warning.
 *
 * @throws ActionError when the run times out
 */
export async function checkPreconditions(
  context: StorageContext,
  readBackend: BackendReader,
): Promise<readonly FailedPrecondition[]> {
  const { ref, observer } = context
  const result = await readBackend()
  if (!result.ok) return await checkWithoutBackend(context, result)
  const { error, meta } = result.value
  if (error !== undefined) {
    observer.onWarning('Backend reports an error', `GetBackend reported an error: ${error}`)
  }
  if (meta !== undefined && getsIdentityPool(meta)) {
    observer.onWarning(
      'An identity pool is added',
      'The auth of the environment has a user pool only. The create adds a Cognito identity pool, which S3 storage needs.',
    )
  }
  const other = findOtherStorage(meta, ref.resourceName)
  if (other !== undefined) observer.onOtherStorage(other)
  return findFailedPreconditions(ref, result.value)
}

async function checkWithoutBackend(
  context: StorageContext,
  { failure, deadlineExceeded: isTimedOut }: Extract<ApiResult<Backend>, { ok: false }>,
): Promise<readonly FailedPrecondition[]> {
  const warn = (reason: string): readonly FailedPrecondition[] => {
    context.observer.onWarning(
      'Backend not checked',
      `${reason}: ${formatFailure(failure)}. A missing environment or auth resource shows only when the job fails.`,
    )
    return []
  }
  switch (classifyFailure(failure)) {
    case 'access-denied':
      return warn('The role has no permission to read the backend (amplifybackend:GetBackend)')
    case 'not-found':
      return [await explainNotFound(context, failure)]
    default:
      if (isTimedOut === true) throw deadlineExceeded(failure, context.ref)
      return warn('GetBackend failed')
  }
}

/** Distinguishes a missing app from a missing environment, by listing the environments of the app. */
async function explainNotFound(
  context: StorageContext,
  failure: ApiFailure,
): Promise<FailedPrecondition> {
  const { amplify, ref } = context
  const app = await readWithRetry(context, (options) => amplify.getBackend('app', options))
  const environments = app.ok ? app.value.environments : undefined
  return environments === undefined || environments.includes(ref.backendEnvironmentName)
    ? { error: await toActionError(failure, ref), mayBeFixedByMerge: false }
    : { error: environmentNotFound(ref, environments), mayBeFixedByMerge: true }
}

/** The preconditions that the backend does not meet. */
export function findFailedPreconditions(
  ref: BackendRef & Readonly<{ resourceName: string }>,
  backend: Backend,
): readonly FailedPrecondition[] {
  const { backendEnvironmentName } = ref
  const { environments, meta } = backend
  if (
    environments !== undefined &&
    environments.length > 0 &&
    !environments.includes(backendEnvironmentName)
  ) {
    return [{ error: environmentNotFound(ref, environments), mayBeFixedByMerge: true }]
  }
  if (meta === undefined) return []
  const failed: FailedPrecondition[] = []
  const other = findOtherStorage(meta, ref.resourceName)
  if (other !== undefined) {
    failed.push({ error: otherStorage(backendEnvironmentName, other), mayBeFixedByMerge: false })
  }
  const authError = findAuthError(backendEnvironmentName, meta)
  if (authError !== undefined) failed.push({ error: authError, mayBeFixedByMerge: true })
  return failed
}

/** The Amplify CLI adds an identity pool to auth that it made, but not to auth that was imported. */
function findAuthError(environment: string, { auth }: AmplifyMeta): ActionError | undefined {
  const [first] = auth
  if (first === undefined) return authMissing(environment)
  return auth.every(({ imported, hasIdentityPool }) => imported && hasIdentityPool === false)
    ? identityPoolMissing(environment, first.name)
    : undefined
}

function getsIdentityPool({ auth }: AmplifyMeta): boolean {
  return (
    auth.some(({ imported }) => !imported) &&
    auth.every(({ hasIdentityPool }) => hasIdentityPool === false)
  )
}

function authMissing(environment: string): ActionError {
  return new ActionError(
    'AUTH_MISSING',
    `The environment ${quote(environment)} has no auth resource, which S3 storage needs.`,
  )
}

function identityPoolMissing(environment: string, name: string): ActionError {
  return new ActionError(
    'AUTH_MISSING',
    `The imported auth ${quote(name)} of the environment ${quote(environment)} has a user pool only, and S3 storage needs an identity pool, too.`,
    {
      advice:
        'Remove the imported auth and import it again with a user pool and an identity pool (amplify import auth), then run the workflow again.',
    },
  )
}

/** The error for an environment that the app does not have; it lists the existing ones. */
export function environmentNotFound(
  { appId, backendEnvironmentName }: BackendRef,
  environments: readonly string[],
): ActionError {
  const existing = environments.slice(0, 20).map(quote).join(', ')
  return new ActionError(
    'ENVIRONMENT_NOT_FOUND',
    `The app ${quote(appId)} has no backend environment ${quote(backendEnvironmentName)}. It has ${existing === '' ? 'none' : existing}.`,
  )
}
