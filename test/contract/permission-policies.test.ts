/** The IAM policies of docs/permissions.md are sufficient, and its table shows what happens without an action. */
import { expect, it } from 'vitest'

import { addRole, defaults, type Emulator, type PolicyDocument } from '../../emulator/emulator.ts'
import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { pullRequest, push } from '../../emulator/runner/events.ts'
import {
  allowedOperations,
  readPolicyForEmulator,
} from '../support/contract/documented-policies.ts'
import { readPage, tableBelow } from '../support/contract/pages.ts'
import { addMedia, ALL } from '../support/emulator-state.ts'
import {
  createTestBed,
  runAction,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { scenario } from '../support/scenario.ts'

/** The policy of the page, without one of its actions. */
function policy(name: string, removed = ''): PolicyDocument {
  const { Statement } = parsePolicy(readPolicyForEmulator(`policy: ${name}`))
  return {
    Statement: Statement.map((statement) => ({
      ...statement,
      Action: [statement.Action ?? []]
        .flat()
        .filter((action) => action !== `amplifybackend:${removed}`),
    })),
  }
}

type Policies = Readonly<{ apply?: readonly PolicyDocument[]; plan?: PolicyDocument }>

/** An emulator whose two roles have exactly the trust and the permissions of the documentation. */
async function startWithPolicies({ apply, plan }: Policies = {}): Promise<TestBed> {
  const testBed = await createTestBed({ rules: { jobMs: 8_000 } })
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

const loseResponse =
  (when: 'before' | 'after') =>
  (emulator: Emulator): void => {
    const operation = 'CreateBackendStorage'
    emulator.injectFault({ operation, kind: 'status', status: 504, when })
  }
const removeAuth = (emulator: Emulator): void => {
  emulator.environment().auth = false
}
const addMatching = (emulator: Emulator): unknown =>
  addMedia(emulator, { bucketName: 'media', permissions: { authenticated: [...ALL] } })

const update: RunActionOptions = { with: { 'if-exists': 'update' } }
const plan: RunActionOptions = { event: pullRequest() }
const without = (operation: string): Policies => ({ apply: [policy('apply', operation)] })
const planWithout = (operation: string): Policies => ({ plan: policy('plan', operation) })
const denied = { code: 'ACCESS_DENIED' }
const withJob = expect.stringMatching(/./) as unknown

/** What a run results in. */
type Expected = Readonly<{
  code?: string
  outputs?: Readonly<Record<string, unknown>>
  /** The titles of the warnings; not compared if undefined. */
  warnings?: readonly string[]
  /** Texts that the annotations contain. */
  annotations?: readonly string[]
}>

type Case = readonly [
  title: string,
  policies: Policies,
  prepare: ((emulator: Emulator) => unknown) | undefined,
  options: RunActionOptions,
  result: string,
  expected?: Expected,
]

const none = { warnings: [] }

const sufficient: readonly Case[] = [
  ['The apply policy creates a storage', {}, undefined, {}, 'created', none],
  [
    'The apply policy finds a matching storage',
    ...([{}, addMatching, { with: { 'bucket-name': 'media' } }, 'unchanged', none] as const),
  ],
  [
    'The apply policy finds a create whose response was lost',
    ...([{}, loseResponse('after'), {}, 'created', none] as const),
  ],
  [
    'The apply and update policies change permissions',
    ...([
      { apply: [policy('apply'), policy('update')] },
      addMedia,
      update,
      'updated',
      none,
    ] as const),
  ],
  ['The plan policy plans on a pull request', {}, undefined, plan, 'planned', none],
  [
    'The plan policy plans on another branch',
    ...([
      {},
      undefined,
      { event: push('topic') },
      'planned',
      { warnings: ['Planned only'] },
    ] as const),
  ],
]

const insufficient: readonly Case[] = [
  [
    'Without GetBackendStorage, an apply warns and creates, and ready stays empty',
    ...([without('GetBackendStorage'), undefined, {}, 'created'] as const),
    { outputs: { ready: '' }, annotations: ['amplifybackend:GetBackendStorage'] },
  ],
  [
    'Without GetBackendStorage, an apply fails if a storage exists',
    ...([without('GetBackendStorage'), addMatching, {}, 'failed'] as const),
    { code: 'STORAGE_EXISTS' },
  ],
  [
    'Without GetBackend, an apply warns and creates',
    ...([without('GetBackend'), undefined, {}, 'created'] as const),
    { outputs: { ready: 'true' }, warnings: ['Backend not checked'] },
  ],
  [
    'Without GetBackend, an apply detects a missing auth resource only when the job fails',
    ...([without('GetBackend'), removeAuth, {}, 'failed'] as const),
    { code: 'AUTH_MISSING', outputs: { 'job-id': withJob } },
  ],
  [
    'Without CreateBackendStorage, an apply fails',
    ...([without('CreateBackendStorage'), undefined, {}, 'failed'] as const),
    { ...denied, outputs: { 'job-id': '' } },
  ],
  [
    'Without UpdateBackendStorage, if-exists: update fails if the permissions differ',
    ...([{}, addMedia, update, 'failed', denied] as const),
  ],
  [
    'Without UpdateBackendStorage, if-exists: update succeeds if nothing differs',
    ...([{}, addMatching, update, 'unchanged', none] as const),
  ],
  [
    'Without GetBackendJob, an apply fails with an unknown result and the job id',
    ...([without('GetBackendJob'), undefined, {}, 'unknown'] as const),
    {
      ...denied,
      outputs: { 'job-id': withJob },
      annotations: ['amplifybackend:GetBackendJob', 'wait: false'],
    },
  ],
  [
    'Without GetBackendJob, an apply with wait: false succeeds',
    ...([
      without('GetBackendJob'),
      undefined,
      { with: { wait: 'false' } },
      'started',
      none,
    ] as const),
  ],
  [
    'Without ListBackendJobs, an apply creates without a warning',
    ...([without('ListBackendJobs'), undefined, {}, 'created', none] as const),
  ],
  [
    'Without ListBackendJobs, an apply warns if the storage matches',
    ...([without('ListBackendJobs'), addMatching, {}, 'unchanged'] as const),
    { warnings: ['Pending jobs not checked'] },
  ],
  [
    'Without ListBackendJobs, the result is unknown after a lost response',
    ...([without('ListBackendJobs'), loseResponse('before'), {}, 'unknown'] as const),
    { code: 'UNKNOWN_OUTCOME' },
  ],
  [
    'Without GetBackendStorage, a plan fails',
    ...([planWithout('GetBackendStorage'), undefined, plan, 'failed', denied] as const),
  ],
  [
    'Without GetBackend, a plan warns and does not detect a missing auth resource',
    ...([planWithout('GetBackend'), removeAuth, plan, 'planned'] as const),
    { warnings: ['Backend not checked'] },
  ],
]

for (const [title, policies, prepare, options, result, expected = {}] of [
  ...sufficient,
  ...insufficient,
])
  scenario(title, async () => {
    const testBed = await startWithPolicies(policies)
    const { emulator } = testBed
    prepare?.(emulator)
    const end = await runAction(testBed, options)

    const { code = '', outputs, warnings, annotations = [] } = expected
    expect(end.outputs).toMatchObject({ result, 'error-code': code, ...outputs })
    expect(end.exitCode).toBe(code === '' ? 0 : 1)
    if (warnings !== undefined)
      expect(end.annotations.map((annotation) => annotation.title)).toEqual(warnings)
    const messages = end.annotations.map(({ message }) => message).join('\n')
    for (const text of annotations) expect(messages).toContain(text)
    const { executed, accepted } = emulator.state.counters.create
    expect(executed).toBeLessThanOrEqual(1)
    if (outputs !== undefined && 'job-id' in outputs)
      expect(accepted).toBe(outputs['job-id'] === '' ? 0 : 1)
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
