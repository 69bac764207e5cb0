import {
  jsonResponse,
  type HttpResponse,
  type Call,
  type Effect,
  type Handler,
} from '../../lib/http.ts'
import type { Comment, GithubState } from '../../state/github.ts'
import type { GithubOperation } from '../../lib/operations.ts'
import { isObject } from '../../lib/validation.ts'
import type { State } from '../../state/state.ts'

const documentation = 'https://docs.github.com/rest'
const maxBodyLength = 65536

const errorResponse = (status: number, message: string): HttpResponse =>
  jsonResponse(status, { message, documentation_url: documentation, status: String(status) })

const repositoryName = (call: Call): string =>
  `${call.params['owner'] ?? ''}/${call.params['repository'] ?? ''}`

const numberParameter = (call: Call, name: string): number => Number(call.params[name])

function toCommentBody(comment: Comment, url: string): object {
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

function paginated(call: Call, items: readonly object[]): HttpResponse {
  const size = Math.min(100, Math.max(1, Number(call.query.get('per_page') ?? '30') || 30))
  const page = Math.max(1, Number(call.query.get('page') ?? '1') || 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  return jsonResponse(
    200,
    items.slice((page - 1) * size, page * size),
    linkHeader(call, page, last),
  )
}

function parseCommentBody(call: Call): string | HttpResponse {
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

function writeComment(
  call: Call,
  github: () => GithubState,
  write: (github: GithubState, text: string, now: number) => HttpResponse,
): Effect {
  const text = parseCommentBody(call)
  return (now) => {
    if (!github().canWrite) return errorResponse(403, 'Resource not accessible by integration')
    return typeof text === 'string' ? write(github(), text, now) : text
  }
}

const isLocked = (github: GithubState, repository: string, issue: number): boolean =>
  github.locked.has(`${repository}#${issue}`)

const lockedResponse = (): HttpResponse =>
  errorResponse(403, 'Unable to create comment because issue is locked.')

function createComment(call: Call, github: () => GithubState): Effect {
  const repository = repositoryName(call)
  const issue = numberParameter(call, 'number')
  return writeComment(call, github, (state, body, now) => {
    if (isLocked(state, repository, issue)) return lockedResponse()
    const id = 1 + Math.max(1000, ...state.comments.map((comment) => comment.id))
    const author = state.login
    const comment = { id, repository, issue, body, author, createdAt: now, updatedAt: now }
    state.comments.push(comment)
    return jsonResponse(201, toCommentBody(comment, call.url))
  })
}

function updateComment(call: Call, github: () => GithubState): Effect {
  const repository = repositoryName(call)
  const id = numberParameter(call, 'id')
  return writeComment(call, github, (state, body, now) => {
    const comment = state.comments.find((one) => one.id === id && one.repository === repository)
    if (comment === undefined) return errorResponse(404, 'Not Found')
    if (isLocked(state, repository, comment.issue)) return lockedResponse()
    comment.body = body
    comment.updatedAt = now
    return jsonResponse(200, toCommentBody(comment, call.url))
  })
}

function listComments(call: Call, github: () => GithubState): Effect {
  const repository = repositoryName(call)
  const issue = numberParameter(call, 'number')
  return () => {
    const comments = github().comments.filter(
      (comment) => comment.repository === repository && comment.issue === issue,
    )
    return paginated(
      call,
      comments.map((comment) => toCommentBody(comment, call.url)),
    )
  }
}

function listPulls(call: Call, github: () => GithubState): Effect {
  const repository = repositoryName(call)
  const commit = call.params['commit'] ?? ''
  return () => {
    const pulls = github().pulls.filter(
      (pull) => pull.repository === repository && pull.commits.includes(commit),
    )
    return paginated(
      call,
      pulls.map((pull) => ({
        number: pull.number,
        state: pull.state,
        merged_at: pull.merged ? '2026-01-01T00:00:00Z' : null,
        merge_commit_sha: pull.merged ? (pull.mergeCommit ?? pull.commits.at(-1)) : null,
        base: { ref: pull.base, repo: { full_name: repository } },
        head: { ref: pull.head, repo: { full_name: pull.headRepository ?? repository } },
      })),
    )
  }
}

/** The part of GitHub's API that comments need. */
export function githubHandlers(
  world: () => State,
  token: string,
): Record<GithubOperation, Handler> {
  const github = (): GithubState => world().github
  const authorized =
    (handle: (call: Call, github: () => GithubState) => Effect): Handler =>
    (call) => {
      const given = call.headers['authorization']
      if (given === `token ${token}` || given?.toLowerCase() === `bearer ${token}`)
        return handle(call, github)
      return () =>
        errorResponse(401, given === undefined ? 'Requires authentication' : 'Bad credentials')
    }
  return {
    listComments: authorized(listComments),
    createComment: authorized(createComment),
    updateComment: authorized(updateComment),
    listPullsOfCommit: authorized(listPulls),
    getUser: authorized(() => () => errorResponse(403, 'Resource not accessible by integration')),
    graphql: authorized(
      (call) => () =>
        /\bviewer\b/.test(call.bodyText)
          ? jsonResponse(200, { data: { viewer: { login: github().login } } })
          : jsonResponse(200, {
              errors: [{ message: 'The emulator only knows viewer { login }' }],
            }),
    ),
  }
}
