import { randomUUID } from 'node:crypto'

import { compactVerify, exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'

import { jsonResponse, type Handler } from '../../lib/http.ts'
import type { OidcOperation } from '../../lib/operations.ts'
import type { State } from '../../state/state.ts'

/** The issuer's key: signs tokens, and verifies them for STS. */
export type Issuer = {
  sign(claims: JWTPayload): Promise<string>
  /** Whether a token bears this issuer's signature. Whatever else it says is not judged. */
  verify(token: string): Promise<boolean>
  readonly jwks: { readonly keys: readonly object[] }
}

let keys: ReturnType<typeof generateKeyPair> | undefined

/** GitHub's issuer, which has the same key for everybody; it is made once, since that takes a while. */
export async function createIssuer(): Promise<Issuer> {
  keys ??= generateKeyPair('RS256')
  const { privateKey, publicKey } = await keys
  const kid = randomUUID()
  const jwk = await exportJWK(publicKey)
  return {
    jwks: { keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] },
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey),
    verify: async (token) => {
      try {
        await compactVerify(token, publicKey, { algorithms: ['RS256'] })
        return true
      } catch {
        return false
      }
    },
  }
}

/** The claims of a token that is asked for now. */
export function createTokenClaims(world: State, audience: string | null, now: number): JWTPayload {
  const owner = world.claims['repository_owner'] ?? 'octo-org'
  const seconds = Math.floor(now / 1000)
  const claims: Record<string, string | number | undefined> = {
    jti: randomUUID(),
    aud: audience ?? `https://github.com/${owner}`,
    iss: world.issuer,
    nbf: seconds - 5,
    iat: seconds,
    exp: seconds + world.tokenSeconds,
    ...world.claims,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

/** The token endpoint of a runner, and the issuer's public documents. */
export function oidcHandlers(
  world: () => State,
  issuer: Issuer,
  requestToken: string,
): Record<OidcOperation, Handler> {
  return {
    token: async ({ headers, query, now }) => {
      if (headers['authorization'] !== `Bearer ${requestToken}`) {
        const refusal = jsonResponse(401, { message: 'The request token is missing or not valid.' })
        return () => refusal
      }
      const value = await issuer.sign(createTokenClaims(world(), query.get('audience'), now))
      return () => jsonResponse(200, { count: 1, value })
    },
    openidConfiguration:
      ({ url }) =>
      () =>
        jsonResponse(200, {
          issuer: world().issuer,
          jwks_uri: `${url}/.well-known/jwks`,
          subject_types_supported: ['public', 'pairwise'],
          response_types_supported: ['id_token'],
          claims_supported: ['aud', 'exp', 'iat', 'iss', 'jti', ...Object.keys(world().claims)],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid'],
        }),
    jwks: () => () => jsonResponse(200, issuer.jwks),
  }
}
