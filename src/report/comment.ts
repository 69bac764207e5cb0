/** One comment on the pull request, found again by its marker and edited in place. */
import { duration, reasonOf } from '../clock.ts'
import { branchOf, pullRequestNumber, type EventInfo } from '../event.ts'
import type { Inputs } from '../inputs.ts'
import { warn, type Run } from '../run.ts'
import { oneLine } from '../text.ts'
import { commentOf, isNews, markerOf, runOf } from './comment-text.ts'
import { isRateLimit, mayHaveBeenDone, pauseMs, statusOf } from './github-retry.ts'
import { openGithub, type Comment, type Github } from './github.ts'
import type { View } from './view.ts'

/** All calls for the comment together take no longer. */
const LIMIT_MS = 30_000

/**
 * Writes or edits the comment; a failure is a warning, never the result.
 *
 * @returns the number of the pull request, where there is one
 */
export async function keepComment(
  run: Run,
  inputs: Inputs,
  event: EventInfo,
  viewFor: (pullRequest: number) => View,
): Promise<number | undefined> {
  const { log, clock, cancellation } = run
  let number = pullRequestNumber(event)
  if (cancellation.signal.aborted || inputs.githubToken === '') return number
  if (number === undefined && event.name !== 'push') {
    log.step(`No comment: the event ${event.name} belongs to no pull request.`)
    return undefined
  }
  const ended = new AbortController()
  const signal = AbortSignal.any([cancellation.signal, ended.signal])
  const limit = clock.sleep(LIMIT_MS, signal).then(
    () => {
      ended.abort(new Error(`GitHub took longer than ${duration(LIMIT_MS)}.`))
    },
    () => undefined,
  )
  try {
    const github = await openGithub(run, inputs.githubToken, event.repository, signal)
    number ??= await github.pullRequestOf(event.sha, branchOf(event.ref) ?? '')
    log.step(
      number === undefined
        ? 'No comment: there is no pull request to this commit.'
        : await write(run, github, signal, number, inputs, viewFor(number)),
    )
  } catch (error) {
    const reason = signal.aborted ? reasonOf(signal) : error
    warn(run, 'No comment', `The comment on the pull request was not written: ${explain(reason)}`)
  } finally {
    ended.abort()
    await limit
  }
  return number
}

/** Comments can vanish and answers get lost between a look and a write: then the look is repeated. */
const MOST_LOOKS = 3

async function write(
  run: Run,
  github: Github,
  signal: AbortSignal,
  number: number,
  inputs: Inputs,
  view: View,
): Promise<string> {
  const marker = markerOf(inputs)
  const runId = run.env['GITHUB_RUN_ID'] ?? ''
  const body = commentOf(marker, runId, view)
  for (let looks = 1; ; looks += 1) {
    const own = await findOwn(github, number, marker)
    if (own !== undefined) {
      if (own.body === body) return `The comment on pull request #${number} is up to date.`
      if (view.findings.does === 'plan' && isOfLaterRun(own.body, runId)) {
        return `The comment on pull request #${number} is of a later run, and stays.`
      }
      if (await github.edit(own.id, body)) return `Edited the comment on pull request #${number}.`
      // Somebody has deleted it just now.
      if (looks < MOST_LOOKS) continue
      throw new Error('the comment vanishes again and again.')
    }
    if (inputs.commentOnPr === 'changes-only' && !isNews(view.ending, view.findings.changes)) {
      return `No comment on pull request #${number}: there is no difference to tell.`
    }
    try {
      await github.create(number, body)
      return `Commented on pull request #${number}.`
    } catch (error) {
      const pause = pauseMs(error, looks, run.random())
      if (!mayHaveBeenDone(error) || pause === undefined || looks >= MOST_LOOKS) throw error
      await run.clock.sleep(pause, signal)
    }
  }
}

/** Ids of runs only grow. A plan of an earlier run that comes late must not hide what came after it. */
function isOfLaterRun(body: string, runId: string): boolean {
  const theirs = runOf(body)
  return theirs !== undefined && /^\d{1,20}$/.test(runId) && theirs > BigInt(runId)
}

/** Only a comment of our own author counts: anybody can post our marker. */
async function findOwn(
  github: Github,
  number: number,
  marker: string,
): Promise<Comment | undefined> {
  const marked = (await github.comments(number)).filter(({ body }) => body.startsWith(marker))
  if (marked.length === 0) return undefined
  const login = await github.login()
  return marked.find(({ author }) => author === login)
}

function explain(error: unknown): string {
  const message = oneLine(error instanceof Error ? error.message : String(error), 300)
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
