/**
 * Known texts of failed jobs, which are output of the Amplify CLI and CloudFormation: the cause, and what to
 * do next. The first row that matches decides.
 */
import { ERROR_CATALOG, type ErrorCode } from '../../errors/catalog.ts'
import type { StorageRef } from '../api.ts'
import { stackCommand } from './stack-commands.ts'

export type KnownJobError = Readonly<{
  kind: string
  code: ErrorCode
  /** One of these is in the text: a part in lower case, or a pattern for the lower-case text. */
  texts: readonly (string | RegExp)[]
  /** Follows "because". */
  cause: string
  /** @param stack the ARN of the nested stack that the text names */
  advice: (ref: StorageRef, stack: string | undefined) => string
}>

const RUN_AGAIN = 'Then run the workflow again.'

export const LOCKED_ENVIRONMENT: KnownJobError = {
  kind: 'locked',
  code: 'ENVIRONMENT_LOCKED',
  texts: ['denied by stack policy'],
  cause:
    'a stack policy denies updates of the environment; `amplify gen2-migration lock` sets such a policy',
  advice: (ref) =>
    `${ERROR_CATALOG.ENVIRONMENT_LOCKED.remedy} To see the policy: ${stackCommand(ref, 'get-stack-policy')}`,
}

/** Errors about the auth, the storage and the bucket of the environment. */
export const STORAGE_JOB_ERRORS: readonly KnownJobError[] = [
  {
    kind: 'imported-auth',
    code: 'JOB_FAILED',
    texts: ['auth config is not compatible', 'auth configuration is not compatible'],
    cause: 'the imported auth of the environment does not fit: it probably has no identity pool',
    advice: () =>
      `In the project of the app, run amplify remove auth, then amplify import auth with a user pool and an identity pool, and amplify push. ${RUN_AGAIN}`,
  },
  {
    kind: 'imported-storage',
    code: 'STORAGE_IMPORTED',
    texts: ['updating an imported storage', 'imported storage resource is not supported'],
    cause: 'the storage was imported, and imported storage cannot be updated',
    advice: () => ERROR_CATALOG.STORAGE_IMPORTED.remedy,
  },
  {
    kind: 'auth-missing',
    code: 'AUTH_MISSING',
    texts: ['existing auth resource', 'without an existing auth', /\brequires? (?:an )?auth\b/],
    cause: 'the environment has no auth resource, which S3 storage needs',
    advice: () => ERROR_CATALOG.AUTH_MISSING.remedy,
  },
  {
    kind: 'storage-exists',
    code: 'OTHER_STORAGE',
    texts: ['storage was already added', 'add storage failed'],
    cause: 'the environment already has an S3 storage, and it can have only one',
    advice: () =>
      'To manage the existing storage, set resource-name to its name. To replace it, remove it first (its bucket is kept).',
  },
  {
    kind: 'resource-name-invalid',
    code: 'JOB_FAILED',
    texts: ['resource name should be alphanumeric'],
    cause: 'the Amplify CLI does not accept the name of the storage',
    advice: () =>
      `Set resource-name to ASCII letters and digits only, for example media. A letter of another alphabet can look the same, so type the name again. ${RUN_AGAIN}`,
  },
  {
    kind: 'bucket-name-invalid',
    code: 'JOB_FAILED',
    texts: [
      'invalidbucketname',
      'specified bucket is not valid',
      'bucket name can only',
      'bucket name should',
      'bucket name must',
    ],
    cause: 'S3 does not accept the name of the bucket',
    advice: () =>
      'Set bucket-name to 3 to 46 lowercase letters, digits and hyphens: the service appends a suffix and the environment.',
  },
  {
    kind: 'bucket-limit',
    code: 'JOB_FAILED',
    texts: ['toomanybuckets', 'more buckets than'],
    cause: 'the account has as many buckets as it may have',
    advice: () =>
      `Delete buckets that are no longer needed, or request a higher quota for "General purpose buckets" in Service Quotas. ${RUN_AGAIN}`,
  },
  {
    kind: 'bucket-busy',
    code: 'JOB_FAILED',
    texts: ['conflicting conditional operation', 'operationaborted'],
    cause: 'S3 is still busy with a bucket of this name, which was probably deleted just before',
    advice: () => 'Wait for an hour and run the workflow again, or choose another bucket-name.',
  },
  {
    kind: 'bucket-missing',
    code: 'JOB_FAILED',
    texts: ['nosuchbucket', 'specified bucket does not exist'],
    cause:
      'a bucket that the environment needs does not exist: the deployment bucket, or one that was deleted by hand',
    advice: (ref) =>
      `Find the bucket that the environment uses for deployments (DeploymentBucketName) and create it again if it is missing. To see the resources of the environment: ${stackCommand(ref, 'describe-stack-resources')}`,
  },
]
