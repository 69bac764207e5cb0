import { jsonResponse, type HttpResponse } from '../../lib/http.ts'
import type { GithubOperation } from '../../lib/operations.ts'
import type { GithubState } from '../../state/github.ts'
import type { State } from '../../state/state.ts'
import type { Call, Effect, Handler } from '../handler.ts'
import {
  errorResponse,
  numberParameter,
  paginated,
  parseCommentBody,
  repositoryName,
  toCommentBody,
  toPullBody,
} from './requests.ts'

type Operation = (call: Call, getGithub: () => GithubState) => Effect

const forbidden = (): HttpResponse => errorResponse(403, 'Resource not accessible by integration')

const isLocked = (github: GithubState, repository: string, issue: number): boolean =>
  github.locked.has(`${repository}#${issue}`)

const lockedResponse = (): HttpResponse =>
  errorResponse(403, 'Unable to create comment because issue is locked.')

/** Writes the text of a request if the request is valid and the token may write comments. */
function writeComment(
  call: Call,
  getGithub: () => GithubState,
  write: (github: GithubState, text: string, now: number) => HttpResponse,
): Effect {
  const text = parseCommentBody(call)
  return (now) => {
    const github = getGithub()
    if (!github.canWrite) return forbidden()
    return typeof text === 'string' ? write(github, text, now) : text
  }
}

const createComment: Operation = (call, getGithub) => {
  const repository = repositoryName(call)
  const issue = numberParameter(call, 'number')
  return writeComment(call, getGithub, (github, body, now) => {
    if (isLocked(github, repository, issue)) return lockedResponse()
    const id = 1 + Math.max(1000, ...github.comments.map((comment) => comment.id))
    const author = github.login
    const comment = { id, repository, issue, body, author, createdAt: now, updatedAt: now }
    github.comments.push(comment)
    return jsonResponse(201, toCommentBody(comment, call.url))
  })
}

const updateComment: Operation = (call, getGithub) => {
  const repository = repositoryName(call)
  const id = numberParameter(call, 'id')
  return writeComment(call, getGithub, (github, body, now) => {
    const comment = github.comments.find((one) => one.id === id && one.repository === repository)
    if (comment === undefined) return errorResponse(404, 'Not Found')
    if (isLocked(github, repository, comment.issue)) return lockedResponse()
    comment.body = body
    comment.updatedAt = now
    return jsonResponse(200, toCommentBody(comment, call.url))
  })
}

const deleteComment: Operation = (call, getGithub) => {
  const repository = repositoryName(call)
  const id = numberParameter(call, 'id')
  return () => {
    const github = getGithub()
    if (!github.canWrite) return forbidden()
    const index = github.comments.findIndex((one) => one.id === id && one.repository === repository)
    if (index === -1) return errorResponse(404, 'Not Found')
    github.comments.splice(index, 1)
    return { status: 204, headers: {}, body: '' }
  }
}

const listComments: Operation = (call, getGithub) => {
  const repository = repositoryName(call)
  const issue = numberParameter(call, 'number')
  return () => {
    const comments = getGithub().comments.filter(
      (comment) => comment.repository === repository && comment.issue === issue,
    )
    return paginated(
      call,
      comments.map((comment) => toCommentBody(comment, call.url)),
    )
  }
}

const listPullsOfCommit: Operation = (call, getGithub) => {
  const repository = repositoryName(call)
  const commit = call.params['commit'] ?? ''
  return () => {
    const pulls = getGithub().pulls.filter(
      (pull) => pull.repository === repository && pull.commits.includes(commit),
    )
    return paginated(call, pulls.map(toPullBody))
  }
}

const graphql: Operation = (call, getGithub) => () =>
  /\bviewer\b/.test(call.bodyText)
    ? jsonResponse(200, { data: { viewer: { login: getGithub().login } } })
    : jsonResponse(200, { errors: [{ message: 'The emulator only knows viewer { login }' }] })

/** The operations of GitHub's API that pull request comments need. */
export function githubHandlers(
  getState: () => State,
  token: string,
): Record<GithubOperation, Handler> {
  const authorized =
    (operation: Operation): Handler =>
    (call) => {
      const given = call.headers['authorization']
      if (given === `token ${token}` || given?.toLowerCase() === `bearer ${token}`)
        return operation(call, () => getState().github)
      return () =>
        errorResponse(401, given === undefined ? 'Requires authentication' : 'Bad credentials')
    }
  return {
    listComments: authorized(listComments),
    createComment: authorized(createComment),
    updateComment: authorized(updateComment),
    deleteComment: authorized(deleteComment),
    listPullsOfCommit: authorized(listPullsOfCommit),
    getUser: authorized(() => forbidden),
    graphql: authorized(graphql),
  }
}
