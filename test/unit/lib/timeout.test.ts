import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { TimeoutError, withAbortGrace, withTimeout } from '../../../src/lib/timeout.ts'
import { virtualClock } from '../../support/unit/virtual/virtual-clock.ts'

const forever = (): Promise<never> => new Promise(() => undefined)
const reason = new Error('the reason')

describe('withTimeout', () => {
  test('A task that finishes in time returns its value', async () => {
    const clock = virtualClock()
    const task = async (signal: AbortSignal): Promise<string> => {
      await clock.sleep(59_000, signal)
      return 'done'
    }
    expect(await clock.run(withTimeout({ clock, timeoutMs: 60_000 }, task))).toBe('done')
    expect(clock.now()).toBe(59_000)
  })

  test('The error of a task passes through and leaves no timer behind', async () => {
    const clock = virtualClock()
    const task = (): Promise<never> => Promise.reject(new Error('its own'))
    await expect(clock.run(withTimeout({ clock, timeoutMs: 60_000 }, task))).rejects.toThrow(
      'its own',
    )
    await clock.drain()
    expect(clock.now()).toBe(0)
  })

  test.each([
    [20, 'timed out after 0 s'],
    [1_500, 'timed out after 2 s'],
  ])('A task that ignores its signal is abandoned after %i ms', async (timeoutMs, message) => {
    const clock = virtualClock()
    const error = await clock.run(
      withTimeout({ clock, timeoutMs }, forever).catch((thrown: unknown) => thrown),
    )
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ name: 'TimeoutError', message })
    expect(clock.now()).toBe(timeoutMs)
  })

  test('The signal of the task is aborted with the timeout', async () => {
    const clock = virtualClock()
    const reasons: unknown[] = []
    const task = (signal: AbortSignal): Promise<never> => {
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      return forever()
    }
    await expect(clock.run(withTimeout({ clock, timeoutMs: 10 }, task))).rejects.toThrow()
    expect(reasons).toMatchObject([{ name: 'TimeoutError' }])
  })

  test('Cancellation ends the task with the reason of the signal, whatever the task throws', async () => {
    for (const fail of [forever, () => Promise.reject(new Error('its own'))]) {
      const abort = new AbortController()
      const task = (): Promise<never> => {
        abort.abort(reason)
        return fail()
      }
      await expect(withTimeout({ timeoutMs: 60_000, signal: abort.signal }, task)).rejects.toBe(
        reason,
      )
    }
  })

  test('The system clock is the default, and its timer ends with the task', async () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    expect(await withTimeout({ timeoutMs: 60_000 }, () => Promise.resolve(7))).toBe(7)
    expect(vi.getTimerCount()).toBe(0)
    const late = withTimeout({ timeoutMs: 1_500 }, forever).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(await late).toBeInstanceOf(TimeoutError)
  })
})

describe('withAbortGrace', () => {
  test('Without an abort, the task returns its value and leaves no timer behind', async () => {
    const clock = virtualClock()
    const { signal } = new AbortController()
    expect(await withAbortGrace(clock, signal, 650, Promise.resolve(7))).toBe(7)
    await clock.drain()
    expect(clock.now()).toBe(0)
  })

  test.each([1_000, undefined])(
    'A task that finishes within the grace period after an abort at %s ms returns its value',
    async (abortMs) => {
      const clock = virtualClock()
      const abort = new AbortController()
      if (abortMs === undefined) abort.abort(reason)
      else {
        clock.schedule(abortMs, () => {
          abort.abort(reason)
        })
      }
      const task = clock
        .sleep((abortMs ?? 0) + 600, new AbortController().signal)
        .then(() => 'late')
      expect(await clock.run(withAbortGrace(clock, abort.signal, 650, task))).toBe('late')
    },
  )

  test('A task that does not finish within the grace period is abandoned', async () => {
    const clock = virtualClock()
    const abort = new AbortController()
    clock.schedule(1_000, () => {
      abort.abort(reason)
    })
    await expect(clock.run(withAbortGrace(clock, abort.signal, 650, forever()))).rejects.toBe(
      reason,
    )
    expect(clock.now()).toBe(1_650)
  })

  test('The error of the task passes through', async () => {
    const clock = virtualClock()
    const { signal } = new AbortController()
    const task = Promise.reject(new Error('its own'))
    await expect(withAbortGrace(clock, signal, 650, task)).rejects.toThrow('its own')
    await nextTurn()
  })
})
