import { randomBytes } from 'node:crypto'

import { decodeJwt, type JWTPayload } from 'jose'

import type { HttpResponse, Call, Effect, Handler } from '../../lib/http.ts'
import { trustPolicyAllows, type PolicyDocument } from '../../iam/evaluate.ts'
import type { Issuer } from '../oidc/handlers.ts'
import type { StsOperation } from '../../lib/operations.ts'
import { parsePolicy } from '../../iam/parse-policy.ts'
import { ValidationError } from '../../lib/validation.ts'
import { verifySignature, type SignatureProblem } from '../../iam/sigv4.ts'
import { stsErrorResponse, stsResponse } from './xml.ts'
import { createSecretKey, createUniqueId, type Role, type State } from '../../state/state.ts'

class StsServiceError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const invalid = (message: string): StsServiceError =>
  new StsServiceError(400, 'ValidationError', `1 validation error detected: ${message}`)

const notAuthorized = (): StsServiceError =>
  new StsServiceError(
    403,
    'AccessDenied',
    'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  )

const invalidToken = (message: string): StsServiceError =>
  new StsServiceError(400, 'InvalidIdentityToken', message)

type AssumeRequest = {
  readonly roleArn: string
  readonly sessionName: string
  readonly token: string
  readonly seconds: number
  readonly policy: PolicyDocument | undefined
}

/** The parameters of an STS call, from its form or its query. */
export function stsParameters(call: { query: URLSearchParams; bodyText: string }): URLSearchParams {
  return call.query.has('Action') ? call.query : new URLSearchParams(call.bodyText)
}

function requireParameter(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value !== null && value !== '') return value
  throw invalid(
    `Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  )
}

function parseSessionName(form: URLSearchParams): string {
  const name = requireParameter(form, 'RoleSessionName')
  const constraint = `Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must`
  if (!/^[\w+=,.@-]*$/.test(name))
    throw invalid(`${constraint} satisfy regular expression pattern: [\\w+=,.@-]*`)
  if (name.length < 2) throw invalid(`${constraint} have length greater than or equal to 2`)
  if (name.length > 64) throw invalid(`${constraint} have length less than or equal to 64`)
  return name
}

function parseRoleArn(form: URLSearchParams): string {
  const arn = requireParameter(form, 'RoleArn')
  if (arn.length < 20 || arn.length > 2048)
    throw invalid(
      `Value '${arn.slice(0, 100)}' at 'roleArn' failed to satisfy constraint: Member must have length between 20 and 2048`,
    )
  if (!/^arn:[a-z-]+:iam::\d{12}:role\/\S+$/.test(arn))
    throw new StsServiceError(400, 'ValidationError', `${arn} is invalid`)
  return arn
}

function parseDuration(form: URLSearchParams): number {
  const text = form.get('DurationSeconds') ?? '3600'
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43200)
    throw invalid(
      `Value '${text}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200`,
    )
  return seconds
}

function parseSessionPolicy(form: URLSearchParams): PolicyDocument | undefined {
  const text = form.get('Policy')
  if (text === null) return undefined
  if (text.length > 2048)
    throw new StsServiceError(
      400,
      'PackedPolicyTooLarge',
      `Serialized policy document is ${text.length} characters long; at most 2048 are allowed`,
    )
  try {
    return parsePolicy(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof ValidationError ? error.message : 'Syntax errors in policy.'
    throw new StsServiceError(400, 'MalformedPolicyDocument', reason)
  }
}

function parseAssumeRequest(form: URLSearchParams): AssumeRequest {
  const unsupported = [...form.keys()].find(
    (name) => name.startsWith('PolicyArns.') || name.startsWith('Tags.') || name === 'ProviderId',
  )
  if (unsupported !== undefined)
    throw new StsServiceError(400, 'ValidationError', `The emulator does not take ${unsupported}`)
  const token = requireParameter(form, 'WebIdentityToken')
  if (token.length < 4 || token.length > 20000)
    throw invalid("Value at 'webIdentityToken' failed to satisfy constraint: length 4 to 20000")
  return {
    roleArn: parseRoleArn(form),
    sessionName: parseSessionName(form),
    token,
    seconds: parseDuration(form),
    policy: parseSessionPolicy(form),
  }
}

const stripScheme = (url: string): string => url.replace(/^https?:\/\//, '')

type ValidToken = {
  readonly claims: JWTPayload
  readonly issuer: string
  readonly audience: string
}

async function validateToken(
  token: string,
  world: State,
  issuer: Issuer,
  now: number,
): Promise<ValidToken> {
  const claims = decodeClaims(token)
  if (claims === undefined)
    throw invalidToken(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
  const { iss } = claims
  const provider = world.providers.find(({ url }) => url === iss)
  if (provider === undefined)
    throw invalidToken(`No OpenIDConnect provider found in your account for ${iss ?? 'null'}`)
  if (!(await issuer.verify(token)))
    throw invalidToken(
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    )
  const seconds = Math.floor(now / 1000)
  if (claims.exp === undefined || claims.exp <= seconds)
    throw new StsServiceError(
      400,
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${claims.exp ?? 0}`,
    )
  if (claims.nbf !== undefined && claims.nbf > seconds + 60)
    throw invalidToken('The ID Token provided is not yet valid')
  const audience = [claims.aud ?? []].flat().find((aud) => provider.audiences.includes(aud))
  if (audience === undefined) throw invalidToken('Incorrect token audience')
  return { claims, issuer: provider.url, audience }
}

function decodeClaims(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

function requireTrustedRole(request: AssumeRequest, token: ValidToken, world: State): Role {
  const role = world.roles.get(request.roleArn)
  if (role === undefined) throw notAuthorized()
  const issuer = stripScheme(token.issuer)
  const context = new Map(
    Object.entries({ ...token.claims, aud: token.audience }).map(([claim, value]) => [
      `${issuer}:${claim}`,
      [String(value)],
    ]),
  )
  const [, partition = '', , , account = ''] = role.arn.split(':')
  const provider = `arn:${partition}:iam::${account}:oidc-provider/${issuer}`
  if (!trustPolicyAllows(role.trust, provider, 'sts:AssumeRoleWithWebIdentity', context))
    throw notAuthorized()
  if (request.seconds > role.maxSessionSeconds)
    throw new StsServiceError(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  return role
}

function createSession(
  request: AssumeRequest,
  role: Role,
  token: ValidToken,
  world: State,
  now: number,
  requestId: string,
): HttpResponse {
  const accessKeyId = createUniqueId('ASIA')
  const secretAccessKey = createSecretKey()
  const sessionToken = randomBytes(180).toString('base64')
  const expiresAt = now + request.seconds * 1000
  const [, partition = '', , , account = ''] = role.arn.split(':')
  const roleName = role.arn.slice(role.arn.lastIndexOf('/') + 1)
  const arn = `arn:${partition}:sts::${account}:assumed-role/${roleName}/${request.sessionName}`
  const userId = `${createUniqueId('AROA')}:${request.sessionName}`
  world.credentials.set(accessKeyId, {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiresAt,
    arn,
    userId,
    accountId: account,
    roleArn: role.arn,
    policies: [],
    sessionPolicy: request.policy,
  })
  return stsResponse(
    'AssumeRoleWithWebIdentity',
    {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        SessionToken: sessionToken,
        Expiration: new Date(expiresAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
      },
      SubjectFromWebIdentityToken: token.claims.sub ?? '',
      AssumedRoleUser: { AssumedRoleId: userId, Arn: arn },
      Provider: `arn:${partition}:iam::${account}:oidc-provider/${stripScheme(token.issuer)}`,
      Audience: token.audience,
    },
    requestId,
  )
}

const signatureCodes: Record<SignatureProblem, string> = {
  missing: 'MissingAuthenticationToken',
  incomplete: 'IncompleteSignature',
  'unknown-key': 'InvalidClientTokenId',
  'expired-session': 'ExpiredToken',
  expired: 'SignatureDoesNotMatch',
  mismatch: 'SignatureDoesNotMatch',
}

function callerIdentity(call: Call, world: State): Effect {
  const { requestId } = call.record
  const verified = verifySignature(call, 'sts', world.credentials)
  if (!verified.ok) {
    const status = verified.problem === 'incomplete' ? 400 : 403
    throw new StsServiceError(status, signatureCodes[verified.problem], verified.message)
  }
  const { arn, userId, accountId, accessKeyId, roleArn } = verified.credential
  Object.assign(call.record, { accessKeyId, roleArn, region: verified.region })
  return () =>
    stsResponse('GetCallerIdentity', { Arn: arn, UserId: userId, Account: accountId }, requestId)
}

async function withErrorResponse(call: Call, run: () => Effect | Promise<Effect>): Promise<Effect> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof StsServiceError)) throw error
    const answer = stsErrorResponse(error.status, error.code, error.message, call.record.requestId)
    return () => answer
  }
}

/** The emulated Security Token Service. */
export function stsHandlers(world: () => State, issuer: Issuer): Record<StsOperation, Handler> {
  return {
    AssumeRoleWithWebIdentity: (call) =>
      withErrorResponse(call, async () => {
        const request = parseAssumeRequest(stsParameters(call))
        call.record.roleArn = request.roleArn
        const token = await validateToken(request.token, world(), issuer, call.now)
        const role = requireTrustedRole(request, token, world())
        return (now) => createSession(request, role, token, world(), now, call.record.requestId)
      }),
    GetCallerIdentity: (call) => withErrorResponse(call, () => callerIdentity(call, world())),
  }
}
