import { verifySignature, type SignatureProblem } from '../../iam/sigv4.ts'
import type { StsOperation } from '../../lib/operations.ts'
import type { Credential } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import type { Call, Effect, Handler } from '../handler.ts'
import { assumeRole, assumeRoleWithWebIdentity } from './assume-role.ts'
import { StsServiceError } from './errors.ts'
import type { TokenKeys } from './web-identity.ts'
import { stsErrorResponse, stsResponse } from './xml.ts'

const signatureCodes: Record<SignatureProblem, string> = {
  missing: 'MissingAuthenticationToken',
  incomplete: 'IncompleteSignature',
  'unknown-key': 'InvalidClientTokenId',
  'expired-session': 'ExpiredToken',
  expired: 'SignatureDoesNotMatch',
  mismatch: 'SignatureDoesNotMatch',
}

/** @throws StsServiceError if the signature is not valid */
function authenticate(call: Call, state: State): Credential {
  const verified = verifySignature(call, 'sts', state.credentials)
  if (!verified.ok) {
    const status = verified.problem === 'incomplete' ? 400 : 403
    throw new StsServiceError(status, signatureCodes[verified.problem], verified.message)
  }
  const { accessKeyId, roleArn } = verified.credential
  Object.assign(call.record, { accessKeyId, roleArn, region: verified.region })
  return verified.credential
}

function getCallerIdentity(call: Call, state: State): Effect {
  const { arn, userId, accountId } = authenticate(call, state)
  return () =>
    stsResponse(
      'GetCallerIdentity',
      { Arn: arn, UserId: userId, Account: accountId },
      call.record.requestId,
    )
}

async function withErrorResponse(
  call: Call,
  check: () => Effect | Promise<Effect>,
): Promise<Effect> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof StsServiceError)) throw error
    const { status, code, message } = error
    const response = stsErrorResponse(status, code, message, call.record.requestId)
    return () => response
  }
}

/** The emulated Security Token Service. */
export function stsHandlers(getState: () => State, keys: TokenKeys): Record<StsOperation, Handler> {
  return {
    AssumeRole: (call) =>
      withErrorResponse(call, () => {
        const state = getState()
        return assumeRole(call, authenticate(call, state), state)
      }),
    AssumeRoleWithWebIdentity: (call) =>
      withErrorResponse(call, () => assumeRoleWithWebIdentity(call, getState, keys)),
    GetCallerIdentity: (call) => withErrorResponse(call, () => getCallerIdentity(call, getState())),
  }
}
