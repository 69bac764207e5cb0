/** Reads the requests to GitHub's API, and formats its responses. */
import { jsonResponse, type HttpResponse } from '../../lib/http.ts'
import { isObject } from '../../lib/validation.ts'
import type { Comment, Pull } from '../../state/github.ts'
import type { Call } from '../handler.ts'

/** The maximum length of a comment. */
const maxBodyLength = 65536

export const errorResponse = (status: number, message: string): HttpResponse =>
  jsonResponse(status, {
    message,
    documentation_url: 'https://docs.github.com/rest',
    status: String(status),
  })

export const repositoryName = (call: Call): string =>
  `${call.params['owner'] ?? ''}/${call.params['repository'] ?? ''}`

export const numberParameter = (call: Call, name: string): number => Number(call.params[name])

/** Parses the text of a comment; returns the error response if there is no valid one. */
export function parseCommentBody(call: Call): string | HttpResponse {
  let body: unknown
  try {
    body = JSON.parse(call.bodyText)
  } catch {
    return errorResponse(400, 'Problems parsing JSON')
  }
  const text = isObject(body) ? body['body'] : undefined
  if (typeof text !== 'string' || text === '')
    return errorResponse(422, 'Invalid request.\n\n"body" wasn\'t supplied.')
  return text.length > maxBodyLength
    ? errorResponse(
        422,
        `Validation Failed: body is too long (maximum is ${maxBodyLength} characters)`,
      )
    : text
}

export function toCommentBody(comment: Comment, url: string): object {
  const repository = `${url}/api/v3/repos/${comment.repository}`
  return {
    id: comment.id,
    url: `${repository}/issues/comments/${comment.id}`,
    html_url: `https://github.com/${comment.repository}/pull/${comment.issue}#issuecomment-${comment.id}`,
    issue_url: `${repository}/issues/${comment.issue}`,
    body: comment.body,
    user: { login: comment.author, type: comment.author.endsWith('[bot]') ? 'Bot' : 'User' },
    created_at: new Date(comment.createdAt).toISOString(),
    updated_at: new Date(comment.updatedAt).toISOString(),
  }
}

export const toPullBody = (pull: Pull): object => ({
  number: pull.number,
  state: pull.state,
  merged_at: pull.merged ? '2026-01-01T00:00:00Z' : null,
  merge_commit_sha: pull.merged ? (pull.mergeCommit ?? pull.commits.at(-1)) : null,
  base: { ref: pull.base, repo: { full_name: pull.repository } },
  head: { ref: pull.head, repo: { full_name: pull.headRepository ?? pull.repository } },
})

function linkHeader(call: Call, page: number, last: number): Record<string, string> {
  const link = (to: number, rel: string): string => {
    const query = new URLSearchParams(call.query)
    query.set('page', String(to))
    return `<${call.url}${call.path}?${query.toString()}>; rel="${rel}"`
  }
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ]
  return links.length === 0 ? {} : { link: links.join(', ') }
}

/** The page of a list that the query asks for, with links to the others. */
export function paginated(call: Call, items: readonly object[]): HttpResponse {
  const size = Math.min(100, Math.max(1, Number(call.query.get('per_page') ?? '30') || 30))
  const page = Math.max(1, Number(call.query.get('page') ?? '1') || 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  return jsonResponse(
    200,
    items.slice((page - 1) * size, page * size),
    linkHeader(call, page, last),
  )
}
