/** What the servers of the tests have in common. */
import { randomInt } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'

/** A server on 127.0.0.1; stopping it destroys its open connections. */
export type LoopbackServer = Readonly<{ port: number; stop(): Promise<void> }>

/** @param at the port; a free one by default */
export async function listen(server: Server, at = 0): Promise<LoopbackServer> {
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
