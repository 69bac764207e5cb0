import { json, type Answer, type Call, type Effect, type Handler } from './http.ts'
import type { Comment, Github } from './github-state.ts'
import type { GithubOperation } from './operations.ts'
import { isObject } from './shape.ts'
import type { World } from './world.ts'

const documentation = 'https://docs.github.com/rest'
const maxBody = 65536

const problem = (status: number, message: string): Answer =>
  json(status, { message, documentation_url: documentation, status: String(status) })

const repositoryOf = (call: Call): string =>
  `${call.params['owner'] ?? ''}/${call.params['repository'] ?? ''}`

const numberOf = (call: Call, name: string): number => Number(call.params[name])

function commentView(comment: Comment, url: string): object {
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

function paginated(call: Call, items: readonly object[]): Answer {
  const size = Math.min(100, Math.max(1, Number(call.query.get('per_page') ?? '30') || 30))
  const page = Math.max(1, Number(call.query.get('page') ?? '1') || 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  return json(200, items.slice((page - 1) * size, page * size), linkHeader(call, page, last))
}

function readCommentBody(call: Call): string | Answer {
  let body: unknown
  try {
    body = JSON.parse(call.text)
  } catch {
    return problem(400, 'Problems parsing JSON')
  }
  const text = isObject(body) ? body['body'] : undefined
  if (typeof text !== 'string' || text === '')
    return problem(422, 'Invalid request.\n\n"body" wasn\'t supplied.')
  return text.length > maxBody
    ? problem(422, `Validation Failed: body is too long (maximum is ${maxBody} characters)`)
    : text
}

function writing(
  call: Call,
  github: () => Github,
  write: (github: Github, text: string, now: number) => Answer,
): Effect {
  const text = readCommentBody(call)
  return (now) => {
    if (!github().canWrite) return problem(403, 'Resource not accessible by integration')
    return typeof text === 'string' ? write(github(), text, now) : text
  }
}

const isLocked = (github: Github, repository: string, issue: number): boolean =>
  github.locked.has(`${repository}#${issue}`)

const lockedAnswer = (): Answer => problem(403, 'Unable to create comment because issue is locked.')

function createComment(call: Call, github: () => Github): Effect {
  const repository = repositoryOf(call)
  const issue = numberOf(call, 'number')
  return writing(call, github, (state, body, now) => {
    if (isLocked(state, repository, issue)) return lockedAnswer()
    const id = 1 + Math.max(1000, ...state.comments.map((comment) => comment.id))
    const author = state.login
    const comment = { id, repository, issue, body, author, createdAt: now, updatedAt: now }
    state.comments.push(comment)
    return json(201, commentView(comment, call.url))
  })
}

function updateComment(call: Call, github: () => Github): Effect {
  const repository = repositoryOf(call)
  const id = numberOf(call, 'id')
  return writing(call, github, (state, body, now) => {
    const comment = state.comments.find((one) => one.id === id && one.repository === repository)
    if (comment === undefined) return problem(404, 'Not Found')
    if (isLocked(state, repository, comment.issue)) return lockedAnswer()
    comment.body = body
    comment.updatedAt = now
    return json(200, commentView(comment, call.url))
  })
}

function listComments(call: Call, github: () => Github): Effect {
  const repository = repositoryOf(call)
  const issue = numberOf(call, 'number')
  return () => {
    const comments = github().comments.filter(
      (comment) => comment.repository === repository && comment.issue === issue,
    )
    return paginated(
      call,
      comments.map((comment) => commentView(comment, call.url)),
    )
  }
}

function listPulls(call: Call, github: () => Github): Effect {
  const repository = repositoryOf(call)
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
  world: () => World,
  token: string,
): Record<GithubOperation, Handler> {
  const github = (): Github => world().github
  const authorized =
    (handle: (call: Call, github: () => Github) => Effect): Handler =>
    (call) => {
      const given = call.headers['authorization']
      if (given === `token ${token}` || given?.toLowerCase() === `bearer ${token}`)
        return handle(call, github)
      return () => problem(401, given === undefined ? 'Requires authentication' : 'Bad credentials')
    }
  return {
    listComments: authorized(listComments),
    createComment: authorized(createComment),
    updateComment: authorized(updateComment),
    listPullsOfCommit: authorized(listPulls),
    getUser: authorized(() => () => problem(403, 'Resource not accessible by integration')),
    graphql: authorized(
      (call) => () =>
        /\bviewer\b/.test(call.text)
          ? json(200, { data: { viewer: { login: github().login } } })
          : json(200, { errors: [{ message: 'The emulator only knows viewer { login }' }] }),
    ),
  }
}
