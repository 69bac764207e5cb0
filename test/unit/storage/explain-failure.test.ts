import { describe, expect, test } from 'vitest'
import { ERROR_CATALOG, type ErrorCode } from '../../../src/errors/catalog.ts'
import type { ApiFailure } from '../../../src/network/failure.ts'
import type { StorageRef } from '../../../src/storage/api.ts'
import { explainFailure } from '../../../src/storage/explain-failure.ts'
import { createFailure, type FailureName } from '../../support/unit/api-failures.ts'
import { STORAGE_REF } from '../../support/unit/storage-context.ts'

const errorFor = (
  name: FailureName,
  members: Partial<ApiFailure> = {},
  ref: Partial<StorageRef> = {},
) => explainFailure(createFailure('GetBackend', name, members), { ...STORAGE_REF, ...ref })

const PENDING: Partial<ApiFailure> = { message: 'There is a pending job' }

/** A failure, the code of its error and what the message says of it. */
const ERRORS: readonly (readonly [FailureName, Partial<ApiFailure>, ErrorCode, string])[] = [
  ['throttled', {}, 'THROTTLED', 'was throttled in every attempt: 429 TooManyRequestsException: '],
  ['connectionRefused', {}, 'HOST_UNREACHABLE', 'could not reach the service: ECONNREFUSED: '],
  ['unknownHost', {}, 'HOST_UNREACHABLE', 'found no host for the region "eu-west-1": ENOTFOUND: '],
  [
    'untrusted',
    {},
    'TLS_FAILED',
    'certificate of the host is not trusted: SELF_SIGNED_CERT_IN_CHAIN',
  ],
  ['gatewayTimeout', {}, 'GATEWAY_TIMEOUT', 'failed with a gateway timeout: 504 GatewayTimeout'],
  ['internalError', {}, 'SERVICE_ERROR', 'failed with an internal service error: 500: Internal '],
  ['stall', {}, 'NO_ANSWER', 'received no response: no response within the time limit.'],
  ['page', {}, 'UNREADABLE_RESPONSE', 'malformed response: 200: the response is not JSON.'],
  [
    'notFound',
    {},
    'NOT_FOUND',
    'no app "d1a2b3c4d5" in eu-west-1 (account 111122223333): GetBackend returned 404 ',
  ],
  ['expired', {}, 'CREDENTIALS_EXPIRED', 'was rejected: 403 ExpiredTokenException: '],
  ['badKeys', {}, 'CREDENTIALS_REFUSED', 'was rejected: 403 UnrecognizedClientException: '],
  ['badRequest', {}, 'BAD_REQUEST', 'was rejected as invalid: 400 BadRequestException: Invalid '],
  ['forbidden', {}, 'REQUEST_REFUSED', 'was rejected: 403: Forbidden.'],
  ['accessDenied', {}, 'ACCESS_DENIED', 'have no permission to call GetBackend: 403 AccessDenied'],
  ['blockedPage', {}, 'REQUEST_REFUSED', 'GetBackend did not reach AWS: '],
  [
    'badRequest',
    PENDING,
    'PENDING_JOB',
    'because another job is pending: 400 BadRequestException: There ',
  ],
  [
    'badRequest',
    { message: 'It already exists' },
    'STORAGE_EXISTS',
    'was rejected: 400 BadRequest',
  ],
  [
    'badRequest',
    { name: 'RequestTimeTooSkewed' },
    'CREDENTIALS_REFUSED',
    '400 RequestTimeTooSkewed',
  ],
]

describe('the error for a call that has finally failed', () => {
  test.each(ERRORS)(
    'A call that fails with %s and %j has the code %s',
    (name, members, code, message) => {
      const error = errorFor(name, members)
      expect(error).toMatchObject({ code, result: 'failed' })
      expect(error.message).toContain('GetBackend')
      expect(error.message).toContain(message)
    },
  )

  test('The error has the request id, and the remedy of its code', () => {
    const { requestId, advice } = errorFor('badRequest')
    expect(requestId).toBe('request-400')
    expect(advice).toBe(ERROR_CATALOG.BAD_REQUEST.remedy)
  })

  test('The error has no request id where the response came from something other than AWS', () => {
    expect(errorFor('blockedPage').requestId).toBeUndefined()
    expect(errorFor('forbidden').requestId).toBe('request-403')
  })

  test('A missing app is named without an account where the account is not known', () => {
    const { message } = errorFor('notFound', {}, { accountId: undefined })
    expect(message).toContain('no app "d1a2b3c4d5" in eu-west-1: GetBackend returned 404 ')
  })

  test('The caller can give another result and other advice', () => {
    const failure = createFailure('GetBackend', 'accessDenied')
    const details = { result: 'unknown', advice: 'Check it yourself.' } as const
    expect(explainFailure(failure, STORAGE_REF, details)).toMatchObject({
      ...details,
      requestId: 'request-403',
    })
  })
})

describe('the advice for a call that has finally failed', () => {
  test.each([
    ['111122223333', 'eu-west-1', 'arn:aws:amplifybackend:eu-west-1:111122223333'],
    [undefined, 'eu-west-1', 'arn:aws:amplifybackend:eu-west-1:YOUR-ACCOUNT-ID'],
    ['111122223333', 'cn-north-1', 'arn:aws-cn:amplifybackend:cn-north-1:111122223333'],
    ['111122223333', 'us-gov-west-1', 'arn:aws-us-gov:amplifybackend:us-gov-west-1:111122223333'],
  ])(
    'A denied call in the account %j and the region %s names the permission and its resource',
    (accountId, region, arn) => {
      expect(errorFor('accessDenied', {}, { accountId, region }).advice).toBe(
        `Allow amplifybackend:GetBackend on ${arn}:/backend/d1a2b3c4d5/* for the role.`,
      )
    },
  )

  test.each(['aws', 'aws-cn', 'aws-us-gov'])(
    'A denied call of a user in the partition %s names the user and not a role',
    (partition) => {
      const message = `User: arn:${partition}:iam::111122223333:user/alice is not authorized to perform: amplifybackend:GetBackend`
      expect(errorFor('accessDenied', { message }).advice).toMatch(/ for the user\.$/)
    },
  )

  test.each([
    ['CreateBackendStorage', '111122223333', true],
    ['UpdateBackendStorage', '111122223333', true],
    ['GetBackendStorage', '111122223333', false],
    ['CreateBackendStorage', undefined, false],
    ['UpdateBackendStorage', undefined, false],
  ])(
    'A denied %s of a role in the account %j asks whether the role only plans: %j',
    (operation, accountId, expected) => {
      const failure = createFailure(operation, 'accessDenied')
      const { advice } = explainFailure(failure, { ...STORAGE_REF, accountId })
      expect(advice.includes('role-to-assume')).toBe(expected)
      expect(advice).toContain(`llow amplifybackend:${operation} on arn:aws:`)
    },
  )

  test.each([
    ['with an explicit deny in a service control policy', 'organization'],
    ['because no permissions boundary allows the action', 'permissions boundary'],
    ['with an explicit deny in a session policy', 'session policy'],
    ['with an explicit deny in an identity-based policy', 'Deny statement'],
  ])('A call that is denied "%s" names whom to ask, and nothing to allow', (end, who) => {
    const { code, advice } = errorFor('accessDenied', { message: `x is not authorized ${end}` })
    expect(code).toBe('ACCESS_DENIED')
    expect(advice).toContain(who)
    expect(advice).not.toContain('Allow amplifybackend')
  })

  test('A call that no policy of the role allows names the permission', () => {
    const message = 'not authorized because no identity-based policy allows the action'
    expect(errorFor('accessDenied', { message }).advice).toContain(
      'Allow amplifybackend:GetBackend',
    )
  })

  test('An expired session of a role that this run assumed points at the clock of the runner', () => {
    const { advice } = errorFor('expired')
    expect(advice).toContain('On a self-hosted runner, check the clock.')
    expect(advice).not.toContain('role-to-assume')
  })

  test('Expired credentials of the environment have the remedy of their code', () => {
    const { advice } = errorFor('expired', {}, { accountId: undefined })
    expect(advice).toBe(ERROR_CATALOG.CREDENTIALS_EXPIRED.remedy)
  })

  test('A host that does not exist points at the region', () => {
    expect(errorFor('unknownHost').advice).toBe(
      'Check the spelling of aws-region ("eu-west-1") and that Amplify Backend is available there.',
    )
  })

  test.each(['unknownHost', 'connectionRefused'] as const)(
    'A custom endpoint that cannot be reached (%s) points at its setting',
    (name) => {
      const route = { host: 'a.test', port: '443', proxy: undefined, endpoint: 'AWS_ENDPOINT_URL' }
      const { code, message, advice } = errorFor(name, { route })
      expect(code).toBe('HOST_UNREACHABLE')
      expect(message).toMatch(/^GetBackend could not reach the service: /)
      expect(advice).toBe('Check AWS_ENDPOINT_URL: it sends requests to a.test.')
    },
  )

  test('A host that refuses the connection has the remedy of its code', () => {
    expect(errorFor('connectionRefused').advice).toBe(ERROR_CATALOG.HOST_UNREACHABLE.remedy)
  })

  test('A missing app or environment names the inputs that decide where the call looks', () => {
    expect(errorFor('notFound').advice).toMatch(/app-id.*aws-region.*account.*Gen 2/)
    expect(errorFor('notFound', { message: 'Not found' }).message).toContain('environment "prod"')
  })
})
