/** The emulator's action as a process: what it starts, what it sets, and how it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, onTestFinished, test } from 'vitest'

import { defaults } from '../../../emulator/emulator.ts'
import { isObject } from '../../../emulator/lib/validation.ts'
import { pullRequest, push } from '../../../emulator/runner/events.ts'
import { runActionStep, type StepResult } from '../../../emulator/runner/step.ts'
import { isRunning, startAction, stopAction, untilStopped } from '../../support/emulator-action.ts'
import { send } from '../../support/emulator-requests.ts'
import { defaultInputs, inputVariables } from '../../support/run-action.ts'
import { scenario } from '../../support/scenario.ts'

const urlOf = (step: StepResult): string => step.outputs['url'] ?? ''

const stateOf = async (step: StepResult): Promise<unknown> =>
  (await send(urlOf(step), { path: '/_emulator/state' })).json

/** The claims of the tokens that the job gets. */
async function claimsOf(step: StepResult): Promise<unknown> {
  const { claims } = Object(await stateOf(step)) as { claims: unknown }
  return claims
}

/** Runs the action of this repository in a later step of the job. */
const useAction = (started: StepResult): Promise<StepResult> =>
  runActionStep({
    event: push(),
    env: { ...inputVariables(defaultInputs, ''), ...started.variables },
  })

describe('the emulator of the action', () => {
  scenario(
    'A later step creates the storage, and the post step logs the calls and stops the emulator',
    async () => {
      const started = await startAction({ inputs: { 'job-seconds': '0' } })
      expect(started.exitCode, started.log.join('\n')).toBe(0)
      const used = await useAction(started)
      expect(used.outputs, used.log.join('\n')).toMatchObject({ result: 'created', ready: 'true' })
      const stopped = await stopAction(started)
      expect(stopped.exitCode).toBe(0)
      const log = stopped.log.join('\n')
      expect(log).toMatch(/amplifybackend CreateBackendStorage 200 as arn:\S+amplify-storage-apply/)
      expect(log).toMatch(/sts AssumeRoleWithWebIdentity 200/)
      await untilStopped(urlOf(started))
    },
  )

  scenario('The variables point every client to it, and its secrets are masked', async () => {
    const { variables, masks, outputs, log } = await startAction()
    const url = outputs['url'] ?? ''
    expect(variables).toEqual({
      AWS_ENDPOINT_URL: url,
      AWS_REGION: defaults.region,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/idtoken?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: expect.any(String) as unknown,
    })
    for (const secret of [
      variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '',
      outputs['secret-access-key'] ?? '',
    ]) {
      expect(masks).toContain(secret)
      expect(log.join('\n')).not.toContain(secret)
    }
  })

  scenario(
    'Settings of the job that would go around it are overridden, and its region stays',
    async () => {
      const { variables, outputs } = await startAction({
        env: {
          AWS_DEFAULT_REGION: 'us-east-1',
          AWS_ENDPOINT_URL_STS: 'https://sts.example.com',
          AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
        },
      })
      expect(variables).not.toHaveProperty('AWS_REGION')
      expect(variables).toMatchObject({
        AWS_ENDPOINT_URL_STS: outputs['url'],
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
      })
    },
  )

  scenario(
    'Two instances run side by side, and the second issues tokens of its own, too',
    async () => {
      const first = await startAction()
      const second = await startAction({ env: first.variables })
      expect(urlOf(second)).not.toBe(urlOf(first))
      expect(second.variables['ACTIONS_ID_TOKEN_REQUEST_URL']).toContain(urlOf(second))
      await stopAction(first)
      expect(await isRunning(urlOf(second))).toBe(true)
    },
  )

  scenario('The tokens have the claims of the job', async () => {
    const started = await startAction({ event: pullRequest() })
    expect(await claimsOf(started)).toMatchObject({
      sub: 'repo:octo-org/octo-app:pull_request',
      repository: 'octo-org/octo-app',
      event_name: 'pull_request',
      ref: 'refs/pull/7/merge',
      head_ref: 'storage',
    })
    expect(await claimsOf(started)).not.toHaveProperty('repository_visibility')
  })

  scenario('The input claims adds to them, and an environment changes the subject', async () => {
    const inputs = { claims: 'environment=prod\nenterprise_id = 7' }
    expect(await claimsOf(await startAction({ inputs }))).toMatchObject({
      sub: 'repo:octo-org/octo-app:environment:prod',
      environment: 'prod',
      enterprise_id: '7',
    })
  })

  scenario('On a pull request, the claims of a push to main give the subject of main', async () => {
    const inputs = { claims: 'event_name=push\nref=refs/heads/main' }
    const started = await startAction({ event: pullRequest(), inputs })
    expect(await claimsOf(started)).toMatchObject({
      sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
      event_name: 'push',
      ref: 'refs/heads/main',
    })
  })

  scenario('The inputs apps and state describe what exists', async () => {
    const started = await startAction({
      inputs: {
        apps: 'dfirst: dev, prod\ndsecond: test',
        state: '{"apps":{"dfirst":{"environments":{"dev":{"auth":false}}}}}',
      },
    })
    const { apps } = Object(await stateOf(started)) as { apps: unknown }
    expect(apps).toMatchObject({
      dfirst: { environments: { dev: { auth: false }, prod: { auth: true } } },
      dsecond: { environments: { test: {} } },
    })
    expect(Object.keys(isObject(apps) ? apps : {})).toEqual(['dfirst', 'dsecond'])
  })

  scenario(
    'The step fails if an input is wrong, and its post step has nothing to stop',
    async () => {
      const step = await startAction({ inputs: { state: '{"app":{}}' } })
      expect(step.exitCode).toBe(1)
      expect(step.annotations).toMatchObject([
        { level: 'error', message: expect.stringContaining('state has no member app') as unknown },
      ])
      expect(step.variables).toEqual({})
      expect((await stopAction(step)).exitCode).toBe(0)
    },
  )

  scenario('The post step of an emulator that runs no longer succeeds', async () => {
    const started = await startAction()
    await stopAction(started)
    await untilStopped(urlOf(started))
    const again = await stopAction(started)
    expect([again.exitCode, again.annotations]).toEqual([0, []])
  })
})

test('The emulator ends by itself when the runner that started it is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const files = {
    GITHUB_ENV: join(folder, 'env'),
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_STATE: join(folder, 'state'),
  }
  for (const path of Object.values(files)) writeFileSync(path, '')
  const entry = fileURLToPath(new URL('../../../emulator/action/index.ts', import.meta.url))
  // It starts the step, and stays until it is killed.
  const code = `import { spawn } from 'node:child_process'
spawn(process.execPath, [${JSON.stringify(entry)}], { stdio: 'inherit' }).once('exit', () => console.log('started'))
setInterval(() => {}, 1000)`
  const runner = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    env: { PATH: process.env['PATH'], ...files },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    runner.kill('SIGKILL')
  })
  let printed = ''
  for await (const chunk of runner.stdout) {
    printed += String(chunk)
    if (printed.includes('started')) break
  }
  const url = /AWS_ENDPOINT_URL<<\S+\n(\S+)/.exec(readFileSync(files.GITHUB_ENV, 'utf8'))
  expect(await isRunning(url?.[1] ?? ''), printed).toBe(true)
  runner.kill('SIGKILL')
  await once(runner, 'exit')
  await untilStopped(url?.[1] ?? '')
})
