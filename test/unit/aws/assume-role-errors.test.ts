import { describe, expect, test } from 'vitest'
import { toAssumeRoleError, type RequestedRole } from '../../../src/aws/assume-role-errors.ts'
import { isAccessDenied, isTemporary } from '../../../src/aws/assume-role-failures.ts'
import type { Claims } from '../../../src/aws/id-token.ts'
import type { ActionError } from '../../../src/errors/action-error.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import type { ApiFailure } from '../../../src/network/failure.ts'
import { aFailure } from '../../support/unit/api-failures.ts'

const ROLE = {
  roleArn: 'arn:aws:iam::111122223333:role/storage',
  roleInput: 'role-to-assume',
  durationSeconds: 43_200,
  readOnly: true,
  hasOtherCredentials: false,
} as const
const CLAIMS: Claims = {
  iss: 'https://token.actions.githubusercontent.com',
  aud: 'sts.amazonaws.com',
  sub: 'repo:o/r:ref:refs/heads/main',
}
const DENIED = { status: 403, name: 'AccessDenied', message: 'Not authorized' }
const KEYS_MISSING = "Couldn't retrieve verification key from your identity provider"

const errorFor = (
  failure: Partial<ApiFailure>,
  claims: Claims = CLAIMS,
  role: Partial<RequestedRole> = {},
): ActionError =>
  toAssumeRoleError(
    aFailure({ requestId: 'r-1', ...failure }),
    { ...ROLE, ...role },
    claims,
    'eu-south-1',
  )

const invalidToken = (message: string): Partial<ApiFailure> => ({
  status: 400,
  name: 'InvalidIdentityTokenException',
  message,
})

test.each<[Partial<ApiFailure>, 'denied' | 'temporary' | 'permanent']>([
  [DENIED, 'denied'],
  [{ status: 403, name: 'IDPRejectedClaim' }, 'denied'],
  [{ status: 403, name: 'IDPRejectedClaimException' }, 'denied'],
  [{ status: 400, name: 'ExpiredToken' }, 'denied'],
  [{ status: 400, name: 'ExpiredTokenException' }, 'denied'],
  [{ status: 400, name: 'IDPCommunicationError' }, 'temporary'],
  [{ status: 400, name: 'IDPCommunicationErrorException' }, 'temporary'],
  [invalidToken(KEYS_MISSING), 'temporary'],
  [invalidToken('OpenIdConnect provider is being throttled'), 'temporary'],
  [{ status: 400, name: 'Throttling' }, 'temporary'],
  [{ status: 503, name: 'ServiceUnavailable' }, 'temporary'],
  [{ status: 200, name: 'Error' }, 'temporary'],
  [{ code: 'ECONNRESET' }, 'temporary'],
  [invalidToken('Incorrect token audience'), 'permanent'],
  [invalidToken('No OpenIDConnect provider found'), 'permanent'],
  [{ status: 403, name: 'RegionDisabledException' }, 'permanent'],
  [{ status: 400, name: 'MalformedPolicyDocument' }, 'permanent'],
  [{ status: 400, name: 'NoExpiredToken' }, 'permanent'],
  [{ code: 'CERT_HAS_EXPIRED', connected: false }, 'permanent'],
])('The failure %j of STS is %s', (members, kind) => {
  const failure = aFailure(members)
  expect(isAccessDenied(failure)).toBe(kind === 'denied')
  expect(isTemporary(failure)).toBe(kind === 'temporary')
})

test.each<[Partial<ApiFailure>, ErrorCode, message: RegExp, advice: RegExp, claims?: Claims]>([
  [
    invalidToken('Incorrect token audience'),
    'AUDIENCE_REFUSED',
    /"sts\.amazonaws\.com".*: 400 InvalidIdentityTokenException: Incorrect token audience\.$/,
    /https:\/\/token\.actions\.githubusercontent\.com/,
  ],
  [invalidToken('Incorrect token audience'), 'AUDIENCE_REFUSED', /audience ""/, /the issuer/, {}],
  [
    invalidToken('No OpenIDConnect provider found'),
    'IDENTITY_PROVIDER_MISSING',
    /role\/storage".* https:\/\/token\.actions\.githubusercontent\.com: 400 .*No OpenIDConnect/,
    /role-to-assume/,
  ],
  [invalidToken('Malformed'), 'STS_REQUEST_REFUSED', /: 400 .*: Malformed\.$/, /./],
  [invalidToken(KEYS_MISSING), 'STS_UNAVAILABLE', /verification key/, /token\.actions/],
  [{ code: 'ENOTFOUND', connected: false }, 'STS_UNAVAILABLE', /ENOTFOUND/, /"eu-south-1"/],
  [
    { status: 503, name: 'ServiceUnavailable', message: 'down' },
    'STS_UNAVAILABLE',
    /role\/storage".* 503 ServiceUnavailable: down\.$/,
    /^Run the workflow again/,
  ],
  [{ code: 'CERT_HAS_EXPIRED', connected: false }, 'TLS_FAILED', /CERT_HAS_EXPIRED/, /./],
  [
    { status: 403, name: 'RegionDisabledException', message: 'STS is not activated' },
    'STS_REGION_DISABLED',
    /eu-south-1: 403 RegionDisabledException: STS is not activated\.$/,
    /STS for eu-south-1 .*AWS_ENDPOINT_URL_STS/,
  ],
  [
    { status: 400, name: 'ValidationError', message: 'DurationSeconds exceeds MaxSessionDuration' },
    'STS_REQUEST_REFUSED',
    /role\/storage".* exceeds MaxSessionDuration\.$/,
    /role-duration-seconds \(now 43200\)/,
  ],
  [{ status: 403, name: 'IDPRejectedClaim' }, 'ROLE_REFUSED', /403 IDPRejectedClaim/, /sub/],
  [
    { status: 400, name: 'ExpiredTokenException' },
    'ROLE_REFUSED',
    /expired: 400 ExpiredToken/,
    /clock/,
  ],
])('The failure %j is reported as %s', (failure, code, message, advice, claims = CLAIMS) => {
  const error = errorFor(failure, claims)
  expect(error.code).toBe(code)
  expect(error.message).toMatch(message)
  expect(error.advice).toMatch(advice)
  if (code !== 'TLS_FAILED') expect(error.requestId).toBe('r-1')
})

describe('A role that must not be assumed', () => {
  const NEWER = 'uses the newer subject format'
  const CUSTOM = 'customized'
  const NO_REPOSITORY = 'names no repository'
  const ENVIRONMENT = 'the GitHub environment "p'
  const PULL_REQUEST = 'set plan-role-to-assume'
  const REF = 'environment than "refs/heads/'

  test.each<[string, readonly string[]]>([
    ['repo:evil/repo:ref:refs/heads/main', [REF]],
    ['repo:evil@1/repo@2:ref:refs/heads/main', [NEWER, REF]],
    ['repo:evil/repo:environment:prod', [ENVIRONMENT]],
    ['repo:evil@1/repo@2:environment:prod', [NEWER, ENVIRONMENT]],
    ['repo:evil@1/repo@2:pull_request', [NEWER, PULL_REQUEST]],
    ['repo:evil/repo:pull_request', [PULL_REQUEST]],
    ['repo:evil@x/repo@2:pull_request', [CUSTOM, PULL_REQUEST]],
    ['repo:evil@1/repo:ref:refs/heads/x', [CUSTOM, REF]],
    ['repo:evil/repo:ref:refs/heads/pull_request', [REF]],
    ['repo:evil/repo:job_workflow_ref:o/r/.github/workflows/x.yml@refs/heads/main', [CUSTOM]],
    ['repository_owner:acme:environment:production', [CUSTOM, NO_REPOSITORY, ENVIRONMENT]],
    ['repository_id:1', [CUSTOM]],
    ['', [CUSTOM, NO_REPOSITORY]],
  ])('For the subject %s, the error shows the claims as a list and %j', (sub, hints) => {
    const { code, message, advice } = errorFor(DENIED, { ...CLAIMS, sub })
    expect(code).toBe('ROLE_REFUSED')
    expect(message).toContain('"arn:aws:iam::111122223333:role/storage"')
    expect(message).toContain('403 AccessDenied: Not authorized')
    const claims = [`iss = ${CLAIMS.iss ?? ''}`, 'aud = sts.amazonaws.com', `sub = ${sub}`]
    expect(message.split('\n').slice(1)).toEqual(claims.map((claim) => `    ${claim}`))
    const shown = [NEWER, CUSTOM, NO_REPOSITORY, ENVIRONMENT, PULL_REQUEST, REF]
    expect(shown.filter((hint) => advice.includes(hint))).toEqual(hints)
  })

  test('The error shows the lines of a trust policy that matches the token', () => {
    const { advice } = errorFor(DENIED)
    expect(advice).toContain(
      '"StringEquals": {"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":"repo:o/r:ref:refs/heads/main"}',
    )
    expect(advice).toContain('"sts:AssumeRoleWithWebIdentity"')
    expect(advice).toContain(
      '{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}',
    )
  })

  test('A role that writes is never shown how to trust every pull request', () => {
    const claims = { ...CLAIMS, sub: 'repo:o/r:pull_request' }
    const { advice } = errorFor(DENIED, claims, { readOnly: false })
    expect(advice).not.toContain('StringEquals')
    expect(advice).not.toContain(PULL_REQUEST)
  })

  test('No role is shown how to trust a subject that names no repository', () => {
    const { advice } = errorFor(DENIED, {
      ...CLAIMS,
      sub: 'repository_owner:acme:environment:prod',
    })
    expect(advice).not.toContain('StringEquals')
    expect(advice).toContain('Add `repo` to the customization')
  })

  test('A plan without a role of its own is first told to set plan-role-to-assume', () => {
    const claims = { ...CLAIMS, sub: 'repo:o/r:pull_request' }
    expect(errorFor(DENIED, claims).advice).toMatch(/^.*set plan-role-to-assume.*\n/)
    const own = errorFor(DENIED, claims, { roleInput: 'plan-role-to-assume' })
    expect(own.advice).not.toContain('set plan-role-to-assume')
    expect(own.advice).toContain('StringEquals')
  })

  test('Other credentials of the job are said to be unused', () => {
    expect(errorFor(DENIED, CLAIMS, { hasOtherCredentials: true }).advice).toMatch(
      /^The other credentials .*AWS_ACCESS_KEY_ID.* not used/,
    )
    expect(errorFor(DENIED).advice).not.toContain('AWS_ACCESS_KEY_ID')
  })

  test('An expired token of a GitHub Enterprise Server leads to the clock of that server', () => {
    const failure = { status: 400, name: 'ExpiredTokenException' }
    expect(errorFor(failure).advice).not.toContain('Enterprise')
    const claims = { ...CLAIMS, iss: 'https://ghe.example.com/_services/token' }
    expect(errorFor(failure, claims).advice).toContain('GitHub Enterprise Server')
  })

  test('An expired token leads to the clock', () => {
    const { code, message, advice } = errorFor({ status: 400, name: 'ExpiredTokenException' })
    expect(code).toBe('ROLE_REFUSED')
    expect(message).toContain('ExpiredTokenException')
    expect(advice).toContain('clock')
  })
})

test.each([
  ['role/storage', 'storage'],
  ['role/teams/web/storage-apply', 'storage-apply'],
])('The command that shows the trust policy of %s names it %s', (resource, name) => {
  const { advice } = errorFor(DENIED, CLAIMS, { roleArn: `arn:aws:iam::111122223333:${resource}` })
  expect(advice).toContain(`\n    aws iam get-role --role-name ${name} --query `)
})

test('A subject in another format is told before where the workflow runs', () => {
  for (const sub of ['repo:o@1/r@2:ref:refs/heads/main', 'repository_owner:o:environment:prod']) {
    const { advice } = errorFor(DENIED, { ...CLAIMS, sub })
    const format = advice.search(/format|customized/)
    expect(format).toBeGreaterThan(-1)
    expect(advice.search(/environment than|The job sets/)).toBeGreaterThan(format)
  }
})
