/** An error of STS. */
export class StsServiceError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const validationError = (message: string): StsServiceError =>
  new StsServiceError(400, 'ValidationError', `1 validation error detected: ${message}`)

/** AWS's sentence, and what AWS does not say: why. */
export const notAuthorized = (reasons: readonly string[]): StsServiceError =>
  new StsServiceError(
    403,
    'AccessDenied',
    `Not authorized to perform sts:AssumeRoleWithWebIdentity. The emulator adds: ${reasons.join('; ')}`,
  )

export const invalidToken = (message: string): StsServiceError =>
  new StsServiceError(400, 'InvalidIdentityToken', message)
