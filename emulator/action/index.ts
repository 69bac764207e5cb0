/** The entry of the action's bundle: the main step, the post step, or the emulator in the background. */
import { fileURLToPath } from 'node:url'

import { error } from './runner.ts'
import { serve } from './serve.ts'
import { start } from './start.ts'
import { stop } from './stop.ts'

const [, , mode, runner] = process.argv // The runner passes the state of the main step to the post step.
const { STATE_started: started, STATE_url: url } = process.env

try {
  if (mode === 'serve') await serve(process.env, Number(runner))
  else if (started === undefined) await start(process.env, fileURLToPath(import.meta.url))
  else if (url !== undefined) await stop(url)
} catch (reason) {
  error(reason instanceof Error ? reason.message : String(reason))
  process.exitCode = 1
}
