import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createCancellation, SEND_GRACE_MS } from '../../src/cancellation.ts'
import { ActionError } from '../../src/errors.ts'
import { reasonOf } from '../../src/clock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a run that nobody cancels', () => {
  it('has signals that say nothing', () => {
    const { signal, sendSignal } = createCancellation()
    vi.advanceTimersByTime(3_600_000)
    expect([signal.aborted, sendSignal.aborted]).toEqual([false, false])
  })
})

describe('a cancelled run', () => {
  it('makes no new call from that moment on, and lets a create finish for 600 ms', () => {
    const { signal, sendSignal, cancel } = createCancellation()
    cancel('SIGINT')
    expect([signal.aborted, sendSignal.aborted]).toEqual([true, false])
    vi.advanceTimersByTime(SEND_GRACE_MS - 1)
    expect(sendSignal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(sendSignal.aborted).toBe(true)
    expect(SEND_GRACE_MS).toBe(600)
  })

  it('ends as cancelled, and says by what', () => {
    const { signal, sendSignal, cancel } = createCancellation()
    cancel('SIGTERM')
    vi.advanceTimersByTime(SEND_GRACE_MS)
    for (const reason of [reasonOf(signal), reasonOf(sendSignal)]) {
      expect(reason).toBeInstanceOf(ActionError)
      expect(reason).toMatchObject({
        code: 'CANCELLED',
        result: 'cancelled',
        message: 'The run was cancelled (SIGTERM).',
      })
    }
  })

  it('is not given more time, nor another reason, by a second signal', () => {
    const { signal, sendSignal, cancel } = createCancellation()
    cancel('SIGINT')
    vi.advanceTimersByTime(500)
    cancel('SIGTERM')
    vi.advanceTimersByTime(SEND_GRACE_MS - 500)
    expect(sendSignal.aborted).toBe(true)
    expect(reasonOf(signal).message).toContain('SIGINT')
  })
})

describe('a run that is abandoned for something unforeseen', () => {
  it('stops in the same way, and ends with what has gone wrong', () => {
    const { signal, sendSignal, abandon } = createCancellation()
    const reason = new Error('unforeseen')
    abandon(reason)
    expect(signal.reason).toBe(reason)
    expect(sendSignal.aborted).toBe(false)
    vi.advanceTimersByTime(SEND_GRACE_MS)
    expect(sendSignal.reason).toBe(reason)
  })

  it('stays cancelled when it was cancelled before', () => {
    const { signal, cancel, abandon } = createCancellation()
    cancel('SIGINT')
    abandon(new Error('in the middle of the end'))
    expect(reasonOf(signal).message).toContain('SIGINT')
  })
})
