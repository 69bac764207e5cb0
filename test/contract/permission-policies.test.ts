/** The IAM policies of docs/permissions.md are sufficient, and its table shows what happens without an action. */
import { afterAll, describe, expect, it } from 'vitest'

import { addRole, addStorage, defaults, type PolicyDocument } from '../../emulator/emulator.ts'
import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import {
  allowedOperations,
  readPolicyForEmulator,
} from '../support/contract/documented-policies.ts'
import { readPage, tableBelow } from '../support/contract/pages.ts'
import { startTestBed } from '../support/run-action.ts'
import { runAction, type RunActionOptions, type TestBed } from '../support/run-action.ts'

const started: TestBed[] = []
afterAll(() => Promise.all(started.map(({ emulator }) => emulator.stop())))

/** The policy of the page, without one of its actions. */
function policy(name: string, without = ''): PolicyDocument {
  const { Statement } = parsePolicy(readPolicyForEmulator(`policy: ${name}`))
  return {
    Statement: Statement.map((statement) => ({
      ...statement,
      Action: [statement.Action ?? []]
        .flat()
        .filter((action) => action !== `amplifybackend:${without}`),
    })),
  }
}

type Policies = Readonly<{ apply?: readonly PolicyDocument[]; plan?: PolicyDocument }>

/** An emulator whose two roles have exactly the trust and the permissions of the documentation. */
async function startWithPolicies({ apply, plan }: Policies = {}): Promise<TestBed> {
  const testBed = await startTestBed({ rules: { jobMs: 8_000 } })
  started.push(testBed)
  addRole(testBed.emulator.state, {
    arn: defaults.applyRole,
    trust: parseTrustPolicy(readPolicyForEmulator('trust: apply')),
    policies: [...(apply ?? [policy('apply')])],
  })
  addRole(testBed.emulator.state, {
    arn: defaults.planRole,
    trust: parseTrustPolicy(readPolicyForEmulator('trust: plan')),
    policies: [plan ?? policy('plan')],
  })
  return testBed
}

const READ = ['READ'] as const
const EVERYTHING = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const

type Case = Readonly<{
  title: string
  policies?: Policies
  /** Permissions of a storage that exists before the run. */
  existing?: readonly ('READ' | 'CREATE_AND_UPDATE' | 'DELETE')[]
  prepare?: (testBed: TestBed) => void
  options?: RunActionOptions
  outputs: Readonly<Record<string, string>>
  /** Whether the output `job-id` is set; not compared if undefined. */
  hasJobId?: boolean
  /** Titles of the annotations; the title of an error is not compared. */
  warnings?: readonly string[]
  /** Texts that the annotations contain. */
  annotations?: readonly string[]
}>

const applyWithout = (operation: string): Policies => ({ apply: [policy('apply', operation)] })
const planWithout = (operation: string): Policies => ({ plan: policy('plan', operation) })
const loseResponse =
  (when: 'before' | 'after') =>
  ({ emulator }: TestBed): void => {
    const operation = 'CreateBackendStorage'
    emulator.injectFault({ operation, kind: 'status', status: 504, when })
  }
const removeAuth = ({ emulator }: TestBed): void => {
  emulator.environment().auth = false
}
const update: RunActionOptions = { with: { 'if-exists': 'update' } }
const plan: RunActionOptions = { event: pullRequest() }
const created = { result: 'created', ready: 'true' }

const sufficient: readonly Case[] = [
  { title: 'The apply policy is sufficient to create a storage', outputs: created },
  {
    title: 'The apply policy is sufficient to find a matching storage',
    existing: EVERYTHING,
    options: { with: { 'bucket-name': 'media' } },
    outputs: { result: 'unchanged', ready: 'true' },
  },
  {
    title: 'The apply policy is sufficient to find a create whose response was lost',
    prepare: loseResponse('after'),
    outputs: created,
  },
  {
    title: 'The apply and update policies are sufficient to change permissions',
    policies: { apply: [policy('apply'), policy('update')] },
    existing: READ,
    options: update,
    outputs: { result: 'updated', ready: 'true' },
  },
  {
    title: 'The plan policy is sufficient to plan on a pull request',
    options: plan,
    outputs: { result: 'planned' },
  },
  {
    title: 'The plan policy is sufficient to plan on another branch',
    options: { event: push('topic') },
    outputs: { result: 'planned' },
    warnings: ['Planned only'],
  },
]

const insufficient: readonly Case[] = [
  {
    title: 'Without GetBackendStorage, an apply warns and creates, and ready stays empty',
    policies: applyWithout('GetBackendStorage'),
    outputs: { result: 'created', ready: '' },
    annotations: ['amplifybackend:GetBackendStorage'],
  },
  {
    title: 'Without GetBackendStorage, an apply fails if a storage exists',
    policies: applyWithout('GetBackendStorage'),
    existing: EVERYTHING,
    outputs: { result: 'failed', 'error-code': 'STORAGE_EXISTS' },
  },
  {
    title: 'Without GetBackend, an apply warns and creates',
    policies: applyWithout('GetBackend'),
    outputs: created,
    warnings: ['Backend not checked'],
  },
  {
    title: 'Without GetBackend, an apply detects a missing auth resource only when the job fails',
    policies: applyWithout('GetBackend'),
    prepare: removeAuth,
    outputs: {
      result: 'failed',
      'error-code': 'AUTH_MISSING',
    },
    hasJobId: true,
  },
  {
    title: 'Without CreateBackendStorage, an apply fails',
    policies: applyWithout('CreateBackendStorage'),
    outputs: { result: 'failed', 'error-code': 'ACCESS_DENIED' },
    hasJobId: false,
  },
  {
    title: 'Without UpdateBackendStorage, if-exists: update fails if the permissions differ',
    existing: READ,
    options: update,
    outputs: { result: 'failed', 'error-code': 'ACCESS_DENIED' },
  },
  {
    title: 'Without UpdateBackendStorage, if-exists: update succeeds if nothing differs',
    existing: EVERYTHING,
    options: update,
    outputs: { result: 'unchanged' },
    warnings: [],
  },
  {
    title: 'Without GetBackendJob, an apply fails with an unknown result and the job id',
    policies: applyWithout('GetBackendJob'),
    outputs: {
      result: 'unknown',
      'error-code': 'ACCESS_DENIED',
    },
    hasJobId: true,
    annotations: ['amplifybackend:GetBackendJob', 'wait: false'],
  },
  {
    title: 'Without GetBackendJob, an apply with wait: false succeeds',
    policies: applyWithout('GetBackendJob'),
    options: { with: { wait: 'false' } },
    outputs: { result: 'started' },
    warnings: [],
  },
  {
    title: 'Without ListBackendJobs, an apply creates without a warning',
    policies: applyWithout('ListBackendJobs'),
    outputs: created,
    warnings: [],
  },
  {
    title: 'Without ListBackendJobs, an apply warns if the storage matches',
    policies: applyWithout('ListBackendJobs'),
    existing: EVERYTHING,
    outputs: { result: 'unchanged' },
    warnings: ['Pending jobs not checked'],
  },
  {
    title: 'Without ListBackendJobs, the result is unknown after a lost response',
    policies: applyWithout('ListBackendJobs'),
    prepare: loseResponse('before'),
    outputs: { result: 'unknown', 'error-code': 'UNKNOWN_OUTCOME' },
  },
  {
    title: 'Without GetBackendStorage, a plan fails',
    policies: planWithout('GetBackendStorage'),
    options: plan,
    outputs: { result: 'failed', 'error-code': 'ACCESS_DENIED' },
  },
  {
    title: 'Without GetBackend, a plan warns and does not detect a missing auth resource',
    policies: planWithout('GetBackend'),
    prepare: removeAuth,
    options: plan,
    outputs: { result: 'planned' },
    warnings: ['Backend not checked'],
  },
]

describe.concurrent.each([
  { group: 'The documented policies', cases: sufficient.map((one) => ({ warnings: [], ...one })) },
  { group: 'A missing action', cases: insufficient },
])('$group', ({ cases }) => {
  it.for<Case>(cases)('$title', async (one, { expect }) => {
    const testBed = await startWithPolicies(one.policies)
    if (one.existing !== undefined) {
      addStorage(testBed.emulator.environment(), {
        resourceName: 'media',
        bucketName: 'media',
        permissions: { authenticated: [...one.existing] },
      })
    }
    one.prepare?.(testBed)
    const end = await runAction(testBed, one.options)

    expect(end.outputs).toMatchObject(one.outputs)
    expect(end.exitCode).toBe('error-code' in one.outputs ? 1 : 0)
    if (one.warnings !== undefined) {
      expect(end.annotations.map(({ title }) => title)).toEqual(one.warnings)
    }
    const messages = end.annotations.map(({ message }) => message).join('\n')
    for (const text of one.annotations ?? []) expect(messages).toContain(text)
    const { executed, accepted } = testBed.emulator.state.counters.create
    expect(executed).toBeLessThanOrEqual(1)
    if (one.hasJobId !== undefined) {
      expect(end.outputs['job-id'] !== '').toBe(one.hasJobId)
      expect(accepted > 0).toBe(one.hasJobId)
    }
  })
})

it('The role of applies gets a session that cannot write if mode is plan', async () => {
  const testBed = await startWithPolicies()
  const end = await runAction(testBed, {
    with: { mode: 'plan', 'plan-role-to-assume': undefined },
  })
  expect(end.outputs).toMatchObject({ result: 'planned' })
  const [session] = [...testBed.emulator.state.credentials.values()].filter(
    ({ roleArn }) => roleArn === defaults.applyRole,
  )
  expect(JSON.stringify(session?.sessionPolicy)).toContain('"Deny"')
})

it('docs/permissions.md has a row for every action of its policies', () => {
  const rows = tableBelow(readPage('docs/permissions.md'), 'What happens without an action')
  const actions = rows.map(([action = '']) => action.replaceAll('`', ''))
  const needed = new Set(allowedOperations('apply', 'update', 'plan'))
  expect(actions.toSorted()).toEqual([...needed].sort())
})
