import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import { withHardTimeout, withAbortGrace } from '../../src/lib/timeout.ts'
import { rejectionOf } from '../support/unit/task-result.ts'
import { virtualClock } from '../support/unit/virtual-clock.ts'

const forEver = (): Promise<never> => new Promise(() => undefined)

describe('the time of a run', () => {
  it('leaves a task alone that ends before', async () => {
    const clock = virtualClock()
    const task = async (): Promise<string> => {
      await clock.sleep(59_000, new AbortController().signal)
      return 'done'
    }
    expect(await clock.run(withHardTimeout(clock, 60_000, task))).toBe('done')
    expect(clock.now()).toBe(59_000)
  })

  it('hands on what the task throws, and holds nothing up', async () => {
    const clock = virtualClock()
    const failing = (): Promise<never> => Promise.reject(new Error('its own'))
    await expect(clock.run(withHardTimeout(clock, 60_000, failing))).rejects.toThrow('its own')
    await clock.drain()
    expect(clock.now()).toBe(0)
  })

  it('ends a task that does not keep it by itself, a little after', async () => {
    const clock = virtualClock()
    const error = await rejectionOf(clock.run(withHardTimeout(clock, 60_000, forEver)))
    expect(error).toMatchObject({ code: 'TIMED_OUT', result: 'timed-out' })
    expect(clock.now()).toBe(75_000)
  })
})

describe('a task that a signal may end', () => {
  const reason = new Error('the reason')

  it('gives its value when nothing is aborted, and leaves no timer', async () => {
    const clock = virtualClock()
    const { signal } = new AbortController()
    expect(await withAbortGrace(clock, signal, 650, Promise.resolve(7))).toBe(7)
    await clock.drain()
    expect(clock.now()).toBe(0)
  })

  it('gives its value when it comes within the grace', async () => {
    const clock = virtualClock()
    const abort = new AbortController()
    const task = clock.sleep(1_600, new AbortController().signal).then(() => 'late')
    clock.schedule(1_000, () => {
      abort.abort(reason)
    })
    expect(await clock.run(withAbortGrace(clock, abort.signal, 650, task))).toBe('late')
  })

  it('is left behind when it does not, for the reason of the signal', async () => {
    const clock = virtualClock()
    const abort = new AbortController()
    clock.schedule(1_000, () => {
      abort.abort(reason)
    })
    await expect(clock.run(withAbortGrace(clock, abort.signal, 650, forEver()))).rejects.toBe(
      reason,
    )
    expect(clock.now()).toBe(1_650)
  })

  it('gets the grace also when the signal came before it', async () => {
    const clock = virtualClock()
    const task = clock.sleep(100, new AbortController().signal).then(() => 'in time')
    expect(await clock.run(withAbortGrace(clock, AbortSignal.abort(reason), 150, task))).toBe(
      'in time',
    )
    await expect(
      clock.run(withAbortGrace(clock, AbortSignal.abort(reason), 150, forEver())),
    ).rejects.toBe(reason)
  })

  it('hands on what it throws itself', async () => {
    const clock = virtualClock()
    const { signal } = new AbortController()
    const failed = Promise.reject(new Error('its own'))
    await expect(withAbortGrace(clock, signal, 650, failed)).rejects.toThrow('its own')
    await turn()
  })
})
