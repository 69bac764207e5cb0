/** A run that is cancelled the way a runner does it: by a signal to its process. */
import { setTimeout as sleep } from 'node:timers/promises'

import type { OperationName } from '../../emulator/emulator.ts'
import type { StepEnd } from '../../emulator/runner/action-step.ts'
import { runAction, type Scenario, type Stage } from './action.ts'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL'

export type CancelOrder = Readonly<{
  /** The call that arrives at the service before. */
  after: OperationName
  /** Milliseconds from then on. */
  delayMs: number
  signal: Signal
  /** Milliseconds until a second signal, if one is sent. */
  againMs?: number | undefined
}>

export type Cancelled = Readonly<{
  end: StepEnd
  /** Milliseconds from the signal until the process was gone. */
  tookMs: number
  /** How many calls arrived after the signal. */
  lateCalls: number
}>

/** Runs the bundle, and cancels it. */
export async function cancelled(
  stage: Stage,
  order: CancelOrder,
  scenario: Scenario = {},
): Promise<Cancelled> {
  const { emulator } = stage
  const over = new AbortController()
  let sent: { at: number; calls: number } | undefined
  const cancel = async (pid: number): Promise<void> => {
    while (emulator.calls(order.after).length === 0) await sleep(3, undefined, over)
    await sleep(order.delayMs, undefined, over)
    sent = { at: performance.now(), calls: emulator.received.length }
    process.kill(pid, order.signal)
    if (order.againMs === undefined) return
    await sleep(order.againMs, undefined, over)
    process.kill(pid, 'SIGTERM')
  }
  const end = await runAction(stage, {
    ...scenario,
    onStart: (pid) => {
      cancel(pid).catch((error: unknown) => {
        if (!over.signal.aborted) throw error
      })
    },
  })
  const endedAt = performance.now()
  over.abort()
  if (sent === undefined) throw new Error(`It ended before the signal:\n${end.shown.join('\n')}`)
  return { end, tookMs: endedAt - sent.at, lateCalls: emulator.received.length - sent.calls }
}
