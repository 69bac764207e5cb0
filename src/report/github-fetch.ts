/** The `fetch` of GitHub's toolkit, by the run's own agents: the proxy rules are those of every other call. */
import { formatDuration, type Clock } from '../lib/clock.ts'
import type { Agents } from '../network/agents.ts'
import { httpRequest, type HttpResponse } from '../network/request.ts'

/** No call takes longer, so that one that hangs leaves time for another. */
const CALL_MS = 10_000
const MOST_REDIRECTS = 3

/** @param ended ends every call */
export function fetchBy(
  agents: Agents,
  clock: Clock,
  ended: AbortSignal,
): (url: string, init?: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const over = new AbortController()
    const late = new AbortController()
    const limit = clock.sleep(CALL_MS, over.signal).then(
      () => {
        late.abort()
      },
      () => undefined,
    )
    try {
      return toResponse(await follow(url, agents, init, AbortSignal.any([ended, late.signal])))
    } catch (error) {
      throw late.signal.aborted ? new Error(`no answer within ${formatDuration(CALL_MS)}`) : error
    } finally {
      over.abort()
      await limit
    }
  }
}

/** Sends, and follows where a renamed or moved repository is now, but never to another host: it has the token. */
async function follow(
  url: string,
  agents: Agents,
  init: RequestInit | undefined,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let address = new URL(url)
  for (let redirects = 0; ; redirects += 1) {
    const answer = await httpRequest(address, agents, {
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      body: typeof init?.body === 'string' ? init.body : undefined,
      signal,
    })
    const { location } = answer.headers
    if (![301, 302, 307, 308].includes(answer.status) || location === undefined) return answer
    const next = new URL(location, address)
    if (next.origin !== address.origin || redirects >= MOST_REDIRECTS) {
      throw new Error(`GitHub redirects to ${next.origin}, which is not followed`)
    }
    address = next
  }
}

function toResponse({ status, headers, body }: HttpResponse): Response {
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  )
  const bodiless = status === 204 || status === 205 || status === 304
  return new Response(bodiless ? null : body, { status: Math.max(200, status), headers: kept })
}
