/** HTTP agents that use the configured proxies, and agents that record whether a connection was made. */
import http from 'node:http'
import type https from 'node:https'
import type { Duplex } from 'node:stream'
import type { Env } from '../lib/env.ts'
import { proxyEnv, type Proxy } from './proxy.ts'
import { getRoute, type Route } from './route.ts'

export type Agents = Readonly<{
  http: http.Agent
  https: https.Agent
  /** The route that a request to the URL takes through these agents. */
  routeTo(url: URL): Route
}>

/**
 * How long a connection attempt to one address of a host may take before Node.js tries the next address.
 * Its default of 250 ms is too short for a distant region, and every attempt fails when the other
 * addresses are unreachable (nodejs/node#54359).
 */
const CONNECT_OPTIONS = { autoSelectFamilyAttemptTimeout: 1_500 } as const

/** Loads `node:https` on first use: it takes longer to load than the whole entry file of this action. */
export const nodeHttps = (): typeof https => process.getBuiltinModule('node:https')

/**
 * Creates agents that keep connections alive as long as that works, and use `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
 *
 * @param onProxy called once for each proxy that requests go through
 */
export function createAgents(env: Env, onProxy: (proxy: Proxy) => void = () => undefined): Agents {
  const options = { ...CONNECT_OPTIONS, keepAlive: true, proxyEnv: proxyEnv(env) }
  let httpsAgent: https.Agent | undefined
  const reported = new Set<string>()
  return {
    http: reuseCautiously(new http.Agent(options)),
    get https() {
      return (httpsAgent ??= reuseCautiously(new (nodeHttps().Agent)(options)))
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

/**
 * Makes an agent open a new connection for every request as soon as one has failed on a kept connection:
 * some servers and proxies close kept connections when they are used again, and then each attempt could
 * fail on a connection that was kept in the meantime.
 */
function reuseCautiously<Agent extends http.Agent>(agent: Agent): Agent {
  let keepsConnections = true
  // It returns whether the connection is kept, although its declaration says otherwise.
  const keepSocketAlive: (socket: Duplex) => unknown = agent.keepSocketAlive.bind(agent)
  const reuseSocket = agent.reuseSocket.bind(agent)
  agent.keepSocketAlive = (socket) => keepsConnections && keepSocketAlive(socket)
  agent.reuseSocket = (socket, request) => {
    request.once('error', () => {
      keepsConnections = false
      for (const free of Object.values(agent.freeSockets).flat()) free?.destroy()
    })
    reuseSocket(socket, request)
  }
  return agent
}

/** Closes all connections of the agents, so that none keeps the process alive. */
export function destroyAgents(agents: Agents): void {
  agents.http.destroy()
  agents.https.destroy()
}

/** Whether the latest connection was established. Without one, no part of a request can have been sent. */
export type ConnectionState = { connected: boolean }

/**
 * Creates agents for calls that must not be repeated blindly. Each call opens a new connection, because a
 * kept one may be closing at that moment, and its reset would leave the outcome of the call unknown.
 *
 * @param connection records whether the connection, TLS handshake included, was established
 */
export function createTrackedAgents(env: Env, connection: ConnectionState): Agents {
  const options = { ...CONNECT_OPTIONS, keepAlive: false, proxyEnv: proxyEnv(env) }

  const track = (
    connect: (onCreated: ConnectionCallback) => Duplex | null | undefined,
    callback: ConnectionCallback | undefined,
    event: 'connect' | 'secureConnect',
  ): Duplex | null | undefined => {
    connection.connected = false
    const socket = connect((error, stream) => {
      // Node.js passes a tunnel through a proxy here, after its TLS handshake.
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
      return track((onCreated) => super.createConnection(request, onCreated), callback, 'connect')
    }
  }
  class TrackedHttpsAgent extends nodeHttps().Agent {
    override createConnection(
      request: https.RequestOptions,
      callback?: ConnectionCallback,
    ): Duplex | null | undefined {
      return track(
        (onCreated) => super.createConnection(request, onCreated),
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
