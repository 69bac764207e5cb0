/** Runs that comment on a pull request, and what the comments say. */
import { defaults } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { runAction, type RunActionOptions, type TestBed } from '../../support/run-action.ts'
import { getAnnotations } from '../../support/step-result.ts'

export const OWN = 'github-actions[bot]'
export const MARKER = `<!-- amplify-create-backend-storage ${defaults.appId} prod media -->`
export const PLANNED = ['📝 Plan: create storage media']
export const STARTED = ['⏳ Storage media: job started; the run did not wait for it']

/** Runs the action with a comment asked for; on an open pull request by default. */
export const comment = (bed: TestBed, options: RunActionOptions = {}): Promise<StepResult> =>
  runAction(bed, {
    event: pullRequest(),
    ...options,
    with: { 'comment-on-pr': 'true', wait: 'false', ...options.with },
  })

/** What each comment says, as people read it. */
export const getTexts = ({ emulator }: TestBed): readonly string[] =>
  emulator.state.github.comments.map(({ body }) => renderMarkdown(body).text)

export const getHeadings = (bed: TestBed): readonly string[] =>
  getTexts(bed).map((text) => text.split('\n')[0] ?? '')

export function post({ emulator }: TestBed, author: string, body: string, id = 1): void {
  const { repository } = defaults
  const at = emulator.clock.now()
  const dates = { createdAt: at, updatedAt: at }
  emulator.state.github.comments.push({ id, repository, issue: 7, body, author, ...dates })
}

/** The paths of the calls of GitHub's API. */
export const getGithubPaths = ({ emulator }: TestBed): readonly string[] =>
  emulator.requests.map(({ path }) => path).filter((path) => path.startsWith('/api/'))

export const getWarnings = (step: StepResult): readonly string[] =>
  getAnnotations(step, 'warning').map(({ message }) => message)
