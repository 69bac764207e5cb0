/**
 * The Amplify Backend API as this action uses it: one function for each operation, plain data in and out.
 * What the service sends is checked here, member by member; nothing of it is trusted further in.
 */
import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  GetBackendCommand,
  GetBackendJobCommand,
  GetBackendStorageCommand,
  ListBackendJobsCommand,
  UpdateBackendStorageCommand,
} from '@aws-sdk/client-amplifybackend'
import type { AwsCredentialIdentityProvider } from '@smithy/types'
import type { Backend } from '../storage/preconditions.ts'
import { parseBackend } from '../storage/preconditions.ts'
import { createTrackedAgents, destroyAgents, type ConnectionState } from '../network/agents.ts'
import type { Env } from '../lib/env.ts'
import { parseJob, parseJobId, type Job } from '../storage/jobs/job.ts'
import type { ApiResult } from '../network/retry.ts'
import {
  endpointGuardPlugin,
  callSdk,
  clientConfiguration,
  type ClientSettings,
  type Trace,
} from './sdk-client.ts'
import {
  parseStorage,
  type Permissions,
  type Storage,
  type DesiredStorage,
} from '../storage/model.ts'

/** Which backend environment the calls are about. */
export type BackendRef = Readonly<{ appId: string; backendEnvironmentName: string }>

/** What an accepted create or update says. */
export type AcceptedJob = Readonly<{
  jobId: string
  status: string | undefined
  appId: string | undefined
  backendEnvironmentName: string | undefined
}>

/** One function for each operation; every call can be ended by its signal and by its limit. */
export type Amplify = Readonly<{
  /** The storage of the given name, `undefined` when the service has none (404 is a failure). */
  getStorage(resourceName: string, terms: CallOptions): Promise<ApiResult<Storage | undefined>>
  /** The backend of the environment, or of the app alone, which names its environments. */
  getBackend(scope: 'environment' | 'app', terms: CallOptions): Promise<ApiResult<Backend>>
  createStorage(request: DesiredStorage, terms: CallOptions): Promise<ApiResult<AcceptedJob>>
  updateStorage(
    resourceName: string,
    permissions: Permissions,
    terms: CallOptions,
  ): Promise<ApiResult<AcceptedJob>>
  getJob(jobId: string, terms: CallOptions): Promise<ApiResult<Job>>
  /** The environment's jobs, newest pages as the service orders them. */
  listJobs(terms: CallOptions): Promise<ApiResult<readonly Job[]>>
}>

export type CallOptions = Readonly<{
  signal: AbortSignal
  /** Milliseconds that are left of the whole run. */
  remainingMs: number
}>

const READ_TIMEOUT_MS = 20_000
/** Longer than the 29 seconds after which API Gateway gives up by itself, and says so with a 504. */
const WRITE_TIMEOUT_MS = 35_000

/** A page holds 25 jobs at most. The order is not documented, so all of any ordinary history are read. */
const MAX_PAGES = 40

/** Operations on one backend environment, and the way to let go of their connections. */
export function createAmplify(
  backend: BackendRef,
  settings: ClientSettings,
  credentials: AwsCredentialIdentityProvider,
  env: Env,
  trace: Trace,
): { amplify: Amplify; destroy: () => void } {
  const connection: ConnectionState = { connected: false }
  const writerAgents = createTrackedAgents(env, connection)
  const reader = new AmplifyBackendClient({ ...clientConfiguration(settings), credentials })
  const writer = new AmplifyBackendClient({
    ...clientConfiguration({ ...settings, agents: writerAgents }),
    credentials,
  })
  reader.middlewareStack.use(endpointGuardPlugin(settings))
  writer.middlewareStack.use(endpointGuardPlugin(settings))
  const AppId = backend.appId
  const BackendEnvironmentName = backend.backendEnvironmentName

  const reading = (operation: string, { signal, remainingMs }: CallOptions) => ({
    operation,
    timeoutMs: Math.min(READ_TIMEOUT_MS, remainingMs),
    signal,
    trace,
  })
  const writing = (operation: string, { signal, remainingMs }: CallOptions) => {
    connection.connected = false
    return {
      operation,
      timeoutMs: Math.min(WRITE_TIMEOUT_MS, remainingMs),
      signal,
      trace,
      connection,
    }
  }

  const listPage = (terms: CallOptions, NextToken: string | undefined) =>
    callSdk(
      (abortSignal) =>
        reader.send(
          new ListBackendJobsCommand({
            AppId,
            BackendEnvironmentName,
            MaxResults: 25,
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
          { abortSignal },
        ),
      (output) =>
        // A list with something else than jobs in it is none.
        Array.isArray(output.Jobs) && output.Jobs.every(isObject)
          ? { jobs: output.Jobs.map(parseJob), next: nonEmptyString(output.NextToken) }
          : undefined,
      reading('ListBackendJobs', terms),
    )

  const amplify: Amplify = {
    getStorage: async (ResourceName, terms) => {
      const answer = await callSdk(
        (abortSignal) =>
          reader.send(
            new GetBackendStorageCommand({ AppId, BackendEnvironmentName, ResourceName }),
            { abortSignal },
          ),
        (output) => {
          // An answer that repeats nothing of the question is none: an empty 200 must not mean "absent".
          if (nonEmptyString(output.AppId) === undefined) return undefined
          return { storage: parseStorage(output.ResourceConfig) }
        },
        reading('GetBackendStorage', terms),
      )
      return answer.ok ? { ...answer, value: answer.value.storage } : answer
    },

    getBackend: (scope, terms) =>
      callSdk(
        (abortSignal) =>
          reader.send(
            new GetBackendCommand(scope === 'app' ? { AppId } : { AppId, BackendEnvironmentName }),
            { abortSignal },
          ),
        (output) => (nonEmptyString(output.AppId) === undefined ? undefined : parseBackend(output)),
        reading('GetBackend', terms),
      ),

    createStorage: (request, terms) =>
      callSdk(
        (abortSignal) =>
          writer.send(
            new CreateBackendStorageCommand({
              AppId,
              BackendEnvironmentName,
              ResourceName: request.resourceName,
              ResourceConfig: {
                ServiceName: request.serviceName,
                Permissions: {
                  Authenticated: [...request.authenticated],
                  ...(request.unauthenticated === undefined
                    ? {}
                    : { UnAuthenticated: [...request.unauthenticated] }),
                },
                ...(request.bucketName === undefined ? {} : { BucketName: request.bucketName }),
              },
            }),
            { abortSignal },
          ),
        parseAcceptedJob,
        writing('CreateBackendStorage', terms),
      ),

    updateStorage: (ResourceName, permissions, terms) =>
      callSdk(
        (abortSignal) =>
          writer.send(
            new UpdateBackendStorageCommand({
              AppId,
              BackendEnvironmentName,
              ResourceName,
              ResourceConfig: {
                ServiceName: 'S3',
                Permissions: {
                  Authenticated: [...permissions.authenticated],
                  UnAuthenticated: [...permissions.unauthenticated],
                },
              },
            }),
            { abortSignal },
          ),
        parseAcceptedJob,
        writing('UpdateBackendStorage', terms),
      ),

    getJob: (JobId, terms) =>
      callSdk(
        (abortSignal) =>
          reader.send(new GetBackendJobCommand({ AppId, BackendEnvironmentName, JobId }), {
            abortSignal,
          }),
        // The job is the one that was asked for; what counts is that the answer speaks of a job at all.
        (output) =>
          output.JobId === undefined && output.Status === undefined
            ? undefined
            : { ...parseJob(output), jobId: JobId },
        reading('GetBackendJob', terms),
      ),

    listJobs: async (terms) => {
      const jobs: Job[] = []
      const startedAt = performance.now()
      let next: string | undefined
      for (let page = 1; ; page += 1) {
        const remainingMs = Math.max(1, terms.remainingMs - (performance.now() - startedAt))
        const answer = await listPage({ ...terms, remainingMs }, next)
        if (!answer.ok) return answer
        jobs.push(...answer.value.jobs)
        next = answer.value.next
        if (next === undefined || page >= MAX_PAGES) return { ...answer, value: jobs }
      }
    },
  }
  const destroy = (): void => {
    reader.destroy()
    writer.destroy()
    destroyAgents(writerAgents)
  }
  return { amplify, destroy }
}

function parseAcceptedJob(output: {
  readonly JobId?: unknown
  readonly Status?: unknown
  readonly AppId?: unknown
  readonly BackendEnvironmentName?: unknown
}): AcceptedJob | undefined {
  const jobId = parseJobId(output.JobId)
  if (jobId === undefined) return undefined
  return {
    jobId,
    status: nonEmptyString(output.Status),
    appId: nonEmptyString(output.AppId),
    backendEnvironmentName: nonEmptyString(output.BackendEnvironmentName),
  }
}

function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
