/** The pull request on which a run comments, by its event. */
import { expect } from 'vitest'
import {
  mergeGroup,
  push,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import { addMergedPull, trustEvents } from '../../support/emulator-state.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { createTestBed } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectSuccess, getLog } from '../../support/step-result.ts'
import { comment, getGithubPaths, getTexts, getWarnings, OWN } from './comment-runs.ts'

scenario(
  'A push comments on the pull request that its commit merged, and the summary links to it',
  async () => {
    const bed = await createTestBed()
    addMergedPull(bed.emulator, push(), { number: 5, base: 'release' })
    addMergedPull(bed.emulator, push(), { number: 6, mergeCommit: 'f'.repeat(40) })
    addMergedPull(bed.emulator, push())
    const step = await comment(bed, { event: push() })
    expectSuccess(step, 'started')
    expect(bed.emulator.state.github.comments).toMatchObject([{ issue: 7 }])
    expect(renderMarkdown(step.summary).links).toContain(
      'https://github.com/octo-org/octo-app/pull/7',
    )
  },
)

const open = { state: 'open', merged: false } as const

/** A comment on an issue or on the pull request 7; its run is on the default branch. */
const issueComment = (issue: object): WorkflowEvent => ({
  ...push(),
  name: 'issue_comment',
  payload: { action: 'created', issue: { number: 7, ...issue } },
})

scenario(
  'A push to a branch that only plans comments on the open pull request from that branch',
  async () => {
    const bed = await createTestBed()
    const event = push('storage')
    trustEvents(bed.emulator, event)
    addMergedPull(bed.emulator, event, { ...open, number: 4, head: 'other' })
    addMergedPull(bed.emulator, event, { ...open, number: 5, headRepository: 'mona/octo-app' })
    addMergedPull(bed.emulator, event, open)
    expectSuccess(await comment(bed, { event }), 'planned')
    expect(bed.emulator.state.github.comments).toMatchObject([{ issue: 7 }])
    expect(getTexts(bed)[0]).toContain('⚠️ This run only plans: a push to "storage"')
  },
)

scenario('A push does not comment on an open pull request from another branch', async () => {
  const bed = await createTestBed()
  addMergedPull(bed.emulator, push(), { ...open, base: 'release', head: 'topic' })
  const step = await comment(bed, { event: push() })
  expect(bed.emulator.state.github.comments).toEqual([])
  expect(getLog(step)).toContain('No comment: there is no pull request for this commit.')
  expect(getWarnings(step)).toEqual([])
})

scenarios(
  'An event without a pull request writes no comment and calls no API of GitHub',
  { schedule: schedule(), issue_comment: issueComment({}) },
  async (event, name) => {
    const bed = await createTestBed()
    addMergedPull(bed.emulator, event)
    trustEvents(bed.emulator, event)
    const step = await comment(bed, { event, with: { mode: 'plan' } })
    expect(step.exitCode).toBe(0)
    expect(getLog(step)).toContain(`No comment: the event ${name} has no pull request.`)
    expect(getGithubPaths(bed)).toEqual([])
  },
)

scenarios(
  'The comment finds the pull request of an event that does not contain one',
  {
    issue_comment: issueComment({ pull_request: { url: 'https://api.github.com/x' } }),
    merge_group: mergeGroup(),
    workflow_dispatch: workflowDispatch('storage'),
  },
  async (event) => {
    const bed = await createTestBed()
    addMergedPull(bed.emulator, event, { ...open, head: 'storage' })
    trustEvents(bed.emulator, event)
    const step = await comment(bed, { event, with: { mode: 'plan' } })
    expectSuccess(step, 'planned')
    expect(bed.emulator.state.github.comments).toMatchObject([{ author: OWN, issue: 7 }])
    expect(renderMarkdown(step.summary).links).toContain(
      'https://github.com/octo-org/octo-app/pull/7',
    )
  },
)

scenario(
  'A run by hand on a branch without an open pull request says that there is none',
  async () => {
    const bed = await createTestBed()
    const event = workflowDispatch()
    addMergedPull(bed.emulator, event)
    const step = await comment(bed, { event })
    expect(getLog(step)).toMatch(/No comment: there is no open pull request from "main"/)
    expect(bed.emulator.state.github.comments).toEqual([])
  },
)
