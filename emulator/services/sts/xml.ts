import type { HttpResponse } from '../../lib/http.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** Text as XML content. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

type Element = { readonly [name: string]: string | Element }

const render = (element: Element): string =>
  Object.entries(element)
    .map(([name, value]) => {
      const content = typeof value === 'string' ? escapeXml(value) : render(value)
      return `<${name}>${content}</${name}>`
    })
    .join('')

const xml = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
})

/** The successful answer of an STS operation. */
export function stsResponse(operation: string, result: Element, requestId: string): HttpResponse {
  const inner = render({
    [`${operation}Result`]: result,
    ResponseMetadata: { RequestId: requestId },
  })
  return xml(200, `<${operation}Response xmlns="${namespace}">${inner}</${operation}Response>`)
}

/** An error as STS words it. */
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
  return xml(status, `<ErrorResponse xmlns="${namespace}">${inner}</ErrorResponse>`)
}
