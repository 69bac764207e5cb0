/** TLS in front of a server that speaks plain HTTP. */
import { connect } from 'node:net'
import { createServer } from 'node:tls'

import type { Identity } from './certificate.ts'
import { join, listen } from './sockets.ts'
import { onEnd } from './scope.ts'

export type TlsFront = Readonly<{
  port: number
  /** The names that clients asked for, one for each handshake that came about. */
  handshakes: readonly string[]
}>

/** Stops with the test. */
export async function startTlsFront(behind: number, identity: Identity): Promise<TlsFront> {
  const handshakes: string[] = []
  const server = createServer({ ...identity }, (socket) => {
    handshakes.push(typeof socket.servername === 'string' ? socket.servername : '')
    join(socket, connect(behind, '127.0.0.1'))
  })
  const { port, stop } = await listen(server)
  onEnd(stop)
  return { port, handshakes }
}
