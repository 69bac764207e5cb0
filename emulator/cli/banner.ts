import type { Emulator } from '../emulator.ts'
import type { App, Role, State } from '../state/state.ts'

const exportLines = (variables: Readonly<Record<string, string>>): string[] =>
  Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`)

function appLines(app: App): string[] {
  const environments = [...app.environments.values()].map((environment) => {
    const auth = environment.auth ? 'with auth' : 'without auth'
    const storages = [...environment.storages.keys()].join(', ')
    return `#     environment ${environment.name}: ${auth}, ${storages === '' ? 'no storage' : storages}`
  })
  return [`#   app ${app.appId} (${app.name})`, ...environments]
}

const toArray = (value: string | string[] | undefined): string[] => [value ?? []].flat()

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

function stateLines(world: State): string[] {
  return [
    `#   account ${world.accountId}, any region`,
    ...[...world.apps.values()].flatMap(appLines),
    ...[...world.roles.values()].flatMap(roleLines),
    `#   tokens of ${world.issuer}, audience ${world.providers.flatMap(({ audiences }) => audiences).join(', ')}`,
    `#     sub ${world.claims['sub'] ?? ''}`,
  ]
}

/** What the command prints when the emulator is ready. A shell can read all of it. */
export function banner(emulator: Emulator): string {
  return [
    `# The emulator listens on ${emulator.url}`,
    '',
    '# Token, STS, Amplify Backend and GitHub',
    ...exportLines(emulator.env),
    '',
    "# The AWS CLI or an SDK without a role: the account's user. Where a client is too old to know",
    '# AWS_ENDPOINT_URL (the AWS CLI before 2.13), add --endpoint-url "$AWS_ENDPOINT_URL".',
    ...exportLines({
      ...emulator.ambientEnv,
      AWS_DEFAULT_REGION: emulator.env['AWS_REGION'] ?? '',
      AWS_EC2_METADATA_DISABLED: 'true',
    }),
    '',
    "# GitHub's comments",
    ...exportLines({ GITHUB_TOKEN: emulator.githubToken }),
    '',
    '# What there is',
    ...stateLines(emulator.state),
    '',
    `# Faults, state and what was received: curl ${emulator.url}/_emulator/`,
    '# Ctrl-C stops it; nothing is kept.',
    '',
  ].join('\n')
}
