import { describe, expect, test } from 'vitest'
import { ERROR_CATALOG, type ErrorCode } from '../../src/errors/catalog.ts'
import {
  toJobError,
  toActionError,
  jobCommand,
  storageCommand,
  type StorageRef,
} from '../../src/storage/errors.ts'
import type { Job } from '../../src/storage/jobs/job.ts'
import { createFailure, type FailureName } from '../support/unit/api-failures.ts'

const PLACE: StorageRef = {
  appId: 'd1abc',
  backendEnvironmentName: 'prod',
  resourceName: 'media',
  region: 'eu-west-1',
  accountId: '111122223333',
}

describe('credentials that the service calls expired', () => {
  const advice = (accountId: string | undefined): string =>
    toActionError(createFailure('GetBackend', 'expired'), { ...PLACE, accountId }).advice

  test('of a role that this run took are not to be had by taking one', () => {
    expect(advice('111122223333')).toContain('On a self-hosted runner check the clock')
    expect(advice('111122223333')).not.toContain('role-to-assume')
  })

  test('of the environment are better had from a role', () => {
    expect(advice(undefined)).toBe(ERROR_CATALOG.CREDENTIALS_EXPIRED.remedy)
  })
})

describe('a call that failed for good', () => {
  const rows: readonly (readonly [FailureName, ErrorCode, string])[] = [
    [
      'throttled',
      'THROTTLED',
      'GetBackend was throttled in every attempt: 429 TooManyRequestsException: Rate exceeded.',
    ],
    [
      'connectionRefused',
      'HOST_UNREACHABLE',
      'GetBackend could not reach the service: ECONNREFUSED: connect ECONNREFUSED.',
    ],
    [
      'unknownHost',
      'HOST_UNREACHABLE',
      'GetBackend found no host for the region "eu-west-1": ENOTFOUND: getaddrinfo ENOTFOUND.',
    ],
    [
      'untrusted',
      'TLS_FAILED',
      "GetBackend does not trust the host's certificate: SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in chain.",
    ],
    [
      'gatewayTimeout',
      'GATEWAY_TIMEOUT',
      'GetBackend ended in a gateway time-out: 504 GatewayTimeoutException: Endpoint request timed out.',
    ],
    [
      'internalError',
      'SERVICE_ERROR',
      'GetBackend met an error inside the service: 500: Internal server error.',
    ],
    ['stall', 'NO_ANSWER', 'GetBackend got no answer: no response within the time limit.'],
    [
      'page',
      'UNREADABLE_RESPONSE',
      'GetBackend got an answer that is none: 200: the response is not JSON.',
    ],
    [
      'notFound',
      'NOT_FOUND',
      'GetBackend did not find app "d1abc" with environment "prod" in eu-west-1: 404 NotFoundException: App not found.',
    ],
    [
      'accessDenied',
      'ACCESS_DENIED',
      'The credentials may not call GetBackend: 403 AccessDeniedException: User is not authorized to perform that.',
    ],
    [
      'expired',
      'CREDENTIALS_EXPIRED',
      'GetBackend was refused: 403 ExpiredTokenException: The security token is expired.',
    ],
    [
      'badKeys',
      'CREDENTIALS_REFUSED',
      'GetBackend was refused: 403 UnrecognizedClientException: The security token is invalid.',
    ],
    [
      'badRequest',
      'BAD_REQUEST',
      'GetBackend was refused as invalid: 400 BadRequestException: Invalid request.',
    ],
    ['forbidden', 'REQUEST_REFUSED', 'GetBackend was refused: 403: Forbidden.'],
  ]

  test.each(rows)('%s has the code %s', (trouble, code, message) => {
    const error = toActionError(createFailure('GetBackend', trouble), PLACE)
    expect(error).toMatchObject({ code, message, result: 'failed' })
  })

  test('whose clock was wrong to the end has its credentials refused', () => {
    const failure = createFailure('GetBackend', 'badRequest', { name: 'RequestTimeTooSkewed' })
    expect(toActionError(failure, PLACE)).toMatchObject({
      code: 'CREDENTIALS_REFUSED',
      message: 'GetBackend was refused: 400 RequestTimeTooSkewed: Invalid request.',
    })
  })

  test('because of a pending job, or of a storage that exists, says so', () => {
    const failure = (message: string) =>
      createFailure('CreateBackendStorage', 'badRequest', { message })
    expect(toActionError(failure('There is a pending job'), PLACE)).toMatchObject({
      code: 'PENDING_JOB',
      message:
        'CreateBackendStorage was refused because a job is pending: 400 BadRequestException: There is a pending job.',
    })
    expect(toActionError(failure('It already exists'), PLACE)).toMatchObject({
      code: 'STORAGE_EXISTS',
      message: 'CreateBackendStorage was refused: 400 BadRequestException: It already exists.',
    })
  })

  test('has the request id, and the remedy of its code', () => {
    const error = toActionError(createFailure('GetBackend', 'badRequest'), PLACE)
    expect(error.requestId).toBe('request-400')
    expect(error.advice).toBe(ERROR_CATALOG.BAD_REQUEST.remedy)
  })

  const denied = (place: Partial<StorageRef> = {}): string =>
    toActionError(createFailure('ListBackendJobs', 'accessDenied'), { ...PLACE, ...place }).advice

  test('for want of a permission names the action and the resource, in the account of the role', () => {
    expect(denied()).toBe(
      'Allow amplifybackend:ListBackendJobs on arn:aws:amplifybackend:eu-west-1:111122223333:/backend/d1abc/* for the role.',
    )
  })

  test('where the account is not known, says that it has to be filled in', () => {
    expect(denied({ accountId: undefined })).toBe(
      'Allow amplifybackend:ListBackendJobs on arn:aws:amplifybackend:eu-west-1:YOUR-ACCOUNT-ID:/backend/d1abc/* for the role.',
    )
  })

  test.each([
    ['cn-north-1', 'arn:aws-cn:amplifybackend:cn-north-1:'],
    ['us-gov-west-1', 'arn:aws-us-gov:amplifybackend:us-gov-west-1:'],
  ])('names the resource in the partition of %s', (region, start) => {
    expect(denied({ region })).toContain(start)
  })

  test('R04: at a host that does not exist points at the region', () => {
    const { advice } = toActionError(createFailure('GetBackend', 'unknownHost'), PLACE)
    expect(advice).toBe(
      'Check the spelling of aws-region ("eu-west-1"), and that Amplify Backend exists there.',
    )
  })

  test.each<readonly [FailureName, Partial<Parameters<typeof createFailure>[2] & object>]>([
    ['unknownHost', { route: { host: 'a.test', proxy: undefined, endpoint: 'AWS_ENDPOINT_URL' } }],
    [
      'connectionRefused',
      { route: { host: 'a.test', proxy: undefined, endpoint: 'AWS_ENDPOINT_URL' } },
    ],
  ])('R04: at a host that the user has named points at the setting: %s', (trouble, more) => {
    const { code, message, advice } = toActionError(
      createFailure('GetBackend', trouble, more),
      PLACE,
    )
    expect(code).toBe('HOST_UNREACHABLE')
    expect(message).toMatch(/^GetBackend could not reach the service: /)
    expect(advice).toBe('Check AWS_ENDPOINT_URL: it sends requests to a.test.')
  })

  test('at a host that exists and takes no connection has the remedy of its code', () => {
    const { advice } = toActionError(createFailure('GetBackend', 'connectionRefused'), PLACE)
    expect(advice).toBe(ERROR_CATALOG.HOST_UNREACHABLE.remedy)
  })

  test('R05: for want of app or environment lists everything that decides where it looked', () => {
    const { advice } = toActionError(createFailure('GetBackend', 'notFound'), PLACE)
    expect(advice).toBe(
      'Check app-id, backend-environment-name, aws-region and the account of the role; the app must be an Amplify Gen 1 app.',
    )
  })

  test('can be given another result and other advice', () => {
    const error = toActionError(createFailure('GetBackend', 'accessDenied'), PLACE, {
      result: 'unknown',
      advice: 'Look yourself.',
    })
    expect(error).toMatchObject({ result: 'unknown', advice: 'Look yourself.' })
    expect(error.requestId).toBe('request-403')
  })
})

describe('the commands that are suggested', () => {
  test('show the job and the storage', () => {
    expect(jobCommand(PLACE, 'job-1')).toBe(
      'aws amplifybackend get-backend-job --region eu-west-1 --app-id d1abc --backend-environment-name prod --job-id job-1',
    )
    expect(storageCommand(PLACE)).toBe(
      'aws amplifybackend get-backend-storage --region eu-west-1 --app-id d1abc --backend-environment-name prod --resource-name media',
    )
  })
})

describe('a name that a shell would read otherwise', () => {
  test.each([
    ['a;reboot', "'a;reboot'"],
    ['$(reboot)', "'$(reboot)'"],
    ['`reboot`x', "'`reboot`x'"],
    ['a&b|c>d', "'a&b|c>d'"],
    ['*', "'*'"],
    ["a'b", "'a'\\''b'"],
    ['é', "'é'"],
  ])('is quoted in a command: %s', (name, word) => {
    const place = { ...PLACE, appId: name, backendEnvironmentName: name, resourceName: name }
    const where = `--region eu-west-1 --app-id ${word} --backend-environment-name ${word}`
    expect(jobCommand(place, name)).toBe(
      `aws amplifybackend get-backend-job ${where} --job-id ${word}`,
    )
    expect(storageCommand(place)).toBe(
      `aws amplifybackend get-backend-storage ${where} --resource-name ${word}`,
    )
  })
})

describe('a job that failed', () => {
  const failed = (error: string) => {
    const job: Job = {
      jobId: 'job-1',
      status: 'FAILED',
      operation: 'CreateBackendStorage',
      createdAt: undefined,
      error,
    }
    return toJobError(job, 'job-1', PLACE)
  }

  test('is shown with its own text', () => {
    const error = failed('Something went wrong')
    expect(error).toMatchObject({ code: 'JOB_FAILED', result: 'failed' })
    expect(error.message).toBe('The backend job job-1 failed: Something went wrong')
    expect(error.advice).toBe(
      'Mend what the text names and run again. The whole text: aws amplifybackend get-backend-job --region eu-west-1 --app-id d1abc --backend-environment-name prod --job-id job-1',
    )
  })

  test('without a text is to be looked for elsewhere', () => {
    const { code, advice } = failed(' ')
    expect(code).toBe('JOB_FAILED')
    expect(advice).toBe(
      'Look for the reason in the Amplify console, at the backend environment "prod", or at the events of its stack in CloudFormation; then run again.',
    )
  })

  test('may give no reason', () => {
    expect(failed('').message).toBe('The backend job job-1 failed and gives no reason')
    expect(failed(' \n ').message).toBe('The backend job job-1 failed and gives no reason')
  })

  test('is shown in one harmless line, cut', () => {
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
  ])('for want of auth says so: %s', (text) => {
    expect(failed(text)).toMatchObject({
      code: 'AUTH_MISSING',
      advice: 'Add auth (Cognito) to the backend environment, then run again.',
    })
  })

  test.each([
    [
      'The imported auth config is not compatible with this storage',
      'JOB_FAILED',
      'The imported auth resource does not allow guests: leave unauthenticated-permissions empty, or import a pool that allows them.',
    ],
    [
      'Amazon S3 storage was already added to your project.',
      'OTHER_STORAGE',
      'An environment has one S3 storage at most: set resource-name to the existing one, or remove that first.',
    ],
    [
      'Add Storage Failed.. already exists',
      'OTHER_STORAGE',
      'An environment has one S3 storage at most: set resource-name to the existing one, or remove that first.',
    ],
    [
      'CREATE_FAILED S3Bucket AWS::S3::Bucket\nphotos14a5e-prod already exists',
      'JOB_FAILED',
      'A bucket of that name was left behind by an earlier storage (buckets are retained). Choose another bucket-name, or delete the bucket if it is empty and no longer needed.',
    ],
    [
      'photos14a5e-prod already exists\nin AWS::S3::Bucket',
      'JOB_FAILED',
      'A bucket of that name was left behind by an earlier storage (buckets are retained). Choose another bucket-name, or delete the bucket if it is empty and no longer needed.',
    ],
    [
      'A deployment is in progress.',
      'JOB_FAILED',
      'Wait until the other deployment of this environment has ended, then run again.',
    ],
  ] as const)('with a known text has advice: %s', (text, code, advice) => {
    expect(failed(text)).toMatchObject({ code, advice, result: 'failed' })
  })

  test('for want of authentication is not told to add auth', () => {
    expect(failed('The registry requires authentication').code).toBe('JOB_FAILED')
  })

  test('because of something else that exists is not blamed on a bucket', () => {
    const error = failed('Role amplify-octoapp-prod already exists')
    expect(error.code).toBe('JOB_FAILED')
    expect(error.advice).toMatch(/^Mend what the text names/)
  })

  test('for want of a permission shows the statement to add, and its resource', () => {
    const error = failed(
      'User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: s3:CreateBucket on resource: "arn:aws:s3:::photos14a5e-prod" because no identity-based policy allows it',
    )
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
    expect(error.advice).toBe(
      'The service deploys with the rights of the role. Add this statement to it: {"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::photos14a5e-prod"}',
    )
  })

  test.each([
    [
      'is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::a.',
      'arn:aws:s3:::a',
    ],
    [
      'is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::a), b',
      'arn:aws:s3:::a',
    ],
    [
      'is not authorized to perform s3:CreateBucket on resource arn:aws:s3:::a/*',
      'arn:aws:s3:::a/*',
    ],
    [
      `is not authorized to perform: s3:CreateBucket on resource: arn:${'x'.repeat(400)}`,
      `arn:${'x'.repeat(295)}…`,
    ],
  ])('takes the resource out of: %.80s', (text, resource) => {
    expect(failed(text).advice).toContain(`"Action":"s3:CreateBucket","Resource":"${resource}"}`)
  })

  test('for want of a permission whose resource is not named says to narrow it down', () => {
    const error = failed('x is not authorized to perform: iam:PassRole')
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
    expect(error.advice).toBe(
      'The service deploys with the rights of the role. Add this statement to it, with the resource narrowed down: {"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}',
    )
  })

  test.each([
    'The user does not have permissions to call lambda createFunction. Please make sure you have the AdministratorAccess-Amplify IAM policy attached.',
    'The user does not have permission to call lambda:createFunction',
    'The user does not have permissions to call lambda.CreateFunction',
  ])('for want of a permission to call names the action, and no managed policy: %s', (text) => {
    const error = failed(text)
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
    expect(error.advice).toContain('"Action":"lambda:CreateFunction"')
    expect(error.advice).not.toContain('AdministratorAccess')
  })

  test('names what is missing rather than what exists', () => {
    const error = failed('bucket already exists; x is not authorized to perform: s3:GetObject')
    expect(error.code).toBe('JOB_LACKS_PERMISSION')
  })
})
