/**
 * The Amplify Backend API, implemented with the AWS SDK. Everything that the service sends is checked here,
 * field by field; the rest of the action works with the checked data.
 */
import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  GetBackendCommand,
  GetBackendJobCommand,
  GetBackendStorageCommand,
  ListBackendJobsCommand,
  UpdateBackendStorageCommand,
  type AmplifyBackendClientResolvedConfig,
  type CreateBackendStorageCommandInput,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from '@aws-sdk/client-amplifybackend'
import type { AwsCredentialIdentityProvider, Command } from '@smithy/types'
import type { Env } from '../lib/env.ts'
import { isObject, nonEmptyString } from '../lib/json.ts'
import { createTrackedAgents, destroyAgents, type ConnectionState } from '../network/agents.ts'
import type { ApiResult } from '../network/retry.ts'
import type { AcceptedJob, Amplify, BackendRef, CallOptions, JobList } from '../storage/api.ts'
import { parseJob, parseJobId, type Job } from '../storage/jobs/job.ts'
import { parseStorage, type DesiredStorage, type Permissions } from '../storage/model.ts'
import { parseBackend } from '../storage/amplify-meta.ts'
import { callSdk, clientConfiguration, type ClientSettings, type Trace } from './sdk-client.ts'

const READ_TIMEOUT_MS = 20_000
/** Longer than the 29 seconds after which API Gateway itself responds with a 504. */
const WRITE_TIMEOUT_MS = 35_000

const JOBS_PER_PAGE = 25
/** The order of jobs is not documented, so a history of up to a thousand jobs is read completely. */
const MAX_PAGES = 40

/**
 * Creates the API of one backend environment. `destroy` closes its connections.
 *
 * @param credentials called before every request
 */
export function createAmplify(
  backend: BackendRef,
  settings: ClientSettings,
  credentials: AwsCredentialIdentityProvider,
  env: Env,
  trace: Trace,
): { amplify: Amplify; destroy: () => void } {
  const connection: ConnectionState = { connected: false }
  const trackedAgents = createTrackedAgents(env, connection)
  const createClient = (agents: ClientSettings['agents']): AmplifyBackendClient =>
    new AmplifyBackendClient({ ...clientConfiguration({ ...settings, agents }), credentials })
  const reader = createClient(settings.agents)
  const writer = createClient(trackedAgents)
  return {
    amplify: createOperations(
      { AppId: backend.appId, BackendEnvironmentName: backend.backendEnvironmentName },
      createCaller(reader, READ_TIMEOUT_MS, trace),
      createCaller(writer, WRITE_TIMEOUT_MS, trace, connection),
    ),
    destroy: () => {
      reader.destroy()
      writer.destroy()
      destroyAgents(trackedAgents)
    },
  }
}

type Call = ReturnType<typeof createCaller>

/** @param connection for a client with tracked agents; reset before every call */
function createCaller(
  client: AmplifyBackendClient,
  maxTimeoutMs: number,
  trace: Trace,
  connection?: ConnectionState,
) {
  return <Input extends ServiceInputTypes, Output extends ServiceOutputTypes, T>(
    operation: string,
    command: Command<
      ServiceInputTypes,
      Input,
      ServiceOutputTypes,
      Output,
      AmplifyBackendClientResolvedConfig
    >,
    parse: (output: Output) => T | undefined,
    { signal, remainingMs }: CallOptions,
  ): Promise<ApiResult<T>> => {
    if (connection !== undefined) connection.connected = false
    return callSdk((abortSignal) => client.send(command, { abortSignal }), parse, {
      operation,
      timeoutMs: Math.min(maxTimeoutMs, remainingMs),
      signal,
      trace,
      connection,
    })
  }
}

type Environment = Readonly<{ AppId: string; BackendEnvironmentName: string }>

function createOperations(environment: Environment, read: Call, write: Call): Amplify {
  return {
    getStorage: (ResourceName, options) =>
      read(
        'GetBackendStorage',
        new GetBackendStorageCommand({ ...environment, ResourceName }),
        // A response that does not repeat the request, such as `{}`, must not mean that nothing exists.
        ({ AppId, ResourceConfig }) => {
          if (nonEmptyString(AppId) === undefined) return undefined
          const storage = parseStorage(ResourceConfig)
          return storage === undefined ? { kind: 'none' } : { kind: 'storage', storage }
        },
        options,
      ),
    getBackend: (scope, options) =>
      read(
        'GetBackend',
        new GetBackendCommand(scope === 'app' ? { AppId: environment.AppId } : environment),
        (output) => (nonEmptyString(output.AppId) === undefined ? undefined : parseBackend(output)),
        options,
      ),
    createStorage: (desired, options) =>
      write(
        'CreateBackendStorage',
        new CreateBackendStorageCommand({
          ...environment,
          ResourceName: desired.resourceName,
          ResourceConfig: toResourceConfig(desired),
        }),
        parseAcceptedJob,
        options,
      ),
    updateStorage: (ResourceName, permissions, options) =>
      write(
        'UpdateBackendStorage',
        new UpdateBackendStorageCommand({
          ...environment,
          ResourceName,
          ResourceConfig: toUpdatedConfig(permissions),
        }),
        parseAcceptedJob,
        options,
      ),
    getJob: (JobId, options) =>
      read(
        'GetBackendJob',
        new GetBackendJobCommand({ ...environment, JobId }),
        // The service does not have to repeat the ID, but the response must describe a job.
        (output) =>
          output.JobId === undefined && output.Status === undefined
            ? undefined
            : { ...parseJob(output), jobId: JobId },
        options,
      ),
    listJobs: (options) => listJobs(environment, read, options),
  }
}

async function listJobs(
  environment: Environment,
  read: Call,
  options: CallOptions,
): Promise<ApiResult<JobList>> {
  const jobs: Job[] = []
  const startedAt = performance.now()
  let NextToken: string | undefined
  for (let page = 1; ; page += 1) {
    const remainingMs = Math.max(1, options.remainingMs - (performance.now() - startedAt))
    const result = await read(
      'ListBackendJobs',
      new ListBackendJobsCommand({
        ...environment,
        MaxResults: JOBS_PER_PAGE,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
      (output) =>
        Array.isArray(output.Jobs) && output.Jobs.every(isObject)
          ? { jobs: output.Jobs.map(parseJob), nextToken: nonEmptyString(output.NextToken) }
          : undefined,
      { ...options, remainingMs },
    )
    if (!result.ok) return result
    jobs.push(...result.value.jobs)
    NextToken = result.value.nextToken
    const isComplete = NextToken === undefined
    if (isComplete || page >= MAX_PAGES) return { ...result, value: { jobs, isComplete } }
  }
}

function toResourceConfig(
  desired: Omit<DesiredStorage, 'resourceName'>,
): CreateBackendStorageCommandInput['ResourceConfig'] {
  const { serviceName, authenticated, unauthenticated, bucketName } = desired
  return {
    ServiceName: serviceName,
    Permissions: {
      Authenticated: [...authenticated],
      ...(unauthenticated === undefined ? {} : { UnAuthenticated: [...unauthenticated] }),
    },
    ...(bucketName === undefined ? {} : { BucketName: bucketName }),
  }
}

function toUpdatedConfig(permissions: Permissions): ReturnType<typeof toResourceConfig> {
  return toResourceConfig({ serviceName: 'S3', bucketName: undefined, ...permissions })
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
    mismatch: undefined,
  }
}
