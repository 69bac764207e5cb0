import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { FailureResult } from '../../../src/errors/action-error.ts'
import type { RunOutcome } from '../../../src/run/outcome.ts'
import type { RunState } from '../../../src/run/state.ts'
import { MAX_SUMMARY_BYTES, renderSummary } from '../../../src/report/summary.ts'
import { anyCharacter } from '../../support/any-character.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import {
  runState,
  planToCreate,
  failedOutcome,
  request,
  storage,
  reportData,
} from '../../support/unit/report-data.ts'

const text = (outcome: RunOutcome, given: Parameters<typeof reportData>[1] = {}): string =>
  renderMarkdown(renderSummary(reportData(outcome, given))).text

const failWith = (result: FailureResult): RunOutcome => failedOutcome('TIMED_OUT', 'x', { result })

const seen = { result: 'created', verified: true, bucketName: 'acme-media14558-prod' } as const

describe('The first line of a summary', () => {
  const plan = runState({ command: 'plan' })
  const change = { field: 'authenticated-permissions', from: [], to: ['READ'] } as const
  const changed = runState({ command: 'plan', changes: [change], currentStorage: { storage } })
  const planned: RunOutcome = { result: 'planned' }
  const unverified = { verified: false, bucketName: undefined }

  it.each<[RunOutcome, string, RunState?]>([
    [{ result: 'created', ...unverified }, '⚠️ Storage media created, but not verified'],
    [{ result: 'skipped', reason: 'x' }, '⏭️ Storage media skipped'],
    [planned, '✅ Plan: no changes to storage media'],
    [planned, '📝 Plan: change storage media', changed],
    [failWith('cancelled'), '🚫 Storage media: cancelled'],
    [failedOutcome('BUCKET_FIXED', 'x'), '❌ Plan: an apply of storage media would fail', plan],
    [failedOutcome('ROLE_REFUSED', 'x'), '❌ Plan of storage media failed', plan],
  ])('The outcome %j is headed "%s"', (outcome, heading, state) => {
    const [first] = text(outcome, state === undefined ? {} : { state }).split('\n')
    expect(first).toBe(heading)
  })
})

describe('A summary', () => {
  const refused = failedOutcome('ROLE_REFUSED', 'No.')

  it('A summary of a plan reads like this', () => {
    const lines = text({ result: 'planned' }, { state: planToCreate(), durationMs: 900 }).split(
      '\n',
    )
    expect(lines).toEqual([
      '📝 Plan: create storage media',
      'Requested:',
      'Storage: media',
      'Bucket: any',
      'Signed-in users: READ, DELETE',
      'Guests: not managed',
      'In the backend: no storage',
      'Notes:',
      'The service chooses the name of the bucket.',
      'The name of the storage and its bucket cannot be changed later.',
      'After the merge, the run on "main" applies these changes.',
      expect.stringMatching(/^Keep the storage: .*amplify pull/),
      'App d1a2b3c4d5e6f7, environment prod in eu-west-1 · Amplify console',
      'Reason to plan: the pull request is not merged yet',
      'Took 0.9 s · run 42 · commit 7f3c2b9',
    ])
  })

  const unread = runState({ mutationSent: true, currentStorage: { storage: undefined } })
  const elsewhere = runState({ customHosts: new Set(['127.0.0.1:1', 'proxy.example']) })
  it.each<[string, RunOutcome, RunState, string, expected?: boolean]>([
    ['a failure before any mutation', refused, runState(), '\nNothing was changed.\n'],
    ['an unknown outcome', failWith('unknown'), unread, 'Nothing was changed', false],
    [
      'problems of the inputs',
      failedOutcome('INVALID_INPUT', 'Two.\n(1) a'),
      runState(),
      '\n(1) a\n',
    ],
    ['a read before the change', refused, unread, '\nIn the backend, when last read: no storage\n'],
    ['a storage that was not read', refused, runState(), '\nRequested:\nStorage: media\n'],
    ['other hosts than AWS', seen, elsewhere, '\nRequests went to 127.0.0.1:1, proxy.example, '],
    ['a created storage', seen, planToCreate({ currentStorage: { storage } }), 'later.', false],
  ])('With %s, the summary has its line', (_, outcome, state, line, expected = true) => {
    expect(text(outcome, { state }).includes(line)).toBe(expected)
  })

  it.each<[Partial<RunState>, string]>([
    [{ bucketSuffix: '14558' }, 'acme-media14558-prod'],
    [{}, 'acme-media, a suffix that the service adds, and -prod'],
  ])('A plan to create with the state %j names the bucket: %s', (state, bucket) => {
    const desired = { ...request, bucketName: 'acme-media' }
    expect(text({ result: 'planned' }, { state: planToCreate(state), desired })).toContain(bucket)
  })

  it.each<[string, RunOutcome, boolean]>([
    ['a create', seen, true],
    ['a plan that fails because it has changes', failedOutcome('CHANGES_FOUND', 'x'), true],
    ['an unknown outcome', failWith('unknown'), true],
    ['a failure', refused, false],
  ])('After %s, the summary says whether guests get access', (_, outcome, expected) => {
    const warnings: RunState['warnings'] = [
      { title: 'Guests get access', text: 'to all', kind: 'guest-access' },
    ]
    expect(text(outcome, { state: runState({ warnings }) }).includes('Guests get access')).toBe(
      expected,
    )
  })

  it('A summary shows at most 15 warnings and 15 retries', () => {
    const many = runState({
      warnings: Array.from({ length: 20 }, (_, index) => ({ title: `T${index}`, text: 'x' })),
      retries: Array.from({ length: 18 }, (_, index) => `retry ${index}`),
    })
    const lines = text(seen, { state: many }).split('\n')
    expect(lines.filter((line) => line.startsWith('⚠️'))).toHaveLength(15)
    expect(lines).toContain('and 5 more, in the log')
    expect(lines.filter((line) => line.startsWith('retry '))).toHaveLength(15)
    expect(lines).toContain('and 3 more, in the log')
  })
})

describe('A summary that would be too long', () => {
  const long = '’'.repeat(2_000)
  const full = runState({
    currentStorage: { storage },
    warnings: Array.from({ length: 15 }, () => ({ title: 'Long', text: long })),
    retries: Array.from({ length: 15 }, () => long),
  })

  it('A summary that is too long leaves out retries and warnings first', () => {
    const lines = Array.from({ length: 10 }, () => long).join('\n')
    const short = text(failedOutcome('JOB_FAILED', lines, { advice: lines }), { state: full })
    expect(short).not.toContain('⚠️')
    expect(short).toMatch(
      /^❌ Apply of storage media failed\n’[^]*Requested:[^]*Took 1 min 1 s, with 15 retries · [^’]*$/,
    )
  })

  it('A summary that is too long keeps the error and the advice', () => {
    const error = failedOutcome('JOB_FAILED', `No: ${long}\n${long.repeat(9)}`, {
      advice: `Do: ${long}`,
    })
    const lines = text(error, { state: full }).split('\n')
    expect(lines[1]).toMatch(/^No: ’/)
    expect(lines).toContain('Error code JOB_FAILED')
    expect(lines.some((line) => line.startsWith('What to do: Do: ’'))).toBe(true)
  })

  it('A summary with too many lines says where the rest is', () => {
    const error = failedOutcome('INVALID_INPUT', Array.from({ length: 40 }, () => long).join('\n'))
    expect(text(error)).toContain('\nThe rest is in the log.\n')
  })
})

const MARKUP = [
  ...['</table>', '</code>', '<script>', '<img src=x>', '-->', '<!--', '&lt;b&gt;', '\\<b>'],
  ...['[x](http://evil.example)', 'http://evil.example', 'www.evil.example', 'a@evil.example'],
  ...['```', '`x`', '{"a":1}', '| a | b |', '~~x~~', '**x**', 'aws amplifybackend x --y z'],
]

/** What can stand in a text that a server sends, and what Markdown, HTML and GitHub make of such text. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 40 }),
      fc.constantFrom(
        ...MARKUP,
        '\n# x\n',
        '\n\n- x',
        '\u202e',
        'x'.repeat(1_500),
        '🚀'.repeat(300),
      ),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''))

const anyChange = fc.record({
  field: fc.constantFrom('bucket-name' as const, 'authenticated-permissions' as const),
  from: fc.oneof(fc.constant(null), hostile, fc.array(hostile, { maxLength: 30 })),
  to: fc.oneof(hostile, fc.array(hostile, { maxLength: 30 })),
})

const anyStorage = fc.record({
  bucketName: fc.option(hostile, { nil: undefined }),
  permissions: fc.constant({ authenticated: [], unauthenticated: [] }),
  imported: fc.boolean(),
  unknownPermissions: fc.record({
    authenticated: fc.array(hostile, { maxLength: 30 }),
    unauthenticated: fc.array(hostile, { maxLength: 30 }),
  }),
})

const anyFindings = fc
  .record({
    why: hostile,
    next: hostile,
    appId: hostile,
    backendEnvironmentName: hostile,
    resourceName: hostile,
    jobId: hostile,
    status: hostile,
    changes: fc.array(anyChange, { maxLength: 4 }),
    seen: fc.option(fc.record({ storage: fc.option(anyStorage, { nil: undefined }) }), {
      nil: undefined,
    }),
    suffix: fc.option(hostile, { nil: undefined }),
    warnings: fc.array(fc.record({ title: hostile, text: hostile }), { maxLength: 30 }),
    retries: fc.array(hostile, { maxLength: 30 }),
    customHosts: fc.array(hostile, { maxLength: 8 }).map((hosts) => new Set(hosts)),
  })
  .map((given) => runState(given))

const anyEnding: fc.Arbitrary<RunOutcome> = fc.oneof(
  fc.constant(seen),
  fc.constant({ result: 'planned' } as const),
  hostile.map((reason) => ({ result: 'skipped', reason }) as const),
  hostile.map((bucketName) => ({ result: 'created', verified: true, bucketName }) as const),
  fc
    .record({ message: hostile, advice: hostile, requestId: hostile })
    .map(({ message, advice, requestId }) =>
      failedOutcome('JOB_FAILED', message, { advice, requestId }),
    ),
)

const OWN_ELEMENTS = 'a b br code details h2 li p pre summary ul'.split(' ')

describe('A summary of hostile text', () => {
  property.prop([anyFindings, anyEnding], { numRuns: 60 })(
    'A summary stays below 64 KiB, keeps its heading, and contains no foreign markup or links',
    (learnt, outcome) => {
      const markdown = renderSummary(reportData(outcome, { state: learnt }))
      expect(Buffer.byteLength(markdown)).toBeLessThan(MAX_SUMMARY_BYTES)
      expect(markdown).toMatch(/^## (?:✅|❌|📝|⏭️) /)
      const { elements, links } = renderMarkdown(markdown)
      expect(OWN_ELEMENTS).toEqual(expect.arrayContaining([...elements]))
      for (const url of links) expect(url).toMatch(/^https:\/\/(?:github\.com|eu-west-1\.console)/)
    },
  )
})
