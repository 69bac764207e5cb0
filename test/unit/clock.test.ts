import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { formatDuration, abortReason, systemClock } from '../../src/lib/clock.ts'
import { neverAborted } from '../support/unit/storage-context.ts'

describe('a time for people', () => {
  test.each([
    [-5_000, '0 s'],
    [0, '0 s'],
    [499, '0 s'],
    [500, '1 s'],
    [1_499, '1 s'],
    [45_000, '45 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [60_000, '1 min'],
    [61_000, '1 min 1 s'],
    [119_400, '1 min 59 s'],
    [200_000, '3 min 20 s'],
    [1_800_000, '30 min'],
    [21_000_000, '350 min'],
  ])('of %i ms is "%s"', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('the machine’s clock', () => {
  test('goes forward, and sleeps as long as asked', async () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const before = systemClock.now()
    const ended: string[] = []
    const sleeping = systemClock.sleep(5_000, neverAborted).then(() => ended.push('awake'))
    await vi.advanceTimersByTimeAsync(4_999)
    expect(ended).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await sleeping
    expect(ended).toEqual(['awake'])
    expect(systemClock.now() - before).toBe(5_000)
  })

  test('is woken by the signal, with its reason, and leaves no timer behind', async () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const abort = new AbortController()
    const reason = new Error('SIGINT')
    const sleeping = systemClock.sleep(5_000, abort.signal)
    abort.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('does not sleep at all when the signal is aborted before', async () => {
    const reason = new Error('SIGINT')
    await expect(systemClock.sleep(1e9, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('does not listen to the signal any more when it has slept', async () => {
    const abort = new AbortController()
    const removed = vi.spyOn(abort.signal, 'removeEventListener')
    await systemClock.sleep(0, abort.signal)
    expect(removed).toHaveBeenCalledOnce()
  })
})

describe('the reason of a signal', () => {
  test('is an error, whatever it was aborted with', () => {
    const reason = new TypeError('x')
    expect(abortReason(AbortSignal.abort(reason))).toBe(reason)
    expect(abortReason(AbortSignal.abort('x'))).toMatchObject({ message: 'aborted', cause: 'x' })
    expect(abortReason(AbortSignal.abort())).toMatchObject({ name: 'AbortError' })
  })
})
