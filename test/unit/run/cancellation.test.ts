import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { createCancellation, MUTATION_GRACE_MS } from '../../../src/run/cancellation.ts'
import { ActionError } from '../../../src/errors/action-error.ts'
import { abortReason } from '../../../src/lib/clock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('A run that is not cancelled', () => {
  it('No signal of a run that is not cancelled is aborted', () => {
    const { signal, mutationSignal } = createCancellation()
    vi.advanceTimersByTime(3_600_000)
    expect([signal.aborted, mutationSignal.aborted]).toEqual([false, false])
  })
})

describe('A cancelled run', () => {
  it('A cancellation stops calls at once and gives a create 600 ms to finish', () => {
    const { signal, mutationSignal, cancel } = createCancellation()
    cancel('SIGINT')
    expect([signal.aborted, mutationSignal.aborted]).toEqual([true, false])
    vi.advanceTimersByTime(MUTATION_GRACE_MS - 1)
    expect(mutationSignal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(mutationSignal.aborted).toBe(true)
    expect(MUTATION_GRACE_MS).toBe(600)
  })

  it('A cancelled run ends as cancelled and names the source', () => {
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

  it('A second signal changes neither the time nor the reason', () => {
    const { signal, mutationSignal, cancel } = createCancellation()
    cancel('SIGINT')
    vi.advanceTimersByTime(500)
    cancel('SIGTERM')
    vi.advanceTimersByTime(MUTATION_GRACE_MS - 500)
    expect(mutationSignal.aborted).toBe(true)
    expect(abortReason(signal).message).toContain('SIGINT')
  })
})

describe('A run that is abandoned after an unexpected error', () => {
  it('An abandoned run stops like a cancelled one and ends with the error', () => {
    const { signal, mutationSignal, abandon } = createCancellation()
    const reason = new Error('unexpected')
    abandon(reason)
    expect(signal.reason).toBe(reason)
    expect(mutationSignal.aborted).toBe(false)
    vi.advanceTimersByTime(MUTATION_GRACE_MS)
    expect(mutationSignal.reason).toBe(reason)
  })

  it('A run that was cancelled before it was abandoned stays cancelled', () => {
    const { signal, cancel, abandon } = createCancellation()
    cancel('SIGINT')
    abandon(new Error('in the middle of the end'))
    expect(abortReason(signal).message).toContain('SIGINT')
  })
})
