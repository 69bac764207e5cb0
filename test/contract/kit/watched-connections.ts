/**
 * Preloaded, notes the host of every connection of the process in a file, and lets those by TLS reach a
 * server on loopback, as if it were the host.
 */
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'

const file = process.env['WATCH_FILE'] ?? ''
const port = Number(process.env['WATCH_PORT'])

const note = (host: unknown, to: unknown): void => {
  appendFileSync(file, `${String(host)}:${String(to)}\n`)
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is applied to its own socket below
const { connect } = net.Socket.prototype
Reflect.set(
  net.Socket.prototype,
  'connect',
  function (this: net.Socket, ...given: readonly unknown[]): unknown {
    // Node hands its own arguments over as one normalized list.
    const [first] = given.flat()
    const options = typeof first === 'object' && first !== null ? first : {}
    if (!Reflect.has(options, 'watched')) {
      note(Reflect.get(options, 'host') ?? 'localhost', Reflect.get(options, 'port'))
    }
    const connected: unknown = Reflect.apply(connect, this, given)
    return connected
  },
)

Reflect.set(tls, 'connect', (options: Readonly<{ host?: string; port?: number }>): net.Socket => {
  note(options.host, options.port)
  const socket = net.connect(Object.assign({ host: '127.0.0.1', port }, { watched: true }))
  socket.once('connect', () => socket.emit('secureConnect'))
  return socket
})
syncBuiltinESMExports()
