/** What failures of AssumeRoleWithWebIdentity mean. Every run loads this file, and only a failed one the errors. */
import { classifyFailure, isRetryable } from '../network/classify.ts'
import type { ApiFailure } from '../network/failure.ts'

/** A denial that can be temporary: the role is still propagating, or the token was just too old. */
export function isAccessDenied(failure: ApiFailure): boolean {
  return (
    classifyFailure(failure) === 'access-denied' ||
    /^(?:IDPRejectedClaim(?:Exception)?|ExpiredToken(?:Exception)?)$/.test(failure.name)
  )
}

/** STS could not get the issuer's keys: an STS problem or a throttled issuer (aws/aws-cli#7194). */
const KEY_RETRIEVAL_FAILED =
  /verification key|^(?=.*retrieve).*keys?|^(?=.*OpenIdConnect provider).*throttl/i

/** Whether STS could not get the keys of the issuer. */
export function isKeyRetrievalFailure({ message }: ApiFailure): boolean {
  return KEY_RETRIEVAL_FAILED.test(message)
}

/** Whether the same request can succeed a little later. */
export function isTemporary(failure: ApiFailure): boolean {
  if (failure.name.startsWith('IDPCommunicationError')) return true
  if (isInvalidToken(failure)) return isKeyRetrievalFailure(failure)
  return isRetryable(classifyFailure(failure))
}

export function isInvalidToken({ name }: ApiFailure): boolean {
  return name.startsWith('InvalidIdentityToken')
}
