/** Servers on loopback that end with the test, and a clock on which nobody has to wait. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { createServer as createRawServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../../src/lib/clock.ts'
import { abortReason } from '../../../src/lib/clock.ts'
import { createAgents, destroyAgents, type Agents } from '../../../src/network/agents.ts'
import { listen } from '../servers/loopback-server.ts'

type Seen = Readonly<{
  method: string
  target: string
  headers: IncomingHttpHeaders
  body: string
}>

export type Served = Readonly<{
  url: string
  port: number
  /** Every request so far. */
  seen: readonly Seen[]
  /** How many connections there were. */
  connections(): number
}>

/** Answers every request; the function gets its number, from 0 on. */
export type Handler = (response: ServerResponse, seen: Seen, index: number) => void

async function listenUntilEnd(
  server: Server,
): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  const { port, stop } = await listen(server)
  onTestFinished(stop)
  return { port, connections: () => connections }
}

/** Starts an HTTP server. */
export async function serve(handle: Handler): Promise<Served> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        const one = {
          method: request.method ?? '',
          target: request.url ?? '',
          headers: request.headers,
          body,
        }
        seen.push(one)
        handle(response, one, seen.length - 1)
      },
      () => response.destroy(),
    )
  })
  const { port, connections } = await listenUntilEnd(server)
  return { url: `http://127.0.0.1:${port}`, port, seen, connections }
}

/** Starts a server that speaks whatever it likes. */
export async function serveRaw(talk: (socket: Socket) => void): Promise<Omit<Served, 'seen'>> {
  const server = createRawServer((socket) => {
    socket.on('error', () => socket.destroy())
    talk(socket)
  })
  const { port, connections } = await listenUntilEnd(server)
  return { url: `http://127.0.0.1:${port}`, port, connections }
}

/** Agents without a proxy, which are destroyed after the test. */
export function createTestAgents(): Agents {
  const agents = createAgents({})
  onTestFinished(() => {
    destroyAgents(agents)
  })
  return agents
}

/** The machine's clock, on which every sleep is over at once and counts as slept. */
export function skippingClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = []
  return {
    slept,
    now: () => performance.now() + slept.reduce((sum, ms) => sum + ms, 0),
    sleep: (ms, signal) => {
      if (signal.aborted) return Promise.reject(abortReason(signal))
      slept.push(ms)
      return Promise.resolve()
    },
  }
}
