import { parsePolicy, parseTrustPolicy } from '../iam/parse-policy.ts'
import type { Rules } from './rules.ts'
import { ObjectReader, ValidationError } from '../lib/validation.ts'
import {
  addApp,
  addEnvironment,
  addJob,
  addRole,
  addStorage,
  permissions,
  type App,
  type Environment,
  type Permission,
  type State,
} from './state.ts'

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

/** Changes the rules that are given, and leaves the others. */
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
      throw new ValidationError(`${text} is none of ${permissions.join(', ')}`)
    return permission
  })
}

function patchStorage(environment: Environment, reader: ObjectReader): void {
  const granted = reader.optionalObject('permissions')
  const authenticated =
    granted === undefined ? undefined : parsePermissions(granted, 'authenticated')
  const guests = granted === undefined ? undefined : parsePermissions(granted, 'unAuthenticated')
  granted?.rejectUnknown()
  addStorage(environment, {
    resourceName: reader.string('resourceName'),
    bucketName: reader.optionalString('bucketName'),
    imported: reader.optionalBoolean('imported'),
    permissions: { authenticated: authenticated ?? ['READ'], unAuthenticated: guests },
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
  environment.auth = reader.optionalBoolean('auth') ?? environment.auth
  environment.suffix = reader.optionalString('suffix') ?? environment.suffix
  environment.metadata = reader.optionalString('metadata') ?? environment.metadata
  for (const storage of reader.objects('storages')) patchStorage(environment, storage)
  for (const job of reader.objects('jobs')) patchJob(environment, job)
  reader.rejectUnknown()
}

function patchApp(world: State, appId: string, reader: ObjectReader): void {
  const app = world.apps.get(appId) ?? addApp(world, appId)
  app.name = reader.optionalString('name') ?? app.name
  for (const [name, environment] of reader.optionalObject('environments')?.entries() ?? [])
    patchEnvironment(app, name, environment)
  reader.rejectUnknown()
}

function patchRole(world: State, reader: ObjectReader): void {
  const arn = reader.string('arn')
  const policies = reader.raw('policies')
  const trust = parseTrustPolicy(reader.raw('trust'))
  const seconds = reader.optionalInteger('maxSessionSeconds', { min: 900, max: 43200 })
  const given = Array.isArray(policies) ? { policies: policies.map(parsePolicy) } : {}
  addRole(world, {
    arn,
    trust,
    ...given,
    ...(seconds === undefined ? {} : { maxSessionSeconds: seconds }),
  })
  reader.rejectUnknown()
}

function patchGithub(world: State, reader: ObjectReader): void {
  const { github } = world
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
 * Changes the world by a JSON patch: what is named is set or added, everything else stays. Throws a
 * ShapeError that says what is wrong.
 */
export function patchState(world: State, value: unknown): void {
  const reader = new ObjectReader(value, 'world')
  const rules = reader.optionalObject('rules')
  if (rules !== undefined) world.rules = patchRules(world.rules, rules)
  Object.assign(world.claims, reader.optionalStringRecord('claims') ?? {})
  world.tokenSeconds = reader.optionalInteger('tokenSeconds', { min: 1 }) ?? world.tokenSeconds
  for (const [appId, app] of reader.optionalObject('apps')?.entries() ?? [])
    patchApp(world, appId, app)
  for (const role of reader.objects('roles')) patchRole(world, role)
  const github = reader.optionalObject('github')
  if (github !== undefined) patchGithub(world, github)
  reader.rejectUnknown()
}
