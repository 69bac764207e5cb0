import { randomUUID } from 'node:crypto'

import { compactVerify, exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'

/** The issuer of OIDC tokens, which signs them and verifies them for STS. */
export type Issuer = {
  /** The id of its key, as its tokens name it. */
  readonly keyId: string
  sign(claims: JWTPayload): Promise<string>
  /** Whether the issuer signed a token; does not check the claims. */
  verify(token: string): Promise<boolean>
  readonly jwks: { readonly keys: readonly object[] }
}

let keyPair: ReturnType<typeof generateKeyPair> | undefined

/** Creates an issuer. All of them share one key pair, since it takes long to generate. */
export async function createIssuer(): Promise<Issuer> {
  keyPair ??= generateKeyPair('RS256')
  const { privateKey, publicKey } = await keyPair
  const kid = randomUUID()
  const jwk = await exportJWK(publicKey)
  return {
    keyId: kid,
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
