import { authenticate, authorize, throttle, type Caller } from './access.ts'
import { amplifyMeta } from './amplify-meta.ts'
import {
  amplifyErrorResponse,
  AmplifyServiceError,
  badRequest,
  notFound,
  parseJsonBody,
  parseMaxResults,
  optionalString,
  parseResourceConfig,
  requireString,
  parseUpdatedPermissions,
} from './requests.ts'
import { jsonResponse, type HttpResponse, type Call, type Handler } from '../../lib/http.ts'
import { startJob, type JobWork } from './jobs.ts'
import type { AmplifyOperation } from '../../lib/operations.ts'
import type { JsonObject } from '../../lib/validation.ts'
import { cliMessages, createStorage, leaveBucket, updateStorage } from './storage.ts'
import {
  addEnvironment,
  type App,
  type Environment,
  type Job,
  type State,
} from '../../state/state.ts'

type Request = { readonly call: Call; readonly caller: Caller; readonly body: JsonObject }

/** Reads the request; gives back what it does, which may be done later. */
type Operation = (request: Request) => (world: State, now: number) => object

const parameter = (call: Call, name: string): string => call.params[name] ?? ''

function getApp(world: State, appId: string): App {
  const app = world.apps.get(appId)
  if (app === undefined) throw notFound(`App ${appId} not found`, 'app')
  return app
}

function requireEnvironment(world: State, appId: string, name: string): Environment {
  const app = getApp(world, appId)
  const environment = app.environments.get(name)
  if (environment !== undefined) return environment
  if (world.rules.environmentRequired)
    throw notFound(`Backend environment ${name} not found for app ${appId}`, 'backendEnvironment')
  return addEnvironment(app, name)
}

function rejectIfPending(world: State, appId: string, environment: Environment): void {
  if (world.rules.onePendingJob && environment.jobs.some((job) => job.pending))
    throw badRequest(
      `There is already a pending job for the requested appId: ${appId} and backendEnvironmentName: ${environment.name}, wait for it to complete before creating a new job`,
    )
}

function acceptJob(
  world: State,
  appId: string,
  environment: Environment,
  work: JobWork,
  now: number,
): object {
  rejectIfPending(world, appId, environment)
  const { jobId, status } = startJob(world, environment, work, now)
  return { appId, backendEnvironmentName: environment.name, jobId, status }
}

const createBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const name = requireString(body, 'backendEnvironmentName')
  const resourceName = requireString(body, 'resourceName')
  const config = parseResourceConfig(body)
  return (world, now) => {
    const environment = requireEnvironment(world, appId, name)
    if (world.rules.oneStorage === 'refused' && environment.storages.size > 0)
      throw badRequest(cliMessages.alreadyAdded)
    const work: JobWork = {
      operation: 'CreateBackendStorage',
      counters: world.counters.create,
      perform: (at) => createStorage(world, environment, resourceName, config, at),
      leavePartialEffect: () => {
        leaveBucket(environment, config)
      },
    }
    return acceptJob(world, appId, environment, work, now)
  }
}

const updateBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const resourceName = requireString(body, 'resourceName')
  const permissions = parseUpdatedPermissions(body)
  return (world, now) => {
    const environment = requireEnvironment(world, appId, parameter(call, 'environment'))
    if (!environment.storages.has(resourceName))
      throw notFound(`Storage ${resourceName} not found`, 'storage')
    const work: JobWork = {
      operation: 'UpdateBackendStorage',
      counters: world.counters.update,
      perform: () => updateStorage(environment, resourceName, permissions),
      leavePartialEffect: () => undefined,
    }
    return acceptJob(world, appId, environment, work, now)
  }
}

const getBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const resourceName = requireString(body, 'resourceName')
  return (world, now) => {
    const environment = requireEnvironment(world, appId, parameter(call, 'environment'))
    const found = environment.storages.get(resourceName)
    const storage = found !== undefined && found.visibleAt <= now ? found : undefined
    const common = { appId, backendEnvironmentName: environment.name, resourceName }
    if (storage === undefined) {
      if (world.rules.absentStorage === 'empty') return common
      throw notFound(`Storage ${resourceName} not found`, 'storage')
    }
    const { bucket, baseName, imported, permissions } = storage
    const bucketName = world.rules.reportedBucket === 'physical' ? bucket : baseName
    return { ...common, resourceConfig: { imported, serviceName: 'S3', bucketName, permissions } }
  }
}

const getBackend: Operation = ({ call, caller, body }) => {
  const appId = parameter(call, 'appId')
  const name = optionalString(body, 'backendEnvironmentName')
  return (world, now) => {
    const app = getApp(world, appId)
    const environments = [...app.environments.keys()]
    const common = {
      appId,
      appName: app.name,
      backendEnvironmentList: environments,
      backendEnvironmentName: name,
    }
    if (name === undefined) return common
    if (!app.environments.has(name) && world.rules.unknownEnvironment === 'error-member')
      return { ...common, error: 'A valid backend environment was not specified.' }
    const environment = requireEnvironment(world, appId, name)
    const place = { appId, accountId: world.accountId, region: caller.region }
    return {
      ...common,
      amplifyFeatureFlags: JSON.stringify({ features: { graphqltransformer: {} } }),
      amplifyMetaConfig: amplifyMeta(environment, place, now),
    }
  }
}

const toJobBody = (appId: string, environment: Environment, job: Job): object => ({
  appId,
  backendEnvironmentName: environment.name,
  jobId: job.jobId,
  operation: job.operation,
  status: job.status,
  createTime: job.createTime,
  updateTime: job.updateTime,
  error: job.error,
})

const getBackendJob: Operation = ({ call }) => {
  const appId = parameter(call, 'appId')
  const jobId = parameter(call, 'jobId')
  return (world, now) => {
    const environment = requireEnvironment(world, appId, parameter(call, 'environment'))
    const job = environment.jobs.find((candidate) => candidate.jobId === jobId)
    if (job === undefined || job.readableAt > now) throw notFound(`Job ${jobId} not found`, 'job')
    return toJobBody(appId, environment, job)
  }
}

function parseNextToken(body: JsonObject): number {
  const token = optionalString(body, 'nextToken')
  if (token === undefined) return 0
  const offset = Number(Buffer.from(token, 'base64url').toString('utf8'))
  if (Number.isInteger(offset) && offset > 0) return offset
  throw badRequest('The nextToken is not valid')
}

const listBackendJobs: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const size = parseMaxResults(body)
  const offset = parseNextToken(body)
  const jobId = optionalString(body, 'jobId')
  const operation = optionalString(body, 'operation')
  const status = optionalString(body, 'status')
  return (world, now) => {
    const environment = requireEnvironment(world, appId, parameter(call, 'environment'))
    const jobs = environment.jobs
      .filter(
        (job) =>
          job.listedAt <= now &&
          (jobId === undefined || job.jobId === jobId) &&
          (operation === undefined || job.operation === operation) &&
          (status === undefined || job.status === status),
      )
      .reverse()
    const end = offset + size
    return {
      jobs: jobs.slice(offset, end).map((job) => toJobBody(appId, environment, job)),
      nextToken: end < jobs.length ? Buffer.from(String(end)).toString('base64url') : undefined,
    }
  }
}

function toResponse(world: State, run: () => object): HttpResponse {
  try {
    return jsonResponse(200, run())
  } catch (error) {
    if (error instanceof AmplifyServiceError) return amplifyErrorResponse(error, world.rules)
    throw error
  }
}

function createHandler(world: () => State, name: AmplifyOperation, operation: Operation): Handler {
  return (call) => {
    let carryOut: ReturnType<Operation>
    try {
      const caller = authenticate(call, world())
      throttle(world(), call.now)
      authorize(call, world(), caller, name)
      carryOut = operation({ call, caller, body: parseJsonBody(call.bodyText) })
    } catch (error) {
      if (!(error instanceof AmplifyServiceError)) throw error
      const refusal = amplifyErrorResponse(error, world().rules)
      return () => refusal
    }
    return (now) => toResponse(world(), () => carryOut(world(), now))
  }
}

/** The emulated Amplify Backend. */
export function amplifyHandlers(world: () => State): Record<AmplifyOperation, Handler> {
  return {
    GetBackend: createHandler(world, 'GetBackend', getBackend),
    GetBackendStorage: createHandler(world, 'GetBackendStorage', getBackendStorage),
    CreateBackendStorage: createHandler(world, 'CreateBackendStorage', createBackendStorage),
    UpdateBackendStorage: createHandler(world, 'UpdateBackendStorage', updateBackendStorage),
    GetBackendJob: createHandler(world, 'GetBackendJob', getBackendJob),
    ListBackendJobs: createHandler(world, 'ListBackendJobs', listBackendJobs),
  }
}
