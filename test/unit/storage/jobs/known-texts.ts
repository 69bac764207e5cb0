/**
 * Texts of failed jobs as the Amplify CLI and CloudFormation write them, from real jobs and stacks where they
 * are known, and what their errors have to say.
 */
import type { ErrorCode } from '../../../../src/errors/catalog.ts'

type KnownText = Readonly<{
  kind: string
  code: ErrorCode
  /** The commands, inputs, files and names that the advice has to contain. */
  advice: readonly [string, ...string[]]
  texts: readonly [string, ...string[]]
}>

const STACK = 'arn:aws:cloudformation:eu-west-1:111122223333:stack'

export const KNOWN_TEXTS: readonly KnownText[] = [
  {
    kind: 'locked',
    code: 'ENVIRONMENT_LOCKED',
    advice: ['Gen 2', 'aws cloudformation get-stack-policy'],
    texts: [
      'An error occurred (ValidationError) when calling the UpdateStack operation: Action denied by stack policy: Statement [#1] does not allow [Update:*] for resource [*]',
      'UPDATE_FAILED amplify-acme-dev-14a5e AWS::CloudFormation::Stack Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/storagemedia]',
    ],
  },
  {
    kind: 'imported-auth',
    code: 'JOB_FAILED',
    advice: ['amplify remove auth', 'amplify import auth', 'identity pool', 'amplify push'],
    texts: [
      'The imported auth config is not compatible with the specified storage config',
      'Command failed with exit code 1: amplify headless\n🛑 The imported auth config is not compatible with the specified storage config',
      'The imported auth configuration is not compatible with the specified storage configuration',
    ],
  },
  {
    kind: 'imported-storage',
    code: 'STORAGE_IMPORTED',
    advice: ['`if-exists: match`', 'IAM'],
    texts: ['Updating an imported storage resource is not supported.'],
  },
  {
    kind: 'auth-missing',
    code: 'AUTH_MISSING',
    advice: ['Amazon Cognito'],
    texts: [
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
    advice: ['resource-name'],
    texts: [
      'Amazon S3 storage was already added to your project.',
      'Add Storage Failed.. already exists',
    ],
  },
  {
    kind: 'resource-name-invalid',
    code: 'JOB_FAILED',
    advice: ['resource-name', 'ASCII'],
    texts: ['Resource name should be alphanumeric'],
  },
  {
    kind: 'bucket-name-invalid',
    code: 'JOB_FAILED',
    advice: ['bucket-name', '3 to 46'],
    texts: [
      'CREATE_FAILED S3Bucket AWS::S3::Bucket The specified bucket is not valid. (Service: Amazon S3; Status Code: 400; Error Code: InvalidBucketName; Request ID: X)',
      'Bucket name should not contain uppercase characters',
      'Bucket name can only use the following characters: a-z 0-9 - and should have minimum 3 character and max of 47 character',
    ],
  },
  {
    kind: 'bucket-limit',
    code: 'JOB_FAILED',
    advice: ['"General purpose buckets"', 'Service Quotas'],
    texts: [
      'Resource handler returned message: "You have attempted to create more buckets than allowed (Service: S3, Status Code: 400, Request ID: X)" (HandlerErrorCode: ServiceLimitExceeded)',
      'TooManyBuckets',
    ],
  },
  {
    kind: 'bucket-busy',
    code: 'JOB_FAILED',
    advice: ['bucket-name'],
    texts: [
      'A conflicting conditional operation is currently in progress against this resource. Please try again. (Service: S3, Status Code: 409, Request ID: X)',
    ],
  },
  {
    kind: 'bucket-missing',
    code: 'JOB_FAILED',
    advice: ['DeploymentBucketName', 'aws cloudformation describe-stack-resources'],
    texts: ['NoSuchBucket: The specified bucket does not exist'],
  },
  {
    kind: 'rollback-failed',
    code: 'JOB_FAILED',
    advice: [
      'aws cloudformation describe-stack-events',
      'aws cloudformation continue-update-rollback',
    ],
    texts: [
      `Stack:${STACK}/amplify-acme-dev-151014-apiacme-VWR5V9BO4131/7eb5c9a0-2a17-11ec-900f-06c939e0aa2d is in UPDATE_ROLLBACK_FAILED state and can not be updated.`,
      'A deployment is in progress.\n["Index: 0 State: {\\"deploy\\":\\"deploying\\"} Message: Stack is in UPDATE_ROLLBACK_FAILED state and can not be updated."]',
    ],
  },
  {
    kind: 'stack-unusable',
    code: 'JOB_FAILED',
    advice: ['aws cloudformation describe-stack-events'],
    texts: [
      `Stack:${STACK}/amplify-acme-dev-14a5e/7eb5c9a0-2a17-11ec-900f-06c939e0aa2d is in ROLLBACK_COMPLETE state and can not be updated.`,
      'Stack [amplify-acme-dev-14a5e] is in DELETE_FAILED state and can not be updated.',
    ],
  },
  {
    kind: 'stale-lock',
    code: 'JOB_FAILED',
    advice: ['deployment-state.json', 'backendEnvironment.deploymentArtifacts'],
    texts: [
      'Cannot iteratively rollback as the following step does not contain a previousMetaKey: {"status":"WAITING_FOR_DEPLOYMENT"}',
      'deployment-state.json says that a deployment is DEPLOYING',
    ],
  },
  {
    kind: 'deployment-in-progress',
    code: 'JOB_FAILED',
    advice: ['amplify push', 'deployment-state.json', 'aws s3 rm', 'aws s3 ls'],
    texts: [
      'A deployment is in progress.',
      'A deployment is in progress.\nIf the prior rollback was aborted, run:\n"amplify push --iterative-rollback" to rollback the prior deployment\n"amplify push --force" to re-deploy',
      'A deployment is already in progress for the project, cannot push resources until it finishes.',
      `Stack:${STACK}/amplify-acme-prod-120221/b2ec0b50 is in UPDATE_ROLLBACK_IN_PROGRESS state and can not be updated.`,
      'Stack [amplify-acme-prod-120221] is in UPDATE_IN_PROGRESS state and cannot be updated.',
    ],
  },
  {
    kind: 'stack-missing',
    code: 'JOB_FAILED',
    advice: ['backend-environment-name', 'aws-region'],
    texts: [
      'ValidationError: Stack with id amplify-acme-dev-14a5e does not exist',
      'Stack [amplify-acme-dev-14a5e] does not exist',
      'Stack amplify-acme-dev-14a5e does not exist',
      'Stack does not exist',
    ],
  },
  {
    kind: 'session-expired',
    code: 'JOB_FAILED',
    advice: ['role-duration-seconds'],
    texts: [
      'ExpiredToken: The security token included in the request is expired',
      'ExpiredTokenException: The provided token has expired',
    ],
  },
  {
    kind: 'throttled',
    code: 'JOB_FAILED',
    advice: ['fewer deployments'],
    texts: ['Throttling: Rate exceeded', 'SlowDown: Please reduce your request rate.'],
  },
  {
    kind: 'limit',
    code: 'JOB_FAILED',
    advice: ['Service Quotas'],
    texts: [
      'LimitExceededException: Cannot exceed quota for RolesPerAccount: 1000',
      'Resource handler returned message: "Limit exceeded for resource of type AWS::Lambda::Function" (HandlerErrorCode: ServiceLimitExceeded)',
    ],
  },
  {
    kind: 'template',
    code: 'JOB_FAILED',
    advice: ['amplify pull', 'amplify push'],
    texts: [
      'Command failed with exit code 1\nTemplate error: instance of Fn::GetAtt references undefined resource S3Bucket',
      'ValidationError: Parameters: [authRoleName] must have values',
    ],
  },
  {
    kind: 'nested-failure',
    code: 'JOB_FAILED',
    advice: ['aws cloudformation describe-stack-events'],
    texts: [
      'Resource is not in the state stackUpdateComplete',
      '["Index: 0 State: {\\"deploy\\":\\"waitingForDeployment\\"} Message: Resource is not in the state stackUpdateComplete"]',
      `Embedded stack ${STACK}/amplify-acme-dev-14a5e-storagemedia-1IKURYXTN5Q5I/0f1e2d3c-0000-11ec-900f-06c939e0aa2d was not successfully created: The following resource(s) failed to create: [S3Bucket].`,
      'UPDATE_FAILED storagemedia AWS::CloudFormation::Stack Resource update cancelled',
    ],
  },
]
