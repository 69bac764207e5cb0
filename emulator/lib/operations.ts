/** The services that the emulator implements, and their operations. */
export const amplifyOperations = [
  'GetBackend',
  'GetBackendStorage',
  'CreateBackendStorage',
  'UpdateBackendStorage',
  'GetBackendJob',
  'ListBackendJobs',
] as const

export const stsOperations = [
  'AssumeRole',
  'AssumeRoleWithWebIdentity',
  'GetCallerIdentity',
] as const

const oidcOperations = ['token', 'openidConfiguration', 'jwks'] as const

const githubOperations = [
  'listComments',
  'createComment',
  'updateComment',
  'deleteComment',
  'listPullsOfCommit',
  'getUser',
  'graphql',
] as const

export type AmplifyOperation = (typeof amplifyOperations)[number]
export type StsOperation = (typeof stsOperations)[number]
export type OidcOperation = (typeof oidcOperations)[number]
export type GithubOperation = (typeof githubOperations)[number]
export type OperationName = AmplifyOperation | StsOperation | OidcOperation | GithubOperation

export const operationNames: readonly OperationName[] = [
  ...oidcOperations,
  ...stsOperations,
  ...amplifyOperations,
  ...githubOperations,
]

export type Service = 'oidc' | 'sts' | 'amplifybackend' | 'github' | 'unknown'
