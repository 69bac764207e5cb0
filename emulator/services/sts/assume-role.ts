/** Both operations that assume a role: with an OIDC token, and with AWS credentials. */
import { evaluatePolicies } from '../../iam/evaluate.ts'
import { providerArn } from '../../iam/issuers.ts'
import { trustProblems, trustsCaller } from '../../iam/trust-decision.ts'
import { findRole, type Credential, type Role } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import type { Call, Effect } from '../handler.ts'
import { notAuthorized, StsServiceError } from './errors.ts'
import { parseRoleRequest, parseWebIdentityRequest, stsParameters } from './requests.ts'
import { checkDuration, createSession } from './session.ts'
import { verifyToken, type TokenKeys } from './web-identity.ts'
import { stsResponse } from './xml.ts'

/**
 * Checks a request with an OIDC token; its effect creates the session.
 *
 * @throws StsServiceError if the request is not valid or the role does not trust the token
 */
export async function assumeRoleWithWebIdentity(
  call: Call,
  getState: () => State,
  keys: TokenKeys,
): Promise<Effect> {
  const request = parseWebIdentityRequest(stsParameters(call))
  call.record.roleArn = request.roleArn
  const token = await verifyToken(request, getState(), keys, call.now)
  const role = findRole(getState(), request.roleArn)
  if (role === undefined) throw notAuthorized([`there is no role ${request.roleArn}`])
  const problems = trustProblems(role, token)
  if (problems.length > 0) throw notAuthorized(problems)
  checkDuration(request, role)
  return (now) =>
    stsResponse(
      'AssumeRoleWithWebIdentity',
      {
        ...createSession(getState(), request, role, now),
        SubjectFromWebIdentityToken: token.claims.sub ?? '',
        Provider: providerArn(role.arn, token.issuer),
        Audience: token.audience,
      },
      call.record.requestId,
    )
}

/** The longest session of a role that was assumed with the session of another role. */
const maxChainedSeconds = 3600

/**
 * Checks a request with AWS credentials; its effect creates the session.
 *
 * @throws StsServiceError if the request is not valid or the caller may not assume the role
 */
export function assumeRole(call: Call, caller: Credential, state: State): Effect {
  const request = parseRoleRequest(stsParameters(call))
  const role = findRole(state, request.roleArn)
  if (role === undefined || !mayAssume(caller, role, state))
    throw new StsServiceError(
      403,
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${request.roleArn}`,
    )
  checkDuration(request, role)
  if (caller.roleArn !== undefined && request.seconds > maxChainedSeconds)
    throw new StsServiceError(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
  return (now) =>
    stsResponse(
      'AssumeRole',
      { ...createSession(state, request, role, now) },
      call.record.requestId,
    )
}

/** The role has to trust the caller; a role of another account also needs the caller's own permission. */
function mayAssume(caller: Credential, role: Role, state: State): boolean {
  const [, partition = '', , , account = ''] = role.arn.split(':')
  const own = caller.roleArn ?? caller.arn
  const callerAccount = `arn:${partition}:iam::${caller.accountId}:root`
  if (trustsCaller(role.trust, [own, caller.arn], new Map()) && account === caller.accountId)
    return true
  const policies = state.roles.get(own)?.policies ?? caller.policies
  return (
    trustsCaller(role.trust, [own, caller.arn, callerAccount, caller.accountId], new Map()) &&
    evaluatePolicies(policies, 'sts:AssumeRole', role.arn, new Map()) === 'allowed'
  )
}
