import { verifySignature, type SignatureProblem } from '../../iam/sigv4.ts'
import type { StsOperation } from '../../lib/operations.ts'
import type { State } from '../../state/state.ts'
import type { Call, Effect, Handler } from '../handler.ts'
import { assumeRole } from './assume-role.ts'
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

function getCallerIdentity(call: Call, state: State): Effect {
  const { requestId } = call.record
  const verified = verifySignature(call, 'sts', state.credentials)
  if (!verified.ok) {
    const status = verified.problem === 'incomplete' ? 400 : 403
    throw new StsServiceError(status, signatureCodes[verified.problem], verified.message)
  }
  const { arn, userId, accountId, accessKeyId, roleArn } = verified.credential
  Object.assign(call.record, { accessKeyId, roleArn, region: verified.region })
  return () =>
    stsResponse('GetCallerIdentity', { Arn: arn, UserId: userId, Account: accountId }, requestId)
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
    AssumeRoleWithWebIdentity: (call) =>
      withErrorResponse(call, () => assumeRole(call, getState, keys)),
    GetCallerIdentity: (call) => withErrorResponse(call, () => getCallerIdentity(call, getState())),
  }
}
