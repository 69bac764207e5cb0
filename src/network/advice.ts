import { classifyFailure } from './classify.ts'
import type { ApiFailure } from './failure.ts'

/**
 * What to check when no connection was established through a proxy or to a configured endpoint; undefined
 * for other failures and for the region's default host.
 */
export function networkAdvice(failure: ApiFailure): string | undefined {
  const kind = classifyFailure(failure)
  if (kind !== 'dns-not-found' && kind !== 'connection-failed') return undefined
  const { route, status, code, message } = failure
  if (route === undefined) return undefined
  const { host, proxy, endpoint } = route
  if (proxy === undefined) {
    return endpoint === undefined ? undefined : `Check ${endpoint}: it sends requests to ${host}.`
  }
  const tunnelFailed = code === 'ERR_PROXY_TUNNEL'
  // The message of Node.js ends with the status line of the proxy's response to CONNECT.
  if (status === 407 || (tunnelFailed && /: HTTP\/1\.\d 407\b/.test(message))) {
    return `Check the user name and the password in ${proxy.variable}: the proxy ${proxy.host} requires them or rejects them. Percent-encode special characters in them.`
  }
  if (tunnelFailed) {
    const source = endpoint === undefined ? '' : ` (configured by ${endpoint})`
    return `The proxy ${proxy.host} from ${proxy.variable} refuses to connect to ${host}${source}. Allow the host on the proxy, or add it to NO_PROXY if the runner needs no proxy to reach it.`
  }
  return `Check ${proxy.variable}: it sends requests through the proxy ${proxy.host}, which cannot be reached.`
}
