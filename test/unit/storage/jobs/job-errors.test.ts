import { describe, expect, test } from 'vitest'
import type { ActionError } from '../../../../src/errors/action-error.ts'
import { ERROR_CATALOG } from '../../../../src/errors/catalog.ts'
import { sanitizeLine } from '../../../../src/lib/text.ts'
import type { StorageRef } from '../../../../src/storage/api.ts'
import { explainJobError } from '../../../../src/storage/jobs/explain-job-error.ts'
import { jobStillPending } from '../../../../src/storage/jobs/job-errors.ts'
import { toJobError } from '../../../../src/storage/jobs/job-failures.ts'
import {
  LOCKED_ENVIRONMENT,
  STORAGE_JOB_ERRORS,
} from '../../../../src/storage/jobs/known-job-errors.ts'
import { STACK_JOB_ERRORS } from '../../../../src/storage/jobs/stack-job-errors.ts'
import { STORAGE_REF } from '../../../support/unit/storage-context.ts'

const failed = (error: string | undefined, ref: Partial<StorageRef> = {}): ActionError =>
  toJobError(
    { jobId: 'job-1', status: 'FAILED', operation: undefined, createdAt: undefined, error },
    'job-1',
    { ...STORAGE_REF, ...ref },
  )

/** Everything that the error says, the job's own text included. */
const textOf = ({ message, advice }: ActionError): string => `${message}\n${advice}`

const kindOf = (text: string): string =>
  explainJobError(sanitizeLine(text), 'job-1', STORAGE_REF).kind

describe('the error for a failed job', () => {
  test('A text that is not known is shown whole, with how to find out more', () => {
    const { code, message, advice, result } = failed('Something went wrong')
    expect({ code, result }).toEqual({ code: 'JOB_FAILED', result: 'failed' })
    expect(message).toBe('The backend job job-1 failed: Something went wrong')
    expect(advice).toContain(
      'aws amplifybackend get-backend-job --region eu-west-1 --app-id d1a2b3c4d5 --backend-environment-name prod --job-id job-1',
    )
    expect(advice).toContain('aws cloudformation describe-stack-events --region eu-west-1')
  })

  test.each([undefined, ' ', ' \n '])('A job with the text %j points at the console', (error) => {
    const { code, message, advice } = failed(error)
    expect(code).toBe('JOB_FAILED')
    expect(message).toBe('The backend job job-1 failed without an error text')
    expect(advice).toContain('Amplify console')
    expect(advice).toContain('describe-stack-events')
  })

  test('The text of the job is one sanitized line', () => {
    const { message } = failed('a\n::error::forged\n##[error]z')
    expect(message).toBe('The backend job job-1 failed: a ::error::forged ## [error]z')
  })

  test.each([
    'Error Code: TooManyBuckets',
    'API: s3:PutPublicAccessBlock Access Denied',
    'S3Bucket: acme-media14a5e-dev already exists',
    'Action denied by stack policy: Statement [#1]',
  ])('Of a long text, the part that tells the cause is shown: %s', (part) => {
    for (const [before, after] of [
      [4_000, 4_000],
      [700, 9_000],
      [9_000, 700],
      [0, 9_000],
      [9_000, 0],
    ] as const) {
      const { message } = failed(
        `${'event '.repeat(before / 5)} ${part} ${'more '.repeat(after / 5)}`,
      )
      expect(message).toContain(part)
      expect(message.length).toBeLessThan(3_000)
    }
  })

  test('Of a long text, the start and the end are shown', () => {
    const { message } = failed(`START ${'x'.repeat(9_000)} END`)
    expect(message).toMatch(/^The backend job job-1 failed: START x+… x+ END$/)
    expect(message.length).toBeLessThan(2_500)
  })
})

describe('a known text of a failed job', () => {
  const rows = [LOCKED_ENVIRONMENT, ...STORAGE_JOB_ERRORS, ...STACK_JOB_ERRORS]
  const examples = rows.flatMap(({ kind, code, examples: texts }) =>
    texts.map((text) => [text, kind, code] as const),
  )

  test.each(examples)('The text %j is of the kind %s, with the code %s', (text, kind, code) => {
    expect(kindOf(text)).toBe(kind)
    const error = failed(text)
    expect(error).toMatchObject({ code, result: 'failed' })
    expect(error.message).toContain(' because ')
    expect(error.message).toContain('The job reports: ')
  })

  test('No two kinds have the same name', () => {
    const kinds = rows.map(({ kind }) => kind)
    expect(new Set(kinds).size).toBe(kinds.length)
  })

  test.each([
    [
      'a lock for the migration to Gen 2',
      LOCKED_ENVIRONMENT.examples[0],
      ['remove this step', 'get-stack-policy'],
    ],
    [
      'imported auth',
      'The imported auth config is not compatible',
      ['identity pool', 'amplify import auth'],
    ],
    [
      'a waiter of a stack',
      'Resource is not in the state stackUpdateComplete',
      ['describe-stack-events', 'get-backend-environment'],
    ],
    [
      'a failed rollback',
      'is in UPDATE_ROLLBACK_FAILED state and can not be updated',
      ['continue-update-rollback', 'describe-stack-events'],
    ],
    ['a running deployment', 'A deployment is in progress.', ['Wait', 'deployment-state.json']],
    [
      'a stale lock',
      'Cannot iteratively rollback',
      ['deployment-state.json', 'deploymentArtifacts'],
    ],
    ['an expired session', 'ExpiredToken: expired', ['role-duration-seconds']],
    ['too many buckets', 'TooManyBuckets', ['Service Quotas']],
  ])('The advice for %s has the words that people need', (_, text, words) => {
    const { advice } = failed(text)
    for (const word of words) expect(advice).toContain(word)
  })

  test('The events of the nested stack that the text names are shown', () => {
    const stack =
      'arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-acme-dev-14a5e-storagemedia-1IKU/0f1e2d3c-0000'
    const { advice } = failed(`Embedded stack ${stack} was not successfully created: x`)
    expect(advice).toContain(`--stack-name ${stack} `)
  })

  test.each([
    'The registry requires authentication',
    'Role amplify-octoapp-prod already exists',
    'The table media-prod already exists',
    'amplify-octoapp-authRole already exists',
  ])('The text "%s" has no special advice', (text) => {
    expect(kindOf(text)).toBe('unknown')
    expect(failed(text).code).toBe('JOB_FAILED')
  })
})

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

describe('the error for a job that lacks a permission', () => {
  const DENIED = 'is not authorized to perform: s3:CreateBucket on resource'
  const USER = 'User: arn:aws:sts::999988887777:assumed-role/deployer/run-1'

  test('The advice is the statement to add, and to which role', () => {
    const error = failed(
      `${USER} ${DENIED}: "arn:aws:s3:::photos14a5e-prod" because no identity-based policy allows it`,
    )
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
    expect(error.message).toContain('the role deployer may not call s3:CreateBucket')
    expect(error.advice).toContain('the role deployer')
    expect(error.advice).toContain(
      '{"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::photos14a5e-prod"}',
    )
  })

  test('For the keys of an IAM user, the error names the user', () => {
    const text = `User: arn:aws:iam::111122223333:user/ci/alice ${DENIED}: arn:aws:s3:::a`
    const error = failed(text, { accountId: undefined })
    expect(error.advice).toContain('the IAM user alice')
    expect(error.advice).not.toMatch(/\brole\b/)
  })

  test.each([
    [`${DENIED}: arn:aws:s3:::a.`, 'arn:aws:s3:::a'],
    [`${DENIED}: arn:aws:s3:::a), b`, 'arn:aws:s3:::a'],
    [
      'is not authorized to perform s3:CreateBucket on resource arn:aws:s3:::a/*',
      'arn:aws:s3:::a/*',
    ],
  ])('The resource is taken from the text %.80s', (text, resource) => {
    const { advice } = failed(text)
    expect(advice).toContain(`"Action":"s3:CreateBucket","Resource":"${resource}"}`)
  })

  test.each([
    [
      'role amplify-app-dev-1-authRole',
      'arn:aws:iam::999988887777:role/amplify-app-dev-1-authRole',
    ],
    ['user alice', 'arn:aws:iam::999988887777:user/alice'],
    ['policy team-policy because', 'arn:aws:iam::999988887777:policy/team-policy'],
    ['instance profile web', 'arn:aws:iam::999988887777:instance-profile/web'],
  ])('The resource "%s" of IAM becomes an ARN of the account in the text', (resource, arn) => {
    const { advice } = failed(
      `${USER} is not authorized to perform: iam:PutRolePolicy on resource: ${resource}`,
    )
    expect(advice).toContain(`"Resource":"${arn}"`)
  })

  test.each([
    'arn:aws:iam::999988887777:role/APPLICATION-REGION-ACCOUNT-ENVIRONMENT-PARTITION',
    'arn:aws:iam::999988887777:role/MyAPPRole',
  ])('The ARN %s in the text stays as it is', (arn) => {
    const { advice } = failed(
      `${USER} is not authorized to perform: iam:PassRole on resource: ${arn}`,
    )
    expect(advice).toContain(`"Resource":"${arn}"`)
  })

  test('The ARN of a role has the account and the partition of the run if the text has none', () => {
    const text = 'is not authorized to perform: iam:PutRolePolicy on resource: role r'
    const inChina = failed(text, { region: 'cn-north-1' })
    expect(inChina.advice).toContain('"arn:aws-cn:iam::111122223333:role/r"')
    const unknown = failed(text, { accountId: undefined })
    expect(unknown.advice).toContain('"arn:aws:iam::YOUR-ACCOUNT-ID:role/r"')
  })

  test('The advice says what a permission on a role means', () => {
    const text = `${USER} is not authorized to perform: iam:PutRolePolicy on resource: role r`
    expect(failed(text).advice).toContain('any permission')
  })

  test.each([
    'x is not authorized to perform: iam:PassRole',
    `${DENIED}: *`,
    `${DENIED}: "*"`,
    `${DENIED}: arn:aws:s3:::*`,
    `${DENIED}: arn:aws:s3:::*/*`,
    `${DENIED}: arn:${'x'.repeat(3_000)}`,
    `${DENIED}: "arn:aws:s3:::é"`,
  ])('Without one resource, the action is named and no statement is suggested: %.80s', (text) => {
    const { code, advice } = failed(text)
    expect(code).toBe('JOB_LACKS_PERMISSION')
    expect(advice).toMatch(/Allow (?:s3:CreateBucket|iam:PassRole) /)
    expect(advice).not.toContain('"Effect"')
    expect(advice).not.toContain('"*"')
  })

  test.each([
    ['API: s3:PutPublicAccessBlock Access Denied', 's3:PutBucketPublicAccessBlock'],
    ['API: s3:PutBucketEncryption Access Denied', 's3:PutEncryptionConfiguration'],
    ['API: s3:SetBucketEncryption Access Denied', 's3:PutEncryptionConfiguration'],
    ['API: s3:CreateBucket Access Denied', 's3:CreateBucket'],
    [
      'CREATE_FAILED DeploymentBucket AWS::S3::Bucket Sat Apr 23 2022 API: \ns3:PutPublicAccessBlock Access Denied',
      's3:PutBucketPublicAccessBlock',
    ],
    [
      'An error occurred (AccessDenied) when calling the PutBucketCors operation: Access Denied',
      's3:PutBucketCORS',
    ],
  ])('The text %j leads to the IAM action %s on a bucket', (text, action) => {
    const { code, advice } = failed(text)
    expect(code).toBe('JOB_LACKS_PERMISSION')
    expect(advice).toContain(
      JSON.stringify({ Effect: 'Allow', Action: action, Resource: 'arn:aws:s3:::YOUR-BUCKET' }),
    )
  })

  test.each([
    'The user does not have permissions to call lambda createFunction. Please make sure you have the AdministratorAccess-Amplify IAM policy attached.',
    'The user does not have permission to call lambda:createFunction',
    'The user does not have permissions to call lambda.CreateFunction',
    'API: lambda:CreateFunction20150331 Access Denied',
  ])('The text "%s" names the action and suggests no managed policy', (text) => {
    const { code, advice } = failed(text)
    expect(code).toBe('JOB_LACKS_PERMISSION')
    expect(advice).toContain(
      '"Action":"lambda:CreateFunction","Resource":"arn:aws:lambda:eu-west-1:111122223333:function:YOUR-FUNCTION"',
    )
    expect(advice).not.toContain('AdministratorAccess')
  })

  test('A parameter of the environment has its own ARN', () => {
    const { advice } = failed('API: ssm:PutParameter Access Denied')
    expect(advice).toContain(
      '"arn:aws:ssm:eu-west-1:111122223333:parameter/amplify/d1a2b3c4d5/prod/*"',
    )
  })

  test('An operation that is not in the table is named without a statement', () => {
    const { advice } = failed('API: s3:FrobnicateBucket Access Denied')
    expect(advice).toContain('s3:FrobnicateBucket')
    expect(advice).not.toContain('"Effect"')
  })

  test.each([
    'Resource handler returned message: "Access Denied (Service: S3, Status Code: 403, Request ID: X)" (HandlerErrorCode: AccessDenied)',
    'AccessDenied: Access Denied',
  ])('A denial without an action points at CloudTrail: %s', (text) => {
    const error = failed(text)
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
    expect(error.advice).toContain('CloudTrail')
    expect(error.advice).not.toContain('"Effect"')
  })

  test('A missing permission comes before anything else in the text', () => {
    const { code } = failed('bucket already exists; x is not authorized to perform: s3:GetObject')
    expect(code).toBe('JOB_LACKS_PERMISSION')
  })
})

describe('the error for a job that a policy denies', () => {
  const denied = (end: string): string =>
    `User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: s3:CreateBucket on resource: "arn:aws:s3:::a" ${end}`

  test.each([
    ['with an explicit deny in a service control policy', 'administrators of the AWS organization'],
    [
      'with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1',
      'administrators of the AWS organization',
    ],
    [
      'with an explicit deny in a resource control policy',
      'administrators of the AWS organization',
    ],
    ['with an explicit deny in a permissions boundary', 'permissions boundary'],
    ['with an explicit deny in a session policy', 'session policy'],
    ['with an explicit deny in a VPC endpoint policy', 'VPC endpoint'],
    ['with an explicit deny in a resource-based policy', 'policy of that resource'],
    ['with an explicit deny in an identity-based policy', 'Deny statement'],
    ['with an explicit deny', 'Deny statement'],
    ['because no permissions boundary allows the s3:CreateBucket action', 'permissions boundary'],
    ['because no service control policy allows the s3:CreateBucket action', 'organization'],
    ['because no session policy allows the s3:CreateBucket action', 'session policy'],
  ])('For a text that ends "%s", no statement is suggested, but whom to ask', (end, who) => {
    const { code, advice } = failed(denied(end))
    expect(code).toBe('JOB_LACKS_PERMISSION')
    expect(advice).toContain(who)
    expect(advice).toMatch(/\b[Aa]sk /)
    expect(advice).not.toContain('"Effect"')
  })
})

describe('the text of a failed job', () => {
  test('A job that fails for a known reason names the remedy of its code', () => {
    const { advice } = failed('storage needs an existing auth resource')
    expect(advice).toBe(ERROR_CATALOG.AUTH_MISSING.remedy)
  })

  test('No command contains text of the job that a shell would run', () => {
    const evil = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/a$(rm -rf ~)/x'
    for (const text of [
      `Embedded stack ${evil} was not successfully created`,
      'a$(id)-prod already exists',
    ]) {
      const { advice } = failed(text)
      expect(advice).not.toMatch(/\$\((?!aws amplify)/)
    }
    expect(textOf(failed(evil))).toContain('failed')
  })
})

describe('the error for a job that is still pending', () => {
  const pending = (operation: string | undefined): ActionError =>
    jobStillPending(STORAGE_REF, {
      ...{ jobId: 'job-9', status: 'RUNNING', createdAt: undefined, error: undefined },
      operation,
    })

  test.each(['CreateBackendStorage', 'UpdateBackendStorage', undefined, 'x; rm -rf ~'])(
    'For the operation %s, which may be that of another run, it advises a concurrency group',
    (operation) => {
      const { advice } = pending(operation)
      expect(advice).toContain('concurrency group')
      expect(advice).not.toContain('cloudtrail')
      expect(advice).toMatch(/--job-id job-9$/)
    },
  )

  test('For another operation, it says that it is not ours, and how to see who started it', () => {
    const { advice } = pending('UpdateBackendAuth')
    expect(advice).toContain('Somebody else started this job')
    expect(advice).toContain('aws cloudtrail lookup-events --region eu-west-1')
    expect(advice).toContain('AttributeValue=UpdateBackendAuth')
    expect(advice).not.toContain('concurrency')
  })
})
