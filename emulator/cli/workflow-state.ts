/** The state of an emulator on which a workflow of the user runs unchanged. */
import { addApp, addEnvironment, addRole, defaults, type Emulator } from '../emulator.ts'
import type { TrustPolicy } from '../iam/evaluate.ts'
import { partitionAudience } from '../iam/issuers.ts'
import { allowPolicy, planActions, readActions, writeActions } from '../iam/policies.ts'
import { githubTrustPolicy } from '../iam/trust.ts'
import type { WorkflowEvent } from '../runner/events.ts'
import type { StepInputs } from '../runner/step-inputs.ts'
import { hasRoleName, isRoleArn } from '../state/account.ts'
import { generateBaseName, physicalBucket } from '../state/backends.ts'
import type { FaultTarget } from './try-faults.ts'

type StepEnv = Pick<StepInputs, 'env'>

const input = ({ env }: StepEnv, name: string): string =>
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

type RoleUse = 'apply' | 'plan' | 'emulator'

type Place = Readonly<{ issuer: string; repository: string; event: WorkflowEvent }>

/** The endings of the subjects that a role trusts, and other claims, as in docs/setup.md. */
function trusted(
  use: RoleUse,
  step: StepInputs,
  event: WorkflowEvent,
): Readonly<{ endings: readonly string[]; claims?: Readonly<Record<string, string>> }> {
  if (use === 'emulator') return { endings: ['*'] }
  if (use === 'plan') return { endings: ['pull_request', 'ref:refs/heads/*'] }
  if (step.environment !== undefined) return { endings: [`environment:${step.environment}`] }
  return event.payload['action'] === 'closed'
    ? { endings: ['pull_request'], claims: { ref: 'refs/heads/main' } }
    : { endings: branchesOf(step).map((name) => `ref:refs/heads/${name}`) }
}

/** The trust policy of docs/setup.md for the role of a step. */
function trustFor(use: RoleUse, arn: string, step: StepInputs, place: Place): TrustPolicy {
  const [, partition = '', , , accountId = ''] = arn.split(':')
  const audience = input(step, 'audience')
  const { endings, claims = {} } = trusted(use, step, place.event)
  return githubTrustPolicy(subjectsOf(place.repository, endings), {
    partition,
    accountId,
    issuer: place.issuer,
    audience: audience === '' ? partitionAudience(arn) : audience,
    wildcards: true,
    claims,
  })
}

/** Without repetitions, which the steps of a matrix cause. */
const distinct = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
]

/**
 * What a role is for. A role with a name of the template is that role, whatever input names it, so that swapped
 * roles are found. Of the others, one that a `role-to-assume` names is the role that applies, even if runs that
 * plan use it, too.
 */
function useOf(arn: string, applying: readonly string[], step: StepInputs): RoleUse {
  if (step.emulatorInputs !== undefined) return 'emulator'
  if (hasRoleName(arn, defaults.planRole)) return 'plan'
  if (hasRoleName(arn, defaults.applyRole)) return 'apply'
  return applying.includes(arn) ? 'apply' : 'plan'
}

function addRoleFor(
  { state }: Emulator,
  use: RoleUse,
  { arn, step, place }: Readonly<{ arn: string; step: StepInputs; place: Place }>,
  seen: Set<string>,
): void {
  const [, partition = '', , , accountId = ''] = arn.split(':')
  const trust = trustFor(use, arn, step, place)
  const actions = use === 'plan' ? planActions : [...readActions, ...writeActions]
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

const orElse = (text: string, fallback: string): string => (text === '' ? fallback : text)

/** What a fault happens to: the names of the step, or else those of the emulator. */
export function faultTarget(emulator: Emulator, step: StepEnv): FaultTarget {
  const environment = emulator.environment(
    orElse(input(step, 'backend-environment-name'), 'prod'),
    orElse(input(step, 'app-id'), defaults.appId),
  )
  const roles = [input(step, 'role-to-assume'), input(step, 'plan-role-to-assume')]
  const baseName = input(step, 'bucket-name')
  return {
    environment,
    resourceName: orElse(input(step, 'resource-name'), 'media'),
    bucketName: physicalBucket(environment, orElse(baseName, generateBaseName(environment))),
    baseName: baseName === '' ? undefined : baseName,
    authenticated: input(step, 'authenticated-permissions'),
    unauthenticated: input(step, 'unauthenticated-permissions'),
    principal: roles.find(isRoleArn) ?? emulator.state.user.arn,
  }
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
  const applying = steps.map((step) => input(step, 'role-to-assume'))
  for (const step of steps) {
    addBackend(emulator, step)
    addKeys(emulator, step)
    const roles = distinct([
      input(step, 'role-to-assume'),
      input(step, 'plan-role-to-assume'),
    ]).filter(isRoleArn)
    for (const arn of roles)
      addRoleFor(emulator, useOf(arn, applying, step), { arn, step, place }, seen)
    const audience = input(step, 'audience')
    const accepted = audience === '' ? roles.map(partitionAudience) : [audience]
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
