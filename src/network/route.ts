/** The route of a request: its host, the proxy in between, and the settings that chose them. */
import type { Env } from '../lib/env.ts'
import { getEndpointVariables } from './endpoints.ts'
import { findProxy, type Proxy } from './proxy.ts'

export type Route = Readonly<{
  /** The host of the request, with the port unless it is the default port. */
  host: string
  proxy: Proxy | undefined
  /** The setting that configures the host; undefined when the region determines it. */
  endpoint: string | undefined
}>

/** The route to a URL in this environment. */
export function getRoute(url: URL, env: Env): Route {
  return {
    host: url.host,
    proxy: findProxy(url, env),
    endpoint: getEndpointVariables(url, env),
  }
}
