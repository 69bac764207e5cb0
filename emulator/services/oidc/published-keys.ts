/** The keys that other issuers publish, by OpenID Connect discovery. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'

import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'

import { isLoopback } from '../../iam/issuers.ts'
import { isObject, type JsonObject } from '../../lib/validation.ts'

/** The keys of an issuer cannot be used; the message says why. */
export class IssuerError extends Error {}

/** What the signature of a token is worth. */
export type Verification = 'valid' | 'invalid-signature' | 'unknown-key'

/** The published keys of one issuer. */
export type PublishedKeys = {
  /**
   * Verifies the signature of a token; fetches the keys again if its key is unknown.
   *
   * @throws IssuerError if they cannot be fetched
   */
  verify(token: string): Promise<Verification>
}

/** The algorithms that AWS accepts. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']

const timeoutMs = 10_000
const maxBytes = 1_000_000

async function readLimited(stream: AsyncIterable<Buffer>): Promise<string> {
  let length = 0
  const limited = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      length += chunk.length
      if (length > maxBytes) throw new Error(`the response has more than ${maxBytes} bytes`)
      yield chunk
    }
  }
  return text(limited())
}

/** Sends a GET by the proxy of the environment, except to loopback. */
function get(url: URL): Promise<string> {
  const local = isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !(local && url.protocol === 'http:'))
    return Promise.reject(new Error('the URL is not https'))
  const options = local ? {} : { proxyEnv: process.env }
  const [request, agent] =
    url.protocol === 'https:'
      ? [httpsRequest, new HttpsAgent(options)]
      : [httpRequest, new HttpAgent(options)]
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const sent = request(url, { agent, signal, headers: { accept: 'application/json' } })
    sent.once('error', reject)
    sent.once('response', (response) => {
      if (response.statusCode === 200) readLimited(response).then(resolve, reject)
      else {
        response.resume()
        reject(new Error(`the status is ${response.statusCode ?? 0}`))
      }
    })
    sent.end()
  })
}

async function getJson(url: string): Promise<JsonObject> {
  try {
    const value: unknown = JSON.parse(await get(new URL(url)))
    if (isObject(value)) return value
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new IssuerError(`${url} could not be read: ${reason}`)
  }
  throw new IssuerError(`${url} is not a JSON object`)
}

const isJwk = (value: unknown): value is JWK & { kid: string } =>
  isObject(value) && typeof value['kid'] === 'string' && typeof value['kty'] === 'string'

async function fetchKeys(issuer: string): Promise<ReadonlyMap<string, JWK>> {
  const document = await getJson(`${issuer}/.well-known/openid-configuration`)
  if (document['issuer'] !== issuer)
    throw new IssuerError(
      `The document of ${issuer} names the issuer ${String(document['issuer'])}`,
    )
  const { keys } = await getJson(String(document['jwks_uri']))
  const found: readonly unknown[] = Array.isArray(keys) ? keys : []
  return new Map(found.filter(isJwk).map((key) => [key.kid, key]))
}

/** The id of the key that signed a token; undefined if it names none. */
export function keyIdOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    return undefined
  }
}

/**
 * Fetches the keys of an issuer, over https or from loopback.
 *
 * @throws IssuerError if they cannot be fetched
 */
export async function fetchPublishedKeys(issuer: string): Promise<PublishedKeys> {
  let keys = await fetchKeys(issuer)
  return {
    verify: async (token) => {
      const kid = keyIdOf(token)
      if (kid === undefined) return 'unknown-key'
      if (!keys.has(kid)) keys = await fetchKeys(issuer)
      const key = keys.get(kid)
      if (key === undefined) return 'unknown-key'
      try {
        await compactVerify(token, await importJWK(key, decodeProtectedHeader(token).alg), {
          algorithms,
        })
        return 'valid'
      } catch {
        return 'invalid-signature'
      }
    },
  }
}
