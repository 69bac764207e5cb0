/** One run of the soak, from its seed to what is wrong with its end. */
import { runAction } from '../kit/action.ts'
import { open } from '../kit/stages.ts'
import { violationsOf, type Violation } from './judge.ts'
import { arrange, scenarioOf, TIMEOUT_MINUTES, type SoakScenario } from './scenario.ts'

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
const limitMs = (scale: number): number => (TIMEOUT_MINUTES * 60_000) / scale + 20_000

export async function soakRun(seed: number, scale: number): Promise<SoakRun> {
  const scenario = scenarioOf(seed)
  // Its own emulator: what a spoilt call does after the end must not reach the next run.
  const stage = await open(scale, scenario.rules)
  const { emulator } = stage
  try {
    const event = arrange(emulator, scenario)
    let pid: number | undefined
    let timer: NodeJS.Timeout | undefined
    const end = await runAction(stage, {
      event,
      with: scenario.with,
      limitMs: limitMs(scale),
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
    const { create, update } = emulator.world.counters
    return {
      scenario,
      violations: violationsOf({ scenario, end, emulator }),
      result: end.outputs['result'] ?? 'none',
      faults: emulator.received.flatMap(({ operation, fault }) =>
        fault === undefined ? [] : [`${String(operation)} ${fault.kind}`],
      ),
      sends: create.received + update.received,
      accepted: create.accepted + update.accepted,
      retries: end.shown.filter((line) => line.includes('Next attempt in')).length,
      log: end.shown,
    }
  } finally {
    await emulator.stop()
  }
}
