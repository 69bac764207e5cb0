import { randomUUID } from 'node:crypto'

import type { JWTPayload } from 'jose'

import { jsonResponse } from '../../lib/http.ts'
import type { OidcOperation } from '../../lib/operations.ts'
import type { State } from '../../state/state.ts'
import type { Handler } from '../handler.ts'
import type { Issuer } from './issuer.ts'

/** The claims of a token that is requested now. */
function createTokenClaims(state: State, audience: string | null, now: number): JWTPayload {
  const owner = state.claims['repository_owner'] ?? 'octo-org'
  const seconds = Math.floor(now / 1000)
  const claims: Record<string, string | number | undefined> = {
    jti: randomUUID(),
    aud: audience ?? `https://github.com/${owner}`,
    iss: state.issuer,
    nbf: seconds - 5,
    iat: seconds,
    exp: seconds + state.tokenSeconds,
    ...state.claims,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

/** A runner's token endpoint, and the public documents of the issuer. */
export function oidcHandlers(
  getState: () => State,
  issuer: Issuer,
  requestToken: string,
): Record<OidcOperation, Handler> {
  return {
    token: async ({ headers, query, now }) => {
      if (headers['authorization'] !== `Bearer ${requestToken}`) {
        const response = jsonResponse(401, { message: 'The request token is missing or invalid.' })
        return () => response
      }
      const value = await issuer.sign(createTokenClaims(getState(), query.get('audience'), now))
      return () => jsonResponse(200, { count: 1, value })
    },
    openidConfiguration:
      ({ url }) =>
      () =>
        jsonResponse(200, {
          issuer: getState().issuer,
          jwks_uri: `${url}/.well-known/jwks`,
          subject_types_supported: ['public', 'pairwise'],
          response_types_supported: ['id_token'],
          claims_supported: ['aud', 'exp', 'iat', 'iss', 'jti', ...Object.keys(getState().claims)],
          id_token_signing_alg_values_supported: ['RS256'],
          scopes_supported: ['openid'],
        }),
    jwks: () => () => jsonResponse(200, issuer.jwks),
  }
}
