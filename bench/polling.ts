/**
 * How to poll a job: what is waited too long against how often is asked, for jobs of seconds to half an
 * hour. `npm run bench:polling [-- --write]`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pollDelayMs } from '../src/storage/jobs/wait-for-job.ts'
import { lineChart } from './chart.ts'
import { simulatePolling, type PollingCost } from './polling-cost.ts'
import { seededRandom } from './virtual-clock.ts'

type Curve = Readonly<{ name: string; next(elapsedMs: number, random: () => number): number }>

const JOBS_S = [5, 10, 20, 40, 60, 90, 120, 180, 300, 600, 1_200, 1_800]

const within = (low: number, value: number, high: number): number =>
  Math.min(high, Math.max(low, value))

const curves: readonly Curve[] = [
  { name: 'this action', next: pollDelayMs },
  { name: 'every 5 s', next: () => 5_000 },
  { name: 'every 15 s', next: () => 15_000 },
  {
    name: 'doubling from 2 s to 120 s',
    next: (elapsed) => within(2_000, elapsed, 120_000),
  },
  {
    name: 'a twentieth, 2 s at least',
    next: (elapsed, random) => within(2_000, elapsed / 20, 30_000) * (0.85 + 0.3 * random()),
  },
]

function simulate({ next }: Curve, jobS: number): PollingCost {
  const random = seededRandom(jobS)
  return simulatePolling(jobS, (elapsed) => next(elapsed, random), random)
}

const results = curves.map((curve) => ({
  curve,
  points: JOBS_S.map((jobS) => ({ jobS, ...simulate(curve, jobS) })),
}))
const table = [
  `| job (s) | ${curves.map(({ name }) => name).join(' | ')} |`,
  `|---:|${curves.map(() => '---:').join('|')}|`,
  ...JOBS_S.map((jobS, index) => {
    const cells = results.map(({ points }) => {
      const point = points[index]
      return point === undefined ? '' : `${point.lagS.toFixed(1)} s, ${point.requests.toFixed(0)}`
    })
    return `| ${jobS} | ${cells.join(' | ')} |`
  }),
].join('\n')
process.stdout.write(`Mean wait after the end of the job, and requests:\n\n${table}\n`)

if (process.argv.includes('--write')) {
  const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const file = at('docs/performance.md')
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text.replace(
      /<!-- polling -->[\s\S]*<!-- \/polling -->/,
      `<!-- polling -->\n\n${table}\n\n<!-- /polling -->`,
    ),
  )
  writeFileSync(
    at('docs/pictures/polling-lag.svg'),
    lineChart(
      'Seconds waited after the end of the job',
      'time that the job takes, seconds',
      results.map(({ curve, points }) => ({
        label: curve.name,
        points: points.map(({ jobS, lagS }) => [jobS, lagS] as const),
      })),
    ),
  )
  writeFileSync(
    at('docs/pictures/polling-requests.svg'),
    lineChart(
      'Requests until the end is seen',
      'time that the job takes, seconds',
      results.map(({ curve, points }) => ({
        label: curve.name,
        points: points.map(({ jobS, requests }) => [jobS, requests] as const),
      })),
    ),
  )
}
