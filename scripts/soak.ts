/**
 * Runs the bundle again and again against the emulator, each time in a world with trouble of its own, and
 * looks for what must never happen.
 *
 *     npm run soak                                300 runs
 *     npm run soak -- --runs 25
 *     npm run soak -- --seed 4711                 the same worlds again
 *     npm run soak -- --seed 4711 --only 17       one of them, with its log
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import { newSeed } from '../test/support/seeded-random.ts'
import { runSoakScenario, type SoakRun } from '../test/soak/run.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string' },
    only: { type: 'string' },
    scale: { type: 'string', default: '20' },
    parallel: { type: 'string', default: String(availableParallelism() * 4) },
  },
})

function integer(name: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  console.error(`--${name} must be a whole number, ${least} at least, not ${text}.`)
  process.exit(2)
}

const seed = values.seed === undefined ? newSeed() : integer('seed', values.seed, 0)
const scale = integer('scale', values.scale, 1)
const only = values.only === undefined ? undefined : integer('only', values.only, 1)
const runs = integer('runs', values.runs, 1)
/** Far apart, so that neighbouring seeds have no run in common. */
const seedOf = (run: number): number => (seed + run * 1_000_003) % 2 ** 31

const done: SoakRun[] = []
let failed: { run: number; what: SoakRun } | undefined
const startedAt = performance.now()
const left = only === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [only]
console.log(`Soak: ${left.length} runs, seed ${seed}.`)

async function work(): Promise<void> {
  for (let run = left.shift(); run !== undefined; run = left.shift()) {
    if (failed !== undefined) return
    const what = await runSoakScenario(seedOf(run), scale)
    done.push(what)
    if (what.violations.length > 0) failed ??= { run, what }
    if (only !== undefined) console.log(what.log.join('\n'))
    else if (done.length % 25 === 0) console.log(`${done.length} runs done.`)
  }
}

await Promise.all(Array.from({ length: integer('parallel', values.parallel, 1) }, work))

const count = (kind: string): number =>
  done.filter(({ violations }) => violations.some((violation) => violation.kind === kind)).length
const sum = (of: (run: SoakRun) => number): number =>
  done.reduce((total, run) => total + of(run), 0)
const results = Object.entries(Object.groupBy(done, ({ result }) => result))
  .map(([result, group]) => `${result} ${group?.length ?? 0}`)
  .sort()
const rows: readonly (readonly [name: string, value: string | number])[] = [
  ['runs', done.length],
  ['seed', seed],
  ['seconds', Math.round((performance.now() - startedAt) / 1000)],
  ['results', results.join(', ')],
  ['spoilt calls', sum(({ faults }) => faults.length)],
  ['kinds of trouble', new Set(done.flatMap(({ faults }) => faults)).size],
  ['retries', sum(({ retries }) => retries)],
  ['creates and updates sent', sum(({ sends }) => sends)],
  ['creates and updates accepted', sum(({ accepted }) => accepted)],
  ['duplicates', count('duplicate')],
  ['hangs', count('hang')],
  ['leaked secrets', count('leak')],
  ['false greens', count('false green')],
  ['lost jobs', count('lost job')],
  ['ends without a verdict', count('no verdict')],
]
console.log(`\n${rows.map(([name, value]) => `${name.padEnd(30)}${value}`).join('\n')}`)

if (failed !== undefined) {
  const { run, what } = failed
  console.error(
    [
      '',
      `Run ${run} has gone wrong: ${what.violations.map(({ kind, detail: text }) => `${kind} (${text})`).join('; ')}`,
      `Again: npm run soak -- --seed ${seed} --only ${run}`,
      JSON.stringify(what.scenario, undefined, 2),
      ...what.log,
    ].join('\n'),
  )
  process.exitCode = 1
}
