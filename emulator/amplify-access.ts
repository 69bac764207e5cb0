import { AmplifyRefusal } from './amplify-wire.ts'
import type { Call } from './http.ts'
import { decide, partitionOf, type PolicyDocument } from './iam.ts'
import { verifySignature, type SignatureProblem } from './sigv4.ts'
import type { Credential, World } from './world.ts'

export type Caller = { readonly credential: Credential; readonly region: string }

const signatureErrors: Record<SignatureProblem, { status: number; type: string }> = {
  missing: { status: 403, type: 'MissingAuthenticationTokenException' },
  incomplete: { status: 403, type: 'IncompleteSignatureException' },
  'unknown-key': { status: 403, type: 'UnrecognizedClientException' },
  'expired-session': { status: 403, type: 'ExpiredTokenException' },
  expired: { status: 403, type: 'InvalidSignatureException' },
  mismatch: { status: 403, type: 'InvalidSignatureException' },
}

/** Who makes the call; refuses what is not signed as it must be. */
export function authenticate(call: Call, world: World): Caller {
  const verified = verifySignature(call, 'amplifybackend', world.credentials)
  if (!verified.ok) {
    const { status, type } = signatureErrors[verified.problem]
    throw new AmplifyRefusal(status, type, verified.message)
  }
  const { credential, region } = verified
  const { accessKeyId, roleArn } = credential
  Object.assign(call.received, { accessKeyId, roleArn, region })
  return { credential, region }
}

/** Takes one call out of the account's token bucket, if there is one. */
export function throttle(world: World, now: number): void {
  const limit = world.rules.throttle
  if (limit === null) return
  const last = world.throttle ?? { tokens: limit.burst, at: now }
  const refilled = last.tokens + ((now - last.at) / 1000) * limit.perSecond
  const tokens = Math.min(limit.burst, refilled)
  world.throttle = { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now }
  if (tokens < 1)
    throw new AmplifyRefusal(429, 'TooManyRequestsException', 'Too Many Requests', {
      limitType: 'account',
    })
}

type Layer = { readonly kind: string; readonly policies: readonly PolicyDocument[] }

function layersOf(world: World, { roleArn, policies, sessionPolicy }: Credential): Layer[] {
  const identity = roleArn === undefined ? policies : (world.roles.get(roleArn)?.policies ?? [])
  const session = sessionPolicy === undefined ? [] : [sessionPolicy]
  return [
    { kind: 'identity-based', policies: identity },
    ...session.map((policy) => ({ kind: 'session', policies: [policy] })),
  ]
}

/** Refuses what the role's or the user's policies, cut down by the session's, do not allow. */
export function authorize(call: Call, world: World, caller: Caller, operation: string): void {
  const action = `amplifybackend:${operation}`
  const { credential, region } = caller
  const resource = `arn:${partitionOf(region)}:amplifybackend:${region}:${credential.accountId}:${call.path}`
  const verdicts = layersOf(world, credential).map(({ kind, policies }) => ({
    kind,
    decision: decide(policies, action, resource),
  }))
  const worst =
    verdicts.find(({ decision }) => decision === 'denied') ??
    verdicts.find(({ decision }) => decision === 'not-allowed')
  if (worst === undefined) return
  const why =
    worst.decision === 'denied'
      ? `with an explicit deny in ${worst.kind === 'session' ? 'a session' : 'an identity-based'} policy`
      : `because no ${worst.kind} policy allows the ${action} action`
  throw new AmplifyRefusal(
    403,
    'AccessDeniedException',
    `User: ${credential.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  )
}
