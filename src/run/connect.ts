/** Connects to the backend environment: endpoints, credentials, clients. */
import { createAmplify } from '../aws/amplify/amplify-backend.ts'
import { authenticate } from '../aws/authenticate.ts'
import { asMemoized } from '../aws/credentials.ts'
import type { EndpointKind } from '../network/endpoints.ts'
import type { Amplify } from '../storage/api.ts'
import type { Observer, StorageContext } from '../storage/context.ts'
import { detectCredentials } from '../inputs/environment.ts'
import type { RunState } from './state.ts'
import { getRole, type Inputs } from '../inputs/read-inputs.ts'
import { createRetryPolicy, toStorageRef, warn, type RunContext } from './context.ts'
import type { ClientSettings } from '../aws/sdk-client.ts'

export type Connection = Readonly<{
  storage: StorageContext
  /** Closes the connections of the client. */
  close(): void
}>

/**
 * Gets credentials as the inputs specify, and creates the client of the backend environment.
 *
 * @param prefetchedToken an ID token that was requested before this module was loaded
 * @throws ActionError when no credentials can be obtained; the reason of the signal when cancelled
 */
export async function connect(
  run: RunContext,
  inputs: Inputs,
  command: 'apply' | 'plan',
  observer: Observer,
  prefetchedToken: Promise<string> | undefined,
): Promise<Connection> {
  const { env, cancellation, log, secrets, state } = run
  const settings = toClientSettings(run, inputs)
  const retryPolicy = createRetryPolicy(run, inputs)
  const authenticating = authenticate(
    {
      roleArn: getRole(inputs, command)?.arn,
      roleInput:
        command === 'plan' && inputs.planRoleToAssume !== undefined
          ? 'plan-role-to-assume'
          : 'role-to-assume',
      sessionName: inputs.roleSessionName,
      durationSeconds: inputs.roleDurationSeconds,
      audience: inputs.audience,
      allowedAccountIds: inputs.allowedAccountIds,
      readOnly: command === 'plan',
      prefetchedToken,
    },
    {
      env,
      available: detectCredentials(env),
      settings,
      secrets,
      retryPolicy,
      trace: log.debug,
      log: log.info,
    },
  )
  const { appId, backendEnvironmentName } = inputs
  // Created while the requests for the token and the session are on their way.
  const { amplify, destroy } = createAmplify(
    { appId, backendEnvironmentName },
    settings,
    asMemoized(async () => (await authenticating).provider()),
    env,
    log.debug,
  )
  const credentials = await authenticating
  return {
    storage: {
      amplify: recordBucketSuffix(amplify, state),
      ref: toStorageRef(inputs, command),
      retryPolicy: {
        ...retryPolicy,
        throttleState: { throttledResponses: 0 },
        invalidateCredentials: credentials.invalidate,
      },
      mutationSignal: cancellation.mutationSignal,
      observer,
    },
    close: destroy,
  }
}

function toClientSettings(run: RunContext, inputs: Inputs): ClientSettings {
  const { region, allowCustomEndpoints } = inputs
  return {
    region,
    allowCustomEndpoints,
    agents: run.agents,
    onNonDefaultHost: (host, kind) => {
      reportEndpoint(run, host, kind)
    },
    redact: run.secrets.redact,
  }
}

/** Records the suffix of the backend, which becomes part of the name of the bucket. */
function recordBucketSuffix(amplify: Amplify, state: RunState): Amplify {
  return {
    ...amplify,
    getBackend: async (...call) => {
      const result = await amplify.getBackend(...call)
      if (result.ok) state.bucketSuffix = result.value.meta?.suffix ?? state.bucketSuffix
      return result
    },
  }
}

function reportEndpoint(run: RunContext, host: string, kind: EndpointKind): void {
  if (run.state.customHosts.has(host)) return
  run.state.customHosts.add(host)
  const replaced = kind === 'aws' ? 'the default host of the region' : 'AWS'
  run.log.info(`Requests go to ${host} instead of ${replaced}, as set by the endpoint variables.`)
  if (kind === 'custom') {
    warn(
      run,
      'Custom endpoint',
      `Requests go to ${host}, a host outside AWS, allowed by allow-custom-endpoints.`,
    )
  }
}
