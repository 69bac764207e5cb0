/** Why GitHub's token service did not return a token. */
import { ActionError } from '../errors/action-error.ts'
import { quote, sanitizeLine } from '../lib/text.ts'
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

const OTHER_CREDENTIALS =
  'The job has other credentials (AWS_ACCESS_KEY_ID, a profile or similar), but they never assume a role here. Either leave role-to-assume and plan-role-to-assume empty to use them as they are, or assume the role with the OIDC token of the workflow; the role must then trust GitHub (sts:AssumeRoleWithWebIdentity), not a user.'

/** The error for a job that sets a role and may not request a token. */
export function missingIdTokenPermission(
  roleArn: string,
  hasOtherCredentials: boolean,
): ActionError {
  return new ActionError(
    'MISSING_ID_TOKEN_PERMISSION',
    `Cannot assume ${quote(roleArn)}: this job has no permission to request an OIDC token (\`id-token: write\`).`,
    {
      advice: [
        ...(hasOtherCredentials ? [OTHER_CREDENTIALS] : []),
        'Add this to the job:',
        '    permissions:',
        '      id-token: write',
        'Permissions of a job replace those of the workflow, so list all that the job needs. A called workflow (workflow_call) gets at most the permissions of the calling job: add the permission there too.',
      ].join('\n'),
    },
  )
}
