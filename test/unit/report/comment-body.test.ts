import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { RunOutcome } from '../../../src/run/outcome.ts'
import { ActionError } from '../../../src/errors/action-error.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../../src/errors/catalog.ts'
import { invalidInputError, readInputs, type Inputs } from '../../../src/inputs/read-inputs.ts'
import {
  renderComment,
  isWorthReporting,
  commentMarker,
  parseRunId,
} from '../../../src/report/comment-body.ts'
import type { RunState } from '../../../src/run/state.ts'
import { getCreateChanges } from '../../../src/storage/diff.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import {
  runState,
  planToCreate,
  failedOutcome,
  request,
  storage,
  reportData,
} from '../../support/unit/report-data.ts'

const MARKER = '<!-- amplify-create-backend-storage d1a2b3c4d5e6f7 prod media -->'

const text = (outcome: RunOutcome, given: Parameters<typeof reportData>[1] = {}): string =>
  renderMarkdown(renderComment(MARKER, '1234567890', reportData(outcome, given))).text

const created = { result: 'created', verified: true, bucketName: 'acme-media14558-prod' } as const

function inputs(given: Readonly<Record<string, string>> = {}): Inputs {
  const reading = readInputs({
    'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
    'INPUT_BACKEND-ENVIRONMENT-NAME': 'prod',
    'INPUT_RESOURCE-NAME': 'media',
    'INPUT_AUTHENTICATED-PERMISSIONS': 'READ',
    'INPUT_AWS-REGION': 'eu-west-1',
    ...given,
  })
  if (reading.inputs === undefined) throw invalidInputError(reading.problems)
  return reading.inputs
}

/** A text of the catalog as a page shows it. */
const plain = (text: string): string => text.replaceAll('`', '')

describe('The marker of a comment', () => {
  it.each<[Readonly<Record<string, string>>, same?: boolean]>([
    [{}, true],
    [{ 'INPUT_AUTHENTICATED-PERMISSIONS': 'none', 'INPUT_BUCKET-NAME': 'acme-media' }, true],
    [{ 'INPUT_APP-ID': 'd9z8y7x6w5v4u3' }],
    [{ 'INPUT_BACKEND-ENVIRONMENT-NAME': 'dev' }],
    [{ 'INPUT_RESOURCE-NAME': 'mediatwo' }],
  ])('With %j, the marker of the comment is the same: %s', (given, same = false) => {
    const marker = commentMarker(inputs(given))
    expect(marker === MARKER).toBe(same)
    expect(marker.startsWith(MARKER) || MARKER.startsWith(marker)).toBe(same)
  })
})

describe('A comment', () => {
  it.each([
    ['1234567890', `${MARKER}\n<!-- run 1234567890 -->\n### ✅ `, 1234567890n],
    ['', `${MARKER}\n### ✅ `, undefined],
    ['x', `${MARKER}\n### ✅ `, undefined],
    ['-->', `${MARKER}\n### ✅ `, undefined],
  ])('A comment starts with its marker and the run ID %j if it is valid', (run, start, parsed) => {
    const body = renderComment(MARKER, run, reportData(created))
    expect(body.startsWith(start)).toBe(true)
    expect(parseRunId(body)).toBe(parsed)
  })

  it('A comment on a change shows the current and the planned values', () => {
    const plan = runState({
      command: 'plan',
      currentStorage: { storage },
      changes: [
        { field: 'authenticated-permissions', from: ['READ', 'DELETE'], to: [] },
        { field: 'unauthenticated-permissions', from: [], to: ['READ'] },
      ],
    })
    expect(text({ result: 'planned' }, { state: plan })).toContain(
      [
        'Now → planned:',
        'Signed-in users: READ, DELETE → none',
        'Guests: none → READ',
        'Notes:',
        'Guests get access without signing in: this enables unauthenticated identities in the Cognito identity pool of the app.',
      ].join('\n'),
    )
  })

  it('A comment on a plan without changes is short', () => {
    const plan = planToCreate({ currentStorage: { storage }, changes: [] })
    expect(text({ result: 'planned' }, { state: plan })).toBe(
      [
        '✅ Plan: no changes to storage media',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        'Commit 7f3c2b9 · summary and log of run 42',
      ].join('\n'),
    )
  })

  it('A comment on a create shows the bucket, the job, and how to keep the storage', () => {
    const after = runState({
      currentStorage: { storage },
      mutationSent: true,
      jobId: 'job-1',
      status: 'COMPLETED',
      changes: getCreateChanges(request),
    })
    expect(text(created, { state: after })).toBe(
      [
        '✅ Storage media created',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        'Now:',
        'Storage: media',
        'Signed-in users: READ, DELETE',
        'The bucket is acme-media14558-prod.',
        'Keep the storage: if the repository of the app contains amplify/, run amplify pull after the create, commit the changes, and generate aws-exports.js again. Otherwise the next hosting build can delete the storage.',
        'Commit 7f3c2b9 · summary and log of run 42 · job job-1 completed',
      ].join('\n'),
    )
  })

  it('A comment on a failed apply does not show the change as done', () => {
    const after = runState({
      mutationSent: true,
      jobId: 'job-1',
      status: 'FAILED',
      changes: getCreateChanges(request),
    })
    const body = text(failedOutcome('JOB_FAILED', 'raw words'), { state: after })
    expect(body).toContain('\nRequested:\nStorage: media\n')
    expect(body).toContain('job job-1 failed')
    expect(body).not.toMatch(/Nothing was changed|Now:|Planned/)
  })

  it('A comment shows the titles of warnings and leaves their texts to the summary', () => {
    const warnings: RunState['warnings'] = [
      { title: 'Backend reports an error', text: 'raw words of the service' },
      { title: 'Guests get access', text: 'said elsewhere', kind: 'guest-access' },
      { title: 'Planned only', text: 'This run only plans.', kind: 'planned-only' },
      { title: 'An apply would fail now', text: 'names', code: 'ENVIRONMENT_NOT_FOUND' },
    ]
    const plan = planToCreate({ warnings })
    const { cause, remedy } = ERROR_CATALOG.ENVIRONMENT_NOT_FOUND
    const lines = text({ result: 'planned' }, { state: plan }).split('\n')
    expect(lines.filter((line) => line.startsWith('⚠️'))).toEqual([
      '⚠️ Plan: create storage media, but an apply would fail now (ENVIRONMENT_NOT_FOUND)',
      '⚠️ Backend reports an error (see the summary of the run)',
      '⚠️ This run only plans.',
      `⚠️ An apply would fail now: ${plain(`${cause} ${remedy}`)}`,
    ])
  })

  it('A comment masks twelve digits that may be an account ID', () => {
    const plan = runState({
      command: 'plan',
      changes: [{ field: 'bucket-name', from: 'b-111122223333-prod', to: 'other' }],
    })
    const refused = text(failedOutcome('BUCKET_FIXED', 'x'), { state: plan })
    expect(refused).toContain('Bucket: b-************-prod → other')
    const made = text({ ...created, bucketName: 'b-111122223333-prod' })
    expect(made).toContain('The bucket is b-************-prod.')
  })
})

const codes = fc.constantFrom(
  ...Object.keys(ERROR_CATALOG).filter((code): code is ErrorCode => code in ERROR_CATALOG),
)
/** Words that no text of our own has, and an account. */
const raw = fc
  .stringMatching(/^[a-z]{3,9}$/)
  .map((word) => `zq${word} at 111122223333 <b>@octocat #7</b>`)

describe('A comment on a failure with hostile text', () => {
  property.prop([codes, raw, raw, raw, raw, fc.boolean()])(
    'A comment on a failure contains no text of the service, no account ID and no mention',
    (code, message, advice, status, warning, mutationSent) => {
      const error = new ActionError(code, message, { advice, requestId: message })
      const learnt = runState({
        mutationSent,
        status,
        jobId: 'job-1',
        warnings: [{ title: 'Storage not read', text: warning }],
        retries: [message],
        customHosts: new Set([message]),
      })
      const body = renderComment(
        MARKER,
        '1',
        reportData({ result: 'failed', error }, { state: learnt }),
      )
      expect(body).not.toMatch(/zq|111122223333|octocat/)
      expect(renderMarkdown(body).text).toContain(code)
      expect(body.length).toBeLessThan(10_000)
    },
  )
})

describe('The setting changes-only', () => {
  const change = getCreateChanges(request)
  it.each([
    ['planned with changes', { result: 'planned' }, change, true],
    ['planned without changes', { result: 'planned' }, [], false],
    ['unchanged', { ...created, result: 'unchanged' }, [], false],
    ['created', created, change, true],
    ['failed', failedOutcome('ROLE_REFUSED', 'x'), [], true],
  ] as const)(
    'With changes-only, the outcome "%s" is reported or not',
    (_, outcome, changes, news) => {
      expect(isWorthReporting(outcome, changes)).toBe(news)
    },
  )
})
