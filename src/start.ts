/** Hands the real world to the run, and turns its ending into an exit code. */
import { readFileSync } from 'node:fs'
import { createCancellation } from './run/cancellation.ts'
import { systemClock } from './lib/clock.ts'
import { isFailure } from './run/outcome.ts'
import { installProcessGuard } from './run/process-guard.ts'
import { main } from './main.ts'
import { runnerToolkit } from './workflow/toolkit.ts'

const cancellation = createCancellation()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    cancellation.cancel(signal)
  })
}
const end = installProcessGuard(runnerToolkit, cancellation)

void main({
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  clock: systemClock,
  random: Math.random,
  toolkit: runnerToolkit,
  cancellation,
}).then((ending) => {
  end(isFailure(ending) ? 1 : 0)
})
