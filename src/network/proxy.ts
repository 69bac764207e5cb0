/** The proxy variables, read the way curl, Node.js and GitHub's toolkit read them. */
import { BlockList } from 'node:net'
import { readVariable, type Env } from '../lib/env.ts'

/** Lower case comes first: Node.js prefers it. */
export const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'] as const

const NO_PROXY_VARIABLES = ['no_proxy', 'NO_PROXY'] as const

/** Read by curl and others, but neither by Node.js nor by the runner. */
const IGNORED_VARIABLES = ['all_proxy', 'ALL_PROXY'] as const

/** The version of Node.js whose agents can use proxies; runner 2.328.0 is the first that includes it. */
const FIRST_WITH_PROXIES = [24, 5] as const

/** Whether the agents of this version of Node.js can use proxies; older versions connect directly. */
export function supportsProxies(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  const [firstMajor, firstMinor] = FIRST_WITH_PROXIES
  return major > firstMajor || (major === firstMajor && minor >= firstMinor)
}

/** A proxy variable that is set but not read; undefined when there is none. */
export function findIgnoredVariable(env: Env): string | undefined {
  return IGNORED_VARIABLES.find((name) => readVariable(env, name) !== '')
}

/** A proxy as `HOST:PORT`, the variable that configures it, and whether it is spoken to over TLS. */
export type Proxy = Readonly<{ host: string; variable: string; isSecure?: boolean }>

/**
 * Parses the address of an HTTP proxy; undefined when it is not one. `proxy.example.com:3128` means
 * `http://`, and a percent sign that starts no escape sequence stands for itself.
 */
export function parseProxyUrl(text: string): URL | undefined {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined
  // A special character in the user name or password has ended the authority before the host.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) return undefined
  if (tryDecode(url.username) === undefined) url.username = url.username.replaceAll('%', '%25')
  if (tryDecode(url.password) === undefined) url.password = url.password.replaceAll('%', '%25')
  return url
}

/** Decodes percent-encoded text; undefined when an escape sequence is malformed. */
export function tryDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * The `proxyEnv` option of Node.js agents: the proxy variables that are set, with complete URLs, and the
 * hosts that no proxy is used for. Invalid proxies are left out, because they would end the process; the
 * inputs report them.
 */
export function proxyEnv(env: Env): Record<string, string> {
  const proxies = PROXY_VARIABLES.flatMap((name) => {
    const url = readProxy(env, name)
    return url === undefined ? [] : [[name, url.href] as const]
  })
  if (proxies.length === 0) return {}
  return { ...Object.fromEntries(proxies), no_proxy: readExceptions(env).join(',') }
}

/** The proxy for a URL, chosen the way Node.js chooses it; undefined for a direct connection. */
export function findProxy(url: URL, env: Env): Proxy | undefined {
  const proxy = findConfiguredProxy(url, env)
  return proxy === undefined || matchesNoProxy(url, env) ? undefined : proxy
}

/** The proxy for URLs of this scheme, whether or not the host is excepted. */
export function findConfiguredProxy(url: URL, env: Env): Proxy | undefined {
  const lowerCaseName = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  for (const variable of PROXY_VARIABLES) {
    if (variable.toLowerCase() !== lowerCaseName) continue
    const proxy = readProxy(env, variable)
    if (proxy === undefined) continue
    const isSecure = proxy.protocol === 'https:'
    return { host: `${proxy.hostname}:${getPort(proxy)}`, variable, isSecure }
  }
  return undefined
}

function readProxy(env: Env, name: (typeof PROXY_VARIABLES)[number]): URL | undefined {
  return parseProxyUrl(readVariable(env, name))
}

/** The port of a URL; `URL.port` is empty for the default port of the protocol. */
export function getPort({ port, protocol }: URL): string {
  if (port !== '') return port
  return protocol === 'https:' ? '443' : '80'
}

/** An endpoint on this machine is never reached through a proxy, as in GitHub's toolkit. */
const LOOPBACK = ['localhost', 'localhost.', '127.0.0.0-127.255.255.255', '::1', '[::1]'] as const

/**
 * The hosts that no proxy is used for, as Node.js reads them. A domain covers the hosts below it, as in curl,
 * the runner and its toolkit; Node.js does so only after a dot.
 */
function readExceptions(env: Env): readonly string[] {
  const lists = NO_PROXY_VARIABLES.map((name) => readVariable(env, name))
  const entries = (lists.find((list) => list !== '') ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
  const domains = entries.filter((entry) => /^[^.*]/.test(entry)).map((entry) => `.${entry}`)
  return [...LOOPBACK, ...entries, ...domains]
}

/** Repeats how Node.js evaluates the exceptions, because it has no API for that. */
function matchesNoProxy(url: URL, env: Env): boolean {
  const port = getPort(url)
  const host = url.hostname.toLowerCase()
  return readExceptions(env).some((entry) => {
    if (entry === '*' || entry === host || entry === `${host}:${port}`) return true
    if (entry.startsWith('.')) return host === entry.slice(1) || host.endsWith(entry)
    if (entry.startsWith('*.')) return host.endsWith(entry.slice(1))
    return isInRange(host, entry)
  })
}

function isInRange(host: string, entry: string): boolean {
  const [first = '', last = ''] = entry.split('-').map((address) => address.trim())
  const range = new BlockList()
  try {
    range.addRange(first, last)
  } catch {
    // Not two IPv4 addresses, or a range that ends before it starts: it contains no address.
  }
  return range.check(host)
}
