import { partitionAudience } from '../iam/issuers.ts'
import { parsePolicy, parseTrustPolicy } from '../iam/parse-policy.ts'
import { ObjectReader, ValidationError } from '../lib/validation.ts'
import { addRole, isRoleArn, roleDefaults } from './account.ts'
import {
  addApp,
  addEnvironment,
  addStorage,
  permissions,
  userPoolOnly,
  type App,
  type Environment,
  type Permission,
} from './backends.ts'
import { addJob } from './jobs.ts'
import type { Rules } from './rules.ts'
import type { State } from './state.ts'

const parseThrottle = (reader: ObjectReader): Rules['throttle'] | undefined => {
  if (reader.raw('throttle') === null) return null
  const limit = reader.optionalObject('throttle')
  if (limit === undefined) return undefined
  const throttle = {
    perSecond: limit.integer('perSecond', { min: 1 }),
    burst: limit.integer('burst', { min: 1 }),
  }
  limit.rejectUnknown()
  return throttle
}

/** The rules after the changes of the patch. */
function patchRules(rules: Rules, reader: ObjectReader): Rules {
  const throttle = parseThrottle(reader)
  const statuses = reader.optionalStrings('jobStatuses')
  const patched: Rules = {
    onePendingJob: reader.optionalBoolean('onePendingJob') ?? rules.onePendingJob,
    oneStorage:
      reader.optionalOneOf('oneStorage', ['failed-job', 'refused', 'off']) ?? rules.oneStorage,
    authRequired: reader.optionalBoolean('authRequired') ?? rules.authRequired,
    environmentRequired: reader.optionalBoolean('environmentRequired') ?? rules.environmentRequired,
    uniqueBuckets: reader.optionalBoolean('uniqueBuckets') ?? rules.uniqueBuckets,
    checkedNames: reader.optionalBoolean('checkedNames') ?? rules.checkedNames,
    jobMs: reader.optionalInteger('jobMs') ?? rules.jobMs,
    jobStatuses: statuses ?? rules.jobStatuses,
    jobReadableAfterMs: reader.optionalInteger('jobReadableAfterMs') ?? rules.jobReadableAfterMs,
    jobListedAfterMs: reader.optionalInteger('jobListedAfterMs') ?? rules.jobListedAfterMs,
    storageVisible:
      reader.optionalOneOf('storageVisible', ['at-completion', 'at-once']) ?? rules.storageVisible,
    storageVisibleAfterMs:
      reader.optionalInteger('storageVisibleAfterMs') ?? rules.storageVisibleAfterMs,
    absentStorage:
      reader.optionalOneOf('absentStorage', ['not-found', 'empty']) ?? rules.absentStorage,
    reportedBucket:
      reader.optionalOneOf('reportedBucket', ['physical', 'base']) ?? rules.reportedBucket,
    unknownEnvironment:
      reader.optionalOneOf('unknownEnvironment', ['not-found', 'error-member']) ??
      rules.unknownEnvironment,
    errorNames: reader.optionalOneOf('errorNames', ['model', 'reference']) ?? rules.errorNames,
    throttle: throttle === undefined ? rules.throttle : throttle,
  }
  reader.rejectUnknown()
  return patched
}

function parsePermissions(reader: ObjectReader, name: string): Permission[] | undefined {
  return reader.optionalStrings(name)?.map((text) => {
    const permission = permissions.find((known) => known === text)
    if (permission === undefined)
      throw new ValidationError(
        `Unknown permission "${text}". Choose one of: ${permissions.join(', ')}`,
      )
    return permission
  })
}

function patchStorage(environment: Environment, reader: ObjectReader): void {
  const granted = reader.optionalObject('permissions')
  const authenticated =
    granted === undefined ? undefined : parsePermissions(granted, 'authenticated')
  const unAuthenticated =
    granted === undefined ? undefined : parsePermissions(granted, 'unAuthenticated')
  granted?.rejectUnknown()
  addStorage(environment, {
    resourceName: reader.string('resourceName'),
    bucketName: reader.optionalString('bucketName'),
    imported: reader.optionalBoolean('imported'),
    permissions: { authenticated: authenticated ?? ['READ'], unAuthenticated },
  })
  reader.rejectUnknown()
}

function patchJob(environment: Environment, reader: ObjectReader): void {
  addJob(environment, {
    operation: reader.string('operation'),
    status: reader.string('status'),
    jobId: reader.optionalString('jobId'),
    createTime: reader.optionalString('createTime'),
    updateTime: reader.optionalString('updateTime'),
    error: reader.optionalString('error'),
    pending: reader.optionalBoolean('pending'),
  })
  reader.rejectUnknown()
}

function patchEnvironment(app: App, name: string, reader: ObjectReader): void {
  const environment = app.environments.get(name) ?? addEnvironment(app, name)
  environment.auth =
    reader.optionalOneOf('auth', [true, false, ...userPoolOnly]) ?? environment.auth
  environment.suffix = reader.optionalString('suffix') ?? environment.suffix
  environment.metadata = reader.optionalString('metadata') ?? environment.metadata
  for (const storage of reader.objects('storages')) patchStorage(environment, storage)
  for (const job of reader.objects('jobs')) patchJob(environment, job)
  reader.rejectUnknown()
}

function patchApp(state: State, appId: string, reader: ObjectReader): void {
  const app = state.apps.get(appId) ?? addApp(state, appId)
  app.name = reader.optionalString('name') ?? app.name
  for (const [name, environment] of reader.optionalObject('environments')?.entries() ?? [])
    patchEnvironment(app, name, environment)
  reader.rejectUnknown()
}

function patchRole(state: State, reader: ObjectReader): void {
  const arn = reader.string('arn')
  if (!isRoleArn(arn)) throw new ValidationError(`"${arn}" is not the ARN of a role`)
  const given = reader.raw('trust')
  const known = roleDefaults(state, arn)
  const trust = given === undefined ? known?.trust : parseTrustPolicy(given)
  if (trust === undefined) throw new ValidationError(`The role ${arn} must have a trust policy`)
  const policies = reader.optionalList('policies')?.map(parsePolicy) ?? known?.policies
  const seconds = reader.optionalInteger('maxSessionSeconds', { min: 900, max: 43200 })
  addRole(state, {
    arn,
    trust,
    ...(policies === undefined ? {} : { policies }),
    ...(seconds === undefined ? {} : { maxSessionSeconds: seconds }),
  })
  reader.rejectUnknown()
  // An empty list accepts the audience of the partition of each role.
  for (const provider of state.providers)
    if (given === undefined && provider.audiences.length > 0)
      provider.audiences = [...new Set([...provider.audiences, partitionAudience(arn)])]
}

function patchGithub(state: State, reader: ObjectReader): void {
  const { github } = state
  github.canWrite = reader.optionalBoolean('canWrite') ?? github.canWrite
  for (const issue of reader.optionalStrings('locked') ?? []) github.locked.add(issue)
  for (const pull of reader.objects('pulls')) {
    github.pulls.push({
      number: pull.integer('number', { min: 1 }),
      repository: pull.string('repository'),
      state: pull.oneOf('state', ['open', 'closed']),
      merged: pull.boolean('merged'),
      base: pull.string('base'),
      head: pull.string('head'),
      commits: pull.optionalStrings('commits') ?? [],
    })
    pull.rejectUnknown()
  }
  reader.rejectUnknown()
}

/**
 * Changes the state as a JSON patch describes: sets or adds what the patch names, and keeps the rest.
 *
 * @throws ValidationError if the patch is not valid; parts of it may have been applied by then
 */
export function patchState(state: State, value: unknown): void {
  const reader = new ObjectReader(value, 'state')
  const rules = reader.optionalObject('rules')
  if (rules !== undefined) state.rules = patchRules(state.rules, rules)
  Object.assign(state.claims, reader.optionalStringRecord('claims') ?? {})
  state.tokenSeconds = reader.optionalInteger('tokenSeconds', { min: 1 }) ?? state.tokenSeconds
  for (const [appId, app] of reader.optionalObject('apps')?.entries() ?? [])
    patchApp(state, appId, app)
  for (const role of reader.objects('roles')) patchRole(state, role)
  const github = reader.optionalObject('github')
  if (github !== undefined) patchGithub(state, github)
  reader.rejectUnknown()
}
