/**
 * A module to preload that keeps a process on loopback: every other host is recorded and not found.
 * GUARD_LOG is the file for the hosts, and GUARD_NAMES says how names resolve.
 */
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { isIP, Socket } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'

const log = process.env['GUARD_LOG'] ?? ''
/** How names resolve: to `addresses`, or to EAI_AGAIN for `again` lookups and then to 127.0.0.1. */
const names: unknown = JSON.parse(process.env['GUARD_NAMES'] ?? '{}')
const lookups = new Map<string, number>()

function record(host: string): void {
  if (log !== '') appendFileSync(log, `${host}\n`)
}

function failure(code: string, host: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code} ${host}`), {
    code,
    syscall: 'getaddrinfo',
    hostname: host,
  })
}

function resolve(host: string): readonly string[] {
  const count = (lookups.get(host) ?? 0) + 1
  lookups.set(host, count)
  const known: unknown = Reflect.get(Object(names), host)
  if (known === undefined && (host === 'localhost' || host === '127.0.0.1')) return ['127.0.0.1']
  record(host)
  if (known === undefined) throw failure('ENOTFOUND', host)
  const addresses: unknown = Reflect.get(Object(known), 'addresses')
  if (count <= Number(Reflect.get(Object(known), 'again') ?? 0)) throw failure('EAI_AGAIN', host)
  return Array.isArray(addresses) ? addresses.map(String) : ['127.0.0.1']
}

// Node calls this for every connection by name: (host, options, callback).
function lookup(host: string, ...rest: readonly unknown[]): void {
  const callback = rest.at(-1)
  const all: unknown = Reflect.get(Object(rest[0]), 'all')
  if (typeof callback !== 'function') throw new TypeError('lookup needs a callback')
  setImmediate(() => {
    try {
      const found = resolve(host).map((address) => ({ address, family: isIP(address) }))
      if (all === true) Reflect.apply(callback, undefined, [null, found])
      else Reflect.apply(callback, undefined, [null, found[0]?.address, found[0]?.family])
    } catch (error) {
      Reflect.apply(callback, undefined, [error])
    }
  })
}

Reflect.set(dns, 'lookup', lookup)
syncBuiltinESMExports()

// Addresses need no lookup.
// eslint-disable-next-line @typescript-eslint/unbound-method -- called on the socket that it belongs to
const { connect } = Socket.prototype
const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.')
function guardedConnect(this: Socket, ...given: readonly unknown[]): Socket {
  const first: unknown = Array.isArray(given[0]) ? given[0][0] : given[0]
  const host: unknown = Reflect.get(Object(first), 'host')
  if (typeof host === 'string' && isIP(host) > 0 && !isLoopback(host)) {
    record(host)
    const error = new Error(`connect ENETUNREACH ${host}`)
    return this.destroy(Object.assign(error, { code: 'ENETUNREACH' }))
  }
  Reflect.apply(connect, this, given)
  return this
}
Reflect.set(Socket.prototype, 'connect', guardedConnect)
