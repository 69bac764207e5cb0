/** Cancels a run the way a runner does it: by a signal to its process. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import type { OperationName } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { getString } from '../../src/lib/json.ts'
import { runAction, type RunActionOptions, type TestBed } from './run-action.ts'

export type CancelOptions = Readonly<{
  /** The call after whose arrival the run is cancelled. */
  after: OperationName
  delayMs: number
  signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'
  /** Milliseconds until a second signal, a SIGTERM; none when left out. */
  secondSignalAfterMs?: number | undefined
}>

export type CancelledRun = Readonly<{
  result: StepResult
  /** Milliseconds from the signal to the end of the process, without those in which a CPU was waited for. */
  tookMs: number
  /** How many calls arrived after the signal. */
  lateCalls: number
}>

/** How often it is measured what this process and the action lose to others on a busy machine. */
const TICK_MS = 10

export async function runAndCancel(
  bed: TestBed,
  { after, delayMs, signal, secondSignalAfterMs }: CancelOptions,
  options: RunActionOptions = {},
): Promise<CancelledRun> {
  const { emulator } = bed
  const ended = new AbortController()
  let sent: { at: number; calls: number } | undefined
  let waitedMs = 0
  let lateMs = 0
  const cancel = async (pid: number): Promise<void> => {
    while (emulator.calls(after).length === 0) await sleep(3, undefined, ended)
    await sleep(delayMs, undefined, ended)
    const waitedBeforeMs = readCpuWaitMs(pid) ?? 0
    sent = { at: performance.now(), calls: emulator.requests.length }
    process.kill(pid, signal)
    let lastTick = sent.at
    const watch = setInterval(() => {
      const now = performance.now()
      lateMs += Math.max(0, now - lastTick - 2 * TICK_MS)
      lastTick = now
      waitedMs = (readCpuWaitMs(pid) ?? waitedBeforeMs + waitedMs) - waitedBeforeMs
    }, TICK_MS)
    ended.signal.addEventListener('abort', () => {
      clearInterval(watch)
    })
    if (secondSignalAfterMs === undefined) return
    await sleep(secondSignalAfterMs, undefined, ended)
    killIfRunning(pid, 'SIGTERM')
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
  return {
    result,
    tookMs: endedAt - sent.at - waitedMs - lateMs,
    lateCalls: emulator.requests.length - sent.calls,
  }
}

/** Sends a signal to a process that can have ended before this process learns of it. */
export function killIfRunning(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (getString(error, 'code') !== 'ESRCH') throw error
  }
}

/** How long a process was ready to run and waited for a CPU, where the system says it. */
function readCpuWaitMs(pid: number): number | undefined {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
    return Number(waitedNs) / 1e6
  } catch {
    return undefined
  }
}
