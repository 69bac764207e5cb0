/**
 * What all AWS clients of this action share: no retries in the SDK, a timeout for every call, the proxy
 * settings, the endpoint guard, and results as plain data.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { ActionError } from '../errors/action-error.ts'
import { abortReason } from '../lib/clock.ts'
import { getNumber, getProperty } from '../lib/json.ts'
import { sanitizeLine } from '../lib/text.ts'
import { TimeoutError, withTimeout } from '../lib/timeout.ts'
import type { Agents, ConnectionState } from '../network/agents.ts'
import {
  getRequestId,
  getServerTime,
  toApiFailure,
  type Redact,
  type ResponseHead,
} from '../network/failure.ts'
import type { ApiResult } from '../network/retry.ts'
import { RefreshError } from './credentials.ts'
import {
  createEndpointGuard,
  type ClientSettings,
  type EndpointGuard,
  type Exchange,
} from './endpoint-guard.ts'

export type { ClientSettings }

/** Receives one line about every call for the debug log, without bodies and credentials. */
export type Trace = (line: string) => void

const CONNECTION_TIMEOUT_MS = 10_000

/** The call that is in progress, for the guard of its client. */
const currentCall = new AsyncLocalStorage<{ exchange?: Exchange }>()

/**
 * The options for the constructor of an SDK client. Options in code take precedence over variables such as
 * `AWS_MAX_ATTEMPTS` and over the shared configuration: this action has a retry layer of its own, and no
 * setting may change whose credentials are used.
 */
export function clientConfiguration(settings: ClientSettings): {
  region: string
  maxAttempts: number
  retryMode: 'standard'
  authSchemePreference: string[]
  defaultsMode: 'legacy'
  requestHandler: {
    httpAgent: Agents['http']
    httpsAgent: Agents['https']
    connectionTimeout: number
  }
  extensions: EndpointGuard[]
} {
  return {
    region: settings.region,
    maxAttempts: 1,
    retryMode: 'standard',
    // A preference for signatures would make the SDK sign AssumeRoleWithWebIdentity, with ambient credentials.
    authSchemePreference: [],
    // The mode `auto` asks the metadata service for the region of the machine.
    defaultsMode: 'legacy',
    requestHandler: {
      httpAgent: settings.agents.http,
      httpsAgent: settings.agents.https,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
    },
    extensions: [
      createEndpointGuard(settings, (exchange) => {
        const call = currentCall.getStore()
        if (call !== undefined) call.exchange = exchange
      }),
    ],
  }
}

export type SdkCallOptions = Readonly<{
  operation: string
  timeoutMs: number
  /** Cancels the call; it then throws the signal's reason. */
  signal: AbortSignal
  /** For clients with tracked agents: whether a connection was established. */
  connection?: ConnectionState | undefined
  trace: Trace
  redact: Redact
}>

/**
 * Makes one call with an SDK client and returns its result or its failure.
 *
 * @param send sends the command with the given signal
 * @param parse takes what the caller needs from the output; undefined or an exception means that the output
 *   is malformed
 * @throws the signal's reason when aborted; an `ActionError` of the guard, of the credentials or of the SDK's
 *   settings
 */
export async function callSdk<Output, T>(
  send: (signal: AbortSignal) => Promise<Output>,
  parse: (output: Output) => T | undefined,
  options: SdkCallOptions,
): Promise<ApiResult<T>> {
  const { operation, timeoutMs, signal, connection, trace, redact } = options
  throwIfAborted(signal)
  const call: { exchange?: Exchange } = {}
  const startedAt = performance.now()
  const settled = await settle(
    withTimeout({ timeoutMs, signal }, (limited) =>
      currentCall.run(call, () => send(limited)),
    ).then(parse),
  )
  const elapsed = `${Math.round(performance.now() - startedAt)} ms`
  const route = call.exchange?.route
  const head = getResponseHead(call.exchange?.response)
  const traceAs = (result: string | number): void => {
    trace(`${operation}${route === undefined ? '' : ` at ${route.host}`}: ${result} in ${elapsed}`)
  }
  if (settled.ok && settled.value !== undefined) {
    traceAs(head?.status ?? '?')
    const requestId = getRequestId(head, redact)
    return { ok: true, value: settled.value, requestId, serverTime: getServerTime(head) }
  }
  throwIfAborted(signal)
  const error = settled.ok ? new Error('the response lacks required fields') : settled.error
  if (error instanceof ActionError) throw error
  if (call.exchange === undefined && !isTemporary(error)) throw invalidSettings(error, options)
  const failure = toApiFailure(error, {
    operation,
    head,
    // Without a request (because credentials could not be refreshed) nothing was sent.
    connected: call.exchange === undefined ? false : connection?.connected,
    route,
    signedAt: call.exchange?.signedAt,
    redact,
  })
  traceAs(failure.status ?? failure.code ?? failure.name)
  return { ok: false, failure }
}

/** Whether credentials could not be refreshed in time, so that no request was made. */
function isTemporary(error: unknown): boolean {
  return error instanceof RefreshError || error instanceof TimeoutError
}

/** The SDK fails before it makes a request only because of its settings. */
function invalidSettings(
  error: unknown,
  { operation, redact }: Pick<SdkCallOptions, 'operation' | 'redact'>,
): ActionError {
  const detail = error instanceof Error ? sanitizeLine(redact(error.message), 300) : 'unknown error'
  return new ActionError(
    'INVALID_INPUT',
    `The AWS SDK cannot make the request ${operation} with its settings: ${detail}`,
    {
      advice:
        'Check the variables AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT (use_fips_endpoint and use_dualstack_endpoint in the shared AWS configuration), which allow no custom endpoint.',
    },
  )
}

type Settled<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; error: unknown }>

async function settle<T>(task: Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await task }
  } catch (error) {
    return { ok: false, error }
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortReason(signal)
}

function getResponseHead(response: unknown): ResponseHead | undefined {
  const status = getNumber(response, 'statusCode')
  const headers = getProperty(response, 'headers')
  if (status === undefined || typeof headers !== 'object' || headers === null) return undefined
  const entries = Object.entries(headers).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
  )
  return { status, headers: Object.fromEntries(entries) }
}
