/**
 * A module to preload that delays connections to SLOW_ADDRESS by SLOW_MS, as if the host were distant.
 */
import { Socket } from 'node:net'

const address = process.env['SLOW_ADDRESS'] ?? ''
const delay = Number(process.env['SLOW_MS'])
if (address === '' || !Number.isFinite(delay))
  throw new Error('SLOW_ADDRESS and SLOW_MS are needed')

/** Node tries the addresses of a host on handles below every API, so the handle is changed. */
function slowDown(handle: object): void {
  const prototype: unknown = Object.getPrototypeOf(handle)
  const connect: unknown = Reflect.get(Object(prototype), 'connect')
  if (typeof connect !== 'function') throw new Error('A handle cannot connect')
  Reflect.set(Object(prototype), 'connect', function (this: unknown, ...given: unknown[]): unknown {
    const [request, host] = given
    const complete: unknown = Reflect.get(Object(request), 'oncomplete')
    if (host === address && typeof complete === 'function') {
      Reflect.set(Object(request), 'oncomplete', (...result: unknown[]) => {
        setTimeout(() => void Reflect.apply(complete, undefined, result), delay)
      })
    }
    const code: unknown = Reflect.apply(connect, this, given)
    return code
  })
}

// Any connection has a handle of the same class.
const probe = new Socket()
probe.on('error', () => undefined)
probe.connect(9, '127.0.0.1')
const handle: unknown = Reflect.get(probe, '_handle')
if (typeof handle !== 'object' || handle === null) throw new Error('A socket has no handle')
slowDown(handle)
probe.destroy()
