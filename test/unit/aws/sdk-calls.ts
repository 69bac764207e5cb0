/** Creates that the SDK sends with the configuration of the action. */
import { AmplifyBackendClient, CreateBackendStorageCommand } from '@aws-sdk/client-amplifybackend'
import type { ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { callSdk, clientConfiguration, type SdkCallOptions } from '../../../src/aws/sdk-client.ts'
import type { ApiFailure } from '../../../src/network/failure.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import { createTestAgents, type Handler } from '../../support/unit/http-server.ts'
import { neverAborted, unredacted } from '../../support/unit/storage-context.ts'

type TestClient = {
  client: AmplifyBackendClient
  traces: string[]
  options: SdkCallOptions
}

export const callOptions = (call: Partial<SdkCallOptions> = {}): SdkCallOptions => ({
  operation: 'CreateBackendStorage',
  timeoutMs: 10_000,
  signal: neverAborted,
  trace: () => undefined,
  redact: unredacted,
  ...call,
})

/** A client with the configuration of the action. */
export function createClient(
  endpoint: string,
  call: Partial<SdkCallOptions> = {},
  agents = createTestAgents(),
): TestClient {
  const traces: string[] = []
  const client = new AmplifyBackendClient({
    ...clientConfiguration({
      region: 'eu-west-1',
      agents,
      allowCustomEndpoints: false,
      onNonDefaultHost: () => undefined,
      redact: unredacted,
    }),
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret-of-the-example' },
    endpoint,
  })
  onTestFinished(() => {
    client.destroy()
  })
  return { client, traces, options: callOptions({ trace: (line) => traces.push(line), ...call }) }
}

const command = new CreateBackendStorageCommand({
  AppId: 'd1',
  BackendEnvironmentName: 'prod',
  ResourceName: 'media',
  ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['READ'] } },
})

/** Sends a create; its value is the job ID. */
export const create = ({ client, options }: TestClient): Promise<ApiResult<string>> =>
  callSdk(
    (abortSignal) => client.send(command, { abortSignal }),
    ({ JobId }: { JobId?: unknown }) =>
      typeof JobId === 'string' && JobId !== '' ? JobId : undefined,
    options,
  )

export async function getFailure(client: TestClient): Promise<ApiFailure> {
  const result = await create(client)
  if (result.ok) throw new Error('The call succeeded.')
  return result.failure
}

export const json =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }
