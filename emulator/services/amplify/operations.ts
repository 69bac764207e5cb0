/** The operations of Amplify Backend. */
import type { AmplifyOperation } from '../../lib/operations.ts'
import type { JsonObject } from '../../lib/validation.ts'
import { addEnvironment, type App, type Environment } from '../../state/backends.ts'
import type { Job } from '../../state/jobs.ts'
import type { State } from '../../state/state.ts'
import type { Call } from '../handler.ts'
import type { Caller } from './access.ts'
import { amplifyMeta } from './amplify-meta.ts'
import { badRequest, notFound } from './errors.ts'
import { startJob, type JobWork } from './jobs.ts'
import {
  formatNextToken,
  optionalString,
  parseMaxResults,
  parseNextToken,
  parseResourceConfig,
  parseUpdatedPermissions,
  requireString,
} from './requests.ts'
import { cliMessages, createStorage, leaveBucket, updateStorage } from './storage.ts'

type AmplifyRequest = {
  readonly call: Call
  readonly caller: Caller
  readonly body: JsonObject
}

/** Parses a request and returns what it does, which may happen later. */
export type Operation = (request: AmplifyRequest) => (state: State, now: number) => object

const parameter = (call: Call, name: string): string => call.params[name] ?? ''

function requireApp(state: State, appId: string): App {
  const app = state.apps.get(appId)
  if (app === undefined) throw notFound(`App ${appId} not found`, 'app')
  return app
}

function requireEnvironment(state: State, appId: string, name: string): Environment {
  const app = requireApp(state, appId)
  const environment = app.environments.get(name)
  if (environment !== undefined) return environment
  if (state.rules.environmentRequired)
    throw notFound(`Backend environment ${name} not found for app ${appId}`, 'backendEnvironment')
  return addEnvironment(app, name)
}

function acceptJob(
  state: State,
  appId: string,
  environment: Environment,
  work: JobWork,
  now: number,
): object {
  if (state.rules.onePendingJob && environment.jobs.some((job) => job.pending))
    throw badRequest(
      `There is already a pending job for the requested appId: ${appId} and backendEnvironmentName: ${environment.name}, wait for it to complete before creating a new job`,
    )
  const { jobId, status } = startJob(state, environment, work, now)
  return { appId, backendEnvironmentName: environment.name, jobId, status }
}

const createBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const name = requireString(body, 'backendEnvironmentName')
  const resourceName = requireString(body, 'resourceName')
  const config = parseResourceConfig(body)
  return (state, now) => {
    const environment = requireEnvironment(state, appId, name)
    if (state.rules.oneStorage === 'refused' && environment.storages.size > 0)
      throw badRequest(cliMessages.alreadyAdded)
    const work: JobWork = {
      operation: 'CreateBackendStorage',
      counters: state.counters.create,
      perform: (at) => createStorage(state, environment, resourceName, config, at),
      leavePartialEffect: () => {
        leaveBucket(environment, config)
      },
    }
    return acceptJob(state, appId, environment, work, now)
  }
}

const updateBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const resourceName = requireString(body, 'resourceName')
  const permissions = parseUpdatedPermissions(body)
  return (state, now) => {
    const environment = requireEnvironment(state, appId, parameter(call, 'environment'))
    if (!environment.storages.has(resourceName))
      throw notFound(`Storage ${resourceName} not found`, 'storage')
    const work: JobWork = {
      operation: 'UpdateBackendStorage',
      counters: state.counters.update,
      perform: () => updateStorage(environment, resourceName, permissions),
      leavePartialEffect: () => undefined,
    }
    return acceptJob(state, appId, environment, work, now)
  }
}

const getBackendStorage: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const resourceName = requireString(body, 'resourceName')
  return (state, now) => {
    const environment = requireEnvironment(state, appId, parameter(call, 'environment'))
    const storage = environment.storages.get(resourceName)
    const common = { appId, backendEnvironmentName: environment.name, resourceName }
    if (storage === undefined || storage.visibleAt > now) {
      if (state.rules.absentStorage === 'empty') return common
      throw notFound(`Storage ${resourceName} not found`, 'storage')
    }
    const { bucket, baseName, imported, permissions } = storage
    const bucketName = state.rules.reportedBucket === 'physical' ? bucket : baseName
    return { ...common, resourceConfig: { imported, serviceName: 'S3', bucketName, permissions } }
  }
}

const getBackend: Operation = ({ call, caller, body }) => {
  const appId = parameter(call, 'appId')
  const name = optionalString(body, 'backendEnvironmentName')
  return (state, now) => {
    const app = requireApp(state, appId)
    const common = {
      appId,
      appName: app.name,
      backendEnvironmentList: [...app.environments.keys()],
      backendEnvironmentName: name,
    }
    if (name === undefined) return common
    if (!app.environments.has(name) && state.rules.unknownEnvironment === 'error-member')
      return { ...common, error: 'A valid backend environment was not specified.' }
    const environment = requireEnvironment(state, appId, name)
    const location = { appId, accountId: caller.credential.accountId, region: caller.region }
    return {
      ...common,
      amplifyFeatureFlags: JSON.stringify({ features: { graphqltransformer: {} } }),
      amplifyMetaConfig: amplifyMeta(environment, location, now),
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
  return (state, now) => {
    const environment = requireEnvironment(state, appId, parameter(call, 'environment'))
    const job = environment.jobs.find((candidate) => candidate.jobId === jobId)
    if (job === undefined || job.readableAt > now) throw notFound(`Job ${jobId} not found`, 'job')
    return toJobBody(appId, environment, job)
  }
}

const listBackendJobs: Operation = ({ call, body }) => {
  const appId = parameter(call, 'appId')
  const size = parseMaxResults(body)
  const offset = parseNextToken(body)
  const jobId = optionalString(body, 'jobId')
  const operation = optionalString(body, 'operation')
  const status = optionalString(body, 'status')
  return (state, now) => {
    const environment = requireEnvironment(state, appId, parameter(call, 'environment'))
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
      nextToken: end < jobs.length ? formatNextToken(end) : undefined,
    }
  }
}

export const amplifyOperations: Readonly<Record<AmplifyOperation, Operation>> = {
  GetBackend: getBackend,
  GetBackendStorage: getBackendStorage,
  CreateBackendStorage: createBackendStorage,
  UpdateBackendStorage: updateBackendStorage,
  GetBackendJob: getBackendJob,
  ListBackendJobs: listBackendJobs,
}
