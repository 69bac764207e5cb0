/**
 * As many runs of the bundle at once as the machine carries, on an emulator whose account is throttled:
 * `npm run bench:crowd [-- --processes N]`. Counts what came of them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startEmulator } from '../emulator/emulator.ts'
import { runActionStep } from '../emulator/runner/step.ts'
import { push } from '../emulator/runner/events.ts'

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '64' },
    write: { type: 'boolean', default: false },
  },
})
const processes = Math.min(500, Math.max(1, Number(values.processes) || 64))
const throttle = { perSecond: 20, burst: 20 }
const emulator = await startEmulator({
  rules: { throttle, jobMs: 10_000, environmentRequired: false, authRequired: false },
})
try {
  const startedAt = performance.now()
  const ends = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      runActionStep({
        event: push(),
        timeoutMs: 550_000,
        env: {
          ...emulator.env,
          'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
          'INPUT_BACKEND-ENVIRONMENT-NAME': `env${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}`,
          'INPUT_RESOURCE-NAME': 'media',
          'INPUT_AUTHENTICATED-PERMISSIONS': 'READ',
          'INPUT_AWS-REGION': 'eu-west-1',
          'INPUT_ROLE-TO-ASSUME': 'arn:aws:iam::111122223333:role/amplify-storage-apply',
        },
      }),
    ),
  )
  const tookS = (performance.now() - startedAt) / 1_000
  const amplify = emulator.requests.filter(({ service }) => service === 'amplifybackend')
  const refused = amplify.filter(({ status }) => status === 429).length
  const results = Object.groupBy(ends, ({ outputs }) => outputs['result'] ?? '')
  const counted = Object.entries(results)
    .map(([result, all]) => `${all?.length ?? 0} ${result}`)
    .join(', ')
  const { accepted } = emulator.state.counters.create
  const text = `${processes} processes at once, ${throttle.perSecond} calls a second for the account, jobs of 10 s: all ended after ${tookS.toFixed(0)} s; ${counted}; ${amplify.length} requests, ${refused} of them refused; ${accepted} creates accepted.`
  process.stdout.write(`${text}\n`)
  if (values.write) {
    const file = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(
        /<!-- crowd -->[\s\S]*<!-- \/crowd -->/,
        `<!-- crowd -->\n\n${text}\n\n<!-- /crowd -->`,
      ),
    )
  }
} finally {
  await emulator.stop()
}
