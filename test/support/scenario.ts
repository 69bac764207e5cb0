/**
 * Tests that may run side by side, and their cleanup. Vitest knows concurrent tests by their context alone;
 * here everything that a scenario awaits knows which scenario it belongs to.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { it, onTestFinished } from 'vitest'

import { sampleCases } from './sampling.ts'

type Cleanup = () => void | Promise<void>

const currentCleanups = new AsyncLocalStorage<Cleanup[]>()

/** Registers what to do when the current test is over; the last one registered runs first. */
export function addCleanup(cleanup: Cleanup): void {
  const cleanups = currentCleanups.getStore()
  if (cleanups === undefined) onTestFinished(() => cleanup())
  else cleanups.push(cleanup)
}

/** A test that may run beside others of its file. */
export function scenario(title: string, run: () => Promise<void>): void {
  it.concurrent(title, async () => {
    const cleanups: Cleanup[] = []
    try {
      await currentCleanups.run(cleanups, run)
    } finally {
      for (const cleanup of cleanups.toReversed()) await cleanup()
    }
  })
}

/** One scenario for each case, whose name follows the title; a sample of the cases in `npm test`. */
export function scenarios<T>(
  title: string,
  cases: Readonly<Record<string, T>>,
  run: (given: T, name: string) => Promise<void>,
): void {
  for (const [name, given] of sampleCases(Object.entries(cases)))
    scenario(`${title} (${name})`, () => run(given, name))
}

/** Processes that may start at the same time: each keeps a core busy until its first line. */
const MAX_STARTING = 2

let starting = 0
const waiting: (() => void)[] = []

/** Waits until another process may start; the function that it returns lets the next one start. */
export async function acquireStart(): Promise<() => void> {
  while (starting >= MAX_STARTING) {
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
    })
  }
  starting += 1
  let released = false
  return () => {
    if (released) return
    released = true
    starting -= 1
    waiting.shift()?.()
  }
}
