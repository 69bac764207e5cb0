/** A clock for thousands of simulated runs: time jumps to the next event in a heap. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../src/lib/clock.ts'

type Event = Readonly<{ at: number; order: number; run: () => void }>

export type VirtualClock = Clock & Readonly<{ run<T>(task: Promise<T>): Promise<T> }>

const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** The events in order, as a binary heap. */
function createEventQueue() {
  const heap: Event[] = []

  const swap = (one: number, other: number): void => {
    const [first, second] = [heap[one], heap[other]]
    if (first === undefined || second === undefined) return
    heap[one] = second
    heap[other] = first
  }
  const isOrdered = (upper: number, lower: number): boolean => {
    const [first, second] = [heap[upper], heap[lower]]
    return first === undefined || second === undefined || isBefore(first, second)
  }
  const push = (event: Event): void => {
    heap.push(event)
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1
      if (isOrdered(parent, at)) return
      swap(parent, at)
      at = parent
    }
  }
  const pop = (): Event | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return first
    heap[0] = last
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const smaller = isOrdered(left, left + 1) ? left : left + 1
      if (smaller >= heap.length || isOrdered(at, smaller)) return first
      swap(at, smaller)
      at = smaller
    }
  }
  return { push, pop, peek: (): Event | undefined => heap[0] }
}

export function createVirtualClock(): VirtualClock {
  const queue = createEventQueue()
  let now = 0
  let order = 0
  return {
    now: () => now,
    sleep: (ms) =>
      new Promise((resolve) => {
        queue.push({ at: now + ms, order: (order += 1), run: resolve })
      }),
    run: async (task) => {
      const state = { ended: false }
      const end = (): void => {
        state.ended = true
      }
      task.then(end, end)
      for (;;) {
        // After one turn of the event loop, every settled promise has run its callbacks.
        await turn()
        if (state.ended) return await task
        const event = queue.pop()
        if (event === undefined) throw new Error('The task waits, but no event is scheduled')
        now = event.at
        event.run()
        // All events of the same moment run together.
        while (queue.peek()?.at === now) queue.pop()?.run()
      }
    },
  }
}

/** The same sequence of numbers in [0, 1) for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
