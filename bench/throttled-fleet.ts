/**
 * Simulates many jobs at once on a throttled account: `npm run bench:fleet [-- --write]`. The action's own
 * code decides and waits, on a virtual clock, next to common ways to do the same.
 */
import { parseArgs } from 'node:util'
import { writeSection } from './docs.ts'
import { FIXED_DELAY_LOOP, strategies, type Strategy } from './fleet-strategies.ts'
import {
  BURST,
  CALLS_PER_SECOND,
  createAccount,
  createEnvironment,
  JOB_MS,
  neverAborted,
} from './throttled-service.ts'
import { createVirtualClock, seededRandom } from './virtual-clock.ts'

/** The runners of a matrix start within this time. */
const START_SPREAD_MS = 5_000

type Fleet = Readonly<{ jobs: number; parallel: number }>

const fleets: readonly Fleet[] = [
  { jobs: 10, parallel: 10 },
  { jobs: 256, parallel: 256 },
  { jobs: 256, parallel: 20 },
  { jobs: 10_000, parallel: 10_000 },
  { jobs: 10_000, parallel: 100 },
]

type FleetResult = Readonly<{
  durationS: number
  succeeded: number
  requests: number
  throttled: number
  slowestJobS: number
}>

async function simulate(fleet: Fleet, strategy: Strategy): Promise<FleetResult> {
  const clock = createVirtualClock()
  const account = createAccount(clock)
  const random = seededRandom(fleet.jobs * 31 + fleet.parallel)
  let next = 0
  let succeeded = 0
  let slowest = 0
  const runner = async (): Promise<void> => {
    await clock.sleep(random() * START_SPREAD_MS, neverAborted)
    for (let job = next++; job < fleet.jobs; job = next++) {
      const startedAt = clock.now()
      const environment = createEnvironment(clock, account, `job-${job}`)
      if (await strategy.run(clock, environment, random)) succeeded += 1
      slowest = Math.max(slowest, clock.now() - startedAt)
    }
  }
  await clock.run(Promise.all(Array.from({ length: fleet.parallel }, runner)))
  return {
    durationS: clock.now() / 1_000,
    succeeded,
    requests: account.requests,
    throttled: account.throttled,
    slowestJobS: slowest / 1_000,
  }
}

/** The calls of every run of the action before its job and after it. */
const CALLS_BEFORE = 3
const CALLS_AFTER = 3

/** A lower bound in seconds, from the slots, from the calls, and from the calls before and after the last jobs. */
function lowerBoundS({ jobs, parallel }: Fleet): number {
  const jobS = JOB_MS / 1_000
  const durationOfCallsS = (calls: number): number => Math.max(0, calls - BURST) / CALLS_PER_SECOND
  const bySlots = Math.ceil(jobs / parallel) * jobS
  const byCalls = durationOfCallsS(jobs * (CALLS_BEFORE + CALLS_AFTER))
  const byLastJobs =
    jobS + durationOfCallsS(Math.min(jobs, parallel) * Math.max(CALLS_BEFORE, CALLS_AFTER))
  return Math.max(bySlots, byCalls, byLastJobs)
}

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const lines: string[] = []
for (const fleet of fleets) {
  lines.push(
    '',
    `**${fleet.jobs} jobs, ${fleet.parallel} at once** (at least ${Math.round(lowerBoundS(fleet))} s)`,
    '',
    '| | all ended after (s) | to the lower bound | succeeded | requests | throttled | slowest job (s) |',
    '|---|---:|---:|---:|---:|---:|---:|',
  )
  for (const strategy of strategies) {
    if (strategy.name === FIXED_DELAY_LOOP && fleet.parallel > 1_000) {
      lines.push(`| ${strategy.name} | not simulated: tens of millions of requests | | | | | |`)
      continue
    }
    const { durationS, succeeded, requests, throttled, slowestJobS } = await simulate(
      fleet,
      strategy,
    )
    const share = Math.round((throttled / requests) * 100)
    lines.push(
      `| ${strategy.name} | ${Math.round(durationS)} | ${succeeded === fleet.jobs ? (durationS / lowerBoundS(fleet)).toFixed(2) : ''} | ${succeeded} | ${requests} | ${throttled} (${share} %) | ${Math.round(slowestJobS)} |`,
    )
    process.stderr.write(
      `${fleet.jobs}/${fleet.parallel} ${strategy.name}: ${Math.round(durationS)} s, ${succeeded} succeeded, ${requests} requests, ${throttled} throttled\n`,
    )
  }
}
const text = [
  `Simulated: ${CALLS_PER_SECOND} calls per second with bursts of ${BURST} for the account, jobs of ${JOB_MS / 1_000} s, started within ${START_SPREAD_MS / 1_000} s.`,
  ...lines,
].join('\n')
process.stdout.write(`${text}\n`)
if (values.write) writeSection('fleet', text)
