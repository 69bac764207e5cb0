/**
 * A module to preload that makes time pass CLOCK_SCALE times faster than real time from CLOCK_ORIGIN on: for
 * Date, performance, the timers of globals and of node:timers, AbortSignal.timeout and sockets.
 */
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

function required(name: string): number {
  const value = Number(process.env[name])
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} must be a positive number`)
  return value
}

const scale = required('CLOCK_SCALE')
const origin = required('CLOCK_ORIGIN')

const RealDate = Date
const now = (): number => Math.floor(origin + (RealDate.now() - origin) * scale)
const scaled = (delay: unknown): number => {
  const ms = Number(delay)
  return Number.isFinite(ms) ? ms / scale : 0
}

// A proxy instead of a subclass, since Date is also called without `new`, and instanceof must keep working.
const ScaledDate = new Proxy(RealDate, {
  construct: (target, given: unknown[], newTarget): Date => {
    const made: unknown = Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget)
    if (made instanceof RealDate) return made
    throw new TypeError('Date made something else')
  },
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver): unknown =>
    name === 'now' ? now : Reflect.get(target, name, receiver),
})
globalThis.Date = ScaledDate
Object.defineProperty(RealDate.prototype, 'constructor', { value: ScaledDate })

const realPerformanceNow = performance.now.bind(performance)
Object.defineProperty(performance, 'now', { value: () => realPerformanceNow() * scale })
Object.defineProperty(performance, 'timeOrigin', { value: now() - performance.now() })

/** Replaces a function with one that divides one of its arguments, and keeps its properties. */
function divide(holder: object, name: string, position: number): void {
  const real: unknown = Reflect.get(holder, name)
  if (typeof real !== 'function') throw new Error(`There is no function ${name}`)
  const replacement = function (this: unknown, ...given: unknown[]): unknown {
    const changed = given.map((value, index) => (index === position ? scaled(value) : value))
    return Reflect.apply(real, this, changed)
  }
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(real))
  Reflect.set(holder, name, replacement)
}

divide(timers, 'setTimeout', 1)
divide(timers, 'setInterval', 1)
divide(timersPromises, 'setTimeout', 0)
divide(timersPromises, 'setInterval', 0)
divide(timersPromises.scheduler, 'wait', 0)
globalThis.setTimeout = timers.setTimeout
globalThis.setInterval = timers.setInterval
divide(Socket.prototype, 'setTimeout', 0)
syncBuiltinESMExports()

const realAbortSignalTimeout = AbortSignal.timeout.bind(AbortSignal)
AbortSignal.timeout = (delay) => realAbortSignalTimeout(Math.ceil(scaled(delay)))
