import { AmplifyServiceError, wireErrorName } from './amplify/requests.ts'
import type { Fault } from '../faults/queue.ts'
import { jsonResponse, type HttpResponse } from '../lib/http.ts'
import type { Service } from '../lib/operations.ts'
import type { Rules } from '../state/rules.ts'
import { stsErrorResponse } from './sts/xml.ts'

type StatusFault = Extract<Fault, { kind: 'status' }>

const amplifyNames: Readonly<Record<number, string>> = {
  400: 'BadRequestException',
  403: 'AccessDeniedException',
  404: 'NotFoundException',
  429: 'TooManyRequestsException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
  504: 'GatewayTimeoutException',
}

const stsNames: Readonly<Record<number, string>> = {
  400: 'ValidationError',
  403: 'AccessDenied',
  429: 'Throttling',
  503: 'ServiceUnavailable',
}

const amplifyMembers: Readonly<Record<number, Record<string, string>>> = {
  404: { resourceType: 'backend' },
  429: { limitType: 'account' },
}

function amplifyFaultResponse(fault: StatusFault, message: string, rules: Rules): HttpResponse {
  const name = fault.name ?? amplifyNames[fault.status] ?? 'UnknownError'
  const members = amplifyMembers[fault.status] ?? {}
  const refusal = new AmplifyServiceError(fault.status, name, message, members)
  const type = fault.name ?? wireErrorName(refusal.type, rules)
  const typed = fault.typed ?? 'header'
  const body = { message, ...members }
  switch (typed) {
    case 'header':
      return jsonResponse(fault.status, body, { 'x-amzn-ErrorType': type })
    case 'none':
      return jsonResponse(fault.status, body)
    case '__type':
    case 'code':
      return jsonResponse(fault.status, { [typed]: type, ...body })
  }
}

/** The answer of a `status` fault, in the words of the service that was called. */
export function statusFaultResponse(
  fault: StatusFault,
  service: Service,
  requestId: string,
  rules: Rules,
): HttpResponse {
  const message = fault.message ?? `Ordered fault: ${fault.status}`
  const answer =
    service === 'amplifybackend'
      ? amplifyFaultResponse(fault, message, rules)
      : service === 'sts'
        ? stsErrorResponse(
            fault.status,
            fault.name ?? stsNames[fault.status] ?? 'InternalFailure',
            message,
            requestId,
          )
        : jsonResponse(fault.status, { message })
  return { ...answer, headers: { ...answer.headers, ...fault.headers } }
}

/** A page as a proxy or a load balancer sends it. */
export function htmlFaultResponse(fault: Extract<Fault, { kind: 'html' }>): HttpResponse {
  const status = fault.status ?? 502
  const page = `<html>\n<head><title>${status}</title></head>\n<body><center><h1>${status}</h1></center></body>\n</html>\n`
  return { status, headers: { 'content-type': 'text/html' }, body: fault.html ?? page }
}

/** Half a body for a request that has no answer of its own. */
export const placeholderBody = '{"appId":"d1a2b3c4d5e6f7","backendEnvironmentName":"prod","jobId":'
