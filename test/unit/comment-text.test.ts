import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/ending.ts'
import { ActionError, CATALOGUE, type ErrorCode } from '../../src/errors.ts'
import { invalidInput, readInputs, type Inputs } from '../../src/inputs.ts'
import { commentOf, isNews, markerOf, runOf } from '../../src/report/comment-text.ts'
import { changesOfCreate } from '../../src/storage.ts'
import { readMarkdown } from '../kit/read-markdown.ts'
import { findings, planToCreate, red, request, storage, view } from './kit/view.ts'

const MARKER = '<!-- amplify-create-backend-storage d1a2b3c4d5e6f7 prod media -->'

const text = (ending: Ending, given: Parameters<typeof view>[1] = {}): string =>
  readMarkdown(commentOf(MARKER, '1234567890', view(ending, given))).text

const created = { result: 'created', seen: true, bucketName: 'acme-media14558-prod' } as const

function inputs(given: Readonly<Record<string, string>> = {}): Inputs {
  const reading = readInputs({
    'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
    'INPUT_BACKEND-ENVIRONMENT-NAME': 'prod',
    'INPUT_RESOURCE-NAME': 'media',
    'INPUT_AUTHENTICATED-PERMISSIONS': 'READ',
    'INPUT_AWS-REGION': 'eu-west-1',
    ...given,
  })
  if (reading.inputs === undefined) throw invalidInput(reading.problems)
  return reading.inputs
}

describe('the marker of a comment', () => {
  it('names the app, the environment and the resource', () => {
    expect(markerOf(inputs())).toBe(MARKER)
  })

  it.each([
    ['app', { 'INPUT_APP-ID': 'd9z8y7x6w5v4u3' }],
    ['environment', { 'INPUT_BACKEND-ENVIRONMENT-NAME': 'dev' }],
    ['resource', { 'INPUT_RESOURCE-NAME': 'mediatwo' }],
  ])('is another for another %s', (_, given) => {
    const other = markerOf(inputs(given))
    expect(other.startsWith(MARKER)).toBe(false)
    expect(MARKER.startsWith(other)).toBe(false)
  })

  it('is the same however the storage is asked to be', () => {
    const given = { 'INPUT_AUTHENTICATED-PERMISSIONS': 'none', 'INPUT_BUCKET-NAME': 'acme-media' }
    expect(markerOf(inputs(given))).toBe(MARKER)
  })
})

describe('a comment', () => {
  it('is hidden behind its marker and the id of its run', () => {
    const body = commentOf(MARKER, '1234567890', view(created))
    expect(body.startsWith(`${MARKER}\n<!-- run 1234567890 -->\n### ✅ `)).toBe(true)
    expect(runOf(body)).toBe(1234567890n)
  })

  it.each(['', 'x', '-->'])('does without the id %j', (run) => {
    const body = commentOf(MARKER, run, view(created))
    expect(body.startsWith(`${MARKER}\n### ✅ `)).toBe(true)
    expect(runOf(body)).toBeUndefined()
  })

  it('of a plan reads like this', () => {
    expect(text({ result: 'planned' }, { findings: planToCreate() })).toBe(
      [
        '📝 Plan: create storage media',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        '| Planned',
        'Storage | media',
        'Signed-in users | READ, DELETE',
        'The service chooses the name of the bucket.',
        'The name of the storage and its bucket cannot be changed later.',
        'After the merge into "main", the run there applies this.',
        'Commit 7f3c2b9 · summary and log of run 42',
      ].join('\n'),
    )
  })

  it('of a change shows what is and what will be', () => {
    const plan = findings({
      does: 'plan',
      seen: { storage },
      changes: [
        { field: 'authenticated-permissions', from: ['READ', 'DELETE'], to: [] },
        { field: 'unauthenticated-permissions', from: [], to: ['READ'] },
      ],
    })
    expect(text({ result: 'planned' }, { findings: plan })).toContain(
      [
        '| Now | Planned',
        'Signed-in users | READ, DELETE | none',
        'Guests | none | READ',
        'Guests get access without signing in: this switches on unauthenticated identities in the Cognito identity pool of the app.',
      ].join('\n'),
    )
  })

  it('of a plan with nothing to do is short', () => {
    const plan = planToCreate({ seen: { storage }, changes: [] })
    expect(text({ result: 'planned' }, { findings: plan })).toBe(
      [
        '✅ Plan: storage media is as asked, nothing to do',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        'Commit 7f3c2b9 · summary and log of run 42',
      ].join('\n'),
    )
  })

  it('of a create says the bucket, the job, and how to keep the storage', () => {
    const after = findings({
      seen: { storage },
      sent: true,
      jobId: 'job-1',
      status: 'COMPLETED',
      changes: changesOfCreate(request),
    })
    expect(text(created, { findings: after })).toBe(
      [
        '✅ Storage media created',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        '| Now',
        'Storage | media',
        'Signed-in users | READ, DELETE',
        'The bucket is acme-media14558-prod.',
        'Keep the storage: when the repository of the app holds amplify/, run amplify pull, commit what it changes, and generate aws-exports.js again. A hosting build that does not know the storage can delete it.',
        'Commit 7f3c2b9 · summary and log of run 42 · job job-1 completed',
      ].join('\n'),
    )
  })

  it('of a plan that would be refused says why, what to do, and shows the difference', () => {
    const plan = findings({
      does: 'plan',
      seen: { storage },
      changes: [{ field: 'bucket-name', from: 'acme-media14558-prod', to: 'other' }],
    })
    expect(text(red('BUCKET_FIXED', 'raw words'), { findings: plan })).toBe(
      [
        '❌ Plan: storage media would be refused',
        'App d1a2b3c4d5e6f7, environment prod in eu-west-1',
        'BUCKET_FIXED: The storage exists with another bucket, and a bucket cannot be changed later.',
        'What to do: Set bucket-name to the name of the existing bucket, or leave it empty.',
        'Nothing was changed.',
        '| Now | Asked for',
        'Bucket | acme-media14558-prod | other',
        'Commit 7f3c2b9 · summary and log of run 42',
      ].join('\n'),
    )
  })

  it('of a failed apply does not call the change done', () => {
    const after = findings({
      sent: true,
      jobId: 'job-1',
      status: 'FAILED',
      changes: changesOfCreate(request),
    })
    const body = text(red('JOB_FAILED', 'raw words'), { findings: after })
    expect(body).toContain('| Asked for\nStorage | media\n')
    expect(body).toContain('job job-1 failed')
    expect(body).not.toMatch(/Nothing was changed|Now|Planned/)
  })

  it('says what warnings are about, and leaves their words to the summary', () => {
    const plan = planToCreate({
      warnings: [
        { title: 'Backend reports an error', text: 'raw words of the service' },
        { title: 'Guests get access', text: 'said elsewhere' },
        { title: 'Planned only', text: 'This run only plans, after a push to "dev".' },
        {
          title: 'The apply would fail as things are',
          text: 'names of environments',
          code: 'ENVIRONMENT_NOT_FOUND',
        },
      ],
    })
    const lines = text({ result: 'planned' }, { findings: plan }).split('\n')
    expect(lines.filter((line) => line.startsWith('⚠️'))).toEqual([
      '⚠️ Backend reports an error (the summary of the run says more)',
      '⚠️ This run only plans, after a push to "dev".',
      '⚠️ The apply would fail as things are: The app has no backend environment of that name.',
    ])
  })

  it('has no twelve digits that could be the id of an account', () => {
    const plan = findings({
      does: 'plan',
      changes: [{ field: 'bucket-name', from: 'b-111122223333-prod', to: 'other' }],
    })
    const refused = text(red('BUCKET_FIXED', 'x'), { findings: plan })
    expect(refused).toContain('Bucket | b-************-prod | other')
    const made = text({ ...created, bucketName: 'b-111122223333-prod' })
    expect(made).toContain('The bucket is b-************-prod.')
  })
})

const codes = fc.constantFrom(
  ...Object.keys(CATALOGUE).filter((code): code is ErrorCode => code in CATALOGUE),
)
/** Words that no text of our own has, and an account. */
const raw = fc
  .stringMatching(/^[a-z]{3,9}$/)
  .map((word) => `zq${word} at 111122223333 <b>@octocat #7</b>`)

describe('whatever a server sends', () => {
  property.prop([codes, raw, raw, raw, raw, fc.boolean()])(
    'a comment of a red run has neither its words nor an account, and mentions nobody',
    (code, message, advice, status, warning, sent) => {
      const error = new ActionError(code, message, { advice, requestId: message })
      const learnt = findings({
        sent,
        status,
        jobId: 'job-1',
        warnings: [{ title: 'Storage not read', text: warning }],
        retries: [message],
        customHosts: new Set([message]),
      })
      const body = commentOf(MARKER, '1', view({ result: 'failed', error }, { findings: learnt }))
      expect(body).not.toMatch(/zq|111122223333|octocat/)
      expect(readMarkdown(body).text).toContain(code)
      expect(body.length).toBeLessThan(10_000)
    },
  )
})

describe('under changes-only', () => {
  const change = changesOfCreate(request)
  it.each([
    ['planned with changes', { result: 'planned' }, change, true],
    ['planned without changes', { result: 'planned' }, [], false],
    ['unchanged', { ...created, result: 'unchanged' }, [], false],
    ['created', created, change, true],
    ['failed', red('ROLE_REFUSED', 'x'), [], true],
  ] as const)('%s', (_, ending, changes, news) => {
    expect(isNews(ending, changes)).toBe(news)
  })
})
