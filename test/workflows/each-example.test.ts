/** What each example is about, beyond planning and applying; run as in `examples.test.ts`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import {
  addApp,
  addEnvironment,
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  readActions,
  writeActions,
  type Emulator,
} from '../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest, push } from '../../emulator/runner/events.ts'
import { root } from './harness/actions.ts'
import { workflowsIn } from './documentation.ts'
import {
  addAsked,
  asked,
  bucketIn,
  permissionsIn,
  rolesAsked,
  withConditions,
  writes,
} from './seen.ts'
import { called, deploys, example, logOf, replaced, storageStep, world } from './support.ts'

const opened = pullRequest()

describe('deploy-after-storage.yml', () => {
  test('gives the deploy job no token', async () => {
    const { run } = await world()
    const ran = await run('deploy.yml', example('deploy-after-storage.yml'), push())
    const mayMint = ran.jobs.map(({ id, steps }) => [
      id,
      steps.some(({ env }) => 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' in env),
    ])
    expect(mayMint).toEqual([
      ['storage', true],
      ['deploy', false],
    ])
  })
})

describe('merged-pull-request.yml', () => {
  const name = 'merged-pull-request.yml'
  const text = example(name)

  /** The trust that the example's comment asks for. */
  function trustPullRequests({ state: { roles } }: Emulator): void {
    const trust = githubTrustPolicy(['repo:octo-org/octo-app:pull_request'])
    const onMain = { 'token.actions.githubusercontent.com:ref': 'refs/heads/main' }
    const plan = roles.get(defaults.planRole)
    const apply = roles.get(defaults.applyRole)
    if (plan === undefined || apply === undefined) throw new Error('The roles are missing')
    plan.trust = trust
    apply.trust = withConditions(trust, onMain)
  }

  test('plans while the pull request is open', async () => {
    const { emulator, run } = await world()
    trustPullRequests(emulator)
    for (const action of ['opened', 'synchronize', 'reopened']) {
      const ran = await run(name, text, pullRequest({ action }))
      expect([action, ran.result]).toEqual([action, 'success'])
    }
    expect(rolesAsked(emulator)).toEqual(Array(3).fill(defaults.planRole))
    expect(writes(emulator)).toBe(0)
  })

  test('applies when it is merged', async () => {
    const { emulator, run } = await world()
    trustPullRequests(emulator)
    const ran = await run(name, text, mergedPullRequest())
    expect(ran.result, logOf(ran)).toBe('success')
    expect(permissionsIn(emulator)).toEqual(asked)
    expect(rolesAsked(emulator)).toEqual([defaults.applyRole])
  })

  test('does nothing when it is closed without a merge', async () => {
    const { emulator, run } = await world()
    const ran = await run(name, text, pullRequest({ action: 'closed' }))
    expect(ran.result, logOf(ran)).toBe('success')
    expect(storageStep(ran.jobs[0]).outputs).toMatchObject({ result: 'skipped' })
    expect(emulator.requests).toEqual([])
  })

  test('never lets an open pull request take the role that writes', async () => {
    const { emulator, run } = await world()
    trustPullRequests(emulator)
    const forced = replaced(text, ['app-id:', 'mode: apply\n          app-id:'])
    const ran = await run(name, forced, opened)
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(rolesAsked(emulator)).toContain(defaults.applyRole)
    expect(writes(emulator)).toBe(0)
  })

  test('is red when the pull request of a fork is merged, and says to use push', async () => {
    const { run } = await world()
    const ran = await run(name, text, mergedPullRequest({ from: 'fork' }))
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(
      storageStep(ran.jobs[0])
        .annotations.map(({ message }) => message)
        .join(),
    ).toContain('`push`')
  })

  test('is not started by a push', async () => {
    const { run } = await world()
    expect(await run(name, text, push())).toMatchObject({ started: false })
  })
})

describe('environments-matrix.yml', () => {
  const name = 'environments-matrix.yml'
  const text = example(name)
  const other = { account: '444455556666', appId: 'd7f6e5c4b3a2d1' }

  /** The second app, in an account of its own with roles of the same names. */
  function addOther({ state: state }: Emulator): void {
    addEnvironment(addApp(state, other.appId, 'otherapp'), 'prod')
    const main = 'repo:octo-org/octo-app:ref:refs/heads/main'
    const pull = 'repo:octo-org/octo-app:pull_request'
    const arn = (role: string): string => `arn:aws:iam::${other.account}:role/${role}`
    addRole(state, {
      arn: arn('amplify-storage-apply'),
      trust: githubTrustPolicy([main], { accountId: other.account }),
      policies: [allowPolicy([...readActions, ...writeActions], other.account)],
    })
    addRole(state, {
      arn: arn('amplify-storage-plan'),
      trust: githubTrustPolicy([main, pull], { accountId: other.account }),
      policies: [allowPolicy(readActions, other.account)],
    })
  }

  const names = [
    'Storage of d1a2b3c4d5e6f7 dev',
    'Storage of d1a2b3c4d5e6f7 prod',
    'Storage of d7f6e5c4b3a2d1 prod',
  ] as const

  test('plans all of them on a pull request', async () => {
    const { emulator, run } = await world()
    addOther(emulator)
    const ran = await run(name, text, opened)
    expect(ran.jobs.map((job) => [job.name, storageStep(job).outputs['result']])).toEqual(
      names.map((job) => [job, 'planned']),
    )
    expect(writes(emulator)).toBe(0)
    expect(deploys(ran)).toEqual([])
  })

  test('applies all of them on main, and deploys each with its own bucket', async () => {
    const { emulator, run } = await world()
    addOther(emulator)
    const ran = await run(name, text, push())
    expect(ran.result, logOf(ran)).toBe('success')
    expect(deploys(ran)).toEqual([
      `Deployed ${defaults.appId} dev with bucket ${bucketIn(emulator, 'dev')}`,
      `Deployed ${defaults.appId} prod with bucket ${bucketIn(emulator)}`,
      `Deployed ${other.appId} prod with bucket ${bucketIn(emulator, 'prod', other.appId)}`,
    ])
    for (const [environment, appId] of [
      ['dev', defaults.appId],
      ['prod', defaults.appId],
      ['prod', other.appId],
    ] as const)
      expect(permissionsIn(emulator, environment, appId)).toEqual(asked)
  })

  test('deploys all of them again when it is run again and nothing has changed', async () => {
    const { emulator, run } = await world()
    addOther(emulator)
    const first = await run(name, text, push())
    const again = await run(name, text, push())
    expect(again.jobs.map((job) => [job.name, storageStep(job).outputs['result']])).toEqual(
      names.map((job) => [job, 'unchanged']),
    )
    expect(deploys(again)).toHaveLength(names.length)
    expect(deploys(again)).toEqual(deploys(first))
  })

  test('lets one fail without stopping the others', async () => {
    const { emulator, run } = await world()
    addOther(emulator)
    emulator.planJob({ error: 'Something went wrong' })
    const ran = await run(name, text, push())
    expect(ran.jobs.map((job) => [job.name, job.result])).toEqual([
      [names[0], 'failure'],
      [names[1], 'success'],
      [names[2], 'success'],
    ])
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(deploys(ran)).toHaveLength(2)
  })
})

describe('reusable.yml', () => {
  test('starts by itself for no event', async () => {
    const { run } = await world()
    for (const event of [opened, push()])
      expect(await run('reusable.yml', example('reusable.yml'), event)).toMatchObject({
        started: false,
      })
  })

  test('hands out what it was told to', async () => {
    const { emulator, run } = await world({ called })
    const ran = await run('call.yml', example('call-reusable.yml'), push())
    expect(ran.jobs.map(({ id, outputs }) => [id, outputs])).toEqual([
      ['storage', { ready: 'true', result: 'created', 'bucket-name': bucketIn(emulator) }],
      ['deploy', {}],
    ])
  })

  /** The trust that the example's comment asks for. */
  function trustCentral({ state: { roles } }: Emulator): void {
    for (const role of roles.values())
      role.trust = withConditions(role.trust, {
        'token.actions.githubusercontent.com:job_workflow_ref':
          'YOUR-ORG/workflows/.github/workflows/reusable.yml@refs/heads/main',
      })
  }

  test('is the only way to roles that trust the central workflow', async () => {
    const { emulator, run } = await world({ called })
    trustCentral(emulator)
    const direct = await run('plan-and-apply.yml', example('plan-and-apply.yml'), push())
    expect(direct.result, logOf(direct)).toBe('failure')
    expect(writes(emulator)).toBe(0)
    const through = await run('call.yml', example('call-reusable.yml'), push())
    expect(through.result, logOf(through)).toBe('success')
    expect(permissionsIn(emulator)).toEqual(asked)
  })

  test('is refused by GitHub where the calling job grants no token', async () => {
    const { run } = await world({ called })
    const text = replaced(example('call-reusable.yml'), ['id-token: write', 'contents: read'])
    await expect(run('call.yml', text, push())).rejects.toThrow(
      "requesting 'id-token: write', but is only allowed 'id-token: none'",
    )
  })
})

describe('ambient-credentials.yml', () => {
  const name = 'ambient-credentials.yml'
  const text = example(name)

  test.each([
    ['pull requests', opened, 'amplify-storage-plan'],
    ['main', push(), 'amplify-storage-apply'],
  ])('takes the right role on %s, and uses what the step leaves behind', async (_, event, role) => {
    const { emulator, run } = await world()
    const ran = await run(name, text, event)
    expect(ran.jobs[0]?.steps[0]?.log.join('\n')).toContain(`role/${role}`)
    expect(rolesAsked(emulator)).toEqual([])
    const looks = emulator.calls('GetBackendStorage')
    expect(new Set(looks.map(({ accessKeyId }) => accessKeyId))).toEqual(
      new Set([emulator.state.user.accessKeyId]),
    )
    expect(looks[0]).toMatchObject({ region: 'eu-west-1' })
    expect(emulator.calls('GetCallerIdentity')).toHaveLength(1)
  })

  test('is refused in another account', async () => {
    const { emulator, run } = await world()
    const elsewhere = replaced(text, [
      "allowed-account-ids: '111122223333'",
      "allowed-account-ids: '444455556666'",
    ])
    const ran = await run(name, elsewhere, push())
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(writes(emulator)).toBe(0)
  })
})

describe('comment-on-pull-request.yml', () => {
  const name = 'comment-on-pull-request.yml'
  const text = example(name)
  const bodies = ({ state: { github } }: Emulator): readonly string[] =>
    github.comments.map(({ body }) => body)

  test('keeps one comment, from the plan to the apply', async () => {
    const { emulator, run } = await world()
    await run(name, text, opened)
    const [planned] = bodies(emulator)
    expect(planned).toContain('media')
    await run(name, text, pullRequest({ action: 'synchronize' }))
    expect(bodies(emulator)).toHaveLength(1)
    emulator.state.github.pulls.push({
      number: 7,
      repository: defaults.repository,
      state: 'closed',
      merged: true,
      base: 'main',
      head: 'storage',
      commits: [push().sha],
    })
    await run(name, text, push())
    expect(bodies(emulator)).toHaveLength(1)
    expect(bodies(emulator)[0]).not.toBe(planned)
  })

  test('says nothing on a pull request that changes nothing', async () => {
    const { emulator, run } = await world()
    addAsked(emulator)
    const ran = await run(name, text, opened)
    expect(ran.result, logOf(ran)).toBe('success')
    expect(bodies(emulator)).toEqual([])
  })

  test('needs the permission: without it there is a warning and no comment', async () => {
    const { emulator, run } = await world()
    const without = replaced(text, ['pull-requests: write', 'pull-requests: read'])
    const ran = await run(name, without, opened)
    expect(ran.result, logOf(ran)).toBe('success')
    expect(bodies(emulator)).toEqual([])
    expect(storageStep(ran.jobs[0]).annotations.map(({ level }) => level)).toContain('warning')
  })
})

describe('github-enterprise-server.yml', () => {
  const name = 'github-enterprise-server.yml'
  const server = 'https://github.corp.example.com'
  const issuer = `${server}/_services/token`

  test('plans and comments on a pull request, with tokens of the instance', async () => {
    const { emulator, run } = await world({ serverUrl: server }, { issuer })
    const ran = await run(name, example(name), opened)
    expect(ran.result, logOf(ran)).toBe('success')
    expect(emulator.calls('createComment')).toHaveLength(1)
    expect(emulator.state.github.comments[0]?.body).toContain(`${server}/octo-org/octo-app/`)
    expect(emulator.state.github.comments[0]?.body).not.toContain('https://github.com/')
    expect(writes(emulator)).toBe(0)
  })

  test('applies on the push to main', async () => {
    const { emulator, run } = await world({ serverUrl: server }, { issuer })
    expect(await run(name, example(name), push())).toMatchObject({ result: 'success' })
    expect(permissionsIn(emulator)).toEqual(asked)
  })
})

describe('the first workflow of the README', () => {
  const [first] = workflowsIn(readFileSync(join(root, 'README.md'), 'utf8'))
  const text = first?.text ?? ''

  test('plans on a pull request, applies on the push to main, and deploys, as it is', async () => {
    const { emulator, run } = await world()
    const planned = await run('storage.yml', text, opened)
    expect(planned.result, logOf(planned)).toBe('success')
    expect(storageStep(planned.jobs[0]).outputs).toMatchObject({ result: 'planned' })
    const applied = await run('storage.yml', text, push())
    expect(applied.result, logOf(applied)).toBe('success')
    expect(permissionsIn(emulator)).toEqual(asked)
    expect(deploys(applied)).toEqual([`Deployed   with bucket ${bucketIn(emulator)}`])
  })
})

describe('a mistake in an example', () => {
  const name = 'deploy-after-storage.yml'

  test.each([
    [
      'an output name',
      'ready: ${{ steps.storage.outputs.ready',
      'ready: ${{ steps.storage.outputs.redy',
    ],
    ['a condition', 'if: needs.storage.outputs.ready', 'if: needs.storage.outputs.ready == true'],
  ])('in %s keeps the app from being deployed', async (_, from, to) => {
    const { emulator, run } = await world()
    const ran = await run(name, replaced(example(name), [from, to]), push())
    expect(permissionsIn(emulator)).toEqual(asked)
    expect(deploys(ran)).toEqual([])
  })

  test('in the name of an input is warned of', async () => {
    const { run } = await world()
    const text = replaced(example(name), [
      'resource-name: media',
      'resource-name: media\n          buket-name: octo',
    ])
    const ran = await run(name, text, opened)
    const warnings = storageStep(ran.jobs[0]).annotations.map(({ message }) => message)
    expect(warnings.join('\n')).toContain('buket-name')
  })

  test('in the name of a required input is red', async () => {
    const { emulator, run } = await world()
    const text = replaced(example(name), ['resource-name: media', 'resource-nmae: media'])
    const ran = await run(name, text, push())
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(emulator.requests).toEqual([])
  })

  test('in a condition that always holds deploys without the storage', async () => {
    const { run } = await world()
    const text = replaced(example(name), [
      'if: needs.storage.outputs.ready',
      "if: ${{ needs.storage.outputs.ready }} == 'true'",
    ])
    expect(deploys(await run(name, text, opened))).toHaveLength(1)
  })
})
