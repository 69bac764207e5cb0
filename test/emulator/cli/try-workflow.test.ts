/** `npm run try` with workflows of a user: their values are those of GitHub, or the workflow is rejected by name. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import { scenario } from '../../support/scenario.ts'
import { expectPlanned, expectResult, tryWorkflow, workflow } from '../../support/try-workflow.ts'

const one = 'arn:aws:iam::222233334444:role/one'
const other = 'arn:aws:iam::222233334444:role/other'
const apply = 'arn:aws:iam::222233334444:role/amplify-storage-apply'
const plan = 'arn:aws:iam::222233334444:role/amplify-storage-plan-dmine'

describe('the roles of a workflow of the user', () => {
  const results: Readonly<
    Record<string, readonly [roles: Record<string, string>, event: string, expected: string]>
  > = {
    'Its only role applies on a push': [{ 'role-to-assume': one }, 'push', 'created'],
    'Its only role is refused to a pull request': [
      { 'role-to-assume': one },
      'pull-request',
      'ROLE_REFUSED',
    ],
    'One role for both is refused to a pull request': [
      { 'role-to-assume': one, 'plan-role-to-assume': one },
      'pull-request',
      'ROLE_REFUSED',
    ],
    'A second role plans on a pull request': [
      { 'role-to-assume': one, 'plan-role-to-assume': other },
      'pull-request',
      'planned',
    ],
    'A role that only plans is enough to plan': [
      { 'role-to-assume': "''", 'plan-role-to-assume': other, mode: 'plan' },
      'push',
      'planned',
    ],
    'Swapped roles are refused to a pull request': [
      { 'role-to-assume': plan, 'plan-role-to-assume': apply },
      'pull-request',
      'ROLE_REFUSED',
    ],
    'Swapped roles do not apply on a push': [
      { 'role-to-assume': plan, 'plan-role-to-assume': apply },
      'push',
      'ACCESS_DENIED',
    ],
  }
  for (const [title, [roles, event, expected]] of Object.entries(results))
    scenario(title, async () => {
      const source = workflow('push', '', { mode: 'auto', ...roles })
      expectResult(await tryWorkflow(source, '--job-seconds=0', '--event', event), expected)
    })

  scenario('The role that plans does not trust a job with an environment', async () => {
    const roles = { mode: 'auto', 'role-to-assume': one, 'plan-role-to-assume': other }
    const source = workflow('push', '    environment: production', roles)
    expectResult(await tryWorkflow(source, '--event=pull-request'), 'ROLE_REFUSED')
    expectResult(await tryWorkflow(source, '--job-seconds=0', '--event=push'), 'created')
  })

  scenario('A pull request by Dependabot is skipped without `id-token: write`', async () => {
    const roles = { mode: 'auto', 'plan-role-to-assume': other }
    const source = workflow('pull_request', '', roles)
    expectResult(await tryWorkflow(source, '--event=dependabot'), 'planned')
    const without = source.replace('id-token: write', 'contents: read')
    expectResult(await tryWorkflow(without, '--event=dependabot'), 'skipped')
  })

  scenario('A called workflow without permissions gets the token of the calling job', async () => {
    const without = (on: string): string =>
      workflow(on, '', {}).replace('permissions: { id-token: write }\n', '')
    const called = await tryWorkflow(without('workflow_call'))
    expectResult(called, 'planned')
    expect(called.stdout).toContain('the calling job needs `id-token: write`')
    expectResult(await tryWorkflow(without('push')), 'MISSING_ID_TOKEN_PERMISSION')
  })

  scenario(
    'An emulator in the job with policies is rejected, because they are not read',
    async () => {
      const uses = 'uses: OWNER/amplify-create-backend-storage/emulator@FULL_SHA'
      const source = workflow('push', '', {}, `      - { ${uses}, with: { trust-policy: a.json } }`)
      const { code, stderr } = await tryWorkflow(source)
      expect([code, stderr]).toEqual([2, expect.stringContaining('the input trust-policy')])
    },
  )
})

describe('the faults on a workflow of the user', () => {
  const results: Readonly<
    Record<string, readonly [inputs: Record<string, string>, expected: string]>
  > = {
    'different-storage': [{}, 'STORAGE_DIFFERS'],
    'no-auth': [{}, 'AUTH_MISSING'],
    'missing-permission': [{ 'bucket-name': 'my-bucket' }, 'JOB_LACKS_PERMISSION'],
    'failed-job': [{ 'bucket-name': 'my-bucket' }, 'JOB_FAILED'],
    'pending-job': [{}, 'created'],
  }
  for (const [fault, [inputs, expected]] of Object.entries(results))
    scenario(`The fault ${fault} happens to its own app, and uses its names`, async () => {
      const source = workflow('push', '', { mode: 'auto', 'resource-name': 'photos', ...inputs })
      const tried = await tryWorkflow(source, '--job-seconds=0', '--fault', fault)
      expectResult(tried, expected)
      expect(tried.stdout).not.toMatch(/111122223333|acme-media|had no effect/)
      const named = inputs['bucket-name'] === undefined ? [] : ['my-bucket']
      for (const name of fault === 'missing-permission' ? [...named, '222233334444'] : named)
        expect(tried.stdout).toContain(name)
      if (fault === 'pending-job') expect(tried.stdout).toContain('UpdateBackendAuth')
    })

  scenario('The fault different-storage keeps the bucket that the step names', async () => {
    const source = workflow('push', '', { mode: 'auto', 'bucket-name': 'my-bucket' })
    const tried = await tryWorkflow(source, '--fault', 'different-storage')
    expectResult(tried, 'STORAGE_DIFFERS')
    expect(tried.stdout).toContain('authenticated-permissions')
  })

  scenario('A fault that no call gets is told', async () => {
    const tried = await tryWorkflow(workflow('push', '', {}), '--fault', '504-after-effect')
    expectPlanned(tried, 'media')
    expect(tried.stdout).toContain('The fault 504-after-effect had no effect')
  })
})

describe('a workflow of the user', () => {
  scenario('It runs unchanged on its own app, environment, role and account', async () => {
    const tried = await tryWorkflow(workflow('push', '', {}))
    expectPlanned(tried, 'media')
    expect(tried.stdout).toContain('arn:aws:iam::222233334444:role/mine')
  })

  scenario('Its inputs can use env, vars and secrets', async () => {
    const env = "    env: { PREFIX: '${{ vars.PREFIX }}' }"
    const name = "'${{ env.PREFIX }}${{ secrets.SUFFIX }}'"
    const source = workflow('push', env, { 'resource-name': name })
    expectPlanned(
      await tryWorkflow(source, '--var=PREFIX=my', '--secret', 'SUFFIX=media'),
      'mymedia',
    )
    const { code, stderr } = await tryWorkflow(source, '--secret', 'SUFFIX=media')
    expect([code, stderr]).toEqual([2, expect.stringContaining('add --var PREFIX=VALUE')])
  })

  const dispatch = `
  workflow_dispatch:
    inputs:
      name: { type: string, default: media }
      count: { type: number, required: true }
      wide: { type: boolean }
      size: { type: choice, options: [small, large], default: small }`
  const typed = '"${{ inputs.wide && inputs.count > 9 && inputs.size || inputs.name }}"'

  scenario('The inputs of a dispatch have their types and defaults', async () => {
    const source = workflow(dispatch, '', { 'resource-name': typed })
    expectPlanned(await tryWorkflow(source, '--input=count=10'), 'media')
    expectPlanned(await tryWorkflow(source, '--input=count=10', '--input=wide=true'), 'small')
  })

  const rejected: Readonly<Record<string, readonly [args: readonly string[], message: string]>> = {
    'a required input is missing': [[], 'add --input count=VALUE'],
    'an input is not a number': [['--input=count=x'], 'count must be a number, not "x"'],
    'a choice is not an option': [['--input=count=1', '--input=size=x'], 'one of small, large'],
    'an input is unknown': [['--input=cuont=1'], 'has no input cuont'],
    'a job is unknown': [['--job', 'deploy'], 'has no job deploy. Its jobs are: storage'],
  }
  for (const [title, [args, message]] of Object.entries(rejected))
    scenario(`It is rejected when ${title}`, async () => {
      const source = workflow(dispatch, '', { 'resource-name': typed })
      const { code, stderr } = await tryWorkflow(source, ...args)
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
      expect(stderr).not.toContain('    at ')
    })

  scenario('A workflow that is called gets its inputs, too', async () => {
    const call = '{ workflow_call: { inputs: { name: { type: string, required: true } } } }'
    const source = workflow(call, '', { 'resource-name': "'${{ inputs.name }}'" })
    const tried = await tryWorkflow(source, '--input', 'name=photos')
    expectPlanned(tried, 'photos')
    expect(tried.stdout).toContain('--- As another workflow calls it, on push')
  })

  scenario('The environment of a job is part of the subject of its token', async () => {
    const tried = await tryWorkflow(
      workflow('push', '    environment: production', {}),
      '--fault',
      'role-refused',
    )
    expect(tried.stdout).toContain('sub = repo:octo-org/octo-app:environment:production')
  })

  scenario('A false condition of the job or of the step is told, and nothing runs', async () => {
    const source = workflow('push', "    if: github.event_name == 'schedule'", {})
    const { code, stdout } = await tryWorkflow(source)
    expect([code, stdout]).toEqual([0, expect.stringContaining('On GitHub, the step does not run')])
    expect(stdout).not.toContain('result=')
  })

  for (const [value, name] of [
    ['${{ steps.config.outputs.name }}', 'steps.config'],
    ['${{ needs.config.outputs.name }}', 'needs.config'],
    ['${{ env.NAME }}', 'env.NAME'],
    ['${{ runner.os }}', 'runner.os'],
    ["${{ hashFiles('a') }}", 'hashFiles'],
    ['${{ github.event.head_commit.message }}', 'github.event.head_commit.message'],
  ] as const)
    scenario(
      `An input that needs ${name} is rejected by name, with the commands for act that need no --workflow`,
      async () => {
        const before = '      - { id: config, run: "echo name=x" }'
        const source = workflow('push', '', { 'resource-name': `"${value}"` }, before)
        const { code, stderr } = await tryWorkflow(source)
        expect(code).toBe(2)
        expect(stderr.split('\n')[0]).toContain(name)
        expect(stderr).toContain('\n  npm run emulator -- --event push ')
        expect(stderr).toContain('"$AWS_ENDPOINT_URL/_emulator/state"')
        expect(stderr).toContain('\n  act push --workflows mine.yml')
      },
    )

  scenario('A condition that needs another job is rejected with the commands for act', async () => {
    const { code, stderr } = await tryWorkflow(workflow('push', '    if: needs.a.outputs.b', {}))
    expect(code).toBe(2)
    expect(stderr.split('\n')[0]).toContain('needs.a')
    expect(stderr).toContain('\n  npm run emulator -- --workflow mine.yml --event push ')
    expect(stderr).toContain('\n  act push --workflows mine.yml')
  })

  scenario('The option --html writes the summary as a page', async () => {
    const { folder } = await tryWorkflow(workflow('push', '', {}), '--html', 'summary.html')
    expect(readFileSync(join(folder, 'summary.html'), 'utf8')).toMatch(/<ul>[^]*<\/html>/)
    const failed = await tryWorkflow(workflow('push', '', {}), '--html', 'no/summary.html')
    expect(failed.stderr.split('\n')[0]).toBe('Cannot write no/summary.html: ENOENT')
    expect(existsSync(join(folder, 'no'))).toBe(false)
  })
})
