/** Cancels a run the way a runner does it: by a signal to its process. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { OperationName } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { runAction, type RunActionOptions, type TestBed } from './run-action.ts'

export type CancelOptions = Readonly<{
  /** The call after whose arrival the run is cancelled. */
  after: OperationName
  /** Milliseconds between the two. */
  delayMs: number
  signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'
  /** Milliseconds until a second signal, a SIGTERM; none when left out. */
  secondSignalAfterMs?: number | undefined
}>

export type CancelledRun = Readonly<{
  result: StepResult
  /** Milliseconds from the signal to the end of the process. */
  tookMs: number
  /** How many calls arrived after the signal. */
  lateCalls: number
}>

/** Runs the action and cancels it. */
export async function runAndCancel(
  bed: TestBed,
  { after, delayMs, signal, secondSignalAfterMs }: CancelOptions,
  options: RunActionOptions = {},
): Promise<CancelledRun> {
  const { emulator } = bed
  const ended = new AbortController()
  let sent: { at: number; calls: number } | undefined
  const cancel = async (pid: number): Promise<void> => {
    while (emulator.calls(after).length === 0) await sleep(3, undefined, ended)
    await sleep(delayMs, undefined, ended)
    sent = { at: performance.now(), calls: emulator.requests.length }
    process.kill(pid, signal)
    if (secondSignalAfterMs === undefined) return
    await sleep(secondSignalAfterMs, undefined, ended)
    process.kill(pid, 'SIGTERM')
  }
  const result = await runAction(bed, {
    ...options,
    onStart: (pid) => {
      cancel(pid).catch((error: unknown) => {
        if (!ended.signal.aborted) throw error
      })
    },
  })
  const endedAt = performance.now()
  ended.abort()
  if (sent === undefined) throw new Error(`It ended before the signal:\n${result.log.join('\n')}`)
  return { result, tookMs: endedAt - sent.at, lateCalls: emulator.requests.length - sent.calls }
}
