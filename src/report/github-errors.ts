/** What the errors of GitHub's API mean, as Octokit throws them. */
import { getNumber, getProperty, getString } from '../lib/json.ts'
import { sanitizeLine } from '../lib/text.ts'

/** The longest delay before a retry, in seconds; a comment is not worth waiting longer. */
const MAX_RETRY_AFTER_SECONDS = 10

/** Seconds until a call can be tried again; undefined when it would fail again, or not soon enough. */
export function getRetryDelaySeconds(error: unknown): number | undefined {
  if (isRateLimit(error)) {
    const seconds = getRetryAfterSeconds(error) ?? (getStatus(error) === 429 ? 1 : Infinity)
    return seconds <= MAX_RETRY_AFTER_SECONDS ? seconds : undefined
  }
  // Octokit reports a failed connection as status 500.
  return (getStatus(error) ?? 0) >= 500 ? 1 : undefined
}

/** Whether GitHub rejected a call because of too many requests. */
export function isRateLimit(error: unknown): boolean {
  const status = getStatus(error)
  if (status === 429) return true
  // Any other 403 is a missing permission.
  return (
    status === 403 &&
    (getRetryAfterSeconds(error) !== undefined || getHeader(error, 'x-ratelimit-remaining') === '0')
  )
}

/** The HTTP status of an error of Octokit; undefined for other errors. */
export function getStatus(error: unknown): number | undefined {
  return getNumber(error, 'status')
}

function getRetryAfterSeconds(error: unknown): number | undefined {
  const text = getHeader(error, 'retry-after')
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function getHeader(error: unknown, name: string): string | undefined {
  return getString(getProperty(getProperty(error, 'response'), 'headers'), name)?.trim()
}

/** Why a comment could not be written, and what to do. */
export function describeGithubError(error: unknown): string {
  const message = sanitizeLine(error instanceof Error ? error.message : String(error), 300)
  if (isRateLimit(error)) {
    return `GitHub limits the rate of requests (${message}). The next run writes the comment.`
  }
  switch (getStatus(error)) {
    case 401:
      return `GitHub does not accept github-token (${message}).`
    case 403:
    case 404:
      return /locked/i.test(message)
        ? `the conversation is locked (${message}).`
        : `github-token has no permission (${message}). Give the job \`pull-requests: write\`.`
    default:
      return message
  }
}
