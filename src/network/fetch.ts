/** A `fetch` that uses the agents of the run, and with them its proxy settings. */
import type { Clock } from '../lib/clock.ts'
import { withTimeout } from '../lib/timeout.ts'
import type { Agents } from './agents.ts'
import { httpRequest, singleHeaders, type HttpResponse } from './request.ts'

/** Time limit of one request, redirects included. */
const REQUEST_TIMEOUT_MS = 10_000
const MAX_REDIRECTS = 3

/**
 * Sends text only, and follows redirects only to the same origin, because requests carry a token.
 *
 * @param signal cancels every request
 * @param redact removes secrets from the text of a response, before anything else looks at it
 */
export function createFetch(
  agents: Agents,
  clock: Clock,
  signal: AbortSignal,
  redact: (text: string) => string,
): (url: string, init?: RequestInit) => Promise<Response> {
  return async (url, init) =>
    toResponse(
      await withTimeout({ clock, signal, timeoutMs: REQUEST_TIMEOUT_MS }, (requestSignal) =>
        requestWithRedirects(url, agents, init, requestSignal, redact),
      ),
      redact,
    )
}

async function requestWithRedirects(
  url: string,
  agents: Agents,
  init: RequestInit | undefined,
  signal: AbortSignal,
  redact: (text: string) => string,
): Promise<HttpResponse> {
  let target = new URL(url)
  // Throws when this version of Node.js would go around the proxy.
  agents.routeTo(target)
  for (let redirects = 0; ; redirects += 1) {
    const response = await httpRequest(target, agents, {
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: typeof init?.body === 'string' ? init.body : undefined,
      signal,
    })
    const { location } = response.headers
    if (![301, 302, 307, 308].includes(response.status) || location === undefined) return response
    const next = new URL(location, target)
    if (next.origin !== target.origin || redirects >= MAX_REDIRECTS) {
      // The URL parser turns a host into lower case, in which a secret is not found.
      const { origin } = new URL(redact(location), target)
      throw new Error(`${target.host} redirects to ${origin}, which is not followed`)
    }
    target = next
  }
}

function toResponse(
  { status, headers, body }: HttpResponse,
  redact: (text: string) => string,
): Response {
  const hasNoBody = status === 204 || status === 205 || status === 304
  return new Response(hasNoBody ? null : redact(body), {
    status: Math.max(200, status),
    headers: singleHeaders(headers),
  })
}
