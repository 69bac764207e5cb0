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
import type { Env } from '../../lib/env.ts'
import { mapTexts } from '../../lib/json.ts'
import { createTrackedAgents, destroyAgents, type ConnectionState } from '../../network/agents.ts'
import type { ApiResult } from '../../network/retry.ts'
import type { Amplify, BackendRef, CallOptions } from '../../storage/api.ts'
import type { DesiredStorage, Permissions } from '../../storage/model.ts'
import {
  parseAcceptedJob,
  parseBackendResponse,
  parseJobPage,
  parseJobResponse,
  parseStorageResponse,
  type Environment,
} from './amplify-responses.ts'
import { listAllJobs } from './job-list.ts'
import { callSdk, clientConfiguration, type ClientSettings, type Trace } from '../sdk-client.ts'

const READ_TIMEOUT_MS = 20_000
/** Longer than the 29 seconds after which API Gateway itself responds with a 504. */
const WRITE_TIMEOUT_MS = 35_000

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
      createCaller(reader, READ_TIMEOUT_MS, trace, settings),
      createCaller(writer, WRITE_TIMEOUT_MS, trace, settings, connection),
    ),
    destroy: () => {
      reader.destroy()
      writer.destroy()
      destroyAgents(trackedAgents)
    },
  }
}

type Call = ReturnType<typeof createCaller>

/**
 * Every text of a response is redacted before anything else looks at it.
 *
 * @param connection for a client with tracked agents; reset before every call
 */
function createCaller(
  client: AmplifyBackendClient,
  maxTimeoutMs: number,
  trace: Trace,
  { redact }: ClientSettings,
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
    return callSdk(
      (abortSignal) => client.send(command, { abortSignal }),
      (output) => parse(mapTexts(output, redact)),
      {
        operation,
        timeoutMs: Math.min(maxTimeoutMs, remainingMs),
        signal,
        trace,
        connection,
        redact,
      },
    )
  }
}

function createOperations(environment: Environment, read: Call, write: Call): Amplify {
  return {
    getStorage: (ResourceName, options) =>
      read(
        'GetBackendStorage',
        new GetBackendStorageCommand({ ...environment, ResourceName }),
        (output) => parseStorageResponse({ ...environment, ResourceName }, output),
        options,
      ),
    getBackend: (scope, options) => {
      const input = scope === 'app' ? { AppId: environment.AppId } : environment
      return read(
        'GetBackend',
        new GetBackendCommand(input),
        (output) => parseBackendResponse(input, output),
        options,
      )
    },
    createStorage: (desired, options) =>
      write(
        'CreateBackendStorage',
        new CreateBackendStorageCommand({
          ...environment,
          ResourceName: desired.resourceName,
          ResourceConfig: toResourceConfig(desired),
        }),
        (output) => parseAcceptedJob(environment, output),
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
        (output) => parseAcceptedJob(environment, output),
        options,
      ),
    getJob: (JobId, options) =>
      read(
        'GetBackendJob',
        new GetBackendJobCommand({ ...environment, JobId }),
        (output) => parseJobResponse({ ...environment, JobId }, output),
        options,
      ),
    listJobs: (options) =>
      listAllJobs(options, (page, pageOptions) =>
        read(
          'ListBackendJobs',
          new ListBackendJobsCommand({ ...environment, ...page }),
          (output) => parseJobPage(environment, output),
          pageOptions,
        ),
      ),
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
