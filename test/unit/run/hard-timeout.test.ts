import { expect, test } from 'vitest'
import { withHardTimeout } from '../../../src/run/hard-timeout.ts'
import { rejectionOf } from '../../support/unit/task-result.ts'
import { virtualClock } from '../../support/unit/virtual/virtual-clock.ts'

test('A run that ends within its time limit returns its value', async () => {
  const clock = virtualClock()
  const run = (): Promise<string> =>
    clock.sleep(59_000, new AbortController().signal).then(() => 'done')
  expect(await clock.run(withHardTimeout(clock, 60_000, run))).toBe('done')
})

test('The error of a run passes through', async () => {
  const clock = virtualClock()
  const run = (): Promise<never> => Promise.reject(new Error('its own'))
  await expect(clock.run(withHardTimeout(clock, 60_000, run))).rejects.toThrow('its own')
})

test('A run that exceeds its time limit by 15 seconds is abandoned', async () => {
  const clock = virtualClock()
  const run = (): Promise<never> => new Promise(() => undefined)
  const error = await rejectionOf(clock.run(withHardTimeout(clock, 60_000, run)))
  expect(error).toMatchObject({ code: 'TIMED_OUT', result: 'timed-out' })
  expect(clock.now()).toBe(75_000)
})
