import { createHash, timingSafeEqual } from 'node:crypto'

import aws4 from 'aws4'

export type SignatureProblem =
  'missing' | 'incomplete' | 'unknown-key' | 'expired-session' | 'expired' | 'mismatch'

/** The parts of a request that a signature depends on. */
export type SignedRequest = {
  /** When the request arrived, in milliseconds since the epoch. */
  readonly now: number
  readonly method: string
  /** The request target as it was sent, with the query. */
  readonly target: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly rawBody: Buffer
}

/** An access key that can sign requests. */
export type SigningKey = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** In milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
}

/** The key that signed a request, or what is wrong with the signature. */
export type SignatureResult<Key extends SigningKey> =
  { readonly ok: true; readonly credential: Key; readonly region: string } | Rejection

type Rejection = {
  readonly ok: false
  readonly problem: SignatureProblem
  readonly message: string
}

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

const reject = (problem: SignatureProblem, message: string): Rejection => ({
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
  signed: SignedRequest,
  given: Authorization,
  key: SigningKey,
  date: string,
): string {
  const headers: Record<string, string> = {}
  for (const name of given.signedHeaders) headers[name] = signed.headers[name] ?? ''
  const payload = signed.headers['x-amz-content-sha256']
  if (payload !== undefined) headers['x-amz-content-sha256'] = payload
  const request = {
    method: signed.method,
    path: signed.target,
    host: signed.headers['host'] ?? '',
    headers,
    body: signed.rawBody,
    service: given.service,
    region: given.region,
    // Only the headers that the client declares as signed may count.
    doNotModifyHeaders: true,
    extraHeadersToInclude: Object.fromEntries(given.signedHeaders.map((name) => [name, true])),
    // The hash of the payload counts even if its header is not a signed one.
    extraHeadersToIgnore: given.signedHeaders.includes('x-amz-content-sha256')
      ? {}
      : { 'x-amz-content-sha256': true },
  }
  const signer = new aws4.RequestSigner(request, {
    accessKeyId: key.accessKeyId,
    secretAccessKey: key.secretAccessKey,
  })
  signer.datetime = date
  signer.parsePath()
  return /Signature=([0-9a-f]{64})$/.exec(signer.authHeader())?.[1] ?? ''
}

function payloadMatches({ headers, rawBody }: SignedRequest): boolean {
  const claimed = headers['x-amz-content-sha256']
  return claimed === undefined || claimed === createHash('sha256').update(rawBody).digest('hex')
}

const equalHex = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/**
 * Verifies a Signature Version 4 by computing it again, with another library than the SDK.
 *
 * @param service the service name that the credential scope must have
 */
export function verifySignature<Key extends SigningKey>(
  request: SignedRequest,
  service: string,
  keys: ReadonlyMap<string, Key>,
): SignatureResult<Key> {
  const header = request.headers['authorization']
  if (header === undefined) return reject('missing', 'Missing Authentication Token')
  const given = parseAuthorization(header)
  const date = request.headers['x-amz-date'] ?? ''
  const signedAt = parseDate(date)
  if (given === undefined || signedAt === undefined || !date.startsWith(given.date))
    return reject(
      'incomplete',
      "Authorization header requires 'Credential', 'SignedHeaders', 'Signature' and a matching 'X-Amz-Date' header.",
    )
  const unsigned = ['host', 'x-amz-date'].find((name) => !given.signedHeaders.includes(name))
  if (unsigned !== undefined)
    return reject('mismatch', `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`)
  const credential = keys.get(given.accessKeyId)
  if (
    credential === undefined ||
    credential.sessionToken !== request.headers['x-amz-security-token']
  )
    return reject('unknown-key', 'The security token included in the request is invalid.')
  if (given.service !== service)
    return reject('mismatch', `Credential should be scoped to correct service: '${service}'.`)
  const skew = checkDate(signedAt, request.now)
  if (skew !== undefined) return reject('expired', skew)
  if (
    !payloadMatches(request) ||
    !equalHex(computeSignature(request, given, credential, date), given.signature)
  )
    return reject('mismatch', mismatch)
  if (credential.expiresAt !== undefined && credential.expiresAt <= request.now)
    return reject('expired-session', 'The security token included in the request is expired')
  return { ok: true, credential, region: given.region }
}
