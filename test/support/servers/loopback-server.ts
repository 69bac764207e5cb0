/** What the servers of the tests have in common. */
import { randomInt } from 'node:crypto'
import { request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'

import { addCleanup } from '../scenario.ts'

/** Listens on a port of 127.0.0.1, a free one by default; `stop` destroys the open connections. */
async function listen(
  server: Server,
  at = 0,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    ignoreErrors(socket)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, '127.0.0.1', () => {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') reject(new Error('No port was bound'))
      else resolve(bound.port)
    })
  })
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Lets a server listen until the test is over, and returns its port. */
export async function listenInTest(server: Server): Promise<number> {
  const { port, stop } = await listen(server)
  addCleanup(stop)
  return port
}

/** Starts a server that accepts connections and never responds; it stops with the test. */
export async function startSilentServer(): Promise<Readonly<{ port: number; url: string }>> {
  const port = await listenInTest(createServer((socket) => socket.resume()))
  return { port, url: `http://127.0.0.1:${port}` }
}

/** Ignores errors of a connection, which are part of many scenarios. */
function ignoreErrors(socket: Socket): void {
  socket.on('error', () => socket.destroy())
}

/** Connects two sockets, each ending with the other. */
export function pipeBoth(one: Socket, other: Socket): void {
  ignoreErrors(one)
  ignoreErrors(other)
  one.pipe(other)
  other.pipe(one)
  one.once('close', () => other.destroy())
  other.once('close', () => one.destroy())
}

/** Forwards a request without its hop-by-hop headers; the client has signed the others. */
export function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  target: Readonly<{ port: number; path: string }>,
  receive: (answer: IncomingMessage) => void,
): void {
  const { method = 'GET' } = request
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !name.startsWith('proxy-')),
  )
  const outgoing = sendRequest({ host: '127.0.0.1', ...target, method, headers }, receive)
  outgoing.on('error', () => response.destroy())
  request.pipe(outgoing)
}

/**
 * Finds a port of 127.0.0.1 on which nothing listens. It is below the ephemeral ports, one of which another
 * server could get in the meantime.
 */
export async function findClosedPort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      const { port, stop } = await listen(createServer(), randomInt(10_000, 30_000))
      await stop()
      return port
    } catch (error) {
      if (tries === 20) throw error
    }
  }
}
