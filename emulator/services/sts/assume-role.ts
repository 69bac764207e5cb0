/** AssumeRoleWithWebIdentity: checks the token and the trust policy, then creates a session. */
import { randomBytes } from 'node:crypto'

import { providerArn } from '../../iam/issuers.ts'
import { trustProblems, type VerifiedToken } from '../../iam/trust-decision.ts'
import { createSecretKey, createUniqueId } from '../../lib/random.ts'
import { findRole, type Credential, type Role } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import type { Call, Effect } from '../handler.ts'
import { notAuthorized, StsServiceError } from './errors.ts'
import { parseAssumeRequest, stsParameters, type AssumeRequest } from './requests.ts'
import { verifyToken, type TokenKeys } from './web-identity.ts'
import { stsResponse } from './xml.ts'

function requireTrustedRole(request: AssumeRequest, token: VerifiedToken, state: State): Role {
  const role = findRole(state, request.roleArn)
  if (role === undefined) throw notAuthorized([`there is no role ${request.roleArn}`])
  const problems = trustProblems(role, token)
  if (problems.length > 0) throw notAuthorized(problems)
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
  keys: TokenKeys,
): Promise<Effect> {
  const request = parseAssumeRequest(stsParameters(call))
  call.record.roleArn = request.roleArn
  const token = await verifyToken(request, getState(), keys, call.now)
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
        Provider: providerArn(role.arn, token.issuer),
        Audience: token.audience,
      },
      call.record.requestId,
    )
  }
}
