/** act runs every example on every event that it names, with the committed bundle and the emulator. */
import { describe, expect, test } from 'vitest'

import {
  addApp,
  addEnvironment,
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  readActions,
  type Emulator,
} from '../../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest, push } from '../../../emulator/runner/events.ts'
import { addMedia, addMergedPull, ALL } from '../../support/emulator-state.ts'
import { scenario } from '../../support/scenario.ts'
import { exampleNames } from '../../workflows/workflow-files.ts'
import { startForAct } from './act.ts'
import {
  assumedRoles,
  bucketIn,
  configuredPermissions,
  countWrites,
  deployments,
  expectRun,
  permissionsIn,
  runExample,
  storageOutputs,
} from './example-runs.ts'

const opened = pullRequest()
const failedJob = { error: 'Something went wrong' }

/** The examples that plan on a pull request and apply on a push, and whether they deploy the app. */
const planAndApply = [
  { name: 'ambient-credentials.yml', deploys: false },
  { name: 'call-reusable.yml', deploys: true },
  { name: 'comment-on-pull-request.yml', deploys: false },
  { name: 'deploy-after-storage.yml', deploys: true },
  { name: 'merge-queue.yml', deploys: false },
  { name: 'plan-and-apply.yml', deploys: true },
] as const

test('Every example is run by a test of this folder', () => {
  expect(exampleNames).toEqual(
    [
      ...planAndApply.map(({ name }) => name),
      // Run by the other tests of this folder.
      ...['after-a-change.yml', 'approval.yml', 'drift-issue.yml', 'drift.yml', 'emulator.yml'],
      ...['environments-from-file.yml', 'hosting-build.yml', 'role-chaining.yml'],
      'behind-a-proxy.yml',
      'environments-matrix.yml',
      'github-enterprise-server.yml',
      'merged-pull-request.yml',
      // Called by call-reusable.yml.
      'reusable.yml',
    ].sort(),
  )
})

describe.concurrent.each(planAndApply)('$name', ({ name, deploys }) => {
  scenario(
    `${name} plans on a pull request with the role that reads, and deploys nothing, even if the storage exists`,
    async () => {
      const emulator = await startForAct()
      const first = await runExample(emulator, name, opened)
      expectRun(first, 'success', { result: 'planned', ready: '' })
      expect(countWrites(emulator)).toBe(0)
      addMedia(emulator, { permissions: { authenticated: [...ALL] } })
      const second = await runExample(emulator, name, pullRequest({ action: 'synchronize' }))
      expectRun(second, 'success', { result: 'planned', changes: '[]', ready: '' })
      expect(assumedRoles(emulator)).toEqual(['plan', 'plan'])
      for (const run of [first, second]) expect(deployments(run)).toEqual([])
    },
  )

  scenario(
    `${name} creates the storage on a push to main, and changes nothing the next time`,
    async () => {
      const emulator = await startForAct()
      const first = await runExample(emulator, name, push())
      const bucket = bucketIn(emulator)
      expectRun(first, 'success', { result: 'created', ready: 'true', 'bucket-name': bucket })
      expect(permissionsIn(emulator)).toEqual(configuredPermissions)
      const second = await runExample(emulator, name, push())
      expectRun(second, 'success', { result: 'unchanged', ready: 'true', 'bucket-name': bucket })
      expect(assumedRoles(emulator)).toEqual(['apply', 'apply'])
      expect(countWrites(emulator)).toBe(1)
      for (const run of [first, second])
        expect(deployments(run)).toEqual(deploys ? [`Deployed   with bucket ${bucket}`] : [])
    },
  )

  scenario(
    `${name} fails on a push when the storage cannot be created, and deploys nothing`,
    async () => {
      const emulator = await startForAct()
      emulator.planJob(failedJob)
      const run = await runExample(emulator, name, push())
      expectRun(run, 'failure', { result: 'failed', ready: '' })
      expect(deployments(run)).toEqual([])
    },
  )

  // GitHub gives Dependabot a token if the job asks for one, and the step for credentials relies on that.
  const sources: readonly ('fork' | 'dependabot')[] =
    name === 'ambient-credentials.yml' ? ['fork'] : ['fork', 'dependabot']
  for (const from of sources)
    scenario(`${name} succeeds for a pull request from ${from}, and sends no request`, async () => {
      const emulator = await startForAct()
      const run = await runExample(emulator, name, pullRequest({ from }))
      expectRun(run, 'success', { result: 'skipped', ready: '' })
      expect(emulator.requests).toEqual([])
      expect(deployments(run)).toEqual([])
    })
})

describe.concurrent('ambient-credentials.yml', () => {
  const name = 'ambient-credentials.yml'

  scenario(
    `${name} works with the session of the step before, and assumes no role by itself`,
    async () => {
      const emulator = await startForAct()
      await runExample(emulator, name, opened)
      const [session] = [...emulator.state.credentials.values()].filter(({ roleArn }) => roleArn)
      const reads = emulator.calls('GetBackendStorage')
      expect(reads).not.toEqual([])
      expect(new Set(reads.map(({ accessKeyId }) => accessKeyId))).toEqual(
        new Set([session?.accessKeyId]),
      )
      expect(emulator.calls('GetCallerIdentity')).toHaveLength(1)
    },
  )
})

describe.concurrent('comment-on-pull-request.yml', () => {
  const name = 'comment-on-pull-request.yml'
  const bodies = ({ state }: Emulator): readonly string[] =>
    state.github.comments.map(({ body }) => body)

  scenario(`${name} keeps one comment, from the plan to the push after the merge`, async () => {
    const emulator = await startForAct()
    await runExample(emulator, name, opened)
    const [planned] = bodies(emulator)
    expect(planned).toContain('media')
    await runExample(emulator, name, pullRequest({ action: 'synchronize' }))
    expect(bodies(emulator)).toHaveLength(1)
    addMergedPull(emulator, push())
    await runExample(emulator, name, push())
    expect(bodies(emulator)).toHaveLength(1)
    expect(bodies(emulator)[0]).not.toBe(planned)
  })
})

describe.concurrent('environments-matrix.yml', () => {
  const name = 'environments-matrix.yml'
  const other = { account: '444455556666', appId: 'd7f6e5c4b3a2d1' }
  const combinations = [
    { appId: defaults.appId, environment: 'dev' },
    { appId: defaults.appId, environment: 'prod' },
    { appId: other.appId, environment: 'prod' },
  ]

  /** An emulator with the second app, in an account of its own with roles of the same names. */
  async function startWithTwoAccounts(): Promise<Emulator> {
    const emulator = await startForAct()
    const { state } = emulator
    addEnvironment(addApp(state, other.appId, 'otherapp'), 'prod')
    const main = 'repo:octo-org/octo-app:ref:refs/heads/main'
    const pull = 'repo:octo-org/octo-app:pull_request'
    const arn = (role: string): string => `arn:aws:iam::${other.account}:role/${role}`
    addRole(state, {
      arn: arn('amplify-storage-apply'),
      trust: githubTrustPolicy([main], { accountId: other.account }),
    })
    addRole(state, {
      arn: arn('amplify-storage-plan'),
      trust: githubTrustPolicy([main, pull], { accountId: other.account }),
      policies: [allowPolicy(readActions, other.account)],
    })
    return emulator
  }

  const expectedDeployment = (
    emulator: Emulator,
    { appId, environment }: (typeof combinations)[number],
  ): string =>
    `Deployed ${appId} ${environment} with bucket ${bucketIn(emulator, environment, appId)}`

  scenario(`${name} plans every environment on a pull request, and deploys none`, async () => {
    const emulator = await startWithTwoAccounts()
    const run = await runExample(emulator, name, opened)
    expect(run.result, run.output).toBe('success')
    expect(storageOutputs(run).map(({ result }) => result)).toEqual(Array(3).fill('planned'))
    expect(countWrites(emulator)).toBe(0)
    expect(deployments(run)).toEqual([])
  })

  scenario(
    `${name} applies and deploys every environment on a push, each with its own bucket`,
    async () => {
      const emulator = await startWithTwoAccounts()
      const run = await runExample(emulator, name, push())
      expect(run.result, run.output).toBe('success')
      for (const { appId, environment } of combinations)
        expect(permissionsIn(emulator, environment, appId)).toEqual(configuredPermissions)
      const expected = combinations.map((combination) => expectedDeployment(emulator, combination))
      expect(new Set(expected).size).toBe(combinations.length)
      expect(deployments(run).toSorted()).toEqual(expected.toSorted())
    },
  )

  scenario(`${name} goes on with the other environments when one fails`, async () => {
    const emulator = await startWithTwoAccounts()
    emulator.planJob(failedJob)
    const run = await runExample(emulator, name, push())
    expect(run.result, run.output).toBe('failure')
    // act gives every job of a matrix the same result, so the steps have to tell.
    expect(
      storageOutputs(run)
        .map(({ result }) => result)
        .toSorted(),
    ).toEqual(['created', 'created', 'failed'])
    const deployed = combinations.filter(
      ({ appId, environment }) => bucketIn(emulator, environment, appId) !== '',
    )
    expect(deployed).toHaveLength(2)
    expect(deployments(run).toSorted()).toEqual(
      deployed.map((combination) => expectedDeployment(emulator, combination)).toSorted(),
    )
  })
})

describe.concurrent('github-enterprise-server.yml', () => {
  const name = 'github-enterprise-server.yml'
  const server = 'github.corp.example.com'
  const issuer = `https://${server}/_services/token`

  scenario(`${name} plans with a token of the instance, and comments through its API`, async () => {
    const emulator = await startForAct({ issuer })
    const run = await runExample(emulator, name, opened, { server })
    expectRun(run, 'success', { result: 'planned' })
    expect(countWrites(emulator)).toBe(0)
    expect(emulator.calls('createComment')).toHaveLength(1)
    const body = emulator.state.github.comments[0]?.body
    expect(body).toContain(`https://${server}/${defaults.repository}/`)
    expect(body).not.toContain('https://github.com/')
  })

  scenario(`${name} creates the storage on a push to main`, async () => {
    const emulator = await startForAct({ issuer })
    expectRun(await runExample(emulator, name, push(), { server }), 'success', {
      result: 'created',
    })
    expect(permissionsIn(emulator)).toEqual(configuredPermissions)
  })
})

describe.concurrent('merged-pull-request.yml', () => {
  const name = 'merged-pull-request.yml'

  /** An emulator whose roles have the trust policies that the example asks for. */
  async function startWithTrustInPullRequests(): Promise<Emulator> {
    const emulator = await startForAct()
    const trust = (role: string, claims: Readonly<Record<string, string>>): void => {
      const found = emulator.state.roles.get(role)
      if (found === undefined) throw new Error(`The emulator has no role ${role}`)
      found.trust = githubTrustPolicy(['repo:octo-org/octo-app:pull_request'], { claims })
    }
    trust(defaults.planRole, {})
    trust(defaults.applyRole, { ref: 'refs/heads/main' })
    return emulator
  }

  for (const action of ['opened', 'synchronize', 'reopened'])
    scenario(`${name} plans on the pull request activity ${action}`, async () => {
      const emulator = await startWithTrustInPullRequests()
      const run = await runExample(emulator, name, pullRequest({ action }))
      expectRun(run, 'success', { result: 'planned' })
      expect(assumedRoles(emulator)).toEqual(['plan'])
      expect(countWrites(emulator)).toBe(0)
    })

  scenario(`${name} creates the storage when the pull request is merged`, async () => {
    const emulator = await startWithTrustInPullRequests()
    expectRun(await runExample(emulator, name, mergedPullRequest()), 'success', {
      result: 'created',
    })
    expect(permissionsIn(emulator)).toEqual(configuredPermissions)
    expect(assumedRoles(emulator)).toEqual(['apply'])
  })

  scenario(`${name} sends no request when the pull request is closed without a merge`, async () => {
    const emulator = await startWithTrustInPullRequests()
    const run = await runExample(emulator, name, pullRequest({ action: 'closed' }))
    expectRun(run, 'success', { result: 'skipped' })
    expect(emulator.requests).toEqual([])
  })
})
