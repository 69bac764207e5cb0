/** Hands the real world to the run, and turns its ending into an exit code. */
import { readFileSync } from 'node:fs'
import { createCancellation } from './cancellation.ts'
import { systemClock } from './clock.ts'
import { isRed } from './ending.ts'
import { ensureVerdict } from './verdict.ts'
import { main } from './main.ts'
import { runnerToolkit } from './toolkit.ts'

const cancellation = createCancellation()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    cancellation.cancel(signal)
  })
}
const end = ensureVerdict(runnerToolkit, cancellation)

void main({
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  clock: systemClock,
  random: Math.random,
  toolkit: runnerToolkit,
  cancellation,
}).then((ending) => {
  end(isRed(ending) ? 1 : 0)
})
