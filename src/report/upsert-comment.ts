/** One comment on the pull request, found again by its marker and edited in place. */
import { formatDuration, abortReason } from '../lib/clock.ts'
import { getBranch, getPullRequestNumber, type WorkflowEvent } from '../workflow/event.ts'
import type { Inputs } from '../inputs/read-inputs.ts'
import { warn, type RunContext } from '../run/context.ts'
import { sanitizeLine } from '../lib/text.ts'
import { renderComment, isWorthReporting, commentMarker, parseRunId } from './comment-body.ts'
import { isRateLimit, mayHaveBeenDone, pauseMs, statusOf } from './github-retry.ts'
import { createGithubClient, type Comment, type GithubClient } from './github-client.ts'
import type { ReportData } from './data.ts'

/** All calls for the comment together take no longer. */
const COMMENT_TIMEOUT_MS = 30_000

/**
 * Writes or edits the comment; a failure is a warning, never the result.
 *
 * @returns the number of the pull request, where there is one
 */
export async function upsertComment(
  run: RunContext,
  inputs: Inputs,
  event: WorkflowEvent,
  toData: (pullRequest: number) => ReportData,
): Promise<number | undefined> {
  const { log, clock, cancellation } = run
  let number = getPullRequestNumber(event)
  if (cancellation.signal.aborted || inputs.githubToken === '') return number
  if (number === undefined && event.name !== 'push') {
    log.info(`No comment: the event ${event.name} belongs to no pull request.`)
    return undefined
  }
  const ended = new AbortController()
  const signal = AbortSignal.any([cancellation.signal, ended.signal])
  const limit = clock.sleep(COMMENT_TIMEOUT_MS, signal).then(
    () => {
      ended.abort(new Error(`GitHub took longer than ${formatDuration(COMMENT_TIMEOUT_MS)}.`))
    },
    () => undefined,
  )
  try {
    const github = await createGithubClient(run, inputs.githubToken, event.repository, signal)
    number ??= await github.findPullRequest(event.sha, getBranch(event.ref) ?? '')
    log.info(
      number === undefined
        ? 'No comment: there is no pull request to this commit.'
        : await writeComment(run, github, signal, number, inputs, toData(number)),
    )
  } catch (error) {
    const reason = signal.aborted ? abortReason(signal) : error
    warn(
      run,
      'No comment',
      `The comment on the pull request was not written: ${describeError(reason)}`,
    )
  } finally {
    ended.abort()
    await limit
  }
  return number
}

/** Comments can vanish and answers get lost between a look and a write: then the look is repeated. */
const MAX_ATTEMPTS = 3

async function writeComment(
  run: RunContext,
  github: GithubClient,
  signal: AbortSignal,
  number: number,
  inputs: Inputs,
  data: ReportData,
): Promise<string> {
  const marker = commentMarker(inputs)
  const runId = run.env['GITHUB_RUN_ID'] ?? ''
  const body = renderComment(marker, runId, data)
  for (let attempt = 1; ; attempt += 1) {
    const own = await findOwnComment(github, number, marker)
    if (own !== undefined) {
      if (own.body === body) return `The comment on pull request #${number} is up to date.`
      if (data.state.command === 'plan' && isFromNewerRun(own.body, runId)) {
        return `The comment on pull request #${number} is of a later run, and stays.`
      }
      if (await github.updateComment(own.id, body))
        return `Edited the comment on pull request #${number}.`
      // Somebody has deleted it just now.
      if (attempt < MAX_ATTEMPTS) continue
      throw new Error('the comment vanishes again and again.')
    }
    if (
      inputs.commentOnPr === 'changes-only' &&
      !isWorthReporting(data.outcome, data.state.changes)
    ) {
      return `No comment on pull request #${number}: there is no difference to tell.`
    }
    try {
      await github.createComment(number, body)
      return `Commented on pull request #${number}.`
    } catch (error) {
      const pause = pauseMs(error, attempt, run.random())
      if (!mayHaveBeenDone(error) || pause === undefined || attempt >= MAX_ATTEMPTS) throw error
      await run.clock.sleep(pause, signal)
    }
  }
}

/** Ids of runs only grow. A plan of an earlier run that comes late must not hide what came after it. */
function isFromNewerRun(body: string, runId: string): boolean {
  const theirs = parseRunId(body)
  return theirs !== undefined && /^\d{1,20}$/.test(runId) && theirs > BigInt(runId)
}

/** Only a comment of our own author counts: anybody can post our marker. */
async function findOwnComment(
  github: GithubClient,
  number: number,
  marker: string,
): Promise<Comment | undefined> {
  const marked = (await github.listComments(number)).filter(({ body }) => body.startsWith(marker))
  if (marked.length === 0) return undefined
  const login = await github.login()
  return marked.find(({ author }) => author === login)
}

function describeError(error: unknown): string {
  const message = sanitizeLine(error instanceof Error ? error.message : String(error), 300)
  if (isRateLimit(error)) {
    return `GitHub refuses more requests for now (${message}). The next run writes it.`
  }
  switch (statusOf(error)) {
    case 401:
      return `GitHub does not accept github-token (${message}).`
    case 403:
    case 404:
      return /locked/i.test(message)
        ? `the conversation is locked (${message}).`
        : `github-token may not do it (${message}). The job needs this permission: \`pull-requests: write\`.`
    default:
      return message
  }
}
