import { jsonResponse, type HttpResponse } from '../../lib/http.ts'
import type { Rules } from '../../state/rules.ts'

/** An error of Amplify Backend, with the members that its shape has in the service's model. */
export class AmplifyServiceError extends Error {
  readonly status: number
  readonly type: string
  readonly members: Readonly<Record<string, string>>

  constructor(
    status: number,
    type: string,
    message: string,
    members: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.type = type
    this.members = members
  }
}

export const badRequest = (message: string): AmplifyServiceError =>
  new AmplifyServiceError(400, 'BadRequestException', message)

export const notFound = (message: string, resourceType: string): AmplifyServiceError =>
  new AmplifyServiceError(404, 'NotFoundException', message, { resourceType })

const referenceNames: Readonly<Record<string, string>> = {
  TooManyRequestsException: 'LimitExceededException',
  GatewayTimeoutException: 'InternalServiceException',
}

/** The name of an error in the service's model or in its REST reference, as the rules say. */
export function errorName(type: string, rules: Rules): string {
  return rules.errorNames === 'reference' ? (referenceNames[type] ?? type) : type
}

/** The response that reports an error. */
export function amplifyErrorResponse(error: AmplifyServiceError, rules: Rules): HttpResponse {
  return jsonResponse(
    error.status,
    { message: error.message, ...error.members },
    { 'x-amzn-ErrorType': errorName(error.type, rules) },
  )
}
