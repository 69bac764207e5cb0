/** act runs the examples with several jobs or with programs of others. */
import { describe, expect } from 'vitest'

import { addRole, defaults, githubTrustPolicy, type Emulator } from '../../../emulator/emulator.ts'
import { parsePolicy, parseTrustPolicy } from '../../../emulator/iam/parse-policy.ts'
import {
  mergeGroup,
  pullRequest,
  push,
  schedule,
  workflowDispatch,
} from '../../../emulator/runner/events.ts'
import { addMedia, ALL } from '../../support/emulator-state.ts'
import { scenario } from '../../support/scenario.ts'
import { startForAct } from './act.ts'
import {
  assumedRoles,
  bucketIn,
  configuredPermissions,
  countWrites,
  expectRun,
  permissionsIn,
  programCalls,
  runExample,
  storageOutputs,
} from './example-runs.ts'

const opened = pullRequest()
const main = 'repo:octo-org/octo-app:ref:refs/heads/main'

describe.concurrent('hosting-build.yml', () => {
  const name = 'hosting-build.yml'

  scenario(`${name} starts a build with its own role when the storage exists`, async () => {
    const emulator = await startForAct()
    addRole(emulator.state, {
      arn: 'arn:aws:iam::111122223333:role/amplify-hosting-build',
      trust: githubTrustPolicy([main]),
      policies: [],
    })
    const run = await runExample(emulator, name, push())
    expectRun(run, 'success', { result: 'created', ready: 'true' })
    expect(assumedRoles(emulator)).toEqual(['apply', 'other'])
    expect(programCalls(run)).toEqual([
      `aws amplify start-job --app-id ${defaults.appId} --branch-name main --job-type RELEASE`,
    ])
  })

  scenario(`${name} starts no build for a plan or after a failure`, async () => {
    const emulator = await startForAct()
    expect(programCalls(await runExample(emulator, name, opened))).toEqual([])
    emulator.planJob({ error: 'Something went wrong' })
    const run = await runExample(emulator, name, push())
    expectRun(run, 'failure', { result: 'failed' })
    expect(programCalls(run)).toEqual([])
  })
})

describe.concurrent('after-a-change.yml', () => {
  const name = 'after-a-change.yml'

  scenario(`${name} pulls the backend after a change, and not if nothing changed`, async () => {
    const emulator = await startForAct()
    addRole(emulator.state, {
      arn: 'arn:aws:iam::111122223333:role/amplify-pull',
      trust: githubTrustPolicy([main]),
      policies: [],
    })
    const pulls = async (): Promise<readonly string[]> => {
      const { jobs } = await runExample(emulator, name, push())
      return jobs.flatMap(({ log }) => log.filter((line) => line.startsWith('Pulled ')))
    }
    expect(await pulls()).toEqual([`Pulled ${defaults.appId} prod`])
    expect(await pulls()).toEqual([])
  })

  for (const event of [opened, pullRequest({ from: 'fork' })])
    scenario(`${name} pulls nothing for a pull request by ${event.actor}`, async () => {
      const emulator = await startForAct()
      const run = await runExample(emulator, name, event)
      expect(run.result, run.output).toBe('success')
      expect(countWrites(emulator)).toBe(0)
      expect(run.jobs.flatMap(({ log }) => log).join('\n')).not.toContain('Pulled ')
    })
})

describe.concurrent('approval.yml', () => {
  const name = 'approval.yml'

  scenario(`${name} only plans on a pull request`, async () => {
    const emulator = await startForAct()
    expectRun(await runExample(emulator, name, opened), 'success', { result: 'planned' })
    expect(assumedRoles(emulator)).toEqual(['plan'])
  })

  scenario(`${name} plans and applies on a push, and applies nothing the next time`, async () => {
    const emulator = await startForAct()
    const results = async (): Promise<readonly (string | undefined)[]> =>
      storageOutputs(await runExample(emulator, name, push())).map(({ result }) => result)
    expect(await results()).toEqual(['planned', 'created'])
    expect(permissionsIn(emulator)).toEqual(configuredPermissions)
    expect(await results()).toEqual(['planned'])
    expect(assumedRoles(emulator)).toEqual(['plan', 'apply', 'plan'])
  })
})

describe.concurrent('merge-queue.yml', () => {
  const name = 'merge-queue.yml'

  scenario(`${name} plans in the merge queue`, async () => {
    const emulator = await startForAct()
    expectRun(await runExample(emulator, name, mergeGroup()), 'success', { result: 'planned' })
    expect(assumedRoles(emulator)).toEqual(['plan'])
    expect(countWrites(emulator)).toBe(0)
  })
})

describe.concurrent('drift.yml', () => {
  const name = 'drift.yml'

  for (const event of [schedule(), workflowDispatch()])
    scenario(`${name} succeeds on ${event.name} if the storage matches`, async () => {
      const emulator = await startForAct()
      addMedia(emulator, { permissions: { authenticated: [...ALL] } })
      expectRun(await runExample(emulator, name, event), 'success', { result: 'planned' })
      expect(assumedRoles(emulator)).toEqual(['plan'])
    })

  for (const [state, prepare] of [
    ['differs', addMedia],
    ['is missing', () => undefined],
  ] as const)
    scenario(`${name} fails if the storage ${state}, and writes nothing`, async () => {
      const emulator = await startForAct()
      prepare(emulator)
      const run = await runExample(emulator, name, schedule())
      expectRun(run, 'failure', { result: 'failed', 'error-code': 'CHANGES_FOUND' })
      expect(countWrites(emulator)).toBe(0)
    })
})

describe.concurrent('drift-issue.yml', () => {
  const name = 'drift-issue.yml'

  for (const [title, exists, openIssue, result, expected] of [
    ['opens an issue if the storage is missing', false, '', 'failure', ['list', 'create']],
    ['opens no second issue', false, '12', 'failure', ['list']],
    ['closes the issue if the storage matches', true, '12', 'success', ['list', 'close 12']],
    ['closes nothing without an issue', true, '', 'success', ['list']],
  ] as const)
    scenario(`${name} ${title}`, async () => {
      const emulator = await startForAct()
      if (exists) addMedia(emulator, { permissions: { authenticated: [...ALL] } })
      const run = await runExample(emulator, name, schedule(), { env: { OPEN_ISSUE: openIssue } })
      expect(run.result, run.output).toBe(result)
      const calls = programCalls(run).map(
        (call) => /^gh issue (list|create|close \d+)/.exec(call)?.[1],
      )
      expect(calls, run.output).toEqual(expected)
    })

  scenario(`${name} leaves the issue as it is if nothing was compared`, async () => {
    const emulator = await startForAct()
    emulator.injectFault({
      operation: 'GetBackendStorage',
      kind: 'status',
      status: 403,
      times: 'always',
    })
    const run = await runExample(emulator, name, schedule(), { env: { OPEN_ISSUE: '12' } })
    expect(run.result, run.output).toBe('failure')
    expect(programCalls(run)).toEqual([])
  })
})

describe.concurrent('role-chaining.yml', () => {
  const name = 'role-chaining.yml'
  const entry = 'arn:aws:iam::444455556666:role/github-entry'

  /** An emulator whose roles trust the entry role, and no token. */
  async function startWithEntry(): Promise<Emulator> {
    const emulator = await startForAct()
    const { state } = emulator
    const roles = [defaults.applyRole, defaults.planRole]
    addRole(state, {
      arn: entry,
      trust: githubTrustPolicy([main, 'repo:octo-org/octo-app:pull_request'], {
        accountId: '444455556666',
      }),
      policies: [
        parsePolicy({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roles },
        }),
      ],
    })
    for (const arn of roles) {
      const role = state.roles.get(arn)
      if (role === undefined) throw new Error(`The emulator has no role ${arn}`)
      role.trust = parseTrustPolicy({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Principal: { AWS: entry }, Action: 'sts:AssumeRole' },
      })
    }
    return emulator
  }

  const chainedRoles = ({ state }: Emulator): readonly string[] =>
    [...state.credentials.values()].flatMap(({ roleArn }) =>
      roleArn === undefined || roleArn === entry ? [] : [roleArn],
    )

  scenario(`${name} plans with the role that reads`, async () => {
    const emulator = await startWithEntry()
    expectRun(await runExample(emulator, name, opened), 'success', { result: 'planned' })
    expect(chainedRoles(emulator)).toEqual([defaults.planRole])
    expect(countWrites(emulator)).toBe(0)
  })

  scenario(`${name} creates the storage on a push with the role that applies`, async () => {
    const emulator = await startWithEntry()
    expectRun(await runExample(emulator, name, push()), 'success', { result: 'created' })
    expect(chainedRoles(emulator)).toEqual([defaults.applyRole])
    expect(permissionsIn(emulator)).toEqual(configuredPermissions)
  })

  scenario(`${name} starts no job for a pull request from a fork`, async () => {
    const emulator = await startWithEntry()
    const run = await runExample(emulator, name, pullRequest({ from: 'fork' }))
    expect(run.result, run.output).toBe('success')
    expect(emulator.requests).toEqual([])
  })
})

describe.concurrent('environments-from-file.yml', () => {
  const name = 'environments-from-file.yml'
  const environments = ['dev', 'prod']
  const files = {
    'storage.json': JSON.stringify(
      environments.map((environment) => ({
        ...{ 'app-id': defaults.appId, environment, 'account-id': defaults.accountId },
      })),
      undefined,
      2,
    ),
  }

  scenario(`${name} plans every environment of the file on a pull request`, async () => {
    const emulator = await startForAct()
    const run = await runExample(emulator, name, opened, { files })
    expect(run.result, run.output).toBe('success')
    expect(storageOutputs(run).map(({ result }) => result)).toEqual(['planned', 'planned'])
    expect(countWrites(emulator)).toBe(0)
  })

  scenario(`${name} creates the storage of every environment of the file on a push`, async () => {
    const emulator = await startForAct()
    const run = await runExample(emulator, name, push(), { files })
    expect(run.result, run.output).toBe('success')
    const buckets = environments.map((environment) => bucketIn(emulator, environment))
    expect(new Set(buckets).size).toBe(2)
    expect(buckets).not.toContain('')
  })
})

describe.concurrent('emulator.yml', () => {
  const name = 'emulator.yml'

  scenario(`${name} creates the storage on the emulator that its first step starts`, async () => {
    const other = await startForAct()
    const run = await runExample(other, name, workflowDispatch(), {
      // The variables of the test's own emulator.
      env: Object.fromEntries(Object.keys(other.env).map((variable) => [variable, ''])),
    })
    expectRun(run, 'success', { result: 'created', ready: 'true' })
    const [bucket] = storageOutputs(run).map((outputs) => outputs['bucket-name'])
    const log = run.jobs.flatMap((job) => job.log)
    expect(log).toContain(`The bucket is ${bucket ?? ''}`)
    expect(log.join('\n')).toContain('CreateBackendStorage 200')
    expect(other.requests).toEqual([])
  })
})
