import { authenticate, authorize, throttle, type Caller } from './amplify-access.ts'
import { amplifyMeta } from './amplify-meta.ts'
import {
  amplifyError,
  AmplifyRefusal,
  badRequest,
  notFound,
  readJson,
  readMaxResults,
  readOptionalString,
  readResourceConfig,
  readString,
  readUpdatedPermissions,
} from './amplify-wire.ts'
import { json, type Answer, type Call, type Handler } from './http.ts'
import { startJob, type Work } from './jobs.ts'
import type { AmplifyOperation } from './operations.ts'
import type { JsonObject } from './shape.ts'
import { cliTexts, createStorage, leaveBucket, updateStorage } from './storage.ts'
import { addEnvironment, type App, type Environment, type Job, type World } from './world.ts'

type Request = { readonly call: Call; readonly caller: Caller; readonly body: JsonObject }

/** Reads the request; gives back what it does, which may be done later. */
type Operation = (request: Request) => (world: World, now: number) => object

const parameter = (call: Call, name: string): string => call.params[name] ?? ''

function appOf(world: World, appId: string): App {
  const app = world.apps.get(appId)
  if (app === undefined) throw notFound(`App ${appId} not found`, 'app')
  return app
}

function environmentOf(world: World, appId: string, name: string): Environment {
  const app = appOf(world, appId)
  const environment = app.environments.get(name)
  if (environment !== undefined) return environment
  if (world.rules.environmentRequired)
    throw notFound(`Backend environment ${name} not found for app ${appId}`, 'backendEnvironment')
  return addEnvironment(app, name)
}

function refusePending(world: World, appId: string, environment: Environment): void {
  if (world.rules.onePendingJob && environment.jobs.some((job) => job.pending))
    throw badRequest(
      `There is already a pending job for the requested appId: ${appId} and backendEnvironmentName: ${environment.name}, wait for it to complete before creating a new job`,
    )
}

function start(
  world: World,
  appId: string,
  environment: Environment,
  work: Work,
  now: number,
): object {
  refusePending(world, appId, environment)
  const { jobId, status } = startJob(world, environment, work, now)
  return { appId, backendEnvironmentName: environment.name, jobId, status }
}

const createBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const name = readString(body, 'backendEnvironmentName')
  const resourceName = readString(body, 'resourceName')
  const config = readResourceConfig(body)
  return (world, now) => {
    const environment = environmentOf(world, appId, name)
    if (world.rules.oneStorage === 'refused' && environment.storages.size > 0)
      throw badRequest(cliTexts.alreadyAdded)
    const work: Work = {
      operation: 'CreateBackendStorage',
      counters: world.counters.create,
      perform: (at) => createStorage(world, environment, resourceName, config, at),
      abandon: () => {
        leaveBucket(environment, config)
      },
    }
    return start(world, appId, environment, work, now)
  }
}

const updateBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const resourceName = readString(body, 'resourceName')
  const permissions = readUpdatedPermissions(body)
  return (world, now) => {
    const environment = environmentOf(world, appId, parameter(call, 'environment'))
    if (!environment.storages.has(resourceName))
      throw notFound(`Storage ${resourceName} not found`, 'storage')
    const work: Work = {
      operation: 'UpdateBackendStorage',
      counters: world.counters.update,
      perform: () => updateStorage(environment, resourceName, permissions),
      abandon: () => undefined,
    }
    return start(world, appId, environment, work, now)
  }
}

const getBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const resourceName = readString(body, 'resourceName')
  return (world, now) => {
    const environment = environmentOf(world, appId, parameter(call, 'environment'))
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
  const name = readOptionalString(body, 'backendEnvironmentName')
  return (world, now) => {
    const app = appOf(world, appId)
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
    const environment = environmentOf(world, appId, name)
    const place = { appId, accountId: world.accountId, region: caller.region }
    return {
      ...common,
      amplifyFeatureFlags: JSON.stringify({ features: { graphqltransformer: {} } }),
      amplifyMetaConfig: amplifyMeta(environment, place, now),
    }
  }
}

const jobView = (appId: string, environment: Environment, job: Job): object => ({
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
    const environment = environmentOf(world, appId, parameter(call, 'environment'))
    const job = environment.jobs.find((candidate) => candidate.jobId === jobId)
    if (job === undefined || job.readableAt > now) throw notFound(`Job ${jobId} not found`, 'job')
    return jobView(appId, environment, job)
  }
}

function readToken(body: JsonObject): number {
  const token = readOptionalString(body, 'nextToken')
  if (token === undefined) return 0
  const offset = Number(Buffer.from(token, 'base64url').toString('utf8'))
  if (Number.isInteger(offset) && offset > 0) return offset
  throw badRequest('The nextToken is not valid')
}

const listBackendJobs: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const size = readMaxResults(body)
  const offset = readToken(body)
  const jobId = readOptionalString(body, 'jobId')
  const operation = readOptionalString(body, 'operation')
  const status = readOptionalString(body, 'status')
  return (world, now) => {
    const environment = environmentOf(world, appId, parameter(call, 'environment'))
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
      jobs: jobs.slice(offset, end).map((job) => jobView(appId, environment, job)),
      nextToken: end < jobs.length ? Buffer.from(String(end)).toString('base64url') : undefined,
    }
  }
}

function answering(world: World, run: () => object): Answer {
  try {
    return json(200, run())
  } catch (error) {
    if (error instanceof AmplifyRefusal) return amplifyError(error, world.rules)
    throw error
  }
}

function handler(world: () => World, name: AmplifyOperation, operation: Operation): Handler {
  return (call) => {
    let carryOut: ReturnType<Operation>
    try {
      const caller = authenticate(call, world())
      throttle(world(), call.now)
      authorize(call, world(), caller, name)
      carryOut = operation({ call, caller, body: readJson(call.text) })
    } catch (error) {
      if (!(error instanceof AmplifyRefusal)) throw error
      const refusal = amplifyError(error, world().rules)
      return () => refusal
    }
    return (now) => answering(world(), () => carryOut(world(), now))
  }
}

/** The emulated Amplify Backend. */
export function amplifyHandlers(world: () => World): Record<AmplifyOperation, Handler> {
  return {
    GetBackend: handler(world, 'GetBackend', getBackend),
    GetBackendStorage: handler(world, 'GetBackendStorage', getBackendStorage),
    CreateBackendStorage: handler(world, 'CreateBackendStorage', createBackendStorage),
    UpdateBackendStorage: handler(world, 'UpdateBackendStorage', updateBackendStorage),
    GetBackendJob: handler(world, 'GetBackendJob', getBackendJob),
    ListBackendJobs: handler(world, 'ListBackendJobs', listBackendJobs),
  }
}
