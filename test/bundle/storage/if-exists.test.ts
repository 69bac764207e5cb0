/** A storage that exists before the run; test/unit/storage has every difference. */
import { expect } from 'vitest'

import { defaults, type Emulator, type Rules } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { addMedia, ALL, denyOperations, getJobId, READ } from '../../support/emulator-state.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations } from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'
const UPDATE = 'UpdateBackendStorage'

type Found = Parameters<typeof addMedia>[1]

/** Runs the action where the storage `media` exists as described. */
async function runWith(
  found: Found,
  inputs: Readonly<Record<string, string>>,
  rules: Partial<Rules> = {},
): Promise<Readonly<{ step: StepResult; emulator: Emulator }>> {
  const run = await runOnce({
    rules,
    with: inputs,
    setUp: (emulator) => addMedia(emulator, found),
  })
  expect(run.emulator.calls(CREATE)).toEqual([])
  return run
}

const getChanges = (step: StepResult): unknown => JSON.parse(step.outputs['changes'] ?? '')
const toAll = { field: 'authenticated-permissions', from: [...READ], to: [...ALL] }
const asConfigured = { authenticated: [...ALL] }

type Unchanged = Readonly<{
  found: Found
  with?: Readonly<Record<string, string>>
  rules?: Partial<Rules>
}>

scenarios<Unchanged>(
  'A storage that matches the configuration stays unchanged',
  {
    'permissions in another order': {
      found: { permissions: { authenticated: [...ALL].reverse() } },
    },
    'guest access that is not configured': {
      found: { permissions: { ...asConfigured, unAuthenticated: [...READ] } },
      with: { 'if-exists': 'update' },
    },
    'the base name of its bucket': {
      found: { bucketName: 'octo-media', permissions: asConfigured },
      with: { 'bucket-name': 'octo-media', 'if-exists': 'update' },
      rules: { reportedBucket: 'base' },
    },
  },
  async ({ found, with: inputs = {}, rules }) => {
    const { step, emulator } = await runWith(found, inputs, rules)
    expectSuccess(step, 'unchanged', { ready: 'true', changed: '', changes: '[]' })
    expect(step.outputs['bucket-name']).toBe(emulator.environment().storages.get('media')?.bucket)
    expect(emulator.calls(UPDATE)).toEqual([])
  },
)

scenario('A legacy bucket without a suffix is that of its base name', async () => {
  const { step } = await runOnce({
    with: { 'bucket-name': 'octo-media', 'if-exists': 'update' },
    setUp: (emulator) => {
      emulator.environment().suffix = ''
      addMedia(emulator, { bucketName: 'octo-media', permissions: asConfigured })
    },
  })
  expectSuccess(step, 'unchanged', { ready: 'true', 'bucket-name': 'octo-media-prod' })
})

scenarios(
  'An imported storage is unchanged, whatever its permissions, with a warning and its bucket',
  { 'of the same bucket': 'team-media', 'of any bucket': '' },
  async (bucket) => {
    const found = { bucketName: 'team-media', imported: true }
    const { step, emulator } = await runWith(found, { 'bucket-name': bucket })
    expectSuccess(step, 'unchanged', { ready: 'true', changes: '[]', 'bucket-name': 'team-media' })
    expect(JSON.stringify(getAnnotations(step, 'warning'))).toContain('authenticated-permissions')
    expect(step.summary).toContain('imported')
    expect(emulator.calls(UPDATE)).toEqual([])
  },
)

scenarios(
  'An imported storage is never updated',
  { 'an apply': 'apply', 'a plan': 'plan' },
  async (mode) => {
    const found = { bucketName: 'team-media', imported: true }
    const { step, emulator } = await runWith(found, { mode, 'if-exists': 'update' })
    expect(expectFailure(step, 'STORAGE_IMPORTED')).toContain('if-exists')
    expect(getChanges(step)).toEqual([])
    expect(emulator.calls(UPDATE)).toEqual([])
  },
)

scenario('if-exists: match rejects other permissions and shows the difference', async () => {
  const { step, emulator } = await runWith({}, {})
  expect(expectFailure(step, 'STORAGE_DIFFERS', { 'job-id': '' })).toMatch(
    /READ.*CREATE_AND_UPDATE/,
  )
  expect(getChanges(step)).toEqual([toAll])
  expect(step.summary).toContain('CREATE_AND_UPDATE')
  expect(emulator.calls(UPDATE)).toEqual([])
})

scenario(
  'if-exists: update changes the permissions and sends those of guests as they were read',
  async () => {
    const permissions = { authenticated: [...READ], unAuthenticated: [...READ] }
    const { step, emulator } = await runWith({ permissions }, { 'if-exists': 'update' })
    expectSuccess(step, 'updated', {
      ready: 'true',
      changed: 'true',
      'job-id': getJobId(emulator),
    })
    expect(getChanges(step)).toEqual([toAll])
    expect(emulator.calls(UPDATE).map(({ body }) => body)).toEqual([
      {
        resourceName: 'media',
        resourceConfig: {
          serviceName: 'S3',
          permissions: { authenticated: [...ALL], unAuthenticated: [...READ] },
        },
      },
    ])
  },
)

scenarios<Readonly<{ from: readonly 'READ'[]; to: string; warnings: number }>>(
  'if-exists: update changes the access of guests, and warns when they gain it',
  {
    removed: { from: READ, to: 'none', warnings: 0 },
    given: { from: [], to: 'READ', warnings: 1 },
  },
  async ({ from, to, warnings }) => {
    const { step, emulator } = await runWith(
      { permissions: { ...asConfigured, unAuthenticated: [...from] } },
      { 'if-exists': 'update', 'unauthenticated-permissions': to },
    )
    expectSuccess(step, 'updated', { ready: 'true' })
    expect(getChanges(step)).toMatchObject([{ field: 'unauthenticated-permissions', from }])
    const { permissions } = emulator.environment().storages.get('media') ?? {}
    expect(permissions?.unAuthenticated).toEqual(to === 'none' ? [] : READ)
    expect(getAnnotations(step, 'warning')).toHaveLength(warnings)
  },
)

scenarios<Found>(
  'if-exists: fail rejects any storage',
  { 'as configured': { permissions: asConfigured }, different: {} },
  async (found) => {
    const { step, emulator } = await runWith(found, { 'if-exists': 'fail' })
    expectFailure(step, 'STORAGE_EXISTS')
    expect(emulator.calls(UPDATE)).toEqual([])
  },
)

scenario('if-exists: fail accepts the storage of a create whose response was lost', async () => {
  const { step, emulator } = await runOnce({
    with: { 'if-exists': 'fail' },
    faults: [{ operation: CREATE, kind: 'reset', when: 'after' }],
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(emulator.state.counters.create).toMatchObject({ received: 1, executed: 1 })
})

scenarios(
  'Another bucket is rejected, since the bucket of a storage cannot change',
  { 'if-exists: match': 'match', 'if-exists: update': 'update' },
  async (ifExists) => {
    const found = { bucketName: 'octo-media-archive', permissions: asConfigured }
    const inputs = { 'bucket-name': 'octo-media', 'if-exists': ifExists }
    const { step, emulator } = await runWith(found, inputs)
    const bucket = 'octo-media-archive9c04b-prod'
    expect(expectFailure(step, 'BUCKET_FIXED')).toContain(bucket)
    expect(getChanges(step)).toEqual([{ field: 'bucket-name', from: bucket, to: 'octo-media' }])
    expect(emulator.calls(UPDATE)).toEqual([])
  },
)

scenarios<Partial<Rules>>(
  'The output bucket-name is the physical name of a new bucket',
  { 'reported by the service': {}, 'from the metadata': { reportedBucket: 'base' } },
  async (rules) => {
    const { step } = await runOnce({ rules, with: { 'bucket-name': 'octo-media' } })
    expectSuccess(step, 'created', { 'bucket-name': 'octo-media9c04b-prod' })
  },
)

scenario(
  'The output bucket-name is empty, with a warning, when only the base name is known',
  async () => {
    const { step } = await runOnce({
      rules: { reportedBucket: 'base' },
      with: { 'bucket-name': 'octo-media' },
      setUp: (emulator) => {
        denyOperations(emulator, 'GetBackend')
      },
    })
    expectSuccess(step, 'created', { ready: 'true', 'bucket-name': '' })
    expect(getAnnotations(step, 'warning').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/bucket/i),
    )
  },
)

scenarios<Readonly<Record<string, string>>>(
  'A response about another storage is an error, and nothing is sent',
  {
    'with if-exists match': {},
    'with if-exists update': { 'if-exists': 'update' },
    'in a plan': { mode: 'plan' },
  },
  async (inputs) => {
    for (const [resourceName, serviceName, shown] of [
      ['files', 'S3', '"files"'],
      ['media', 'DynamoDB', '"DynamoDB"'],
    ] as const) {
      const about = { appId: defaults.appId, backendEnvironmentName: 'prod', resourceName }
      const resourceConfig = { serviceName, permissions: { authenticated: ALL } }
      const { step, emulator } = await runOnce({
        with: inputs,
        faults: [
          {
            ...{ operation: 'GetBackendStorage', kind: 'body', times: 'always' },
            body: JSON.stringify({ ...about, resourceConfig }),
          },
        ],
      })
      const message = expectFailure(step, 'UNREADABLE_RESPONSE', { 'has-changes': '' })
      expect(message).toContain(shown)
      expect([...emulator.calls(CREATE), ...emulator.calls(UPDATE)]).toEqual([])
    }
  },
)
