/** The state of an emulator on which a workflow of the user runs unchanged. */
import { addApp, addEnvironment, addRole, defaults, type Emulator } from '../emulator.ts'
import type { TrustPolicy } from '../iam/evaluate.ts'
import { partitionAudience } from '../iam/issuers.ts'
import { allowPolicy, planActions, readActions, writeActions } from '../iam/policies.ts'
import { githubTrustPolicy } from '../iam/trust.ts'
import type { WorkflowEvent } from '../runner/events.ts'
import type { StepInputs } from '../runner/step-inputs.ts'

const input = ({ env }: StepInputs, name: string): string =>
  (env[`INPUT_${name.toUpperCase()}`] ?? '').trim()

/** Whether the step itself says which credentials it uses: a role, or keys in its environment. */
export const hasCredentials = (step: StepInputs): boolean =>
  ['role-to-assume', 'plan-role-to-assume'].some((name) => input(step, name) !== '') ||
  (step.env['AWS_ACCESS_KEY_ID'] ?? '') !== ''

const branchesOf = (step: StepInputs): readonly string[] => {
  const given = input(step, 'apply-branches')
    .split(/[\s,]+/)
    .filter((name) => name !== '')
  return given.length > 0 ? given : ['main']
}

/** Subjects of a repository, in both formats that GitHub uses. */
const subjectsOf = (repository: string, endings: readonly string[]): string[] => {
  const [owner = '', name = ''] = repository.split('/')
  const prefixes = [`repo:${repository}`, `repo:${owner}@12345/${name}@456789`]
  return endings.flatMap((ending) => prefixes.map((prefix) => `${prefix}:${ending}`))
}

type RoleUse = 'apply' | 'plan'

type Place = Readonly<{ issuer: string; repository: string; event: WorkflowEvent }>

/** The trust policy of docs/setup.md for the role of a step. */
function trustFor(use: RoleUse, arn: string, step: StepInputs, place: Place): TrustPolicy {
  const [, partition = '', , , accountId = ''] = arn.split(':')
  const audience = input(step, 'audience')
  const options = {
    partition,
    accountId,
    issuer: place.issuer,
    audience: audience === '' ? partitionAudience(arn) : audience,
    wildcards: true,
  }
  const environment = step.environment === undefined ? [] : [`environment:${step.environment}`]
  const branches = branchesOf(step).map((name) => `ref:refs/heads/${name}`)
  const trust = (endings: readonly string[], claims = {}): TrustPolicy =>
    githubTrustPolicy(subjectsOf(place.repository, [...endings, ...environment]), {
      ...options,
      claims,
    })
  if (use === 'plan') return trust(['pull_request', 'ref:refs/heads/*'])
  return place.event.payload['action'] === 'closed'
    ? trust(['pull_request'], { ref: 'refs/heads/main' })
    : trust(branches)
}

/** Without repetitions, which the steps of a matrix cause. */
const distinct = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
]

const isRoleArn = (arn: string): boolean => /^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(arn)

function addRoleFor(
  { state }: Emulator,
  use: RoleUse,
  step: StepInputs,
  place: Place,
  seen: Set<string>,
): void {
  const apply = input(step, 'role-to-assume')
  const plan = input(step, 'plan-role-to-assume')
  const arn = use === 'plan' && plan !== '' ? plan : apply
  if (!isRoleArn(arn)) return
  const [, partition = '', , , accountId = ''] = arn.split(':')
  const trust = trustFor(use, arn, step, place)
  const actions = arn === apply ? [...readActions, ...writeActions] : planActions
  const known = seen.has(arn) ? state.roles.get(arn) : undefined
  seen.add(arn)
  addRole(state, {
    arn,
    trust: {
      ...trust,
      Statement: distinct([...(known?.trust.Statement ?? []), ...trust.Statement]),
    },
    policies: distinct([...(known?.policies ?? []), allowPolicy(actions, accountId, partition)]),
    maxSessionSeconds: 43_200,
  })
}

function addBackend({ state }: Emulator, step: StepInputs): void {
  const appId = input(step, 'app-id')
  const name = input(step, 'backend-environment-name')
  if (appId === '' || name === '') return
  const app = state.apps.get(appId) ?? addApp(state, appId)
  if (!app.environments.has(name)) addEnvironment(app, name)
}

/** Accepts the keys that the environment of the step has. */
function addKeys({ state }: Emulator, { env }: StepInputs): void {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || secretAccessKey === undefined) return
  const token = env['AWS_SESSION_TOKEN']
  const sessionToken = token === '' ? undefined : token
  state.credentials.set(accessKeyId, { ...state.user, accessKeyId, secretAccessKey, sessionToken })
}

/** Adds the apps, environments, roles, audiences and keys that the steps name. */
export function addWorkflowState(
  emulator: Emulator,
  steps: readonly StepInputs[],
  { event, repository = defaults.repository }: { event: WorkflowEvent; repository?: string },
): void {
  const { state } = emulator
  const seen = new Set<string>()
  const place = { issuer: state.issuer, repository, event }
  for (const step of steps) {
    addBackend(emulator, step)
    addKeys(emulator, step)
    for (const use of ['apply', 'plan'] as const) addRoleFor(emulator, use, step, place, seen)
    const audience = input(step, 'audience')
    const roles = [input(step, 'role-to-assume'), input(step, 'plan-role-to-assume')]
    const accepted = audience === '' ? roles.filter(isRoleArn).map(partitionAudience) : [audience]
    for (const provider of state.providers)
      provider.audiences = distinct([...provider.audiences, ...accepted])
  }
  if (repository !== defaults.repository)
    Object.assign(state.claims, renamed(state.claims, repository))
}

/** The claims of another repository. */
const renamed = (
  claims: Readonly<Record<string, string | undefined>>,
  repository: string,
): Record<string, string | undefined> => ({
  ...Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      value?.replace(defaults.repository, repository),
    ]),
  ),
  repository_owner: repository.split('/')[0],
})
