import { describe, expect, test } from 'vitest'
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
