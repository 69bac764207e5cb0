/** A run that is cancelled the way a runner does it: by a signal to its process. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { OperationName } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { runAction, type RunActionOptions, type TestBed } from './run-action.ts'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL'

export type CancelOptions = Readonly<{
  /** The call that arrives at the service before. */
  after: OperationName
  /** Milliseconds from then on. */
  delayMs: number
  signal: Signal
  /** Milliseconds until a second signal, if one is sent. */
  secondSignalAfterMs?: number | undefined
}>

export type CancelledRun = Readonly<{
  result: StepResult
  /** Milliseconds from the signal until the process was gone. */
  tookMs: number
  /** How many calls arrived after the signal. */
  lateCalls: number
}>

/** Runs the bundle, and cancels it. */
export async function runAndCancel(
  stage: TestBed,
  order: CancelOptions,
  scenario: RunActionOptions = {},
): Promise<CancelledRun> {
  const { emulator } = stage
  const over = new AbortController()
  let sent: { at: number; calls: number } | undefined
  const cancel = async (pid: number): Promise<void> => {
    while (emulator.calls(order.after).length === 0) await sleep(3, undefined, over)
    await sleep(order.delayMs, undefined, over)
    sent = { at: performance.now(), calls: emulator.requests.length }
    process.kill(pid, order.signal)
    if (order.secondSignalAfterMs === undefined) return
    await sleep(order.secondSignalAfterMs, undefined, over)
    process.kill(pid, 'SIGTERM')
  }
  const result = await runAction(stage, {
    ...scenario,
    onStart: (pid) => {
      cancel(pid).catch((error: unknown) => {
        if (!over.signal.aborted) throw error
      })
    },
  })
  const endedAt = performance.now()
  over.abort()
  if (sent === undefined) throw new Error(`It ended before the signal:\n${result.log.join('\n')}`)
  return { result, tookMs: endedAt - sent.at, lateCalls: emulator.requests.length - sent.calls }
}
