/**
 * Runs many processes of the bundle at once on an emulator whose account is throttled, and counts the
 * results: `npm run bench:concurrent [-- --processes N] [--write]`.
 */
import { parseArgs } from 'node:util'
import { startEmulator } from '../emulator/emulator.ts'
import { push } from '../emulator/runner/events.ts'
import { runActionStep } from '../emulator/runner/step.ts'
import { writeSection } from './docs.ts'

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

/** enva, envb, and so on: names of environments have letters only. */
const environmentName = (index: number): string =>
  `env${String.fromCharCode(97 + (index % 26), 97 + Math.floor(index / 26))}`

try {
  const startedAt = performance.now()
  const steps = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      runActionStep({
        event: push(),
        timeoutMs: 550_000,
        env: {
          ...emulator.env,
          'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
          'INPUT_BACKEND-ENVIRONMENT-NAME': environmentName(index),
          'INPUT_RESOURCE-NAME': 'media',
          'INPUT_AUTHENTICATED-PERMISSIONS': 'READ',
          'INPUT_AWS-REGION': 'eu-west-1',
          'INPUT_ROLE-TO-ASSUME': 'arn:aws:iam::111122223333:role/amplify-storage-apply',
        },
      }),
    ),
  )
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
  const requests = emulator.requests.filter(({ service }) => service === 'amplifybackend')
  const throttled = requests.filter(({ status }) => status === 429).length
  const results = Object.entries(Object.groupBy(steps, ({ outputs }) => outputs['result'] ?? ''))
    .map(([result, all]) => `${all?.length ?? 0} ${result}`)
    .join(', ')
  const { accepted } = emulator.state.counters.create
  const text = `${processes} processes at once, ${throttle.perSecond} calls per second for the account, jobs of 10 s: all ended after ${seconds} s; ${results}; ${requests.length} requests, ${throttled} of them throttled; ${accepted} creates accepted.`
  process.stdout.write(`${text}\n`)
  if (values.write) writeSection('concurrent', text)
} finally {
  await emulator.stop()
}
