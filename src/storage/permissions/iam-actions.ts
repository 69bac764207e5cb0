/**
 * The IAM actions of API operations that a deployment of storage calls. CloudFormation names the operation
 * when it is denied, and for S3 the action often has another name (Service Authorization Reference, "Actions
 * defined by Amazon S3").
 */

/** In resources, `YOUR-…` stands for a name that the error does not contain. */
type IamAction = Readonly<{ action: string; resource: string }>

const BUCKET = 'arn:{PARTITION}:s3:::YOUR-BUCKET'
const ROLE = 'arn:{PARTITION}:iam::{ACCOUNT}:role/YOUR-ROLE'

/** Operations on a bucket whose action has another name. */
const BUCKET_ACTIONS: Readonly<Record<string, string>> = {
  DeleteBucketCors: 'PutBucketCORS',
  DeleteBucketEncryption: 'PutEncryptionConfiguration',
  DeleteBucketLifecycle: 'PutLifecycleConfiguration',
  DeleteBucketOwnershipControls: 'PutBucketOwnershipControls',
  DeleteBucketTagging: 'PutBucketTagging',
  DeletePublicAccessBlock: 'PutBucketPublicAccessBlock',
  GetBucketCors: 'GetBucketCORS',
  GetBucketEncryption: 'GetEncryptionConfiguration',
  GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  HeadBucket: 'ListBucket',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  PutBucketAccelerateConfiguration: 'PutAccelerateConfiguration',
  PutBucketCors: 'PutBucketCORS',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  PutBucketLifecycle: 'PutLifecycleConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  PutBucketReplication: 'PutReplicationConfiguration',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  SetBucketEncryption: 'PutEncryptionConfiguration',
}

/** Operations on an object, whose actions may have another name. */
const OBJECT_ACTIONS: Readonly<Record<string, string>> = {
  CreateMultipartUpload: 'PutObject',
  DeleteObject: 'DeleteObject',
  DeleteObjects: 'DeleteObject',
  GetObject: 'GetObject',
  HeadObject: 'GetObject',
  PutObject: 'PutObject',
}

type SameNames = Readonly<{ service: string; resource: string; operations: string }>

/** Operations whose action has the same name. */
const SAME_NAMES: readonly SameNames[] = [
  {
    service: 's3',
    resource: BUCKET,
    operations:
      'CreateBucket DeleteBucket DeleteBucketPolicy DeleteBucketWebsite GetBucketAcl GetBucketLocation GetBucketLogging GetBucketOwnershipControls GetBucketPolicy GetBucketTagging GetBucketVersioning GetBucketWebsite ListBucket PutBucketAcl PutBucketLogging PutBucketOwnershipControls PutBucketPolicy PutBucketTagging PutBucketVersioning PutBucketWebsite PutBucketNotification PutBucketPublicAccessBlock PutEncryptionConfiguration PutLifecycleConfiguration',
  },
  {
    service: 'iam',
    resource: ROLE,
    operations:
      'AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy PassRole PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole',
  },
  {
    service: 'lambda',
    resource: 'arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:YOUR-FUNCTION',
    operations:
      'AddPermission CreateFunction DeleteFunction GetFunction GetFunctionConfiguration InvokeFunction RemovePermission TagResource UpdateFunctionCode UpdateFunctionConfiguration',
  },
  {
    service: 'cloudformation',
    resource: 'arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/YOUR-STACK/*',
    operations:
      'CreateStack DeleteStack DescribeStackEvents DescribeStackResource DescribeStackResources DescribeStacks GetTemplate SetStackPolicy UpdateStack',
  },
  {
    service: 'ssm',
    resource: 'arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/amplify/{APP}/{ENVIRONMENT}/*',
    operations: 'DeleteParameters GetParameters GetParametersByPath PutParameter',
  },
  {
    service: 'cognito-identity',
    resource: 'arn:{PARTITION}:cognito-identity:{REGION}:{ACCOUNT}:identitypool/YOUR-IDENTITY-POOL',
    operations: 'DescribeIdentityPool GetIdentityPoolRoles SetIdentityPoolRoles UpdateIdentityPool',
  },
]

/**
 * The action that allows an operation, and a resource to which it can be restricted, with the placeholders
 * `{PARTITION}`, `{REGION}`, `{ACCOUNT}`, `{APP}` and `{ENVIRONMENT}`; undefined for an operation that is not listed.
 *
 * @param service the prefix of the operation; empty for S3's own errors, which have none
 */
export function findIamAction(service: string, operation: string): IamAction | undefined {
  // Lambda's operations carry the version of their API, as in CreateFunction20150331.
  const name = `${operation.charAt(0).toUpperCase()}${operation.slice(1)}`.replace(
    /20\d{6}(?:v\d)?$/,
    '',
  )
  if (service === '' || service === 's3') {
    const onBucket = BUCKET_ACTIONS[name]
    if (onBucket !== undefined) return { action: `s3:${onBucket}`, resource: BUCKET }
    const onObject = OBJECT_ACTIONS[name]
    if (onObject !== undefined) return { action: `s3:${onObject}`, resource: `${BUCKET}/*` }
  }
  const same = SAME_NAMES.find(
    (each) =>
      (service === '' || each.service === service) && each.operations.split(' ').includes(name),
  )
  return same && { action: `${same.service}:${name}`, resource: same.resource }
}
