/** The least-privilege policies of the documentation are enough, and without each action happens what it says. */
import { afterAll, describe, it } from 'vitest'

import { addRole, addStorage, defaults, type PolicyDocument } from '../../emulator/emulator.ts'
import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import { FAST_SCALE, runAction, type TestBed } from '../support/run-action.ts'
import { startTestBed } from '../support/emulator-pool.ts'
import {
  readPolicyForEmulator,
  allowedOperations,
} from '../support/contract/documented-policies.ts'
import { readPage } from '../support/contract/pages.ts'

const opened: TestBed[] = []
afterAll(() => Promise.all(opened.map(({ emulator }) => emulator.stop())))

const policyOf = (name: string): PolicyDocument =>
  parsePolicy(readPolicyForEmulator(`policy: ${name}`))

const without = ({ Statement }: PolicyDocument, operation: string): PolicyDocument => ({
  Statement: Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action ?? []]
      .flat()
      .filter((action) => action !== `amplifybackend:${operation}`),
  })),
})

/** An emulator whose two roles have just what the documentation gives them. */
async function documentedStage(
  given: { apply?: readonly PolicyDocument[]; plan?: PolicyDocument } = {},
): Promise<TestBed> {
  const world = await startTestBed(FAST_SCALE, { jobMs: 8_000 })
  opened.push(world)
  addRole(world.emulator.state, {
    arn: defaults.applyRole,
    trust: parseTrustPolicy(readPolicyForEmulator('trust: apply')),
    policies: [...(given.apply ?? [policyOf('apply')])],
  })
  addRole(world.emulator.state, {
    arn: defaults.planRole,
    trust: parseTrustPolicy(readPolicyForEmulator('trust: plan')),
    policies: [given.plan ?? policyOf('plan')],
  })
  return world
}

const titles = (annotations: readonly Readonly<{ title: string }>[]): readonly string[] =>
  annotations.map(({ title }) => title)

describe.concurrent('with the policies of the documentation', () => {
  it('an apply creates the storage', async ({ expect }) => {
    const end = await runAction(await documentedStage())
    expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
    expect(end).toMatchObject({ exitCode: 0, annotations: [] })
  })

  it('an apply finds the storage as asked', async ({ expect }) => {
    const world = await documentedStage()
    addMedia(world, ['READ', 'CREATE_AND_UPDATE', 'DELETE'])
    const end = await runAction(world, { with: { 'bucket-name': 'media' } })
    expect(end.outputs).toMatchObject({ result: 'unchanged', ready: 'true' })
    expect(end).toMatchObject({ exitCode: 0, annotations: [] })
  })

  it('an apply finds a lost create again', async ({ expect }) => {
    const world = await documentedStage()
    world.emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 504,
      when: 'after',
    })
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
    expect(world.emulator.state.counters.create).toMatchObject({ received: 1, executed: 1 })
  })

  it('an apply updates permissions, with the action for that', async ({ expect }) => {
    const world = await documentedStage({ apply: [policyOf('apply'), policyOf('update')] })
    addMedia(world, ['READ'])
    const end = await runAction(world, { with: { 'if-exists': 'update' } })
    expect(end.outputs).toMatchObject({ result: 'updated', ready: 'true' })
    expect(end).toMatchObject({ exitCode: 0, annotations: [] })
  })

  it('a plan shows what would be created', async ({ expect }) => {
    const end = await runAction(await documentedStage(), { event: pullRequest() })
    expect(end.outputs).toMatchObject({ result: 'planned' })
    expect(end).toMatchObject({ exitCode: 0, annotations: [] })
  })

  it('a plan on another branch may look as well', async ({ expect }) => {
    const end = await runAction(await documentedStage(), { event: push('topic') })
    expect(end.outputs).toMatchObject({ result: 'planned' })
    expect(titles(end.annotations)).toEqual(['Planned only'])
  })
})

describe.concurrent('an apply without GetBackendStorage', () => {
  const lacking = () =>
    documentedStage({ apply: [without(policyOf('apply'), 'GetBackendStorage')] })

  it('warns, goes on and creates, but does not call it ready', async ({ expect }) => {
    const end = await runAction(await lacking())
    expect(end.outputs).toMatchObject({ result: 'created', ready: '' })
    expect(end.exitCode).toBe(0)
    expect(end.annotations.map(({ level }) => level)).toContain('warning')
    expect(end.annotations.map(({ message }) => message).join('\n')).toContain(
      'amplifybackend:GetBackendStorage',
    )
  })

  it('is red where there is a storage', async ({ expect }) => {
    const world = await lacking()
    addMedia(world, ['READ', 'CREATE_AND_UPDATE', 'DELETE'])
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'STORAGE_EXISTS' })
    expect(end.exitCode).toBe(1)
  })
})

describe.concurrent('an apply without GetBackend', () => {
  it('warns, goes on and creates', async ({ expect }) => {
    const world = await documentedStage({ apply: [without(policyOf('apply'), 'GetBackend')] })
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
    expect(titles(end.annotations)).toEqual(['Backend not checked'])
    expect(end.exitCode).toBe(0)
  })

  it('learns of a missing auth resource from the failed job only', async ({ expect }) => {
    const world = await documentedStage({ apply: [without(policyOf('apply'), 'GetBackend')] })
    world.emulator.environment().auth = false
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'AUTH_MISSING' })
    expect(end.outputs['job-id']).not.toBe('')
  })
})

describe.concurrent('an apply without CreateBackendStorage', () => {
  it('is red, and nothing was started', async ({ expect }) => {
    const world = await documentedStage({
      apply: [without(policyOf('apply'), 'CreateBackendStorage')],
    })
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'ACCESS_DENIED' })
    expect(end.exitCode).toBe(1)
    expect(world.emulator.state.counters.create.accepted).toBe(0)
  })
})

describe.concurrent('an apply without UpdateBackendStorage', () => {
  it('is red where if-exists: update has something to change', async ({ expect }) => {
    const world = await documentedStage()
    addMedia(world, ['READ'])
    const end = await runAction(world, { with: { 'if-exists': 'update' } })
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'ACCESS_DENIED' })
    expect(end.exitCode).toBe(1)
  })

  it('is green where it has not', async ({ expect }) => {
    const world = await documentedStage()
    addMedia(world, ['READ', 'CREATE_AND_UPDATE', 'DELETE'])
    const end = await runAction(world, { with: { 'if-exists': 'update' } })
    expect(end.outputs).toMatchObject({ result: 'unchanged' })
    expect(end.exitCode).toBe(0)
  })
})

describe.concurrent('an apply without GetBackendJob', () => {
  const lacking = () => documentedStage({ apply: [without(policyOf('apply'), 'GetBackendJob')] })

  it('is red with the job id, and says what to do', async ({ expect }) => {
    const end = await runAction(await lacking())
    expect(end.outputs).toMatchObject({ result: 'unknown', 'error-code': 'ACCESS_DENIED' })
    expect(end.outputs['job-id']).not.toBe('')
    expect(end.exitCode).toBe(1)
    const said = end.annotations.map(({ message }) => message).join('\n')
    expect(said).toContain('amplifybackend:GetBackendJob')
    expect(said).toContain('wait: false')
  })

  it('is green with wait: false', async ({ expect }) => {
    const end = await runAction(await lacking(), { with: { wait: 'false' } })
    expect(end.outputs).toMatchObject({ result: 'started' })
    expect(end).toMatchObject({ exitCode: 0, annotations: [] })
  })
})

describe.concurrent('an apply without ListBackendJobs', () => {
  const lacking = () => documentedStage({ apply: [without(policyOf('apply'), 'ListBackendJobs')] })

  it('creates as usual', async ({ expect }) => {
    const end = await runAction(await lacking())
    expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
    expect(end).toMatchObject({ exitCode: 0, annotations: [] })
  })

  it('warns where the storage is as asked', async ({ expect }) => {
    const world = await lacking()
    addMedia(world, ['READ', 'CREATE_AND_UPDATE', 'DELETE'])
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'unchanged' })
    expect(titles(end.annotations)).toEqual(['Pending jobs not seen'])
    expect(end.exitCode).toBe(0)
  })

  it('does not know the outcome after a lost answer', async ({ expect }) => {
    const world = await lacking()
    world.emulator.injectFault({ operation: 'CreateBackendStorage', kind: 'status', status: 504 })
    const end = await runAction(world)
    expect(end.outputs).toMatchObject({ result: 'unknown', 'error-code': 'UNKNOWN_OUTCOME' })
    expect(end.exitCode).toBe(1)
  })
})

describe.concurrent('a plan', () => {
  it('without GetBackendStorage is red: nothing was planned', async ({ expect }) => {
    const world = await documentedStage({ plan: without(policyOf('plan'), 'GetBackendStorage') })
    const end = await runAction(world, { event: pullRequest() })
    expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'ACCESS_DENIED' })
    expect(end.outputs['error-message']).toContain('Nothing was planned')
  })

  it('without GetBackend warns, and does not see a missing auth resource', async ({ expect }) => {
    const world = await documentedStage({ plan: without(policyOf('plan'), 'GetBackend') })
    world.emulator.environment().auth = false
    const end = await runAction(world, { event: pullRequest() })
    expect(end.outputs).toMatchObject({ result: 'planned' })
    expect(titles(end.annotations)).toEqual(['Backend not checked'])
  })

  it('with the role that applies cannot write, by its session', async ({ expect }) => {
    const world = await documentedStage()
    const end = await runAction(world, {
      with: { mode: 'plan', 'plan-role-to-assume': undefined },
    })
    expect(end.outputs).toMatchObject({ result: 'planned' })
    const [session] = [...world.emulator.state.credentials.values()].filter(
      ({ roleArn }) => roleArn === defaults.applyRole,
    )
    expect(JSON.stringify(session?.sessionPolicy)).toContain('"Deny"')
  })
})

describe.concurrent('the table of what happens without an action', () => {
  it('has a row for every action of the policies', ({ expect }) => {
    const { text } = readPage('docs/permissions.md')
    const [, section = ''] = text.split('## What happens without an action')
    const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name)
    const needed = new Set(allowedOperations('apply', 'update', 'plan'))
    expect([...new Set(rows)].sort()).toEqual([...needed].sort())
  })
})

function addMedia(
  { emulator }: TestBed,
  authenticated: ('READ' | 'CREATE_AND_UPDATE' | 'DELETE')[],
): void {
  addStorage(emulator.environment(), {
    resourceName: 'media',
    bucketName: 'media',
    permissions: { authenticated },
  })
}
