/** Why GitHub's token service did not return a token. */
import { ActionError } from '../errors/action-error.ts'
import { sanitizeLine } from '../lib/text.ts'
import { networkAdvice } from '../network/advice.ts'
import { classifyFailure, isRetryable } from '../network/classify.ts'
import { formatFailure, type ApiFailure } from '../network/failure.ts'

export function tokenUnavailable(failure: ApiFailure, url: URL): ActionError {
  return new ActionError(
    'TOKEN_UNAVAILABLE',
    `GitHub's OIDC token endpoint at ${sanitizeLine(url.host, 100)} did not return a token: ${formatFailure(failure)}.`,
    {
      advice: networkAdvice(failure) ?? tokenAdvice(failure),
      temporary: isRetryable(classifyFailure(failure)),
    },
  )
}

function tokenAdvice(failure: ApiFailure): string | undefined {
  switch (classifyFailure(failure)) {
    case 'not-found':
    case 'malformed-response':
      return 'On GitHub Enterprise Server, check that OIDC is available there. Otherwise, check whether a proxy responds in its place.'
    case 'credentials-invalid':
      return 'GitHub rejected the request token of this job; it is valid only while its job runs. Run the workflow again.'
    default:
      return undefined
  }
}
