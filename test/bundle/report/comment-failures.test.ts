/** Failures of GitHub's API while a run writes its comment. */
import { expect } from 'vitest'

import { defaults, type Emulator, type Fault, type FaultSpec } from '../../../emulator/emulator.ts'
import { push } from '../../../emulator/runner/events.ts'
import { addMedia, addMergedPull } from '../../support/emulator-state.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { createTestBed } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'
import {
  comment,
  getGithubPaths,
  getHeadings,
  getWarnings,
  MARKER,
  OWN,
  PLANNED,
  post,
  STARTED,
} from './comment-runs.ts'

scenario(
  'A duplicate that cannot be deleted does not keep the comment from being updated',
  async () => {
    const bed = await createTestBed()
    for (const id of [900, 901]) post(bed, OWN, `${MARKER}\nold`, id)
    bed.emulator.injectFault({ operation: 'deleteComment', kind: 'status', status: 403 })
    const step = await comment(bed)
    expect(getWarnings(step)).toEqual([])
    expect(getLog(step)).toContain('Could not delete a duplicate')
    expect(getHeadings(bed)).toContain(PLANNED[0])
  },
)

const rateLimit = (seconds: number, status = 403): Fault => ({
  ...{ kind: 'status', status, message: 'You have exceeded a secondary rate limit.' },
  headers: { 'retry-after': String(seconds) },
})

/** Slower than other tests: a comment that is retried is abandoned after thirty seconds. */
const RETRY_SCALE = 2

scenarios<Fault>(
  'The comment is written although every call of GitHub fails once',
  {
    'a server error': { kind: 'status', status: 502 },
    'a broken connection': { kind: 'reset' },
    'too many requests': rateLimit(1, 429),
    'a secondary rate limit': rateLimit(1),
    'a repository that has moved': { kind: 'redirect', status: 307 },
  },
  async (fault) => {
    const bed = await createTestBed({ scale: RETRY_SCALE })
    const operations = ['listPullsOfCommit', 'listComments', 'graphql', 'updateComment'] as const
    for (const operation of operations) bed.emulator.injectFault({ operation, ...fault })
    addMergedPull(bed.emulator, push())
    post(bed, OWN, `${MARKER}\nold`)
    const step = await comment(bed, { event: push() })
    expect(getWarnings(step)).toEqual([])
    expect(getHeadings(bed)).toEqual(STARTED)
  },
)

scenarios<Readonly<{ old?: true; faults: readonly FaultSpec[] }>>(
  'There is one comment in the end, whatever a call of GitHub brings about',
  {
    'a lost response after the effect': {
      faults: [{ operation: 'createComment', kind: 'status', status: 502, when: 'after' }],
    },
    'a lost response without an effect': {
      faults: [{ operation: 'createComment', kind: 'status', status: 502, when: 'before' }],
    },
    'no response': { faults: [{ operation: 'listComments', kind: 'stall' }] },
    'a comment that is deleted before its update': {
      old: true,
      faults: [
        { operation: 'updateComment', kind: 'status', status: 404 },
        { operation: 'listComments', kind: 'body', body: '[]', skip: 1 },
      ],
    },
  },
  async ({ old, faults }) => {
    const bed = await createTestBed({ scale: RETRY_SCALE })
    if (old === true) post(bed, OWN, `${MARKER}\nold`)
    for (const fault of faults) bed.emulator.injectFault(fault)
    expect(getWarnings(await comment(bed))).toEqual([])
    if (old === true) expect(bed.emulator.calls('createComment')).toHaveLength(1)
    else expect(getHeadings(bed)).toEqual(PLANNED)
  },
)

type Problem = Readonly<{
  prepare?: (emulator: Emulator) => unknown
  fault?: FaultSpec
  token?: string
  message: RegExp
  /** Set for a failure that may pass. */
  retried?: true
}>

const failList = (fault: Fault): FaultSpec => ({
  ...{ operation: 'listComments', times: 'always', ...fault },
})

scenarios<Problem>(
  'A comment that cannot be written is one warning, and the result stays the same',
  {
    'a locked conversation': {
      prepare: ({ state }) => state.github.locked.add(`${defaults.repository}#7`),
      message: /the conversation is locked/,
    },
    'a token without the permission': {
      prepare: ({ state }) => (state.github.canWrite = false),
      message: /github-token has no permission .* Give the job `pull-requests: write`/,
    },
    'a token that is not accepted': {
      token: 'ghs_000000000000000000000000000000000000',
      message: /GitHub does not accept github-token/,
    },
    'a pull request that the token may not see': {
      fault: failList({ kind: 'status', status: 404 }),
      message: /Give the job `pull-requests: write`/,
    },
    'a rate limit that outlives the run': {
      fault: { operation: 'createComment', ...rateLimit(60) },
      message: /GitHub limits the rate of requests/,
    },
    'a malformed response': {
      fault: failList({ kind: 'body', body: '{"a":1}' }),
      message: /was not written/,
    },
    'a list that is null': {
      fault: failList({ kind: 'body', body: 'null' }),
      message: /malformed list of comments/,
    },
    'a comment whose body is a number': {
      fault: failList({ kind: 'body', body: '[{"id":1,"body":7}]' }),
      message: /malformed list of comments/,
    },
    'a conflict': {
      fault: failList({ kind: 'status', status: 409 }),
      message: /was not written/,
    },
    'a redirect to another host': {
      fault: failList({ kind: 'redirect', location: 'http://127.0.0.2:9/x' }),
      message: /redirects to http:\/\/127\.0\.0\.2:9, which is not followed/,
      retried: true,
    },
  },
  async ({ prepare, fault, token, message, retried }) => {
    const bed = await createTestBed()
    prepare?.(bed.emulator)
    if (fault !== undefined) bed.emulator.injectFault(fault)
    const step = await comment(bed, token === undefined ? {} : { with: { 'github-token': token } })
    expectSuccess(step, 'planned')
    expect(getWarnings(step)).toEqual([expect.stringMatching(message)])
    expect(renderMarkdown(step.summary).text).toContain(
      '⚠️ Comment not written: The comment on the pull',
    )
    expect(bed.emulator.state.github.comments).toEqual([])
    if (retried !== true) expect(bed.emulator.calls('listComments').length).toBeLessThanOrEqual(1)
  },
)

scenario('The comment is abandoned after thirty seconds', async () => {
  const bed = await createTestBed()
  // Ten seconds for each call: these alone take forty.
  for (const operation of ['listPullsOfCommit', 'listComments'] as const)
    bed.emulator.injectFault({ operation, kind: 'stall', times: 2 })
  addMergedPull(bed.emulator, push())
  const step = await comment(bed, { event: push() })
  expectSuccess(step, 'started')
  expect(getWarnings(step)).toEqual([expect.stringMatching(/GitHub took longer than 30 s\.$/)])
  expect(bed.emulator.state.github.comments).toEqual([])
})

scenario('A failed run keeps its error when the comment fails, too', async () => {
  const bed = await createTestBed()
  bed.emulator.injectFault(failList({ kind: 'status', status: 500 }))
  addMedia(bed.emulator)
  const step = await comment(bed)
  expectFailure(step, 'STORAGE_DIFFERS')
  expect(getWarnings(step)).toHaveLength(1)
})

scenario('An empty github-token is a warning, and no API of GitHub is called', async () => {
  const bed = await createTestBed()
  const step = await comment(bed, { with: { 'github-token': '' } })
  expectSuccess(step, 'planned')
  expect(getWarnings(step)).toEqual([expect.stringContaining('github-token is empty')])
  expect(getGithubPaths(bed)).toEqual([])
})
