import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createCancellation, MUTATION_GRACE_MS } from '../../src/run/cancellation.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import { abortReason } from '../../src/lib/clock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a run that nobody cancels', () => {
  it('has signals that say nothing', () => {
    const { signal, mutationSignal } = createCancellation()
    vi.advanceTimersByTime(3_600_000)
    expect([signal.aborted, mutationSignal.aborted]).toEqual([false, false])
  })
})

describe('a cancelled run', () => {
  it('makes no new call from that moment on, and lets a create finish for 600 ms', () => {
    const { signal, mutationSignal, cancel } = createCancellation()
    cancel('SIGINT')
    expect([signal.aborted, mutationSignal.aborted]).toEqual([true, false])
    vi.advanceTimersByTime(MUTATION_GRACE_MS - 1)
    expect(mutationSignal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(mutationSignal.aborted).toBe(true)
    expect(MUTATION_GRACE_MS).toBe(600)
  })

  it('ends as cancelled, and says by what', () => {
    const { signal, mutationSignal, cancel } = createCancellation()
    cancel('SIGTERM')
    vi.advanceTimersByTime(MUTATION_GRACE_MS)
    for (const reason of [abortReason(signal), abortReason(mutationSignal)]) {
      expect(reason).toBeInstanceOf(ActionError)
      expect(reason).toMatchObject({
        code: 'CANCELLED',
        result: 'cancelled',
        message: 'The run was cancelled (SIGTERM).',
      })
    }
  })

  it('is not given more time, nor another reason, by a second signal', () => {
    const { signal, mutationSignal, cancel } = createCancellation()
    cancel('SIGINT')
    vi.advanceTimersByTime(500)
    cancel('SIGTERM')
    vi.advanceTimersByTime(MUTATION_GRACE_MS - 500)
    expect(mutationSignal.aborted).toBe(true)
    expect(abortReason(signal).message).toContain('SIGINT')
  })
})

describe('a run that is abandoned for something unforeseen', () => {
  it('stops in the same way, and ends with what has gone wrong', () => {
    const { signal, mutationSignal, abandon } = createCancellation()
    const reason = new Error('unforeseen')
    abandon(reason)
    expect(signal.reason).toBe(reason)
    expect(mutationSignal.aborted).toBe(false)
    vi.advanceTimersByTime(MUTATION_GRACE_MS)
    expect(mutationSignal.reason).toBe(reason)
  })

  it('stays cancelled when it was cancelled before', () => {
    const { signal, cancel, abandon } = createCancellation()
    cancel('SIGINT')
    abandon(new Error('in the middle of the end'))
    expect(abortReason(signal).message).toContain('SIGINT')
  })
})
