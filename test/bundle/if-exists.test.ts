/** A storage that is there already: `if-exists`, and what counts as different. */
import { afterAll, describe, expect, it } from 'vitest'

import { addStorage, type Rules } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { FAST_SCALE, runAction, type TestBed } from '../support/run-action.ts'
import { getAnnotations, getError, getLog } from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

type Found = Omit<Parameters<typeof addStorage>[1], 'resourceName'>
type Inputs = Readonly<Record<string, string>>

/** Runs against an environment that has the storage `media` as described. */
async function run(
  found: Found,
  inputs: Inputs,
  check: (end: StepResult, stage: TestBed) => void,
  rules: Partial<Rules> = {},
): Promise<void> {
  await stages.use(rules, async (stage) => {
    addStorage(stage.emulator.environment(), { resourceName: 'media', ...found })
    const end = await runAction(stage, { with: inputs })
    expect(stage.emulator.calls('CreateBackendStorage')).toEqual([])
    check(end, stage)
  })
}

const changesOf = (end: StepResult): unknown => JSON.parse(end.outputs['changes'] ?? '')

function expectRefused(end: StepResult, stage: TestBed, code: ErrorCode): void {
  expect(end.exitCode, getLog(end)).toBe(1)
  expect(end.outputs).toMatchObject({
    result: 'failed',
    ready: '',
    changed: '',
    'job-id': '',
    'error-code': code,
  })
  expect(stage.emulator.calls('UpdateBackendStorage')).toEqual([])
}

function expectUnchanged(end: StepResult, stage: TestBed): void {
  expect(end.exitCode, getLog(end)).toBe(0)
  expect(end.outputs).toMatchObject({
    result: 'unchanged',
    ready: 'true',
    changed: '',
    changes: '[]',
    'error-code': '',
  })
  expect(stage.emulator.calls('UpdateBackendStorage')).toEqual([])
}

const READ = ['READ'] as const
const ALL = ['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const

describe.concurrent.each(['match', 'update'])(
  'a storage as asked, with if-exists: %s',
  (ifExists) => {
    const asked = { 'if-exists': ifExists }

    it('is unchanged whatever the order of its permissions', () =>
      run(
        { permissions: { authenticated: ['DELETE', 'READ', 'CREATE_AND_UPDATE'] } },
        asked,
        expectUnchanged,
      ))

    it('is unchanged when guests have access and nothing is said about them', () =>
      run(
        { permissions: { authenticated: [...ALL], unAuthenticated: [...READ] } },
        asked,
        expectUnchanged,
      ))

    it('is unchanged when guests have none, and none are asked for', () =>
      run(
        { permissions: { authenticated: [...ALL] } },
        { ...asked, 'unauthenticated-permissions': 'none' },
        expectUnchanged,
      ))

    it.each([
      { name: 'its base name', rules: { reportedBucket: 'base' } as const },
      { name: 'the bucket made of base name, suffix and environment', rules: {} },
    ])('is unchanged when the service reports $name', ({ rules }) =>
      run(
        { bucketName: 'octo-media', permissions: { authenticated: [...ALL] } },
        { ...asked, 'bucket-name': 'octo-media' },
        expectUnchanged,
        rules,
      ),
    )

    it('is unchanged when it is a legacy bucket, without a suffix', () =>
      run(
        { bucketName: 'octo-media-prod', imported: true, permissions: { authenticated: [...ALL] } },
        { ...asked, 'bucket-name': 'octo-media' },
        expectUnchanged,
      ))
  },
)

describe.concurrent('a storage with other permissions', () => {
  const found: Found = { permissions: { authenticated: [...READ], unAuthenticated: [...READ] } }

  it('is refused by match, and the difference is shown everywhere', () =>
    run(found, {}, (end, stage) => {
      expectRefused(end, stage, 'STORAGE_DIFFERS')
      expect(changesOf(end)).toEqual([
        { field: 'authenticated-permissions', from: [...READ], to: [...ALL] },
      ])
      expect(getError(end)).toMatch(/READ.*CREATE_AND_UPDATE/)
      expect(end.summary).toContain('CREATE_AND_UPDATE')
    }))

  it('is changed by update, which sends back what is not managed as it was read', () =>
    run(found, { 'if-exists': 'update' }, (end, { emulator }) => {
      expect(end.exitCode, getLog(end)).toBe(0)
      expect(end.outputs).toMatchObject({
        result: 'updated',
        ready: 'true',
        changed: 'true',
        'job-id': emulator.environment().jobs[0]?.jobId,
      })
      expect(changesOf(end)).toEqual([
        { field: 'authenticated-permissions', from: [...READ], to: [...ALL] },
      ])
      expect(emulator.calls('UpdateBackendStorage').map(({ body }) => body)).toEqual([
        {
          resourceName: 'media',
          resourceConfig: {
            serviceName: 'S3',
            permissions: { authenticated: [...ALL], unAuthenticated: [...READ] },
          },
        },
      ])
      expect(emulator.environment().storages.get('media')?.permissions).toEqual({
        authenticated: [...ALL],
        unAuthenticated: [...READ],
      })
    }))

  it('loses the access of guests where none is asked for', () =>
    run(
      found,
      { 'if-exists': 'update', 'unauthenticated-permissions': 'none' },
      (end, { emulator }) => {
        expect(end.outputs, getLog(end)).toMatchObject({ result: 'updated', ready: 'true' })
        expect(changesOf(end)).toContainEqual({
          field: 'unauthenticated-permissions',
          from: [...READ],
          to: [],
        })
        expect(emulator.environment().storages.get('media')?.permissions.unAuthenticated).toEqual(
          [],
        )
      },
    ))

  it('gives guests access with a warning that this switches on unauthenticated identities', () =>
    run(
      { permissions: { authenticated: [...ALL] } },
      { 'if-exists': 'update', 'unauthenticated-permissions': 'READ' },
      (end) => {
        expect(end.outputs, getLog(end)).toMatchObject({ result: 'updated', ready: 'true' })
        expect(getAnnotations(end, 'warning').map(({ message }) => message)).toEqual([
          expect.stringContaining('unauthenticated identities'),
        ])
      },
    ))

  it('is refused by fail', () =>
    run(found, { 'if-exists': 'fail' }, (end, stage) => {
      expectRefused(end, stage, 'STORAGE_EXISTS')
    }))
})

describe.concurrent('a storage with another bucket', () => {
  const found: Found = { bucketName: 'other-media', permissions: { authenticated: [...ALL] } }

  it.each(['match', 'update'])('is refused by %s: a bucket cannot be changed', (ifExists) =>
    run(found, { 'bucket-name': 'octo-media', 'if-exists': ifExists }, (end, stage) => {
      expectRefused(end, stage, 'BUCKET_FIXED')
      expect(changesOf(end)).toEqual([
        { field: 'bucket-name', from: 'other-media9c04b-prod', to: 'octo-media' },
      ])
      expect(getError(end)).toContain('other-media9c04b-prod')
    }),
  )

  it('is as asked when no bucket is asked for, and its name is an output', () =>
    run(found, {}, (end, stage) => {
      expectUnchanged(end, stage)
      expect(end.outputs['bucket-name']).toBe('other-media9c04b-prod')
    }))

  it('is not taken for a longer base name that begins alike', () =>
    run(
      { bucketName: 'octo-media-archive', permissions: { authenticated: [...ALL] } },
      { 'bucket-name': 'octo-media' },
      (end, stage) => {
        expectRefused(end, stage, 'BUCKET_FIXED')
      },
    ))
})

describe.concurrent('a storage that is exactly as asked', () => {
  it('A05: is refused by fail all the same', () =>
    run({ permissions: { authenticated: [...ALL] } }, { 'if-exists': 'fail' }, (end, stage) => {
      expectRefused(end, stage, 'STORAGE_EXISTS')
      expect(changesOf(end)).toEqual([])
    }))

  it('is what a lost create of this run has left, which is not refused by fail', () =>
    stages.use({}, async (stage) => {
      stage.emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'reset',
        when: 'after',
      })
      const end = await runAction(stage, { with: { 'if-exists': 'fail' } })

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(stage.emulator.state.counters.create).toMatchObject({ received: 1, executed: 1 })
    }))
})

describe.concurrent('the bucket of a new storage', () => {
  it('is its physical name where the service reports that', () =>
    stages.use({}, async (stage) => {
      const end = await runAction(stage, { with: { 'bucket-name': 'octo-media' } })
      expect(end.outputs['bucket-name'], getLog(end)).toBe('octo-media9c04b-prod')
    }))

  it("is taken from the backend's metadata where the service reports the base name", () =>
    stages.use({ reportedBucket: 'base' }, async (stage) => {
      const end = await runAction(stage, { with: { 'bucket-name': 'octo-media' } })
      expect(end.outputs['bucket-name'], getLog(end)).toBe('octo-media9c04b-prod')
    }))

  it('is empty, with a warning, where only the base name is known', () =>
    stages.use({ reportedBucket: 'base' }, async (stage) => {
      stage.emulator.injectFault({
        operation: 'GetBackend',
        kind: 'status',
        status: 403,
        times: 'always',
        message: 'User: x is not authorized to perform: amplifybackend:GetBackend',
      })
      const end = await runAction(stage, { with: { 'bucket-name': 'octo-media' } })

      expect(end.exitCode, getLog(end)).toBe(0)
      expect(end.outputs).toMatchObject({ result: 'created', ready: 'true', 'bucket-name': '' })
      expect(
        getAnnotations(end, 'warning')
          .map(({ message }) => message)
          .join('\n'),
      ).toMatch(/bucket/i)
    }))
})
