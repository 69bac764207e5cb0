/** One run of the soak, from its seed to what is wrong with its end. */
import { runAction } from '../support/run-action.ts'
import { startTestBed } from '../support/run-action.ts'
import { findViolations, type Violation } from './invariants.ts'
import { setUpScenario, createScenario, TIMEOUT_MINUTES, type SoakScenario } from './scenario.ts'

export type SoakRun = Readonly<{
  scenario: SoakScenario
  violations: readonly Violation[]
  result: string
  /** Operations with the kinds of the faults that were played on them. */
  faults: readonly string[]
  sends: number
  accepted: number
  retries: number
  log: readonly string[]
}>

/** The run's own deadline keeps it; more than this is a process that hangs. */
const timeoutMs = (scale: number): number => (TIMEOUT_MINUTES * 60_000) / scale + 20_000

export async function runSoakScenario(seed: number, scale: number): Promise<SoakRun> {
  const scenario = createScenario(seed)
  // Its own emulator: what a spoilt call does after the end must not reach the next run.
  const stage = await startTestBed({ scale, rules: scenario.rules })
  const { emulator } = stage
  try {
    const event = setUpScenario(emulator, scenario)
    let pid: number | undefined
    let timer: NodeJS.Timeout | undefined
    const end = await runAction(stage, {
      event,
      with: scenario.with,
      timeoutMs: timeoutMs(scale),
      onStart: (started) => {
        pid = started
      },
      onLine: () => {
        if (scenario.cancelAfterMs === undefined || timer !== undefined) return
        timer = setTimeout(() => {
          if (pid !== undefined) process.kill(pid, 'SIGTERM')
        }, scenario.cancelAfterMs)
      },
    })
    clearTimeout(timer)
    const { create, update } = emulator.state.counters
    return {
      scenario,
      violations: findViolations({ scenario, end, emulator }),
      result: end.outputs['result'] ?? 'none',
      faults: emulator.requests.flatMap(({ operation, fault }) =>
        fault === undefined ? [] : [`${String(operation)} ${fault.kind}`],
      ),
      sends: create.received + update.received,
      accepted: create.accepted + update.accepted,
      retries: end.log.filter((line) => line.includes('Next attempt in')).length,
      log: end.log,
    }
  } finally {
    await emulator.stop()
  }
}
