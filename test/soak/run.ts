/** Runs one scenario of the soak test and lists what is wrong with its result. */
import { killIfRunning } from '../support/cancel-action.ts'
import { runAction, startTestBed } from '../support/run-action.ts'
import { findViolations, type Violation } from './invariants.ts'
import { setUpScenario, createScenario, TIMEOUT_MINUTES, type SoakScenario } from './scenario.ts'

export type SoakRun = Readonly<{
  scenario: SoakScenario
  violations: readonly Violation[]
  result: string
  /** The faults that were played, each as an operation and a kind. */
  faults: readonly string[]
  sends: number
  accepted: number
  retries: number
  log: readonly string[]
}>

export async function runSoakScenario(seed: number, scale: number): Promise<SoakRun> {
  const scenario = createScenario(seed)
  // Each run has an emulator of its own, since a call may still take effect after the run.
  const stage = await startTestBed({ scale, rules: scenario.rules })
  const { emulator } = stage
  try {
    const event = setUpScenario(emulator, scenario)
    let pid: number | undefined
    let timer: NodeJS.Timeout | undefined
    const end = await runAction(stage, {
      event,
      with: scenario.with,
      // A process that runs longer than its deadline allows hangs.
      timeoutMs: (TIMEOUT_MINUTES * 60_000) / scale + 20_000,
      onStart: (started) => {
        pid = started
      },
      onLine: () => {
        if (scenario.cancelAfterMs === undefined || timer !== undefined) return
        timer = setTimeout(() => {
          if (pid !== undefined) killIfRunning(pid, 'SIGTERM')
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
