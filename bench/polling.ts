/**
 * Compares ways to poll a job, for jobs from 5 seconds to half an hour: the delay after the end of the job,
 * and the number of requests. `npm run bench:polling [-- --write]`.
 */
import { writeFileSync } from 'node:fs'
import { pollDelayMs } from '../src/storage/jobs/polling.ts'
import { lineChart } from './chart.ts'
import { docsPath, writeSection } from './docs.ts'
import { simulatePolling, type PollingCost } from './polling-cost.ts'
import { seededRandom } from './virtual-clock.ts'

type Strategy = Readonly<{
  name: string
  delayMs(elapsedMs: number, random: () => number): number
}>

const JOBS_S = [5, 10, 20, 40, 60, 90, 120, 180, 300, 600, 1_200, 1_800]

const clamp = (low: number, value: number, high: number): number =>
  Math.min(high, Math.max(low, value))

const strategies: readonly Strategy[] = [
  { name: 'this action', delayMs: pollDelayMs },
  { name: 'every 5 s', delayMs: () => 5_000 },
  { name: 'every 15 s', delayMs: () => 15_000 },
  {
    name: 'doubling from 2 s to 120 s',
    delayMs: (elapsed) => clamp(2_000, elapsed, 120_000),
  },
  {
    name: 'a twentieth, at least 2 s',
    delayMs: (elapsed, random) => clamp(2_000, elapsed / 20, 30_000) * (0.85 + 0.3 * random()),
  },
]

function simulate({ delayMs }: Strategy, jobS: number): PollingCost {
  const random = seededRandom(jobS)
  return simulatePolling(jobS, (elapsed) => delayMs(elapsed, random), random)
}

const results = strategies.map((strategy) => ({
  strategy,
  points: JOBS_S.map((jobS) => ({ jobS, ...simulate(strategy, jobS) })),
}))
const table = [
  `| job (s) | ${strategies.map(({ name }) => name).join(' | ')} |`,
  `|---:|${strategies.map(() => '---:').join('|')}|`,
  ...JOBS_S.map((jobS, index) => {
    const cells = results.map(({ points }) => {
      const point = points[index]
      return point === undefined ? '' : `${point.lagS.toFixed(1)} s, ${point.requests.toFixed(0)}`
    })
    return `| ${jobS} | ${cells.join(' | ')} |`
  }),
].join('\n')
process.stdout.write(`Mean delay after the end of the job, and requests:\n\n${table}\n`)

if (process.argv.includes('--write')) {
  writeSection('polling', table)
  writeFileSync(
    docsPath('pictures/polling-lag.svg'),
    lineChart(
      'Seconds from the end of the job to its detection',
      'duration of the job, seconds',
      results.map(({ strategy, points }) => ({
        label: strategy.name,
        points: points.map(({ jobS, lagS }) => [jobS, lagS] as const),
      })),
    ),
  )
  writeFileSync(
    docsPath('pictures/polling-requests.svg'),
    lineChart(
      'Requests until the end is detected',
      'duration of the job, seconds',
      results.map(({ strategy, points }) => ({
        label: strategy.name,
        points: points.map(({ jobS, requests }) => [jobS, requests] as const),
      })),
    ),
  )
}
