/** The way that a request takes: straight or through a proxy, and who has named its host. */
import { BlockList, isIPv4 } from 'node:net'
import { ENDPOINT_VARIABLES } from '../inputs/environment.ts'
import { PROXY_VARIABLES, parseProxyUrl } from './proxy.ts'
import type { Env } from '../lib/env.ts'

export type Route = Readonly<{
  /** The host that the request is for, with its port where that is not the usual one. */
  host: string
  /** The proxy in between, as `HOST:PORT`, and the variable that names it. */
  proxy: Readonly<{ host: string; variable: string }> | undefined
  /** The setting that names the host; undefined where the region does. */
  endpoint: string | undefined
}>

/** The way to a URL, as the environment has it. */
export function getRoute(url: URL, env: Env): Route {
  return { host: url.host, proxy: getProxy(url, env), endpoint: getEndpointVariables(url, env) }
}

/** As Node chooses it: the lower case goes first, and a proxy that is none counts as unset. */
function getProxy(url: URL, env: Env): Route['proxy'] {
  const kind = url.protocol === 'https:' ? /^https_/i : /^http_/i
  for (const variable of PROXY_VARIABLES.filter((name) => kind.test(name))) {
    const text = env[variable]?.trim() ?? ''
    const proxy = text === '' ? undefined : parseProxyUrl(text)
    if (proxy === undefined) continue
    if (matchesNoProxy(url, env)) return undefined
    return { host: `${proxy.hostname}:${portOf(proxy)}`, variable }
  }
  return undefined
}

/** A URL leaves out the port that is usual for it. */
function portOf({ port, protocol }: URL): string {
  if (port !== '') return port
  return protocol === 'https:' ? '443' : '80'
}

/** Node's own reading of `NO_PROXY`, which it does not let anybody ask for. */
function matchesNoProxy(url: URL, env: Env): boolean {
  const list = ['no_proxy', 'NO_PROXY'].map((name) => env[name]?.trim() ?? '')
  const port = portOf(url)
  const host = url.hostname.toLowerCase()
  return (list.find((text) => text !== '') ?? '').split(',').some((text) => {
    const entry = text.trim().toLowerCase()
    if (entry === '*' || entry === host || entry === `${host}:${port}`) return true
    if (entry.startsWith('.')) return host === entry.slice(1) || host.endsWith(entry)
    if (entry.startsWith('*.')) return host.endsWith(entry.slice(1))
    return isInRange(host, entry)
  })
}

function isInRange(host: string, entry: string): boolean {
  const [first = '', last = ''] = entry.split('-').map((address) => address.trim())
  if (![host, first, last].every(isIPv4)) return false
  const range = new BlockList()
  try {
    range.addRange(first, last)
  } catch {
    // A range that ends before it begins holds nothing.
    return false
  }
  return range.check(host)
}

/** The variables that name the URL's host; one host may serve for several. */
function getEndpointVariables(url: URL, env: Env): string | undefined {
  const names = ENDPOINT_VARIABLES.filter((name) => URL.parse(env[name] ?? '')?.host === url.host)
  return names.length === 0 ? undefined : names.join(' and ')
}
