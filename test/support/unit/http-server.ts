/** Servers on loopback that end with the test, and a clock on which nobody has to wait. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { createServer as createRawServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { abortReason, type Clock } from '../../../src/lib/clock.ts'
import { createAgents, destroyAgents, type Agents } from '../../../src/network/agents.ts'
import { listenInTest } from '../servers/loopback-server.ts'

type Seen = Readonly<{
  method: string
  target: string
  headers: IncomingHttpHeaders
  body: string
}>

export type Served = Readonly<{
  url: string
  port: number
  seen: readonly Seen[]
  connections(): number
}>

/** Answers every request; the function gets its number, from 0 on. */
export type Handler = (response: ServerResponse, seen: Seen, index: number) => void

async function start(server: Server): Promise<Omit<Served, 'seen'>> {
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  const port = await listenInTest(server)
  return { url: `http://127.0.0.1:${port}`, port, connections: () => connections }
}

export async function serve(handle: Handler): Promise<Served> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        const { method = '', url: target = '', headers } = request
        const one = { method, target, headers, body }
        seen.push(one)
        handle(response, one, seen.length - 1)
      },
      () => response.destroy(),
    )
  })
  return { ...(await start(server)), seen }
}

/** Starts a server that speaks whatever it likes. */
export const serveRaw = (talk: (socket: Socket) => void): Promise<Omit<Served, 'seen'>> =>
  start(createRawServer(talk))

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
