/** AssumeRoleWithWebIdentity: checks the token and the trust policy, then creates a session. */
import { randomBytes } from 'node:crypto'

import { decodeJwt, type JWTPayload } from 'jose'

import { trustPolicyAllows } from '../../iam/evaluate.ts'
import { createSecretKey, createUniqueId } from '../../lib/random.ts'
import type { Credential, Role } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import type { Call, Effect } from '../handler.ts'
import type { Issuer } from '../oidc/issuer.ts'
import { invalidToken, notAuthorized, StsServiceError } from './errors.ts'
import { parseAssumeRequest, stsParameters, type AssumeRequest } from './requests.ts'
import { stsResponse } from './xml.ts'

const stripScheme = (url: string): string => url.replace(/^https?:\/\//, '')

type ValidToken = {
  readonly claims: JWTPayload
  readonly issuer: string
  readonly audience: string
}

/** The role's account is the one that must have the provider. */
function providerArn(role: Role, token: ValidToken): string {
  const [, partition = '', , , account = ''] = role.arn.split(':')
  return `arn:${partition}:iam::${account}:oidc-provider/${stripScheme(token.issuer)}`
}

async function validateToken(
  token: string,
  state: State,
  issuer: Issuer,
  now: number,
): Promise<ValidToken> {
  const claims = decodeClaims(token)
  if (claims === undefined)
    throw invalidToken(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
  const { iss } = claims
  const provider = state.providers.find(({ url }) => url === iss)
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

function requireTrustedRole(request: AssumeRequest, token: ValidToken, state: State): Role {
  const role = state.roles.get(request.roleArn)
  if (role === undefined) throw notAuthorized()
  const keyPrefix = stripScheme(token.issuer)
  const context = new Map(
    Object.entries({ ...token.claims, aud: token.audience }).map(([claim, value]) => [
      `${keyPrefix}:${claim}`,
      [String(value)],
    ]),
  )
  const provider = providerArn(role, token)
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

type Session = Credential & { readonly sessionToken: string; readonly expiresAt: number }

function createSession(request: AssumeRequest, role: Role, now: number): Session {
  const [, partition = '', , , accountId = ''] = role.arn.split(':')
  const roleName = role.arn.slice(role.arn.lastIndexOf('/') + 1)
  return {
    accessKeyId: createUniqueId('ASIA'),
    secretAccessKey: createSecretKey(),
    sessionToken: randomBytes(180).toString('base64'),
    expiresAt: now + request.seconds * 1000,
    arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${request.sessionName}`,
    userId: `${createUniqueId('AROA')}:${request.sessionName}`,
    accountId,
    roleArn: role.arn,
    policies: [],
    sessionPolicy: request.policy,
  }
}

/**
 * Checks the request; its effect creates the session.
 *
 * @throws StsServiceError if the request is not valid or the role does not trust the token
 */
export async function assumeRole(
  call: Call,
  getState: () => State,
  issuer: Issuer,
): Promise<Effect> {
  const request = parseAssumeRequest(stsParameters(call))
  call.record.roleArn = request.roleArn
  const token = await validateToken(request.token, getState(), issuer, call.now)
  const role = requireTrustedRole(request, token, getState())
  return (now) => {
    const session = createSession(request, role, now)
    getState().credentials.set(session.accessKeyId, session)
    return stsResponse(
      'AssumeRoleWithWebIdentity',
      {
        Credentials: {
          AccessKeyId: session.accessKeyId,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.sessionToken,
          Expiration: new Date(session.expiresAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
        },
        SubjectFromWebIdentityToken: token.claims.sub ?? '',
        AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
        Provider: providerArn(role, token),
        Audience: token.audience,
      },
      call.record.requestId,
    )
  }
}
