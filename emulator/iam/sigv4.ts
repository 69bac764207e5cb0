import { createHash, timingSafeEqual } from 'node:crypto'

import aws4 from 'aws4'

import type { Call } from '../lib/http.ts'
import type { Credential } from '../state/state.ts'

export type SignatureProblem =
  'missing' | 'incomplete' | 'unknown-key' | 'expired-session' | 'expired' | 'mismatch'

/** Who signed a request, or what is wrong with its signature. */
export type SignatureResult =
  | { readonly ok: true; readonly credential: Credential; readonly region: string }
  | { readonly ok: false; readonly problem: SignatureProblem; readonly message: string }

type Authorization = {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const maxSkewMs = 5 * 60 * 1000

const mismatch =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

const reject = (problem: SignatureProblem, message: string): SignatureResult => ({
  ok: false,
  problem,
  message,
})

function parseAuthorization(header: string): Authorization | undefined {
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^/\s]+)\/(\d{8})\/([^/\s]+)\/([^/\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header,
    )
  if (match === null) return undefined
  const [, accessKeyId = '', date = '', region = '', service = '', signed = '', signature = ''] =
    match
  return { accessKeyId, date, region, service, signedHeaders: signed.split(';'), signature }
}

function parseDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = match
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

const amzDate = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')

function checkDate(signedAt: number, now: number): string | undefined {
  const signed = amzDate(signedAt)
  if (signedAt < now - maxSkewMs)
    return `Signature expired: ${signed} is now earlier than ${amzDate(now - maxSkewMs)} (${amzDate(now)} - 5 min.)`
  if (signedAt > now + maxSkewMs)
    return `Signature not yet current: ${signed} is still later than ${amzDate(now + maxSkewMs)} (${amzDate(now)} + 5 min.)`
  return undefined
}

function computeSignature(
  call: Call,
  given: Authorization,
  credential: Credential,
  date: string,
): string {
  const headers: Record<string, string> = {}
  for (const name of given.signedHeaders) headers[name] = call.headers[name] ?? ''
  const payload = call.headers['x-amz-content-sha256']
  if (payload !== undefined) headers['x-amz-content-sha256'] = payload
  const request = {
    method: call.method,
    path: call.target,
    host: call.headers['host'] ?? '',
    headers,
    body: call.rawBody,
    service: given.service,
    region: given.region,
    // Nothing may be added to what the client says it has signed.
    doNotModifyHeaders: true,
    extraHeadersToInclude: Object.fromEntries(given.signedHeaders.map((name) => [name, true])),
    // The payload's hash counts, signed as a header or not.
    extraHeadersToIgnore: given.signedHeaders.includes('x-amz-content-sha256')
      ? {}
      : { 'x-amz-content-sha256': true },
  }
  const signer = new aws4.RequestSigner(request, {
    accessKeyId: credential.accessKeyId,
    secretAccessKey: credential.secretAccessKey,
  })
  signer.datetime = date
  signer.parsePath()
  return /Signature=([0-9a-f]{64})$/.exec(signer.authHeader())?.[1] ?? ''
}

function payloadMatches(call: Call): boolean {
  const claimed = call.headers['x-amz-content-sha256']
  return (
    claimed === undefined || claimed === createHash('sha256').update(call.rawBody).digest('hex')
  )
}

const equalHex = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/**
 * Verifies a Signature Version 4 by computing it again, with code that is not the SDK's.
 *
 * @param service the signing name that the scope must carry
 */
export function verifySignature(
  call: Call,
  service: string,
  credentials: ReadonlyMap<string, Credential>,
): SignatureResult {
  const header = call.headers['authorization']
  if (header === undefined) return reject('missing', 'Missing Authentication Token')
  const given = parseAuthorization(header)
  const date = call.headers['x-amz-date'] ?? ''
  const signedAt = parseDate(date)
  if (given === undefined || signedAt === undefined || !date.startsWith(given.date))
    return reject(
      'incomplete',
      "Authorization header requires 'Credential', 'SignedHeaders', 'Signature' and a matching 'X-Amz-Date' header.",
    )
  const unsigned = ['host', 'x-amz-date'].find((name) => !given.signedHeaders.includes(name))
  if (unsigned !== undefined)
    return reject('mismatch', `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`)
  const credential = credentials.get(given.accessKeyId)
  if (credential === undefined || credential.sessionToken !== call.headers['x-amz-security-token'])
    return reject('unknown-key', 'The security token included in the request is invalid.')
  if (given.service !== service)
    return reject('mismatch', `Credential should be scoped to correct service: '${service}'.`)
  const skew = checkDate(signedAt, call.now)
  if (skew !== undefined) return reject('expired', skew)
  if (
    !payloadMatches(call) ||
    !equalHex(computeSignature(call, given, credential, date), given.signature)
  )
    return reject('mismatch', mismatch)
  if (credential.expiresAt !== undefined && credential.expiresAt <= call.now)
    return reject('expired-session', 'The security token included in the request is expired')
  return { ok: true, credential, region: given.region }
}
