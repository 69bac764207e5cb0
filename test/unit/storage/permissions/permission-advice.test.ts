import { describe, expect, test } from 'vitest'
import { failed } from '../jobs/failed-job.ts'

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
