import type { StatusFault } from '../faults/spec.ts'
import { jsonResponse, type HttpResponse } from '../lib/http.ts'
import type { Service } from '../lib/operations.ts'
import type { Rules } from '../state/rules.ts'
import { errorName } from './amplify/errors.ts'
import { stsErrorResponse } from './sts/xml.ts'

const amplifyNames: Readonly<Record<number, string>> = {
  400: 'BadRequestException',
  403: 'AccessDeniedException',
  404: 'NotFoundException',
  429: 'TooManyRequestsException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
  504: 'GatewayTimeoutException',
}

const amplifyMembers: Readonly<Record<number, Record<string, string>>> = {
  404: { resourceType: 'backend' },
  429: { limitType: 'account' },
}

const stsNames: Readonly<Record<number, string>> = {
  400: 'ValidationError',
  403: 'AccessDenied',
  429: 'Throttling',
  503: 'ServiceUnavailable',
}

function amplifyFaultResponse(fault: StatusFault, message: string, rules: Rules): HttpResponse {
  const defaultName = errorName(amplifyNames[fault.status] ?? 'UnknownError', rules)
  const name = fault.name ?? defaultName
  const body = { message, ...amplifyMembers[fault.status] }
  const nameIn = fault.errorNameIn ?? 'header'
  switch (nameIn) {
    case 'header':
      return jsonResponse(fault.status, body, { 'x-amzn-ErrorType': name })
    case 'none':
      return jsonResponse(fault.status, body)
    case '__type':
    case 'code':
      return jsonResponse(fault.status, { [nameIn]: name, ...body })
  }
}

function serviceResponse(
  fault: StatusFault,
  message: string,
  { service, requestId }: { readonly service: Service; readonly requestId: string },
  rules: Rules,
): HttpResponse {
  switch (service) {
    case 'amplifybackend':
      return amplifyFaultResponse(fault, message, rules)
    case 'sts': {
      const code = fault.name ?? stsNames[fault.status] ?? 'InternalFailure'
      return stsErrorResponse(fault.status, code, message, requestId)
    }
    case 'oidc':
    case 'github':
    case 'unknown':
      return jsonResponse(fault.status, { message })
  }
}

/** The response of a `status` fault, in the format of the service that was called. */
export function statusFaultResponse(
  fault: StatusFault,
  request: { readonly service: Service; readonly requestId: string },
  rules: Rules,
): HttpResponse {
  const message = fault.message ?? `Injected fault: ${fault.status}`
  const response = serviceResponse(fault, message, request, rules)
  return { ...response, headers: { ...response.headers, ...fault.headers } }
}

/** The response to an operation that the emulator does not know. */
export function unknownOperationResponse(request: {
  readonly service: Service
  readonly requestId: string
}): HttpResponse {
  const message = 'The requested operation is not known'
  return request.service === 'sts'
    ? stsErrorResponse(400, 'InvalidAction', message, request.requestId)
    : jsonResponse(404, { message }, { 'x-amzn-ErrorType': 'UnknownOperationException' })
}
