/** What two clients send for the same call, without what may differ. */
import type { RecordedRequest } from '../../../emulator/emulator.ts'
import { isObject } from './json.ts'
import { parseSignature } from './signature.ts'

/** Headers that only the SDK for JavaScript signs. They do not change the meaning of a request. */
const ownHeaders = [
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'content-length',
  'x-amz-content-sha256',
  'x-amz-user-agent',
]

const toComparableBody = ({ body }: RecordedRequest): unknown =>
  isObject(body) && 'WebIdentityToken' in body
    ? { ...body, WebIdentityToken: typeof body['WebIdentityToken'] }
    : body

/** What must be equal in a request of the action and in one of another client. */
export function toComparable(received: RecordedRequest): unknown {
  const signature = parseSignature(received)
  const { method, path, query, headers } = received
  return {
    method,
    path,
    query,
    mediaType: headers['content-type']?.split(';')[0],
    body: toComparableBody(received),
    scope:
      signature === undefined
        ? 'not signed'
        : { ...signature.scope, date: signature.scope.date === headers['x-amz-date']?.slice(0, 8) },
    signedHeaders: signature?.signedHeaders.filter((name) => !ownHeaders.includes(name)),
  }
}
