import { describe, expect, test } from 'vitest'
import type { ActionError } from '../../../src/errors/action-error.ts'
import { ERROR_CATALOG } from '../../../src/errors/catalog.ts'
import { toJobError } from '../../../src/storage/jobs/job-errors.ts'
import { STORAGE_REF } from '../../support/unit/storage-context.ts'

const failed = (error: string | undefined): ActionError =>
  toJobError(
    { jobId: 'job-1', status: 'FAILED', operation: undefined, createdAt: undefined, error },
    'job-1',
    STORAGE_REF,
  )

const RETAINED_BUCKET =
  'An earlier storage left a bucket of that name, because buckets are retained. Choose another bucket-name, or delete the bucket if it is empty and no longer needed.'
const ONE_STORAGE =
  'An environment can have only one S3 storage. Set resource-name to the existing one, or remove it first.'

describe('the error for a failed job', () => {
  test('It shows the text of the job, and how to read all of it', () => {
    expect(failed('Something went wrong')).toMatchObject({
      code: 'JOB_FAILED',
      result: 'failed',
      message: 'The backend job job-1 failed: Something went wrong',
      advice:
        'Fix the cause that the job reports, then run the workflow again. To read the whole text: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id job-1',
    })
  })

  test.each([undefined, ' ', ' \n '])('A job with the text %j points at the console', (error) => {
    expect(failed(error)).toMatchObject({
      code: 'JOB_FAILED',
      message: 'The backend job job-1 failed without an error text',
      advice:
        'Look for the reason in the Amplify console, under the backend environment "prod", or in the events of its CloudFormation stack. Then run the workflow again.',
    })
  })

  test('The text of the job is one sanitized line of limited length', () => {
    const { message } = failed(`a\n::error::forged\n##[error]z ${'x'.repeat(2_000)}`)
    expect(message).toMatch(/^The backend job job-1 failed: a ::error::forged ## \[error\]z x+…$/)
    expect(message).toHaveLength('The backend job job-1 failed: '.length + 1_200)
  })

  test.each([
    'Cannot headlessly add storage resource without an existing auth resource. It can be added with "amplify add auth"',
    'storage needs an existing auth resource',
    'cannot go on without an existing auth',
    'Storage requires auth',
    'This require an auth resource',
  ])('The text "%s" means that auth is missing', (text) => {
    expect(failed(text)).toMatchObject({
      code: 'AUTH_MISSING',
      advice: ERROR_CATALOG.AUTH_MISSING.remedy,
    })
  })

  test.each([
    [
      'The imported auth config is not compatible with this storage',
      'JOB_FAILED',
      'The imported auth resource does not allow guests. Leave unauthenticated-permissions empty, or import an identity pool that allows them.',
    ],
    ['Amazon S3 storage was already added to your project.', 'OTHER_STORAGE', ONE_STORAGE],
    ['Add Storage Failed.. already exists', 'OTHER_STORAGE', ONE_STORAGE],
    [
      'CREATE_FAILED S3Bucket AWS::S3::Bucket\nphotos14a5e-prod already exists',
      'JOB_FAILED',
      RETAINED_BUCKET,
    ],
    ['photos14a5e-prod already exists\nin AWS::S3::Bucket', 'JOB_FAILED', RETAINED_BUCKET],
    [
      'A deployment is in progress.',
      'JOB_FAILED',
      'Wait until the other deployment of this environment has ended, then run the workflow again.',
    ],
  ])('The text %j has the code %s and its own advice', (text, code, advice) => {
    expect(failed(text)).toMatchObject({ code, advice, result: 'failed' })
  })

  test.each(['The registry requires authentication', 'Role amplify-octoapp-prod already exists'])(
    'The text "%s" has no special advice',
    (text) => {
      expect(failed(text).code).toBe('JOB_FAILED')
      expect(failed(text).advice).toMatch(/^Fix the cause that the job reports/)
    },
  )
})

describe('the error for a job that lacks a permission', () => {
  const DENIED = 'is not authorized to perform: s3:CreateBucket on resource'

  test('The advice is the statement to add', () => {
    const error = failed(
      `User: arn:aws:sts::111122223333:assumed-role/r/s ${DENIED}: "arn:aws:s3:::photos14a5e-prod" because no identity-based policy allows it`,
    )
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
    expect(error.advice).toBe(
      'The service deploys with the permissions of the role. Add this statement to the role: {"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::photos14a5e-prod"}',
    )
  })

  test.each([
    [`${DENIED}: arn:aws:s3:::a.`, 'arn:aws:s3:::a'],
    [`${DENIED}: arn:aws:s3:::a), b`, 'arn:aws:s3:::a'],
    [
      'is not authorized to perform s3:CreateBucket on resource arn:aws:s3:::a/*',
      'arn:aws:s3:::a/*',
    ],
    [`${DENIED}: arn:${'x'.repeat(400)}`, `arn:${'x'.repeat(295)}…`],
  ])('The resource is taken from the text %.80s', (text, resource) => {
    expect(failed(text).advice).toContain(`"Action":"s3:CreateBucket","Resource":"${resource}"}`)
  })

  test('A statement whose resource is not known is to be restricted', () => {
    const { code, advice } = failed('x is not authorized to perform: iam:PassRole')
    expect(code).toBe('JOB_LACKS_PERMISSION')
    expect(advice).toMatch(/ restrict its resource: .+"Action":"iam:PassRole","Resource":"\*"}$/)
  })

  test.each([
    'The user does not have permissions to call lambda createFunction. Please make sure you have the AdministratorAccess-Amplify IAM policy attached.',
    'The user does not have permission to call lambda:createFunction',
    'The user does not have permissions to call lambda.CreateFunction',
  ])('The text "%s" names the action and suggests no managed policy', (text) => {
    const { code, advice } = failed(text)
    expect(code).toBe('JOB_LACKS_PERMISSION')
    expect(advice).toContain('"Action":"lambda:CreateFunction"')
    expect(advice).not.toContain('AdministratorAccess')
  })

  test('A missing permission comes before anything else in the text', () => {
    const { code } = failed('bucket already exists; x is not authorized to perform: s3:GetObject')
    expect(code).toBe('JOB_LACKS_PERMISSION')
  })
})
