import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Timers } from '../lib/clock.ts'
import { send, type Exchange } from '../lib/exchange.ts'
import { jsonResponse } from '../lib/http.ts'
import { createDispatcher, type ServerContext } from './dispatch.ts'

export type RunningServer = { readonly port: number; stop(): Promise<void> }

export type ServerOptions = {
  readonly timers: Timers
  /** 0 for any free port. */
  readonly port: number
  /** Whether to listen on [::1] as well. */
  readonly ipv6: boolean
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') reject(new Error('No port was bound'))
      else resolve(bound.port)
    })
  })
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
  })

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

function createListener(context: ServerContext, timers: Timers): RequestListener {
  const dispatch = createDispatcher(context)
  return (request, response) => {
    const exchange: Exchange = { request, response, now: () => context.clock.now(), timers }
    dispatch(exchange).catch((error: unknown) => {
      // A client that disconnects while it sends is not an error of the emulator.
      if (request.socket.destroyed) return
      const message = error instanceof Error ? error.message : String(error)
      if (response.headersSent) request.socket.destroy()
      else send(exchange, jsonResponse(500, { message: `The emulator failed: ${message}` }))
    })
  }
}

function createHttpServer(onRequest: RequestListener, sockets: Set<Socket>): Server {
  // Connections stay open for so long that no client sends a request while one is being closed.
  const server = createServer({ keepAliveTimeout: 300_000, requestTimeout: 0 }, onRequest)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  return server
}

/** Starts to listen, on loopback only. */
export async function startServer(
  context: ServerContext,
  { timers, port: wantedPort, ipv6 }: ServerOptions,
): Promise<RunningServer> {
  const sockets = new Set<Socket>()
  const onRequest = createListener(context, timers)
  const first = createHttpServer(onRequest, sockets)
  const servers = [first]
  const port = await listen(first, '127.0.0.1', wantedPort)
  if (ipv6) {
    const second = createHttpServer(onRequest, sockets)
    await listen(second, '::1', port)
    servers.push(second)
  }
  return {
    port,
    stop: async () => {
      const closed = servers.map(close)
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}
