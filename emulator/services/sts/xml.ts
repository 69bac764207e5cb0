import type { HttpResponse } from '../../lib/http.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

type Element = { readonly [name: string]: string | Element }

const render = (element: Element): string =>
  Object.entries(element)
    .map(([name, value]) => {
      const content = typeof value === 'string' ? escapeXml(value) : render(value)
      return `<${name}>${content}</${name}>`
    })
    .join('')

const xmlResponse = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
})

/** The response to an STS operation that succeeds. */
export function stsResponse(operation: string, result: Element, requestId: string): HttpResponse {
  const inner = render({
    [`${operation}Result`]: result,
    ResponseMetadata: { RequestId: requestId },
  })
  return xmlResponse(
    200,
    `<${operation}Response xmlns="${namespace}">${inner}</${operation}Response>`,
  )
}

/** The response to an STS operation that fails. */
export function stsErrorResponse(
  status: number,
  code: string,
  message: string,
  requestId: string,
): HttpResponse {
  const inner = render({
    Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
    RequestId: requestId,
  })
  return xmlResponse(status, `<ErrorResponse xmlns="${namespace}">${inner}</ErrorResponse>`)
}
