/**
 * A module to preload that crashes or blocks the process: CRASH says how, and CRASH_AT after which text in
 * the log.
 */
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import timers from 'node:timers'

/** Timers longer than this do not keep the process alive, so that the deadline of the run does not. */
let holdMs = 60_000

const realSetTimeout = timers.setTimeout
const unrefLongTimers = Object.assign(
  (run: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => {
    const timer = realSetTimeout(run, ms, ...given)
    return ms > holdMs ? timer.unref() : timer
  },
  realSetTimeout,
)
Reflect.set(timers, 'setTimeout', unrefLongTimers)
Reflect.set(globalThis, 'setTimeout', unrefLongTimers)
syncBuiltinESMExports()

/** From now on no connection is established, and longer timers do not keep the process alive. */
function silence(longerThanMs: number): void {
  holdMs = longerThanMs
  Socket.prototype.connect = function connect(this: Socket) {
    return this
  }
}

/** Emits a signal in the process, which works on Windows as well. */
function signal(name: 'SIGINT' | 'SIGUSR2'): void {
  process.on(name, () => {
    throw new Error('crash by signal')
  })
  setImmediate(() => process.emit(name))
}

const kinds: Readonly<Record<string, () => void>> = {
  'a rejection that nothing handles': () => {
    void Promise.reject(new Error('crash by rejection'))
  },
  'a rejection without an error': () => {
    void Promise.resolve().then(() => {
      throw Object.assign(Object.create(null), { because: 'crash' })
    })
  },
  'an exception in a timer': () => {
    setTimeout(() => {
      throw new Error('crash\n::error::by exception')
    }, 0)
  },
  'exceptions one after the other': () => {
    setInterval(() => {
      throw new Error('crash again and again')
    }, 5)
  },
  'an exception in the handler of a signal': () => {
    signal('SIGUSR2')
  },
  'an exception in the handler of the signal that cancels': () => {
    signal('SIGINT')
  },
  'promises that never settle': () => {
    silence(1_000)
  },
  'a process in which nothing moves': () => {
    silence(0)
  },
  'a premature exit': () => {
    process.exit(0)
  },
}

const crash = kinds[process.env['CRASH'] ?? '']
const trigger = process.env['CRASH_AT']
if (crash === undefined || trigger === undefined) throw new Error('What, and when?')

const write = process.stdout.write.bind(process.stdout)
let done = false
Reflect.set(process.stdout, 'write', (text: unknown, ...rest: unknown[]): unknown => {
  const answer: unknown = Reflect.apply(write, process.stdout, [text, ...rest])
  if (!done && typeof text === 'string' && text.includes(trigger)) {
    done = true
    crash()
  }
  return answer
})
