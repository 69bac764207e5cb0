/** TLS in front of a server without TLS. */
import { connect } from 'node:net'
import { createServer } from 'node:tls'

import type { TlsIdentity } from './certificate-authority.ts'
import { listenInTest, pipeBoth } from './loopback-server.ts'

export type TlsTerminator = Readonly<{
  port: number
  /** The server name of each completed handshake. */
  handshakes: readonly string[]
}>

/** Stops with the test. */
export async function startTlsTerminator(
  behind: number,
  identity: TlsIdentity,
): Promise<TlsTerminator> {
  const handshakes: string[] = []
  const server = createServer({ ...identity }, (socket) => {
    handshakes.push(typeof socket.servername === 'string' ? socket.servername : '')
    pipeBoth(socket, connect(behind, '127.0.0.1'))
  })
  const port = await listenInTest(server)
  return { port, handshakes }
}
