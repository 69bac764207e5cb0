/** The process of a step: it ends with the run, and writes nothing but the log. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'

import { defaults } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import { createFolder } from '../../support/home-folder.ts'
import {
  runOnce,
  withoutIdToken,
  withoutRole,
  type RunActionOptions,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'

scenarios<Readonly<Record<string, string>>>(
  'The process ends with the run, although connections are kept alive',
  { started: { wait: 'false' }, failed: { 'app-id': 'd0unknown' } },
  async (inputs, result) => {
    // The emulator keeps every connection open for minutes.
    const { step, emulator } = await runOnce({ with: inputs, timeoutMs: 15_000, scale: 1 })
    const lastCall = emulator.requests.at(-1)?.time ?? 0
    expect(step.outputs['result']).toBe(result)
    expect(getLog(step)).not.toContain('The process was ended by')
    expect(Date.now() - lastCall).toBeLessThan(5_000)
  },
)

scenario('The process ends although a call gets no response', async () => {
  const { step } = await runOnce({
    event: pullRequest(),
    with: { 'comment-on-pr': 'true' },
    timeoutMs: 30_000,
    faults: [{ operation: 'listComments', kind: 'stall', times: 'always' }],
  })
  expectSuccess(step, 'planned')
  expect(step.annotations).toMatchObject([{ level: 'warning', title: 'Comment not written' }])
})

scenario('A successful run writes only its log, and nothing to stderr', async () => {
  const { step } = await runOnce({ rules: { jobMs: 5_000 }, with: { 'comment-on-pr': 'true' } })
  expectSuccess(step, 'created')
  expect(step.stderrLines).toEqual([])
  // A line with its time, a line of a group, or a command.
  const own = /^(?:\s*\[\d+\.\d s\] |\s{2,}\S|::[a-z-]+)/
  expect(step.rawLines.filter((line) => line !== '' && !own.test(line))).toEqual([])
})

scenario('A failed run writes nothing to stderr', async () => {
  const { step } = await runOnce({
    with: { 'app-id': 'd0unknown' },
    env: { AWS_PROFILE: 'ghost', RUNNER_DEBUG: '1' },
  })
  expect(step.exitCode).toBe(1)
  expect(step.stderrLines).toEqual([])
})

/** The path of a named pipe that nobody writes to. */
function createPipe(): string {
  const path = join(createFolder('pipe-'), 'pipe')
  execFileSync('mkfifo', [path])
  return path
}

const SHARED_FILES = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'] as const

// Windows has no named pipes in folders.
if (process.platform !== 'win32') {
  scenarios<RunActionOptions>(
    'A shared AWS file that is a named pipe fails the run before any call, and the process ends',
    {
      'with a role': {},
      'with ambient credentials': {
        with: withoutRole,
        env: {
          ...withoutIdToken,
          AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000',
          AWS_SECRET_ACCESS_KEY: 'example-secret-access-key',
        },
      },
    },
    async (options) => {
      const pipe = createPipe()
      const env = Object.fromEntries(SHARED_FILES.map((name) => [name, pipe]))
      const { step, emulator } = await runOnce({
        ...options,
        env: { ...options.env, ...env },
        timeoutMs: 15_000,
        scale: 1,
      })
      expectFailure(step, 'INVALID_INPUT')
      for (const name of [...SHARED_FILES, pipe]) {
        expect(step.outputs['error-message']).toContain(name)
      }
      expect(emulator.requests).toEqual([])
    },
  )
  scenario(
    'A web identity file that is a named pipe fails the run before any call, and the process ends',
    async () => {
      const pipe = createPipe()
      const { step, emulator } = await runOnce({
        with: withoutRole,
        env: {
          ...withoutIdToken,
          AWS_WEB_IDENTITY_TOKEN_FILE: pipe,
          AWS_ROLE_ARN: defaults.applyRole,
        },
        timeoutMs: 15_000,
        scale: 1,
      })
      expect(expectFailure(step, 'NO_CREDENTIALS')).toContain(
        `AWS_WEB_IDENTITY_TOKEN_FILE is "${pipe}"`,
      )
      expect(emulator.requests).toEqual([])
    },
  )
}
