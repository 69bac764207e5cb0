import { expect, onTestFinished, test, vi } from 'vitest'
import { abortReason, formatDuration, systemClock } from '../../../src/lib/clock.ts'

test.each([
  [-5_000, '0 s'],
  [49, '0 s'],
  [50, '0.1 s'],
  [1_000, '1 s'],
  [1_449, '1.4 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [59_499, '59 s'],
  [59_500, '1 min'],
  [61_000, '1 min 1 s'],
  [119_400, '1 min 59 s'],
  [200_000, '3 min 20 s'],
  [3_600_000, '1 h'],
  [21_000_000, '5 h 50 min'],
  [10_834_000, '3 h'],
])('A duration of %i ms is formatted as "%s"', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('The system clock moves forward and sleeps as long as requested', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const startedAt = systemClock.now()
  const { signal } = new AbortController()
  const finished: string[] = []
  const sleeping = systemClock.sleep(5_000, signal).then(() => finished.push('awake'))
  await vi.advanceTimersByTimeAsync(4_999)
  expect(finished).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  await sleeping
  expect(finished).toEqual(['awake'])
  expect(systemClock.now() - startedAt).toBe(5_000)
})

test('Aborting the signal ends a sleep with its reason and leaves no timer behind', async () => {
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

test('A sleep with an aborted signal ends immediately', async () => {
  const reason = new Error('SIGINT')
  await expect(systemClock.sleep(1e9, AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('A finished sleep removes its listener from the signal', async () => {
  const { signal } = new AbortController()
  const removed = vi.spyOn(signal, 'removeEventListener')
  await systemClock.sleep(0, signal)
  expect(removed).toHaveBeenCalledOnce()
})

test('The reason of an aborted signal is always an error', () => {
  const reason = new TypeError('x')
  expect(abortReason(AbortSignal.abort(reason))).toBe(reason)
  expect(abortReason(AbortSignal.abort('x'))).toMatchObject({ message: 'aborted', cause: 'x' })
  expect(abortReason(AbortSignal.abort())).toMatchObject({ name: 'AbortError' })
})
