/** Creates or updates the one comment on the pull request; it is found again by its marker. */
import type { Inputs } from '../inputs/read-inputs.ts'
import { formatDuration } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import { quote } from '../lib/text.ts'
import { TimeoutError, withTimeout } from '../lib/timeout.ts'
import { warn, type RunContext } from '../run/context.ts'
import { getBranch, getPullRequestNumber, type WorkflowEvent } from '../workflow/event.ts'
import { commentMarker, isWorthReporting, parseRunId, renderComment } from './comment-body.ts'
import type { ReportData } from './data.ts'
import type { Comment, GithubClient } from './github-client.ts'
import { describeGithubError, getRetryDelaySeconds } from './github-errors.ts'

/** Time limit of all calls for the comment together, in milliseconds. */
const COMMENT_TIMEOUT_MS = 30_000

/**
 * Writes the comment. A failure becomes a warning and never changes the outcome.
 *
 * @returns the number of the pull request; undefined when there is none
 */
export async function upsertComment(
  run: RunContext,
  inputs: Inputs,
  event: WorkflowEvent,
  toData: (pullRequest: number) => ReportData,
): Promise<number | undefined> {
  const { log, clock, cancellation } = run
  let pullRequest = getPullRequestNumber(event)
  if (cancellation.signal.aborted || inputs.githubToken === '') return pullRequest
  const branch = getBranch(event.ref)
  if (pullRequest === undefined && !isFoundByCommit(event, branch)) {
    log.info(`No comment: the event ${event.name} has no pull request.`)
    return undefined
  }
  const options = { clock, timeoutMs: COMMENT_TIMEOUT_MS, signal: cancellation.signal }
  try {
    await withTimeout(options, async (signal) => {
      const { createGithubClient } = await import('./github-client.ts')
      const client = createGithubClient(run, inputs.githubToken, event.repository, signal)
      pullRequest ??= await client.findPullRequest({
        sha: event.sha,
        branch: branch ?? '',
        openOnly: event.name !== 'push',
      })
      log.info(
        pullRequest === undefined
          ? `No comment: ${describeMissing(event)}`
          : await writeComment(run, client, signal, pullRequest, inputs, toData(pullRequest)),
      )
    })
  } catch (error) {
    const reason =
      error instanceof TimeoutError
        ? `GitHub took longer than ${formatDuration(COMMENT_TIMEOUT_MS)}.`
        : describeGithubError(error)
    warn(run, 'Comment not written', `The comment on the pull request was not written: ${reason}`)
  }
  return pullRequest
}

/** Events without a pull request of their own, which may still be about the branch of one. */
function isFoundByCommit({ name }: WorkflowEvent, branch: string | undefined): boolean {
  return (name === 'push' || name === 'workflow_dispatch') && branch !== undefined
}

function describeMissing({ name, ref }: WorkflowEvent): string {
  return name === 'push'
    ? 'there is no pull request for this commit.'
    : `there is no open pull request from ${quote(getBranch(ref) ?? ref)} with this commit.`
}

/** If the comment is deleted between a read and a write, or a response is lost, both are repeated. */
const MAX_ATTEMPTS = 3

/** @returns what happened, for the log */
async function writeComment(
  run: RunContext,
  client: GithubClient,
  signal: AbortSignal,
  pullRequest: number,
  inputs: Inputs,
  data: ReportData,
): Promise<string> {
  const marker = commentMarker(inputs)
  const runId = run.env['GITHUB_RUN_ID'] ?? ''
  const body = renderComment(marker, runId, data)
  const target = `pull request #${pullRequest}${describeHost(run.env)}`
  for (let attempt = 1; ; attempt += 1) {
    const existing = await findOwnComment(client, pullRequest, marker)
    if (existing !== undefined) {
      await deleteDuplicates(run, client, existing, target)
      if (existing.body === body) return `The comment on ${target} is up to date.`
      if (data.state.command === 'plan' && isFromNewerRun(existing.body, runId)) {
        return `The comment on ${target} was written by a newer run; left unchanged.`
      }
      if (await client.updateComment(existing.id, body)) return `Updated the comment on ${target}.`
      // It was deleted after it was read.
      if (attempt >= MAX_ATTEMPTS)
        throw new Error('the comment was deleted during every attempt to update it.')
      continue
    }
    const { outcome, state } = data
    if (inputs.commentOnPr === 'changes-only' && !isWorthReporting(outcome, state.changes)) {
      return `No comment on ${target}: there are no changes to report.`
    }
    try {
      await client.createComment(pullRequest, body)
    } catch (error) {
      // Whether the comment was created is not known after a server error: it is looked for first.
      const seconds = getRetryDelaySeconds(error)
      if (seconds === undefined || attempt >= MAX_ATTEMPTS) throw error
      await run.clock.sleep(seconds * 1_000, signal)
      continue
    }
    // Another run may have created one at the same time. If that cannot be found out now, the next run does.
    const created = await findOwnComment(client, pullRequest, marker).catch(() => undefined)
    if (created !== undefined) await deleteDuplicates(run, client, created, target)
    return `Created a comment on ${target}.`
  }
}

/** Names the host unless it is GitHub's own: settings may lead the comment elsewhere. */
function describeHost(env: Env): string {
  const url = env['GITHUB_API_URL'] ?? ''
  const host = URL.canParse(url) ? new URL(url).host : ''
  return host === '' || host === 'api.github.com' ? '' : ` at ${host}`
}

/** Two runs that started at the same time may both have created the comment; the oldest one stays. */
async function deleteDuplicates(
  { log }: RunContext,
  client: GithubClient,
  { duplicates }: OwnComment,
  target: string,
): Promise<void> {
  for (const { id } of duplicates) {
    try {
      await client.deleteComment(id)
      log.info(`Deleted a duplicate of the comment on ${target}.`)
    } catch (error) {
      log.info(`Could not delete a duplicate of the comment: ${describeGithubError(error)}`)
    }
  }
}

/** Run IDs only grow. The plan of an older run that ends late must not replace a newer comment. */
function isFromNewerRun(body: string, runId: string): boolean {
  const otherRunId = parseRunId(body)
  return otherRunId !== undefined && /^\d{1,20}$/.test(runId) && otherRunId > BigInt(runId)
}

type OwnComment = Comment & Readonly<{ duplicates: readonly Comment[] }>

/** Only a comment by the author of our own comments counts: anybody can post the marker. */
async function findOwnComment(
  client: GithubClient,
  pullRequest: number,
  marker: string,
): Promise<OwnComment | undefined> {
  const comments = await client.listComments(pullRequest)
  const marked = comments.filter(({ body }) => body.startsWith(marker))
  if (marked.length === 0) return undefined
  const login = await client.getLogin()
  const [oldest, ...duplicates] = marked
    .filter(({ author }) => author === login)
    .toSorted((one, other) => one.id - other.id)
  return oldest && { ...oldest, duplicates }
}
