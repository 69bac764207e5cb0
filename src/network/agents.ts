/**
 * Connections: agents that honour the proxy variables, an agent that knows whether a connection came
 * about, and a plain request for the few calls that are not the SDK's.
 */
import http from 'node:http'
import type https from 'node:https'
import type { Duplex } from 'node:stream'
import { abortReason } from '../lib/clock.ts'
import { PROXY_VARIABLES, parseProxyUrl } from './proxy.ts'
import type { Env } from '../lib/env.ts'
import { getRoute, type Route } from './route.ts'

export type Agents = Readonly<{
  http: http.Agent
  https: https.Agent
  /** The way that a request to the URL takes by these agents. */
  routeTo(url: URL): Route
}>

/**
 * How long one address of a host may take to connect before the next is tried. Node's own quarter of a
 * second is less than a distant region needs, and where the other addresses are dead, nothing connects
 * then (nodejs/node#54359).
 */
const CONNECT_OPTIONS = { autoSelectFamilyAttemptTimeout: 1_500 } as const

/** Node's TLS takes longer to load than all of this action's first file, and not every request needs it. */
const nodeHttps = (): typeof https => process.getBuiltinModule('node:https')

/**
 * Agents that keep connections for the next call; `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` apply.
 *
 * @param onProxy told once of every proxy that requests go through
 */
export function createAgents(
  env: Env,
  onProxy: (proxy: NonNullable<Route['proxy']>) => void = () => undefined,
): Agents {
  const options = { ...CONNECT_OPTIONS, keepAlive: true, proxyEnv: proxyEnv(env) }
  let secure: https.Agent | undefined
  const reported = new Set<string>()
  return {
    http: new http.Agent(options),
    get https() {
      return (secure ??= new (nodeHttps().Agent)(options))
    },
    routeTo: (url) => {
      const route = getRoute(url, env)
      const { proxy } = route
      if (proxy !== undefined && !reported.has(proxy.host)) {
        reported.add(proxy.host)
        onProxy(proxy)
      }
      return route
    },
  }
}

/** Ends all connections of the agents, so that none keeps the process alive. */
export function destroyAgents(agents: Agents): void {
  agents.http.destroy()
  agents.https.destroy()
}

/** Whether the latest connection came about: before that, nothing of a request can have been sent. */
export type ConnectionState = { connected: boolean }

/**
 * Agents for calls that must not be sent twice. Every call gets a fresh connection (one that was kept
 * may be closing just then, and its reset would leave the outcome open), and `reach` tells whether the
 * connection, TLS handshake included, came about.
 */
export function createTrackedAgents(env: Env, connection: ConnectionState): Agents {
  const options = { ...CONNECT_OPTIONS, keepAlive: false, proxyEnv: proxyEnv(env) }

  const watched = (
    connect: (created: ConnectionCallback) => Duplex | null | undefined,
    callback: ConnectionCallback | undefined,
    event: 'connect' | 'secureConnect',
  ): Duplex | null | undefined => {
    connection.connected = false
    const socket = connect((error, stream) => {
      // A tunnel through a proxy is handed over here, perhaps with its handshake already done.
      if (error === null) connection.connected = true
      callback?.(error, stream)
    })
    socket?.once(event, () => {
      connection.connected = true
    })
    return socket
  }

  class TrackedHttpAgent extends http.Agent {
    override createConnection(
      request: http.ClientRequestArgs,
      callback?: ConnectionCallback,
    ): Duplex | null | undefined {
      return watched((created) => super.createConnection(request, created), callback, 'connect')
    }
  }
  class TrackedHttpsAgent extends nodeHttps().Agent {
    override createConnection(
      request: https.RequestOptions,
      callback?: ConnectionCallback,
    ): Duplex | null | undefined {
      return watched(
        (created) => super.createConnection(request, created),
        callback,
        'secureConnect',
      )
    }
  }
  return {
    http: new TrackedHttpAgent(options),
    https: new TrackedHttpsAgent(options),
    routeTo: (url) => getRoute(url, env),
  }
}

type ConnectionCallback = (error: Error | null, stream: Duplex) => void

/**
 * The proxy variables that are set, in the one form that Node takes. What is no HTTP proxy is left out: the
 * inputs report it.
 */
export function proxyEnv(env: Env): Record<string, string> {
  const proxies = PROXY_VARIABLES.flatMap((name) => {
    const text = env[name]?.trim() ?? ''
    const url = text === '' ? undefined : parseProxyUrl(text)
    return url === undefined ? [] : [[name, url.href] as const]
  })
  const exceptions = ['no_proxy', 'NO_PROXY'].flatMap((name) => {
    const text = env[name]?.trim() ?? ''
    return text === '' ? [] : [[name, text] as const]
  })
  return Object.fromEntries([...proxies, ...exceptions])
}

export type HttpResponse = Readonly<{
  status: number
  headers: http.IncomingHttpHeaders
  body: string
}>

export type HttpRequestOptions = Readonly<{
  method?: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
  signal: AbortSignal
  /** Told when all of the request has left this process. */
  onSent?: () => void
}>

/** More than any answer these calls can have; the rest is an attack or an accident. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

/**
 * One request, its whole answer as text. Redirects are not followed.
 *
 * @throws the connection's error, also when the answer ends early; the signal's reason when aborted
 */
export function httpRequest(
  url: URL,
  agents: Agents,
  request: HttpRequestOptions,
): Promise<HttpResponse> {
  const secure = url.protocol === 'https:'
  const [module, agent] = secure ? [nodeHttps(), agents.https] : [http, agents.http]
  const { signal, onSent } = request
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(signal.aborted ? abortReason(signal) : error)
    }
    const outgoing = module.request(
      url,
      {
        agent,
        method: request.method ?? 'GET',
        headers: request.headers,
        signal,
      },
      (incoming) => {
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_BODY_BYTES) incoming.destroy(new Error('the answer is too long'))
          else chunks.push(chunk)
        })
        // 'error' also comes when the peer ends in the middle of the body (ECONNRESET, "aborted").
        incoming.on('error', fail)
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          })
        })
      },
    )
    outgoing.on('error', fail)
    if (onSent !== undefined) outgoing.on('finish', onSent)
    // While a proxy is still to open its tunnel, Node itself says nothing of an abort.
    signal.addEventListener(
      'abort',
      () => {
        reject(abortReason(signal))
      },
      { once: true },
    )
    outgoing.end(request.body)
  })
}
