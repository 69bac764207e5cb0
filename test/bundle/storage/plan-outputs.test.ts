/** What a plan reports: has-changes, bucket-name, fail-on-changes, and no more than an apply would do. */
import { expect } from 'vitest'

import type { Emulator } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { addMedia, ALL } from '../../support/emulator-state.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { runOnce, type SingleRunOptions } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'

const equal = { permissions: { authenticated: [...ALL] } }
const plan = { event: pullRequest(), with: { 'comment-on-pr': 'true' } }

const getTexts = ({ summary }: StepResult, { state }: Emulator): readonly string[] =>
  [summary, ...state.github.comments.map(({ body }) => body)].map(
    (each) => renderMarkdown(each).text,
  )

const merge = /After the merge|applies these changes/

scenarios<SingleRunOptions & Readonly<{ hasChanges: string; changed?: true; result: string }>>(
  'The output has-changes says whether a run found a difference',
  {
    'a plan of a create': { ...plan, result: 'planned', hasChanges: 'true' },
    'a plan without differences': {
      ...plan,
      setUp: (emulator) => addMedia(emulator, equal),
      ...{ result: 'planned', hasChanges: 'false' },
    },
    'a rejected plan': {
      ...plan,
      setUp: (emulator) => addMedia(emulator),
      ...{ result: 'failed', hasChanges: 'true' },
    },
    'a plan that cannot read': {
      ...plan,
      faults: [{ operation: 'GetBackendStorage', kind: 'status', status: 500, times: 'always' }],
      with: { ...plan.with, 'max-attempts': '1' },
      ...{ result: 'failed', hasChanges: '' },
    },
    'a skipped run': {
      event: pullRequest({ from: 'fork' }),
      ...{ result: 'skipped', hasChanges: '' },
    },
    'invalid inputs': { with: { 'app-id': '' }, result: 'failed', hasChanges: '' },
    'an apply that creates': { rules: { jobMs: 0 }, result: 'created', hasChanges: 'true' },
    'an apply that finds the storage as asked': {
      setUp: (emulator) => addMedia(emulator, equal),
      ...{ result: 'unchanged', hasChanges: 'false' },
    },
  },
  async ({ hasChanges, result, ...run }) => {
    const { step } = await runOnce(run)
    expect(step.outputs).toMatchObject({ result, 'has-changes': hasChanges })
    const { changes = '' } = step.outputs
    expect(changes === '[]').toBe(hasChanges !== 'true')
  },
)

scenarios<Partial<SingleRunOptions> & Readonly<{ code?: ErrorCode }>>(
  'A plan sets bucket-name where the storage exists, whatever else it finds',
  {
    'no difference': { setUp: (emulator) => addMedia(emulator, equal) },
    'a change': { setUp: (emulator) => addMedia(emulator), with: { 'if-exists': 'update' } },
    'a rejected apply': { setUp: (emulator) => addMedia(emulator), code: 'STORAGE_DIFFERS' },
    'fail-on-changes': {
      setUp: (emulator) => addMedia(emulator),
      ...{ with: { 'fail-on-changes': 'true' }, code: 'CHANGES_FOUND' },
    },
  },
  async ({ code, with: inputs, ...run }) => {
    const { step } = await runOnce({ ...run, ...plan, with: { ...plan.with, ...inputs } })
    if (code === undefined) expectSuccess(step, 'planned')
    else expectFailure(step, code)
    expect(step.outputs['bucket-name']).toMatch(/-prod$/)
  },
)

type Drift = Readonly<{
  setUp?: (emulator: Emulator) => unknown
  with?: Readonly<Record<string, string>>
  code?: ErrorCode
  message?: RegExp
}>

scenarios<Drift>(
  'With fail-on-changes, a plan that finds a difference fails',
  {
    'no storage': { code: 'CHANGES_FOUND', message: /"media" does not exist/ },
    'a difference that an apply rejects': {
      setUp: (emulator) => addMedia(emulator),
      ...{ code: 'CHANGES_FOUND', message: /STORAGE_DIFFERS/ },
    },
    'a difference that an apply changes': {
      setUp: (emulator) => addMedia(emulator),
      with: { 'if-exists': 'update' },
      ...{ code: 'CHANGES_FOUND', message: /authenticated-permissions is READ/ },
    },
    'another bucket': {
      setUp: (emulator) => addMedia(emulator, equal),
      with: { 'bucket-name': 'other-bucket' },
      ...{ code: 'CHANGES_FOUND', message: /BUCKET_FIXED/ },
    },
    'if-exists: fail': {
      setUp: (emulator) => addMedia(emulator, equal),
      with: { 'if-exists': 'fail' },
      code: 'STORAGE_EXISTS',
    },
    'another storage': {
      setUp: (emulator) => addMedia(emulator, equal),
      with: { 'resource-name': 'files' },
      code: 'OTHER_STORAGE',
    },
    'a missing environment': {
      with: { 'backend-environment-name': 'nosuch' },
      code: 'ENVIRONMENT_NOT_FOUND',
    },
    'no difference': { setUp: (emulator) => addMedia(emulator, equal) },
  },
  async ({ code, message = /./, with: inputs, ...run }) => {
    const { step, emulator } = await runOnce({
      ...run,
      ...plan,
      with: { ...plan.with, 'fail-on-changes': 'true', ...inputs },
    })
    if (code === undefined) expectSuccess(step, 'planned', { 'has-changes': 'false' })
    else expect(expectFailure(step, code)).toMatch(message)
    if (code === 'CHANGES_FOUND') {
      expect(step.outputs).toMatchObject({ 'has-changes': 'true', result: 'failed' })
      expect(getTexts(step, emulator).every((text) => text.startsWith('❌ Changes found'))).toBe(
        true,
      )
    }
  },
)

scenarios<Readonly<{ setUp: (emulator: Emulator) => unknown; heading: RegExp }>>(
  'A plan promises nothing where nothing differs or an apply would fail',
  {
    'no difference': {
      setUp: (emulator) => addMedia(emulator, equal),
      heading: /^✅ Plan: no changes/,
    },
    'no auth': {
      setUp: (emulator) => (emulator.environment().auth = false),
      heading: /^⚠️ Plan: create storage media, but an apply would fail now \(AUTH_MISSING\)/,
    },
  },
  async ({ setUp, heading }) => {
    const { step, emulator } = await runOnce({ ...plan, setUp })
    expectSuccess(step, 'planned')
    const texts = getTexts(step, emulator)
    expect(texts).toHaveLength(2)
    for (const text of texts) {
      expect(text).toMatch(heading)
      expect(text).not.toMatch(merge)
    }
    expect(getLog(step)).not.toMatch(merge)
  },
)

scenario('A plan of a create says in all places how to keep the storage', async () => {
  const { step, emulator } = await runOnce(plan)
  for (const text of [getLog(step), ...getTexts(step, emulator)]) {
    expect(text).toMatch(merge)
    expect(text).toMatch(/Keep the storage.*amplify pull/)
  }
})

scenario(
  'The storage that is there instead is in the changes, the summary and the comment',
  async () => {
    const { step, emulator } = await runOnce({
      ...plan,
      setUp: (on) => addMedia(on, equal),
      with: { ...plan.with, 'resource-name': 'files' },
    })
    expectFailure(step, 'OTHER_STORAGE', { 'has-changes': 'true' })
    expect(JSON.parse(step.outputs['changes'] ?? '')).toContainEqual({
      ...{ field: 'resource-name', from: 'media', to: 'files' },
    })
    const [summary, comment] = getTexts(step, emulator)
    expect(summary).toContain('In the backend: another storage, media')
    expect(comment).toContain('Storage: media → files')
  },
)

scenario('The output error-message is what the annotation says', async () => {
  const { step } = await runOnce({ setUp: (emulator) => addMedia(emulator) })
  const message = expectFailure(step, 'STORAGE_DIFFERS')
  expect(message.startsWith(step.outputs['error-message'] ?? '-')).toBe(true)
  expect(step.outputs['error-message']).toContain('if-exists: update')
})

scenario('A create says in the log how to keep the storage', async () => {
  const { step } = await runOnce({ rules: { jobMs: 0 } })
  expectSuccess(step, 'created')
  expect(getLog(step)).toMatch(/Keep the storage.*amplify pull/)
})
