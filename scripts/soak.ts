/**
 * Runs the bundle repeatedly against the emulator, each time with a random scenario, and checks invariants
 * that must hold in every run.
 *
 *     npm run soak                                300 runs
 *     npm run soak -- --runs 25
 *     npm run soak -- --seed 4711                 the same scenarios again
 *     npm run soak -- --seed 4711 --only 17       one of them, with its log
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import type { Violation } from '../test/soak/invariants.ts'
import { runSoakScenario, type SoakRun } from '../test/soak/run.ts'
import { newSeed } from '../test/support/seeded-random.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string' },
    only: { type: 'string' },
    scale: { type: 'string', default: '20' },
    parallel: { type: 'string', default: String(availableParallelism() * 4) },
  },
})

function integer(name: string, text: string, min: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= min) return value
  console.error(`--${name} must be an integer of at least ${min}, not "${text}".`)
  process.exit(2)
}

const seed = values.seed === undefined ? newSeed() : integer('seed', values.seed, 0)
const scale = integer('scale', values.scale, 1)
const only = values.only === undefined ? undefined : integer('only', values.only, 1)
const runs = integer('runs', values.runs, 1)
const parallel = integer('parallel', values.parallel, 1)

/** The step between two runs is large, so that neighbouring seeds share no run. */
const seedForRun = (run: number): number => (seed + run * 1_000_003) % 2 ** 31

const finished: SoakRun[] = []
let failed: Readonly<{ run: number; result: SoakRun }> | undefined
const startedAt = performance.now()
const queue = only === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [only]
console.log(`Soak test: ${queue.length} runs, seed ${seed}.`)

async function worker(): Promise<void> {
  for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
    if (failed !== undefined) return
    const result = await runSoakScenario(seedForRun(run), scale)
    finished.push(result)
    if (result.violations.length > 0) failed ??= { run, result }
    if (only !== undefined) console.log(result.log.join('\n'))
    else if (finished.length % 25 === 0) console.log(`${finished.length} runs finished.`)
  }
}

await Promise.all(Array.from({ length: parallel }, worker))

const countViolations = (kind: Violation['kind']): number =>
  finished.filter(({ violations }) => violations.some((violation) => violation.kind === kind))
    .length
const sum = (getCount: (run: SoakRun) => number): number =>
  finished.reduce((total, run) => total + getCount(run), 0)
const results = Object.entries(Object.groupBy(finished, ({ result }) => result))
  .map(([result, group]) => `${result} ${group?.length ?? 0}`)
  .sort()
const rows: readonly (readonly [name: string, value: string | number])[] = [
  ['runs', finished.length],
  ['seed', seed],
  ['seconds', Math.round((performance.now() - startedAt) / 1000)],
  ['results', results.join(', ')],
  ['faulty calls', sum(({ faults }) => faults.length)],
  ['kinds of faults', new Set(finished.flatMap(({ faults }) => faults)).size],
  ['retries', sum(({ retries }) => retries)],
  ['creates and updates sent', sum(({ sends }) => sends)],
  ['creates and updates accepted', sum(({ accepted }) => accepted)],
  ['duplicates', countViolations('duplicate')],
  ['hangs', countViolations('hang')],
  ['leaked secrets', countViolations('leak')],
  ['false successes', countViolations('false success')],
  ['lost jobs', countViolations('lost job')],
  ['runs without a result', countViolations('no result')],
]
console.log(`\n${rows.map(([name, value]) => `${name.padEnd(30)}${value}`).join('\n')}`)

if (failed !== undefined) {
  const { run, result } = failed
  const violations = result.violations.map(({ kind, detail }) => `${kind} (${detail})`)
  console.error(
    [
      '',
      `Run ${run} violates an invariant: ${violations.join('; ')}`,
      `To repeat it: npm run soak -- --seed ${seed} --only ${run}`,
      JSON.stringify(result.scenario, undefined, 2),
      ...result.log,
    ].join('\n'),
  )
  process.exitCode = 1
}
