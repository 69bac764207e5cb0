import Router from 'find-my-way'

import { stsOperations, type OperationName, type Service } from '../lib/operations.ts'
import { stsParameters } from '../services/sts/requests.ts'

type Route = {
  readonly service: Service
  /** Undefined if it can only be read from the body. */
  readonly operation: OperationName | undefined
}

export type RouteMatch = Route & { readonly params: Readonly<Record<string, string | undefined>> }

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

const backend = '/backend/:appId'
const issues = '/repos/:owner/:repository/issues'

const routeTable: readonly (readonly [Method, string, Service, OperationName | undefined])[] = [
  ['GET', '/idtoken', 'oidc', 'token'],
  ['GET', '/.well-known/openid-configuration', 'oidc', 'openidConfiguration'],
  ['GET', '/.well-known/jwks', 'oidc', 'jwks'],
  ['POST', '/', 'sts', undefined],
  ['GET', '/', 'sts', undefined],
  ['POST', `${backend}/details`, 'amplifybackend', 'GetBackend'],
  ['POST', `${backend}/storage`, 'amplifybackend', 'CreateBackendStorage'],
  ['POST', `${backend}/storage/:environment`, 'amplifybackend', 'UpdateBackendStorage'],
  ['POST', `${backend}/storage/:environment/details`, 'amplifybackend', 'GetBackendStorage'],
  ['GET', `${backend}/job/:environment/:jobId`, 'amplifybackend', 'GetBackendJob'],
  ['POST', `${backend}/job/:environment`, 'amplifybackend', 'ListBackendJobs'],
  ['GET', `/api/v3${issues}/:number/comments`, 'github', 'listComments'],
  ['POST', `/api/v3${issues}/:number/comments`, 'github', 'createComment'],
  ['PATCH', `/api/v3${issues}/comments/:id`, 'github', 'updateComment'],
  ['DELETE', `/api/v3${issues}/comments/:id`, 'github', 'deleteComment'],
  ['GET', '/api/v3/repos/:owner/:repository/commits/:commit/pulls', 'github', 'listPullsOfCommit'],
  ['GET', '/api/v3/user', 'github', 'getUser'],
  ['POST', '/api/graphql', 'github', 'graphql'],
  ['POST', '/api/v3/graphql', 'github', 'graphql'],
]

const methods: readonly Method[] = ['GET', 'POST', 'PATCH', 'DELETE']

/** Creates the function that finds the route of a request. */
export function createRouter(): (method: string, path: string) => RouteMatch | undefined {
  const router = Router({ maxParamLength: 4096 })
  const routes = new Map<unknown, Route>()
  for (const [method, path, service, operation] of routeTable) {
    // The router stores handlers; each is only the key of its route.
    const key = (): void => undefined
    routes.set(key, { service, operation })
    router.on(method, path, key)
  }
  return (given, path) => {
    const method = methods.find((known) => known === given)
    const found = method === undefined ? null : router.find(method, path)
    const route = found === null ? undefined : routes.get(found.handler)
    // The router accepts empty parameters; the services do not.
    if (found === null || route === undefined || Object.values(found.params).includes(''))
      return undefined
    return { ...route, params: found.params }
  }
}

/** The operation that an STS request names. */
export function parseStsOperation(
  query: URLSearchParams,
  bodyText: string,
): OperationName | undefined {
  const action = stsParameters({ query, bodyText }).get('Action')
  return stsOperations.find((operation) => operation === action)
}
