/** Signatures as they were received, taken apart and computed again by aws4. */
import { createHash } from 'node:crypto'

import aws4 from 'aws4'

import type { RecordedRequest } from '../../../emulator/emulator.ts'
import type { Keys } from '../../support/emulator-requests.ts'

export type Signature = {
  readonly accessKeyId: string
  readonly scope: {
    readonly date: string
    readonly region: string
    readonly service: string
    readonly end: string
  }
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/** The parts of an Authorization header; undefined for a request that is not signed. */
export function parseSignature({ headers }: RecordedRequest): Signature | undefined {
  const header = headers['authorization']
  if (header === undefined) return undefined
  const match =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/(\w+), ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    )
  if (match === null) throw new Error(`No Signature Version 4: ${header}`)
  const [
    ,
    accessKeyId = '',
    date = '',
    region = '',
    service = '',
    end = '',
    signed = '',
    hex = '',
  ] = match
  return {
    accessKeyId,
    scope: { date, region, service, end },
    signedHeaders: signed.split(';'),
    signature: hex,
  }
}

/** The signature that the request must carry, by aws4, over the headers that it says it has signed. */
export function computeSignature(received: RecordedRequest, keys: Keys): string {
  const given = parseSignature(received)
  if (given === undefined) throw new Error('There is no signature to compute again')
  const { signedHeaders, scope } = given
  const query = new URLSearchParams(received.query).toString()
  const value = (name: string): string =>
    // Computed from what arrived, not believed.
    name === 'x-amz-content-sha256'
      ? createHash('sha256').update(received.rawBody).digest('hex')
      : (received.headers[name] ?? '')
  const request = {
    method: received.method,
    host: received.headers['host'] ?? '',
    path: query === '' ? received.path : `${received.path}?${query}`,
    headers: Object.fromEntries(signedHeaders.map((name) => [name, value(name)])),
    body: received.rawBody,
    region: scope.region,
    service: scope.service,
    // As it was sent: nothing may be added to it.
    doNotModifyHeaders: true,
    extraHeadersToInclude: Object.fromEntries(signedHeaders.map((name) => [name, true])),
  }
  const signer = new aws4.RequestSigner(request, {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
  })
  signer.datetime = value('x-amz-date')
  signer.parsePath()
  return /Signature=([0-9a-f]{64})$/.exec(signer.authHeader())?.[1] ?? ''
}
