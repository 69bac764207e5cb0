/** One comment on the pull request, found again by its marker and edited in place. */
import { duration, reasonOf } from '../clock.ts'
import { pullRequestNumber, type EventInfo } from '../event.ts'
import type { Inputs } from '../inputs.ts'
import type { Run } from '../run.ts'
import { oneLine } from '../text.ts'
import { commentOf, isNews, markerOf } from './comment-text.ts'
import { openGithub, type Comment, type Github } from './github.ts'
import type { SummaryInput } from './summary.ts'

/** All calls for the comment together take no longer. */
const LIMIT_MS = 30_000

/** Writes or edits the comment; a failure is a line in the log and a warning, never the result. */
export async function keepComment(
  run: Run,
  inputs: Inputs,
  event: EventInfo,
  view: SummaryInput,
): Promise<void> {
  const { log, clock, cancellation } = run
  if (cancellation.signal.aborted || inputs.githubToken === '') return
  const ended = new AbortController()
  const signal = AbortSignal.any([cancellation.signal, ended.signal])
  const limit = clock.sleep(LIMIT_MS, signal).then(
    () => {
      ended.abort(new Error(`GitHub took longer than ${duration(LIMIT_MS)}`))
    },
    () => undefined,
  )
  try {
    const github = await openGithub(run, inputs.githubToken, event.repository, signal)
    log.step(await write(github, inputs, event, view))
  } catch (error) {
    const reason = signal.aborted ? reasonOf(signal) : error
    log.annotate(
      'warning',
      'No comment',
      `The comment on the pull request could not be written: ${explain(reason)}`,
    )
  } finally {
    ended.abort()
    await limit
  }
}

async function write(
  github: Github,
  inputs: Inputs,
  event: EventInfo,
  view: SummaryInput,
): Promise<string> {
  const number = pullRequestNumber(event) ?? (await github.pullRequestOf(event.sha))
  if (number === undefined) return 'No comment: there is no pull request to this commit.'
  const marker = markerOf(inputs)
  const body = commentOf(marker, view)
  const own = await findOwn(github, number, marker)
  if (own === undefined) {
    if (inputs.commentOnPr === 'changes-only' && !isNews(view.ending, view.findings.changes)) {
      return `No comment on pull request #${number}: there is nothing to tell.`
    }
    await github.create(number, body)
    return `Commented on pull request #${number}.`
  }
  if (own.body === body) return `The comment on pull request #${number} is up to date.`
  if (await github.edit(own.id, body)) return `Edited the comment on pull request #${number}.`
  // Deleted by somebody between the look and the edit.
  await github.create(number, body)
  return `Commented on pull request #${number}.`
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
  const status: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  const message = oneLine(error instanceof Error ? error.message : String(error), 300)
  switch (status) {
    case 401:
      return `GitHub does not accept github-token (${message}).`
    case 403:
      return /locked/i.test(message)
        ? `the conversation is locked (${message}).`
        : `github-token may not do it; the job needs "permissions: pull-requests: write" (${message}).`
    default:
      return message
  }
}
