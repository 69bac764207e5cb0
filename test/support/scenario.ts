/**
 * What a test opens and has to close. Vitest tells tests that run side by side apart by their context
 * alone; here everything that a scenario awaits knows which one it belongs to.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { it, onTestFinished } from 'vitest'

type Task = () => void | Promise<void>

const currentCleanups = new AsyncLocalStorage<Task[]>()

/** Does something when the scenario is over. */
export function addCleanup(task: Task): void {
  const tasks = currentCleanups.getStore()
  if (tasks === undefined) onTestFinished(() => task())
  else tasks.push(task)
}

/** A test that may run beside others of its file, as vitest's `it` in a concurrent `describe`. */
export function scenario(
  title: string,
  run: () => Promise<void>,
  options: Readonly<{ timeout?: number }> = {},
): void {
  it.concurrent(title, { timeout: 60_000, ...options }, async () => {
    const tasks: Task[] = []
    try {
      await currentCleanups.run(tasks, run)
    } finally {
      for (const task of tasks.toReversed()) await task()
    }
  })
}

let running = 0
const waiting: (() => void)[] = []

/** Lets only so many tasks run at a time; the others wait for their turn. */
export async function limitConcurrency<T>(max: number, task: () => Promise<T>): Promise<T> {
  while (running >= max) {
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
    })
  }
  running += 1
  try {
    return await task()
  } finally {
    running -= 1
    waiting.shift()?.()
  }
}
