/** Checks the token of AssumeRoleWithWebIdentity: its issuer, signature, times and audience. */
import { decodeJwt, type JWTPayload } from 'jose'

import { matchesWildcard } from '../../iam/evaluate.ts'
import { partitionAudience } from '../../iam/issuers.ts'
import type { VerifiedToken } from '../../iam/trust-decision.ts'
import type { Provider } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import type { Issuer } from '../oidc/issuer.ts'
import {
  IssuerError,
  keyIdOf,
  type PublishedKeys,
  type Verification,
} from '../oidc/published-keys.ts'
import { invalidToken, StsServiceError } from './errors.ts'

/** Who can have signed a token: the emulator's own issuer, and others by their URLs. */
export type TokenKeys = Readonly<{
  own: Issuer
  published: ReadonlyMap<string, PublishedKeys>
}>

/** How far the clocks of an issuer and of this machine may differ, in seconds. */
const leeway = 60

function decodeClaims(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw invalidToken(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
  }
}

function findProvider(iss: string | undefined, state: State): Provider {
  const provider = state.providers.find(({ url }) => url === iss)
  if (provider !== undefined) return provider
  const accepted = state.providers.map(({ url }) => url).join(', ')
  throw invalidToken(
    `No OpenIDConnect provider found in your account for ${iss ?? 'null'}. The emulator's providers: ${accepted || 'none'}`,
  )
}

async function verifySignature(token: string, issuer: string, keys: TokenKeys): Promise<void> {
  const ownKey = keyIdOf(token) === keys.own.keyId
  const published = keys.published.get(issuer)
  let verification: Verification | undefined
  let reason = ''
  if (ownKey || published === undefined)
    verification = (await keys.own.verify(token)) ? 'valid' : 'invalid-signature'
  else
    try {
      verification = await published.verify(token)
    } catch (error) {
      if (!(error instanceof IssuerError)) throw error
      reason = `: ${error.message}`
    }
  if (verification === 'valid') return
  if (verification === 'invalid-signature')
    throw invalidToken('The ID Token provided has a signature that is not valid')
  throw invalidToken(
    `Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements${reason}`,
  )
}

function checkTimes({ exp, nbf }: JWTPayload, now: number): void {
  const seconds = Math.floor(now / 1000)
  const clock = `This machine's clock is at ${new Date(now).toISOString()}`
  if (exp === undefined || exp + leeway <= seconds)
    throw new StsServiceError(
      400,
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${exp ?? 0}. ${clock}`,
    )
  if (nbf !== undefined && nbf > seconds + leeway)
    throw invalidToken(`The ID Token provided is not yet valid: it is from ${nbf}. ${clock}`)
}

/**
 * Checks a token for a role.
 *
 * @throws StsServiceError if STS does not accept it
 */
export async function verifyToken(
  { token, roleArn }: { readonly token: string; readonly roleArn: string },
  state: State,
  keys: TokenKeys,
  now: number,
): Promise<VerifiedToken> {
  const claims = decodeClaims(token)
  const provider = findProvider(claims.iss, state)
  await verifySignature(token, provider.url, keys)
  checkTimes(claims, now)
  const accepted = provider.audiences.length > 0 ? provider.audiences : [partitionAudience(roleArn)]
  const audience = [claims.aud ?? []]
    .flat()
    .find((aud) => accepted.some((pattern) => matchesWildcard(pattern, aud)))
  if (audience === undefined)
    throw invalidToken(
      `Incorrect token audience. The emulator's provider accepts ${accepted.join(', ')}`,
    )
  return { issuer: provider.url, audience, claims }
}
