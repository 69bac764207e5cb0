/** The route of a request: its host, the proxy in between, and the settings that chose them. */
import { ActionError } from '../errors/action-error.ts'
import { readVariable, type Env } from '../lib/env.ts'
import { getEndpointVariables } from './endpoints.ts'
import {
  findConfiguredProxy,
  findIgnoredVariable,
  findProxy,
  getPort,
  supportsProxies,
  type Proxy,
} from './proxy.ts'

export type Route = Readonly<{
  /** The host of the request, with the port unless it is the default port. */
  host: string
  proxy: Proxy | undefined
  /** The setting that configures the host; undefined when the region determines it. */
  endpoint: string | undefined
  port: string
  /** A variable for a proxy that is set but not read. */
  ignoredProxy?: string | undefined
  /** The variable of a proxy that is not used because NO_PROXY excepts the host. */
  bypassedProxy?: string | undefined
  /** The file of certificates in NODE_EXTRA_CA_CERTS. */
  extraCaCerts?: string | undefined
}>

/**
 * The route to a URL in this environment.
 *
 * @throws ActionError RUNNER_TOO_OLD when this version of Node.js would go around the proxy
 */
export function getRoute(url: URL, env: Env, nodeVersion = process.versions.node): Route {
  const proxy = findProxy(url, env)
  if (proxy !== undefined && !supportsProxies(nodeVersion))
    throw runnerTooOld(url, proxy, nodeVersion)
  return {
    host: url.host,
    proxy,
    endpoint: getEndpointVariables(url, env),
    port: getPort(url),
    ignoredProxy: proxy === undefined ? findIgnoredVariable(env) : undefined,
    bypassedProxy: proxy === undefined ? findConfiguredProxy(url, env)?.variable : undefined,
    extraCaCerts: readVariable(env, 'NODE_EXTRA_CA_CERTS') || undefined,
  }
}

function runnerTooOld(url: URL, { variable, host }: Proxy, nodeVersion: string): ActionError {
  return new ActionError(
    'RUNNER_TOO_OLD',
    `${variable} sends requests for ${url.host} through the proxy ${host}, but Node.js ${nodeVersion} of this runner cannot use proxies.`,
  )
}
