import type { OneOrMore } from '../iam/evaluate.ts'
import type { App, Emulator, Role, State } from '../emulator.ts'

const exportLines = (variables: Readonly<Record<string, string>>): string[] =>
  Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`)

function appLines(app: App): string[] {
  const environments = [...app.environments.values()].map((environment) => {
    const auth = environment.auth === false ? 'without auth' : 'with auth'
    const storages = [...environment.storages.keys()].join(', ')
    return `#     environment ${environment.name}: ${auth}, ${storages === '' ? 'no storage' : storages}`
  })
  return [`#   app ${app.appId} (${app.name})`, ...environments]
}

const toArray = (value: OneOrMore | undefined): string[] => [value ?? []].flat()

function roleLines(role: Role): string[] {
  const subjects = role.trust.Statement.flatMap((statement) =>
    Object.values(statement.Condition ?? {}).flatMap((keys) =>
      Object.entries(keys)
        .filter(([key]) => key.endsWith(':sub'))
        .flatMap(([, patterns]) => toArray(patterns)),
    ),
  )
  const actions = role.policies.flatMap(({ Statement }) =>
    Statement.flatMap(({ Action }) => toArray(Action)),
  )
  return [
    `#   role ${role.arn}`,
    ...subjects.map((subject) => `#     trusts ${subject}`),
    `#     allows ${actions.map((action) => action.replace('amplifybackend:', '')).join(', ')}`,
  ]
}

function stateLines(state: State): string[] {
  const audiences = state.providers.flatMap((provider) => provider.audiences)
  return [
    `#   account ${state.accountId}, in any region`,
    ...[...state.apps.values()].flatMap(appLines),
    ...[...state.roles.values()].flatMap(roleLines),
    `#   OIDC tokens of ${state.issuer} for the audience ${audiences.join(', ')}`,
    `#     sub ${state.claims['sub'] ?? ''}`,
  ]
}

/** What the command prints when the emulator is ready, in lines that a shell can read. */
export function banner(emulator: Emulator): string {
  return [
    `# The emulator listens on ${emulator.url}`,
    '',
    '# For the action: OIDC, STS, Amplify Backend and GitHub',
    ...exportLines(emulator.env),
    '',
    "# For the AWS CLI or an SDK without a role: the key of the account's user. A client that does not",
    '# support AWS_ENDPOINT_URL (the AWS CLI before 2.13) needs --endpoint-url "$AWS_ENDPOINT_URL".',
    ...exportLines({
      ...emulator.ambientEnv,
      AWS_DEFAULT_REGION: emulator.env['AWS_REGION'] ?? '',
      AWS_EC2_METADATA_DISABLED: 'true',
    }),
    '',
    "# For comments: GitHub's token",
    ...exportLines({ GITHUB_TOKEN: emulator.githubToken }),
    '',
    '# The emulator has',
    ...stateLines(emulator.state),
    '',
    `# To inject faults and to see the state and the requests: curl ${emulator.url}/_emulator/`,
    '# Press Ctrl-C to stop. Nothing is kept.',
    '',
  ].join('\n')
}
