/** The committed bundle of the emulator's action. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { push } from '../../../emulator/runner/events.ts'
import { runActionStep } from '../../../emulator/runner/step.ts'
import { root } from '../../support/contract/pages.ts'
import { startAction, stopAction, untilStopped } from '../../support/emulator-action.ts'
import { defaultInputs, inputVariables } from '../../support/run-action.ts'

const bundle = join(root, 'emulator/dist/index.js')

test('The bundle of the emulator has less than 60 kB compressed', () => {
  expect(gzipSync(readFileSync(bundle)).length).toBeLessThan(60_000)
})

test('The bundle starts the emulator, serves the action of a later step, and stops it', async () => {
  const started = await startAction({ bundle, inputs: { 'job-seconds': '0' } })
  expect(started.exitCode, started.log.join('\n')).toBe(0)
  const env = { ...inputVariables(defaultInputs, ''), ...started.variables }
  const { outputs } = await runActionStep({ event: push(), env })
  expect(outputs).toMatchObject({ result: 'created', ready: 'true' })
  const stopped = await stopAction(started, bundle)
  expect(stopped.log.join('\n')).toContain('CreateBackendStorage 200')
  await untilStopped(started.outputs['url'] ?? '')
})
