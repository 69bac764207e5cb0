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
import type { Backend } from './backend.ts'
import { readBackend } from './backend.ts'
import { createTrackedAgents, destroyAgents, type Reach } from './http.ts'
import type { Env } from './inputs.ts'
import { readJob, readJobId, type Job } from './job.ts'
import type { Answer } from './retry.ts'
import { callPlugin, callSdk, clientConfiguration, type ClientSettings, type Trace } from './sdk.ts'
import { readStorage, type Permissions, type Storage, type StorageRequest } from './storage.ts'

/** Which backend environment the calls are about. */
export type Target = Readonly<{ appId: string; backendEnvironmentName: string }>

/** What an accepted create or update says. */
export type Started = Readonly<{
  jobId: string
  status: string | undefined
  appId: string | undefined
  backendEnvironmentName: string | undefined
}>

/** One function for each operation; every call can be ended by its signal and by its limit. */
export type Amplify = Readonly<{
  /** The storage of the given name, `undefined` when the service has none (404 is a failure). */
  getStorage(resourceName: string, terms: CallTerms): Promise<Answer<Storage | undefined>>
  /** The backend of the environment, or of the app alone, which names its environments. */
  getBackend(scope: 'environment' | 'app', terms: CallTerms): Promise<Answer<Backend>>
  createStorage(request: StorageRequest, terms: CallTerms): Promise<Answer<Started>>
  updateStorage(
    resourceName: string,
    permissions: Permissions,
    terms: CallTerms,
  ): Promise<Answer<Started>>
  getJob(jobId: string, terms: CallTerms): Promise<Answer<Job>>
  /** The environment's jobs, newest pages as the service orders them. */
  listJobs(terms: CallTerms): Promise<Answer<readonly Job[]>>
}>

export type CallTerms = Readonly<{
  signal: AbortSignal
  /** Milliseconds that are left of the whole run. */
  leftMs: number
}>

const READ_LIMIT_MS = 20_000
/** Longer than the 29 seconds after which API Gateway gives up by itself, and says so with a 504. */
const WRITE_LIMIT_MS = 35_000

/** A page holds 25 jobs at most. The order is not documented, so all of any ordinary history are read. */
const MOST_PAGES = 40

/** Operations on one backend environment, and the way to let go of their connections. */
export function createAmplify(
  target: Target,
  settings: ClientSettings,
  credentials: AwsCredentialIdentityProvider,
  env: Env,
  trace: Trace,
): { amplify: Amplify; destroy: () => void } {
  const reach: Reach = { connected: false }
  const writerAgents = createTrackedAgents(env, reach)
  const reader = new AmplifyBackendClient({ ...clientConfiguration(settings), credentials })
  const writer = new AmplifyBackendClient({
    ...clientConfiguration({ ...settings, agents: writerAgents }),
    credentials,
  })
  reader.middlewareStack.use(callPlugin(settings))
  writer.middlewareStack.use(callPlugin(settings))
  const AppId = target.appId
  const BackendEnvironmentName = target.backendEnvironmentName

  const reading = (operation: string, { signal, leftMs }: CallTerms) => ({
    operation,
    limitMs: Math.min(READ_LIMIT_MS, leftMs),
    signal,
    trace,
  })
  const writing = (operation: string, { signal, leftMs }: CallTerms) => {
    reach.connected = false
    return { operation, limitMs: Math.min(WRITE_LIMIT_MS, leftMs), signal, trace, reach }
  }

  const listPage = (terms: CallTerms, NextToken: string | undefined) =>
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
          ? { jobs: output.Jobs.map(readJob), next: textOrUndefined(output.NextToken) }
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
          if (textOrUndefined(output.AppId) === undefined) return undefined
          return { storage: readStorage(output.ResourceConfig) }
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
        (output) => (textOrUndefined(output.AppId) === undefined ? undefined : readBackend(output)),
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
        readStarted,
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
        readStarted,
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
            : { ...readJob(output), jobId: JobId },
        reading('GetBackendJob', terms),
      ),

    listJobs: async (terms) => {
      const jobs: Job[] = []
      const startedAt = performance.now()
      let next: string | undefined
      for (let page = 1; ; page += 1) {
        const leftMs = Math.max(1, terms.leftMs - (performance.now() - startedAt))
        const answer = await listPage({ ...terms, leftMs }, next)
        if (!answer.ok) return answer
        jobs.push(...answer.value.jobs)
        next = answer.value.next
        if (next === undefined || page >= MOST_PAGES) return { ...answer, value: jobs }
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

function readStarted(output: {
  readonly JobId?: unknown
  readonly Status?: unknown
  readonly AppId?: unknown
  readonly BackendEnvironmentName?: unknown
}): Started | undefined {
  const jobId = readJobId(output.JobId)
  if (jobId === undefined) return undefined
  return {
    jobId,
    status: textOrUndefined(output.Status),
    appId: textOrUndefined(output.AppId),
    backendEnvironmentName: textOrUndefined(output.BackendEnvironmentName),
  }
}

function textOrUndefined(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
