/** What happens before an operation of Amplify Backend: authentication, throttling, authorization. */
import { evaluatePolicies, type PolicyDocument } from '../../iam/evaluate.ts'
import { verifySignature, type SignatureProblem } from '../../iam/sigv4.ts'
import type { Credential } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import type { Call } from '../handler.ts'
import { AmplifyServiceError } from './errors.ts'

export type Caller = { readonly credential: Credential; readonly region: string }

const signatureErrors: Record<SignatureProblem, { status: number; type: string }> = {
  missing: { status: 403, type: 'MissingAuthenticationTokenException' },
  incomplete: { status: 403, type: 'IncompleteSignatureException' },
  'unknown-key': { status: 403, type: 'UnrecognizedClientException' },
  'expired-session': { status: 403, type: 'ExpiredTokenException' },
  expired: { status: 403, type: 'InvalidSignatureException' },
  mismatch: { status: 403, type: 'InvalidSignatureException' },
}

/**
 * Identifies the caller by the signature.
 *
 * @throws AmplifyServiceError if the signature is not valid
 */
export function authenticate(call: Call, state: State): Caller {
  const verified = verifySignature(call, 'amplifybackend', state.credentials)
  if (!verified.ok) {
    const { status, type } = signatureErrors[verified.problem]
    throw new AmplifyServiceError(status, type, verified.message)
  }
  const { credential, region } = verified
  const { accessKeyId, roleArn } = credential
  Object.assign(call.record, { accessKeyId, roleArn, region })
  return { credential, region }
}

/**
 * Takes a token out of the account's token bucket, if the rules have one.
 *
 * @throws AmplifyServiceError if the bucket is empty
 */
export function throttle(state: State, now: number): void {
  const limit = state.rules.throttle
  if (limit === null) return
  const last = state.throttle ?? { tokens: limit.burst, at: now }
  const refilled = last.tokens + ((now - last.at) / 1000) * limit.perSecond
  const tokens = Math.min(limit.burst, refilled)
  state.throttle = { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now }
  if (tokens < 1)
    throw new AmplifyServiceError(429, 'TooManyRequestsException', 'Too Many Requests', {
      limitType: 'account',
    })
}

type PolicyLayer = { readonly kind: string; readonly policies: readonly PolicyDocument[] }

/** Every layer must allow an action: the identity's policies, and the session's own if it has one. */
function policyLayers(
  state: State,
  { roleArn, policies, sessionPolicy }: Credential,
): PolicyLayer[] {
  const identity = roleArn === undefined ? policies : (state.roles.get(roleArn)?.policies ?? [])
  const session = sessionPolicy === undefined ? [] : [sessionPolicy]
  return [
    { kind: 'identity-based', policies: identity },
    ...session.map((policy) => ({ kind: 'session', policies: [policy] })),
  ]
}

/**
 * Checks that the policies of the role or user and of the session allow an operation.
 *
 * @throws AmplifyServiceError with the message of AWS if they do not
 */
export function authorize(call: Call, state: State, caller: Caller, operation: string): void {
  const action = `amplifybackend:${operation}`
  const { credential, region } = caller
  const resource = `arn:${getPartition(region)}:amplifybackend:${region}:${credential.accountId}:${call.path}`
  const context = new Map([
    ['aws:requestedregion', [region]],
    ['aws:principalaccount', [credential.accountId]],
    ['aws:principalarn', [credential.roleArn ?? credential.arn]],
    // AWS has no endpoint without TLS.
    ['aws:securetransport', ['true']],
  ])
  const decisions = policyLayers(state, credential).map(({ kind, policies }) => ({
    kind,
    decision: evaluatePolicies(policies, action, resource, context),
  }))
  const refusing =
    decisions.find(({ decision }) => decision === 'denied') ??
    decisions.find(({ decision }) => decision === 'not-allowed')
  if (refusing === undefined) return
  const reason =
    refusing.decision === 'denied'
      ? `with an explicit deny in ${refusing.kind === 'session' ? 'a session' : 'an identity-based'} policy`
      : `because no ${refusing.kind} policy allows the ${action} action`
  throw new AmplifyServiceError(
    403,
    'AccessDeniedException',
    `User: ${credential.arn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
  )
}

function getPartition(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
