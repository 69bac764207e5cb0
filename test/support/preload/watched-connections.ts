/**
 * A module to preload that records in a file how the process reaches out: connections with their host, DNS
 * lookups, datagrams, and other processes, which could do all of that unseen. TLS connections are redirected
 * to a server on loopback, without TLS.
 */
import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'

const file = process.env['WATCH_FILE'] ?? ''
const port = Number(process.env['WATCH_PORT'])

const note = (kind: string, what: string): void => {
  appendFileSync(file, `${kind} ${what}\n`)
}

const noteConnection = (options: object): void => {
  const host: unknown = Reflect.get(options, 'host') ?? 'localhost'
  note('connection', `${String(host)}:${String(Reflect.get(options, 'port'))}`)
}

/** Wraps a method so that its arguments are recorded before each call. */
function watch(holder: object, name: string, noted: (given: readonly unknown[]) => void): void {
  const original: unknown = Reflect.get(holder, name)
  if (typeof original !== 'function') return
  Reflect.set(holder, name, function (this: unknown, ...given: readonly unknown[]): unknown {
    noted(given)
    const done: unknown = Reflect.apply(original, this, given)
    return done
  })
}

watch(net.Socket.prototype, 'connect', (given) => {
  // Node calls this with one normalized list of arguments.
  const [first] = given.flat()
  const options = typeof first === 'object' && first !== null ? first : {}
  if (!Reflect.has(options, 'watched')) noteConnection(options)
})

Reflect.set(tls, 'connect', (first: unknown, second: unknown): net.Socket => {
  // HTTP/2 passes port and host as separate arguments.
  noteConnection(
    typeof first === 'object' && first !== null ? first : { port: first, host: second },
  )
  const socket = net.connect(Object.assign({ host: '127.0.0.1', port }, { watched: true }))
  socket.once('connect', () => socket.emit('secureConnect'))
  return socket
})

const { Resolver, promises } = dns
for (const resolver of [dns, promises, Resolver.prototype, promises.Resolver.prototype]) {
  for (const name of Object.getOwnPropertyNames(resolver)) {
    if (!/^(?:lookup|resolve|reverse)/.test(name)) continue
    watch(resolver, name, ([host]) => {
      note('look-up', String(host))
    })
  }
}

for (const name of ['connect', 'send']) {
  watch(dgram.Socket.prototype, name, (given) => {
    const to = given.filter((each) => typeof each === 'string' || typeof each === 'number')
    note('datagram', to.join(' '))
  })
}

const noteProcess = ([what]: readonly unknown[]): void => {
  const program: unknown =
    typeof what === 'object' && what !== null ? Reflect.get(what, 'file') : what
  note('process', String(program))
}
// All asynchronous ways to start a process use this method.
watch(childProcess.ChildProcess.prototype, 'spawn', noteProcess)
for (const name of ['spawnSync', 'execSync', 'execFileSync']) watch(childProcess, name, noteProcess)
watch(process, 'execve', noteProcess)

syncBuiltinESMExports()
