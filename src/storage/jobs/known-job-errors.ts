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
  /** Texts of this kind, from real jobs and stacks where they are known. */
  examples: readonly [string, ...string[]]
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
  examples: [
    'An error occurred (ValidationError) when calling the UpdateStack operation: Action denied by stack policy: Statement [#1] does not allow [Update:*] for resource [*]',
    'UPDATE_FAILED amplify-acme-dev-14a5e AWS::CloudFormation::Stack Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/storagemedia]',
  ],
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
    examples: [
      'The imported auth config is not compatible with the specified storage config',
      'Command failed with exit code 1: amplify headless\n🛑 The imported auth config is not compatible with the specified storage config',
    ],
  },
  {
    kind: 'imported-storage',
    code: 'STORAGE_IMPORTED',
    texts: ['updating an imported storage', 'imported storage resource is not supported'],
    cause: 'the storage was imported, and imported storage cannot be updated',
    advice: () => ERROR_CATALOG.STORAGE_IMPORTED.remedy,
    examples: ['Updating an imported storage resource is not supported.'],
  },
  {
    kind: 'auth-missing',
    code: 'AUTH_MISSING',
    texts: ['existing auth resource', 'without an existing auth', /\brequires? (?:an )?auth\b/],
    cause: 'the environment has no auth resource, which S3 storage needs',
    advice: () => ERROR_CATALOG.AUTH_MISSING.remedy,
    examples: [
      'Cannot headlessly add storage resource without an existing auth resource. It can be added with "amplify add auth"',
      'storage needs an existing auth resource',
      'cannot go on without an existing auth',
      'Storage requires auth',
      'This require an auth resource',
    ],
  },
  {
    kind: 'storage-exists',
    code: 'OTHER_STORAGE',
    texts: ['storage was already added', 'add storage failed'],
    cause: 'the environment already has an S3 storage, and it can have only one',
    advice: () =>
      'To manage the existing storage, set resource-name to its name. To replace it, remove it first (its bucket is kept).',
    examples: [
      'Amazon S3 storage was already added to your project.',
      'Add Storage Failed.. already exists',
    ],
  },
  {
    kind: 'resource-name-invalid',
    code: 'JOB_FAILED',
    texts: ['resource name should be alphanumeric'],
    cause: 'the Amplify CLI does not accept the name of the storage',
    advice: () =>
      `Set resource-name to ASCII letters and digits only, for example media. A letter of another alphabet can look the same, so type the name again. ${RUN_AGAIN}`,
    examples: ['Resource name should be alphanumeric'],
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
    examples: [
      'CREATE_FAILED S3Bucket AWS::S3::Bucket The specified bucket is not valid. (Service: Amazon S3; Status Code: 400; Error Code: InvalidBucketName; Request ID: X)',
      'Bucket name should not contain uppercase characters',
      'Bucket name can only use the following characters: a-z 0-9 - and should have minimum 3 character and max of 47 character',
    ],
  },
  {
    kind: 'bucket-limit',
    code: 'JOB_FAILED',
    texts: ['toomanybuckets', 'more buckets than'],
    cause: 'the account has as many buckets as it may have',
    advice: () =>
      `Delete buckets that are no longer needed, or request a higher quota for "General purpose buckets" in Service Quotas. ${RUN_AGAIN}`,
    examples: [
      'Resource handler returned message: "You have attempted to create more buckets than allowed (Service: S3, Status Code: 400, Request ID: X)" (HandlerErrorCode: ServiceLimitExceeded)',
    ],
  },
  {
    kind: 'bucket-busy',
    code: 'JOB_FAILED',
    texts: ['conflicting conditional operation', 'operationaborted'],
    cause: 'S3 is still busy with a bucket of this name, which was probably deleted just before',
    advice: () => 'Wait for an hour and run the workflow again, or choose another bucket-name.',
    examples: [
      'A conflicting conditional operation is currently in progress against this resource. Please try again. (Service: S3, Status Code: 409, Request ID: X)',
    ],
  },
  {
    kind: 'bucket-missing',
    code: 'JOB_FAILED',
    texts: ['nosuchbucket', 'specified bucket does not exist'],
    cause:
      'a bucket that the environment needs does not exist: the deployment bucket, or one that was deleted by hand',
    advice: (ref) =>
      `Find the bucket that the environment uses for deployments (DeploymentBucketName) and create it again if it is missing. To see the resources of the environment: ${stackCommand(ref, 'describe-stack-resources')}`,
    examples: ['NoSuchBucket: The specified bucket does not exist'],
  },
]
