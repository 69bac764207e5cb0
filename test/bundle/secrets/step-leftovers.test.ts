/** What a step leaves to the steps that follow: nothing but its outputs. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createHome } from '../../support/home-folder.ts'
import { checkOutputs } from '../../support/injection-checks.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectSecretsMasked, expectSuccess } from '../../support/step-result.ts'
import { getSecrets } from './secrets-of-runs.ts'

scenario('A step leaves nothing but its outputs to the steps that follow', async () => {
  const own = createHome()
  const temporary = createHome()
  const { step, emulator } = await runOnce({
    with: { wait: 'false' },
    env: { ...own, RUNNER_TEMP: temporary.HOME, TMPDIR: temporary.HOME },
  })
  expectSuccess(step, 'started')
  checkOutputs(step.outputs)
  expectSecretsMasked(step, getSecrets(emulator))
  expect(step.leftovers).toBe('')
  expect(step.rawLines.filter((line) => /^::(?:save-state|set-env|add-path)/.test(line))).toEqual(
    [],
  )
  expect([own.HOME, temporary.HOME].flatMap((folder) => readdirSync(folder))).toEqual([])
})

scenarios<Readonly<{ code: string; leftover: string }>>(
  'The tests notice what a step leaves behind',
  {
    'a file in the working directory': {
      code: "fs.writeFileSync('token.txt', 'a-token')",
      leftover: 'token.txt: a-token',
    },
    'a folder in its home': {
      code: 'fs.mkdirSync(`${process.env.HOME}/.aws`)',
      leftover: '.aws: ',
    },
    'a file next to those of the runner': {
      code: 'fs.writeFileSync(`${process.env.GITHUB_OUTPUT}.old`, "a-token")',
      leftover: 'github_output.old: a-token',
    },
    'a changed event file': {
      code: "fs.appendFileSync(process.env.GITHUB_EVENT_PATH, 'a-token')",
      leftover: '}a-token',
    },
    'a variable for later steps': {
      code: "fs.appendFileSync(process.env.GITHUB_ENV, 'TOKEN=a-token')",
      leftover: '{"TOKEN":"a-token"}',
    },
  },
  async ({ code, leftover }) => {
    const { HOME } = createHome({ 'step.mjs': `import fs from 'node:fs'\n${code}\n` })
    const { step } = await runOnce({ bundle: join(HOME, 'step.mjs') })
    expect(step.leftovers).toContain(leftover)
  },
)
