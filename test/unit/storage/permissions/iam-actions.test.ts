import { describe, expect, test } from 'vitest'
import { findIamAction } from '../../../../src/storage/permissions/iam-actions.ts'
import { failed } from '../jobs/failed-job.ts'

/** The statement that the advice suggests; undefined if it suggests none. */
function suggestedStatement(text: string): unknown {
  const [, statement] = / (\{"Effect".*\})$/.exec(failed(text).advice) ?? []
  return statement === undefined ? undefined : JSON.parse(statement)
}

const BUCKET = 'arn:aws:s3:::YOUR-BUCKET'
const OBJECTS = 'arn:aws:s3:::YOUR-BUCKET/*'
const ROLE = 'arn:aws:iam::111122223333:role/YOUR-ROLE'
const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:YOUR-FUNCTION'
const STACK = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/YOUR-STACK/*'
const PARAMETERS = 'arn:aws:ssm:eu-west-1:111122223333:parameter/amplify/d1a2b3c4d5/prod/*'
const POOL = 'arn:aws:cognito-identity:eu-west-1:111122223333:identitypool/YOUR-IDENTITY-POOL'

describe('the IAM action of a denied API operation', () => {
  test.each([
    ['s3:CreateBucket', 's3:CreateBucket', BUCKET],
    ['s3:DeleteBucketCors', 's3:PutBucketCORS', BUCKET],
    ['s3:DeleteBucketEncryption', 's3:PutEncryptionConfiguration', BUCKET],
    ['s3:DeleteBucketLifecycle', 's3:PutLifecycleConfiguration', BUCKET],
    ['s3:DeleteBucketOwnershipControls', 's3:PutBucketOwnershipControls', BUCKET],
    ['s3:DeleteBucketPolicy', 's3:DeleteBucketPolicy', BUCKET],
    ['s3:DeleteBucketTagging', 's3:PutBucketTagging', BUCKET],
    ['s3:DeletePublicAccessBlock', 's3:PutBucketPublicAccessBlock', BUCKET],
    ['s3:GetBucketCors', 's3:GetBucketCORS', BUCKET],
    ['s3:GetBucketEncryption', 's3:GetEncryptionConfiguration', BUCKET],
    ['s3:GetBucketLifecycleConfiguration', 's3:GetLifecycleConfiguration', BUCKET],
    ['s3:GetPublicAccessBlock', 's3:GetBucketPublicAccessBlock', BUCKET],
    ['s3:HeadBucket', 's3:ListBucket', BUCKET],
    ['s3:ListObjects', 's3:ListBucket', BUCKET],
    ['s3:ListObjectsV2', 's3:ListBucket', BUCKET],
    ['s3:PutBucketAccelerateConfiguration', 's3:PutAccelerateConfiguration', BUCKET],
    ['s3:PutBucketCors', 's3:PutBucketCORS', BUCKET],
    ['s3:PutBucketEncryption', 's3:PutEncryptionConfiguration', BUCKET],
    ['s3:PutBucketLifecycle', 's3:PutLifecycleConfiguration', BUCKET],
    ['s3:PutBucketLifecycleConfiguration', 's3:PutLifecycleConfiguration', BUCKET],
    ['s3:PutBucketNotificationConfiguration', 's3:PutBucketNotification', BUCKET],
    ['s3:PutBucketReplication', 's3:PutReplicationConfiguration', BUCKET],
    ['s3:PutBucketVersioning', 's3:PutBucketVersioning', BUCKET],
    ['s3:PutObjectLockConfiguration', 's3:PutBucketObjectLockConfiguration', BUCKET],
    ['s3:PutPublicAccessBlock', 's3:PutBucketPublicAccessBlock', BUCKET],
    ['s3:SetBucketEncryption', 's3:PutEncryptionConfiguration', BUCKET],
    ['s3:CreateMultipartUpload', 's3:PutObject', OBJECTS],
    ['s3:DeleteObject', 's3:DeleteObject', OBJECTS],
    ['s3:DeleteObjects', 's3:DeleteObject', OBJECTS],
    ['s3:GetObject', 's3:GetObject', OBJECTS],
    ['s3:HeadObject', 's3:GetObject', OBJECTS],
    ['s3:PutObject', 's3:PutObject', OBJECTS],
    ['iam:CreateRole', 'iam:CreateRole', ROLE],
    ['iam:PassRole', 'iam:PassRole', ROLE],
    ['lambda:CreateFunction20150331', 'lambda:CreateFunction', FUNCTION],
    ['lambda:UpdateFunctionCode20150331v2', 'lambda:UpdateFunctionCode', FUNCTION],
    ['lambda:getFunction', 'lambda:GetFunction', FUNCTION],
    ['cloudformation:UpdateStack', 'cloudformation:UpdateStack', STACK],
    ['cloudformation:DescribeStacks', 'cloudformation:DescribeStacks', STACK],
    ['ssm:GetParametersByPath', 'ssm:GetParametersByPath', PARAMETERS],
    ['cognito-identity:SetIdentityPoolRoles', 'cognito-identity:SetIdentityPoolRoles', POOL],
  ])('CloudFormation reports %s, and the statement allows %s on %s', (operation, action, arn) => {
    expect(suggestedStatement(`API: ${operation} Access Denied`)).toEqual({
      Effect: 'Allow',
      Action: action,
      Resource: arn,
    })
  })

  test.each([
    ['PutBucketEncryption', 's3:PutEncryptionConfiguration', BUCKET],
    ['HeadObject', 's3:GetObject', OBJECTS],
    ['CreateBucket', 's3:CreateBucket', BUCKET],
    ['CreateRole', 'iam:CreateRole', ROLE],
    ['PutParameter', 'ssm:PutParameter', PARAMETERS],
  ])('An SDK reports %s without its service, and the statement allows %s', (name, action, arn) => {
    const text = `An error occurred (AccessDenied) when calling the ${name} operation: denied`
    expect(suggestedStatement(text)).toEqual({ Effect: 'Allow', Action: action, Resource: arn })
  })

  test.each([
    ['lambda', 'PutBucketCors'],
    ['iam', 'HeadObject'],
    ['iam', 'CreateFunction'],
    ['s3', 'CreateRole'],
    ['ec2', 'CreateBucket'],
    ['lambda', 'Create20150331Function'],
    ['', 'FrobnicateBucket'],
    ['', ''],
  ])('For the service "%s" and the operation "%s", no action is known', (service, operation) => {
    expect(findIamAction(service, operation)).toBeUndefined()
  })
})
