/** What the loopback servers of the tests have in common. */
import type { Server, Socket } from 'node:net'

/** A server on a free port of 127.0.0.1; stopping it cuts off whatever is still open. */
export type Listening = Readonly<{ port: number; stop(): Promise<void> }>

export async function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    keepQuiet(socket)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
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

/** A connection that breaks is part of many scenarios, and never an error of the server. */
export function keepQuiet(socket: Socket): void {
  socket.on('error', () => socket.destroy())
}

/** Connects two sockets, each ending with the other. */
export function join(one: Socket, other: Socket): void {
  keepQuiet(one)
  keepQuiet(other)
  one.pipe(other)
  other.pipe(one)
  one.once('close', () => other.destroy())
  other.once('close', () => one.destroy())
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function closedPort(create: () => Server): Promise<number> {
  const { port, stop } = await listen(create())
  await stop()
  return port
}
