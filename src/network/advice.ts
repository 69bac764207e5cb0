/** What to check when a call failed somewhere between this process and the service. */
import { existsSync } from 'node:fs'
import { quote } from '../lib/text.ts'
import { classifyFailure } from './classify.ts'
import { isNoTlsCode } from './error-codes.ts'
import { isRedirect, type ApiFailure } from './failure.ts'
import type { Proxy } from './proxy.ts'
import type { Route } from './route.ts'

/** The advice, with the variable that led the request there; undefined when the service itself responded. */
export function networkAdvice(failure: ApiFailure): string | undefined {
  const { route, code = '' } = failure
  if (route === undefined) return undefined
  // The codes of the HTTP parser are HPE_*.
  if (isNoTlsCode(code) || code.startsWith('HPE_')) return noHttpAdvice(route, code)
  switch (classifyFailure(failure)) {
    case 'tls-error':
      return certificateAdvice(route, code)
    case 'proxy-refused':
      return refusalAdvice(failure, route)
    case 'dns-not-found':
    case 'connection-failed':
      return connectionAdvice(failure, route)
    case 'no-response':
      return route.proxy === undefined
        ? undefined
        : `${throughProxy(route, route.proxy)}, which did not respond or did not forward the request.`
    default:
      return failure.fromMiddlebox === true || isRedirect(failure)
        ? middleboxAdvice(failure, route)
        : undefined
  }
}

/** How the proxy variable led the request to the proxy, as the beginning of a sentence. */
function throughProxy({ host }: Route, { variable, host: proxy }: Proxy): string {
  return `Check ${variable}: it sends requests for ${host} through the proxy ${proxy}`
}

function connectionAdvice(
  { code }: ApiFailure,
  { host, proxy, endpoint, ignoredProxy, bypassedProxy }: Route,
): string | undefined {
  if (proxy === undefined) {
    if (endpoint !== undefined) return `Check ${endpoint}: it sends requests to ${host}.`
    if (bypassedProxy !== undefined)
      return `Check NO_PROXY: it contains ${host}, so the request bypasses the proxy in ${bypassedProxy}. If the runner reaches the host only through the proxy, remove it from NO_PROXY.`
    return ignoredProxy === undefined
      ? undefined
      : `${ignoredProxy} is not read. If ${host} can be reached only through the proxy, set HTTPS_PROXY.`
  }
  if (code === 'ERR_PROXY_TUNNEL') return tunnelAdvice(host, proxy, endpoint)
  return `Check ${proxy.variable}: it sends requests through the proxy ${proxy.host}, which cannot be reached.`
}

/** The status that the proxy answered with. */
export function getProxyStatus({ status, message }: ApiFailure): number | undefined {
  // The message of Node.js ends with the status line of the proxy's response to CONNECT.
  const line = /: HTTP\/1\.\d (\d{3})\b/.exec(message)?.[1]
  return line === undefined ? status : Number(line)
}

function refusalAdvice(failure: ApiFailure, route: Route): string {
  const { host, proxy, endpoint } = route
  if (proxy === undefined) return middleboxAdvice(failure, route)
  return getProxyStatus(failure) === 407
    ? `Check the user name and the password in ${proxy.variable}: the proxy ${proxy.host} requires them or rejects them. Percent-encode special characters in them.`
    : tunnelAdvice(host, proxy, endpoint)
}

function tunnelAdvice(host: string, proxy: Proxy, endpoint: string | undefined): string {
  const source = endpoint === undefined ? '' : ` (configured by ${endpoint})`
  return `The proxy ${proxy.host} from ${proxy.variable} refuses to connect to ${host}${source}. Allow the host on the proxy, or add it to NO_PROXY if the runner needs no proxy to reach it.`
}

function certificateAdvice({ host, proxy, endpoint, extraCaCerts }: Route, code: string): string {
  // The certificate is valid at another time than that of the clock.
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `Check the clock of the runner and the certificate of ${host}.`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `The certificate belongs to another host than ${host}, which NODE_EXTRA_CA_CERTS does not change: check ${endpoint ?? 'the DNS and the proxies of the runner'}.`
  }
  const inspector =
    proxy === undefined
      ? 'A firewall or proxy between the runner and AWS'
      : `The proxy ${proxy.host} from ${proxy.variable}`
  const inspection =
    proxy === undefined && endpoint !== undefined
      ? ''
      : `${inspector} probably inspects TLS and presents its own certificate. `
  if (extraCaCerts !== undefined && !existsSync(extraCaCerts)) {
    return `NODE_EXTRA_CA_CERTS names ${quote(extraCaCerts)}, but this runner has no such file. Correct the path, or put the certificate of the private certificate authority there. ${inspection}`.trimEnd()
  }
  const file =
    extraCaCerts === undefined
      ? 'set NODE_EXTRA_CA_CERTS to its file'
      : `check that the file in NODE_EXTRA_CA_CERTS (${quote(extraCaCerts)}) contains it`
  return `${inspection}If a private authority issued the certificate of ${host}, ${file}, or set NODE_USE_SYSTEM_CA=1 if the machine trusts it (Node.js 24.6 or later).`
}

function noHttpAdvice({ host, port, proxy, endpoint }: Route, code: string): string {
  // A proxy over HTTP has passed the handshake on, so it was not the proxy that answered.
  const isProxy = proxy !== undefined && (proxy.isSecure === true || !isNoTlsCode(code))
  const address = host.endsWith(`:${port}`) ? host : `${host}:${port}`
  const setting = isProxy
    ? proxy.variable
    : [endpoint, proxy?.variable].filter((name) => name !== undefined).join(' and ')
  const check =
    setting === ''
      ? 'Check the proxies and firewalls between the runner and AWS.'
      : `Correct the scheme or the port in ${setting}, or unset it.`
  return `${isProxy ? `The proxy ${proxy.host}` : address} answers without ${isNoTlsCode(code) ? 'TLS' : 'HTTP'}. ${check}`
}

function middleboxAdvice({ status = 0 }: ApiFailure, route: Route): string {
  const { host, proxy, endpoint } = route
  const suspects = [proxy && `the proxy ${proxy.host} from ${proxy.variable}`, endpoint].filter(
    (suspect) => suspect !== undefined,
  )
  const suspect =
    suspects.length === 0
      ? 'the proxies, gateways and firewalls between the runner and AWS'
      : suspects.join(' and ')
  return status < 500
    ? `Allow ${host} in the rules of the network of the runner, without a login: check ${suspect}.`
    : `Check ${suspect}: the answer to the request for ${host} probably comes from there.`
}
