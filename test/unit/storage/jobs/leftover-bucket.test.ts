import { describe, expect, test } from 'vitest'
import { findLeftoverBucket } from '../../../../src/storage/jobs/leftover-bucket.ts'
import { failed, kindOf } from './failed-job.ts'

describe('the error for a bucket that was left behind', () => {
  test.each([
    [
      'Resource handler returned message: "acme-media14a5e-dev already exists (Service: S3, Status Code: 0, Request ID: null)" (RequestToken: b585dd79, HandlerErrorCode: AlreadyExists)',
      'acme-media14a5e-dev',
    ],
    ['acme-media14a5e-prod already exists', 'acme-media14a5e-prod'],
    ['CREATE_FAILED S3Bucket AWS::S3::Bucket\nphotos14a5e-prod already exists', 'photos14a5e-prod'],
    ['photos14a5e-prod already exists\nin AWS::S3::Bucket', 'photos14a5e-prod'],
    [
      "Resource of type 'AWS::S3::Bucket' with identifier 'photos14a5e-dev' already exists.",
      'photos14a5e-dev',
    ],
    [
      'Resource is not in the state stackUpdateComplete\nName: S3Bucket (AWS::S3::Bucket), Event Type: create, Reason: acme14a5e-dev already exists',
      'acme14a5e-dev',
    ],
    [
      'UPDATE_FAILED storagemedia AWS::CloudFormation::Stack\nS3Bucket: octo-media9c04b-prod already exists',
      'octo-media9c04b-prod',
    ],
  ])('The text %j names the bucket, and all ways out', (text, bucketName) => {
    const { code, message, advice } = failed(text)
    expect(code).toBe('JOB_FAILED')
    expect(message).toContain(`the bucket ${bucketName} already exists`)
    expect(advice).toContain('bucket-name')
    expect(advice).toContain('amplify import storage')
    expect(advice).toMatch(new RegExp(`aws s3 rb s3://${bucketName}$`))
  })

  test.each([
    'BucketAlreadyExists: The requested bucket name is not available.',
    'Your previous request to create the named bucket succeeded and you already own it.',
    'The bucket already exists',
  ])('The text "%s" names no bucket, and no command', (text) => {
    expect(kindOf(text)).toBe('leftover-bucket')
    expect(failed(text).advice).not.toContain('aws s3')
  })
})

describe('the bucket that a text says exists', () => {
  const far = ' x'.repeat(150)

  test.each([
    ['photos14a5e-prod already exists', 'photos14a5e-prod', 16],
    ['S3Bucket photos already exists', undefined, 15],
    ['S3Bucket "photos.acme" already exists', 'photos.acme', 22],
    ['Bucket already exists', undefined, 6],
    ['UserFiles photos14a5e-prod already exists', 'photos14a5e-prod', 26],
    ['StorageTable photos14a5e-prod already exists', 'photos14a5e-prod', 29],
    ['The BUCKET already exists', undefined, 10],
    ['Role x1 already exists. photos14a5e-prod already exists', 'photos14a5e-prod', 40],
    [' already exists: photos14a5e-prod already exists', 'photos14a5e-prod', 33],
    [`photos14a5e already exists in AWS::S3::Bucket${far}`, 'photos14a5e', 11],
    [`AWS::S3::Bucket${far} photos14a5e-prod already exists`, 'photos14a5e-prod', 332],
    ['x: bucketAlreadyExists', undefined, 3],
    ['BucketAlreadyOwnedByYou', undefined, 0],
    [`The table x1 already exists. BucketAlreadyExists`, undefined, 29],
  ])('The text %j names the bucket %s, at %i', (text, bucketName, position) => {
    expect(findLeftoverBucket(text, 'prod')).toStrictEqual({ bucketName, position })
  })

  test.each([
    ['the name of another environment', 'photos14a5e-dev already exists'],
    ['S3 far before the name', `AWS::S3::Bucket${far} photos14a5e already exists`],
    ['S3 far after the name', `photos14a5e already exists${far} AWS::S3::Bucket`],
    ['a name that no bucket has', 'AWS::S3::Bucket Photos_14 already exists'],
    ['a name that starts like one of a bucket', 'AWS::S3::Bucket abc$(id)-prod already exists'],
    ['a name that ends like one of a bucket', 'AWS::S3::Bucket $(id)abc-prod already exists'],
    ['a resource whose name ends in Bucket', 'AWS::S3::Bucket S3Bucket already exists'],
    ['a resource whose name starts with Bucket', 'BucketPolicy already exists'],
    ['a role that is called like a bucket', 'The role "photos14a5e-prod" already exists'],
    ['no name', ' already exists'],
    ['another word', 'photos14a5e-prod exists already'],
  ])('A text with %s names none: %j', (_, text) => {
    expect(findLeftoverBucket(text, 'prod')).toBeUndefined()
  })

  test('Without a name, the advice is the same but for the command', () => {
    const unnamed = failed('BucketAlreadyExists')
    const named = failed('photos14a5e-prod already exists')
    expect(named.advice).toBe(`${unnamed.advice}: aws s3 rb s3://photos14a5e-prod`)
    expect(unnamed.message).not.toContain('undefined')
    expect(unnamed.message).toMatch(/ because \S/)
  })
})
