/**
 * Every example, run for its events on this action's bundle against the emulator. GitHub's own parser and
 * expression evaluator decide what the file means; processes, file commands and the order of jobs are the
 * harness's.
 */
import { describe, expect, test } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import {
  mergedPullRequest,
  pullRequest,
  push,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { addAsked, asked, bucketIn, permissionsIn, rolesAsked, writes } from './seen.ts'
import {
  called,
  deploys,
  example,
  exampleNames,
  jobIn,
  logOf,
  storageStep,
  world,
} from './support.ts'

const opened = pullRequest()
const fork = pullRequest({ from: 'fork' })
const dependabot = pullRequest({ from: 'dependabot' })

test('every example is tested, here or in the file next to this one', () => {
  expect(exampleNames).toEqual([
    'ambient-credentials.yml',
    'behind-a-proxy.yml',
    'call-reusable.yml',
    'comment-on-pull-request.yml',
    'deploy-after-storage.yml',
    'environments-matrix.yml',
    'github-enterprise-server.yml',
    'merged-pull-request.yml',
    'plan-and-apply.yml',
    'reusable.yml',
  ])
})

/** What every example that plans and applies by itself does, whatever else it is about. */
describe.each([
  'ambient-credentials.yml',
  'call-reusable.yml',
  'comment-on-pull-request.yml',
  'deploy-after-storage.yml',
  'plan-and-apply.yml',
])('%s', (name) => {
  const text = example(name)

  test('plans on a pull request', async () => {
    const { emulator, run } = await world({ called })
    const ran = await run(name, text, opened)
    expect(ran.result, logOf(ran)).toBe('success')
    expect(storageStep(jobIn(ran, 'storage')).outputs).toMatchObject({
      result: 'planned',
      ready: '',
    })
    expect(writes(emulator)).toBe(0)
    expect(deploys(ran)).toEqual([])
  })

  test('plans again when the storage is there, and does not deploy', async () => {
    const { emulator, run } = await world({ called })
    addAsked(emulator)
    const ran = await run(name, text, pullRequest({ action: 'synchronize' }))
    expect(ran.result, logOf(ran)).toBe('success')
    expect(storageStep(jobIn(ran, 'storage')).outputs).toMatchObject({
      result: 'planned',
      changes: '[]',
      ready: '',
    })
    expect(deploys(ran)).toEqual([])
  })

  test('applies on the push to main, once, and is green when it is run again', async () => {
    const { emulator, run } = await world({ called })
    const ran = await run(name, text, push())
    expect(ran.result, logOf(ran)).toBe('success')
    expect(permissionsIn(emulator)).toEqual(asked)
    expect(storageStep(jobIn(ran, 'storage')).outputs).toMatchObject({
      result: 'created',
      ready: 'true',
      'bucket-name': bucketIn(emulator),
    })
    const again = await run(name, text, push())
    expect(again.result, logOf(again)).toBe('success')
    expect(storageStep(jobIn(again, 'storage')).outputs).toMatchObject({
      result: 'unchanged',
      ready: 'true',
    })
    expect(writes(emulator)).toBe(1)
  })

  test.each([
    ['a fork', fork],
    ['Dependabot', dependabot],
  ])('is green, and looks at nothing, for a pull request of %s', async (_, event) => {
    const { emulator, run } = await world({ called })
    const ran = await run(name, text, event)
    expect(ran.result, logOf(ran)).toBe('success')
    expect(storageStep(jobIn(ran, 'storage')).outputs).toMatchObject({
      result: 'skipped',
      ready: '',
    })
    expect(emulator.requests).toEqual([])
    expect(deploys(ran)).toEqual([])
  })

  test('is red when the storage cannot be created, and nothing is deployed', async () => {
    const { emulator, run } = await world({ called })
    emulator.planJob({ error: 'Something went wrong' })
    const ran = await run(name, text, push())
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(storageStep(jobIn(ran, 'storage'))).toMatchObject({
      conclusion: 'failure',
      outputs: { result: 'failed', ready: '' },
    })
    expect(deploys(ran)).toEqual([])
  })

  test.each<[string, WorkflowEvent]>([
    ['a push to another branch', push('topic')],
    ['a pull request into another branch', pullRequest({ base: 'topic' })],
    ['a merge', mergedPullRequest()],
  ])('is not started by %s', async (_, event) => {
    const { run } = await world({ called })
    expect(await run(name, text, event)).toMatchObject({ started: false })
  })
})

describe.each(['plan-and-apply.yml', 'deploy-after-storage.yml', 'call-reusable.yml'])(
  '%s',
  (name) => {
    test('deploys with the bucket once the storage is there', async () => {
      const { emulator, run } = await world({ called })
      const bucket = (): string => `Deployed   with bucket ${bucketIn(emulator)}`
      expect(deploys(await run(name, example(name), push()))).toEqual([bucket()])
      expect(deploys(await run(name, example(name), push()))).toEqual([bucket()])
    })
  },
)

describe.each(['plan-and-apply.yml', 'deploy-after-storage.yml', 'comment-on-pull-request.yml'])(
  '%s',
  (name) => {
    test('asks for the role that reads on pull requests, and for the one that writes on main', async () => {
      const { emulator, run } = await world()
      await run(name, example(name), opened)
      expect(rolesAsked(emulator)).toEqual([defaults.planRole])
      await run(name, example(name), push())
      expect(rolesAsked(emulator)).toEqual([defaults.planRole, defaults.applyRole])
    })
  },
)

describe.each(['plan-and-apply.yml', 'ambient-credentials.yml'])('%s', (name) => {
  test('puts no secret of the session into the log', async () => {
    const { emulator, run } = await world()
    const ran = await run(name, example(name), push())
    const log = ran.jobs.flatMap(({ steps }) => steps.flatMap((step) => step.log)).join('\n')
    const secrets = [...emulator.state.credentials.values()].flatMap((credential) => [
      credential.secretAccessKey,
      credential.sessionToken ?? credential.secretAccessKey,
    ])
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([])
    expect(log).toContain('media')
  })
})
