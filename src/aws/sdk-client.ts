/**
 * What every AWS client of this action has in common: no retry of its own, time limits, the proxy rules,
 * a guard on the host, and answers as plain data.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type {
  DeserializeMiddleware,
  FinalizeRequestMiddleware,
  HttpRequest,
  Pluggable,
} from '@smithy/types'
import { abortReason } from '../lib/clock.ts'
import { isDefaultHost, classifyEndpoint } from '../network/endpoints.ts'
import { ActionError } from '../errors/action-error.ts'
import {
  toApiFailure,
  getRequestId,
  getServerTime,
  TimeoutError,
  type ResponseHead,
} from '../network/failure.ts'
import type { Agents, ConnectionState } from '../network/agents.ts'
import type { ApiResult } from '../network/retry.ts'
import type { Route } from '../network/route.ts'
import { quote } from '../lib/text.ts'

/** Told of every request and its outcome, for the debug log; never of bodies or credentials. */
export type Trace = (line: string) => void

/** What a host is that requests go to. */
export type EndpointKind = ReturnType<typeof classifyEndpoint>

export type ClientSettings = Readonly<{
  region: string
  agents: Agents
  allowCustomEndpoints: boolean
  /** Told of the host of every request that does not go to the region's usual one. */
  onEndpoint(host: string, kind: EndpointKind): void
  /** Takes the requests in place of the agents. */
  requestHandler?: RequestHandler
}>

/** What an SDK client hands its requests to. */
export type RequestHandler = Readonly<{
  handle(request: HttpRequest): Promise<{ response: object }>
}>

/** A connection that takes longer than this does not come about. */
const CONNECTION_TIMEOUT_MS = 10_000

/**
 * Settings for the constructor of an SDK client. `maxAttempts` in code wins over `AWS_MAX_ATTEMPTS` and
 * the shared config: this action has one layer of retry, its own.
 */
export function clientConfiguration(settings: ClientSettings): {
  region: string
  maxAttempts: number
  retryMode: 'standard'
  requestHandler:
    | { httpAgent: Agents['http']; httpsAgent: Agents['https']; connectionTimeout: number }
    | RequestHandler
} {
  return {
    region: settings.region,
    maxAttempts: 1,
    retryMode: 'standard',
    requestHandler: settings.requestHandler ?? {
      httpAgent: settings.agents.http,
      httpsAgent: settings.agents.https,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
    },
  }
}

type CallContext = { head: ResponseHead | undefined; route: Route | undefined }

const callContext = new AsyncLocalStorage<CallContext>()

/**
 * A plugin that refuses hosts which must not see a token or a signed request, whichever of the SDK's many
 * ways they were configured by, and that keeps the head of every answer, which the SDK drops when it
 * cannot read the body.
 */
export function endpointGuardPlugin<Input extends object, Output extends object>(
  settings: ClientSettings,
): Pluggable<Input, Output> {
  const guard: FinalizeRequestMiddleware<Input, Output> = (next) => (args) => {
    const route = checkEndpoint(args.request, settings)
    const call = callContext.getStore()
    if (call !== undefined) call.route = route
    return next(args)
  }
  const keepHead: DeserializeMiddleware<Input, Output> = (next) => async (args) => {
    const result = await next(args)
    const call = callContext.getStore()
    if (call !== undefined) call.head = getResponseHead(result.response)
    return result
  }
  return {
    applyToStack: (stack) => {
      stack.add(guard, { step: 'finalizeRequest', priority: 'high', name: 'refuseStrangers' })
      stack.add(keepHead, { step: 'deserialize', priority: 'low', name: 'keepHeadOfAnswer' })
    },
  }
}

/** A request that came to nothing, and its way where it may go one. */
export type FailedRequest = Readonly<{ error: unknown; route: Route | undefined }>

/** What an extension of a client gets hold of. */
type ClientParts<Request, Options, Output> = Readonly<{
  region(): () => Promise<string>
  httpHandler(): { handle: (request: Request, options?: Options) => Promise<Output> }
}>

/**
 * The same guard for the clients that the SDK makes by itself to get credentials: not all of them take
 * plugins, and some hide what went wrong in an error of their own.
 *
 * @param note told what the latest request came to: undefined as long as nothing is lost
 */
export function endpointGuardExtension(
  settings: ClientSettings,
  note: (lost: FailedRequest | undefined) => void,
): {
  configure<Request, Options, Output>(parts: ClientParts<Request, Options, Output>): void
} {
  return {
    configure: (parts) => {
      // Every client has made one for itself.
      const handler = parts.httpHandler()
      const handle = handler.handle.bind(handler)
      handler.handle = async (request, options) => {
        let route: Route | undefined
        note(undefined)
        try {
          // Such a client may have a region of its own.
          route = checkEndpoint(request, { ...settings, region: await parts.region()() })
          return await handle(request, options)
        } catch (error) {
          note({ error: error, route })
          throw error
        }
      }
    },
  }
}

/** The way that the SDK's other means name a host, beside the variables. */
const SHARED_CONFIG_ENDPOINT = 'endpoint_url in the shared AWS configuration'

function checkEndpoint(request: unknown, settings: ClientSettings): Route {
  const protocol = field(request, 'protocol')
  const hostname = field(request, 'hostname')
  const port = field(request, 'port')
  if (typeof protocol !== 'string' || typeof hostname !== 'string') {
    throw new ActionError('INTERNAL_ERROR', 'A request without a host was about to be sent.')
  }
  const address = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  const url = new URL(`${protocol}//${address}${typeof port === 'number' ? `:${port}` : ''}`)
  const kind = classifyEndpoint(url, settings.allowCustomEndpoints)
  if (kind === 'refused') {
    const endpoint = url.origin === 'null' ? `that begins with ${quote(url.protocol)}` : url.origin
    throw new ActionError(
      'ENDPOINT_REFUSED',
      `The configured endpoint ${endpoint} is neither loopback nor a domain of AWS reached over https; nothing was sent to it.`,
    )
  }
  const route = settings.agents.routeTo(url)
  if (kind === 'aws' && isDefaultHost(url.hostname, settings.region)) return route
  settings.onEndpoint(url.host, kind)
  return { ...route, endpoint: route.endpoint ?? SHARED_CONFIG_ENDPOINT }
}

export type SdkCallOptions = Readonly<{
  operation: string
  /** The most the call may take, in milliseconds. */
  timeoutMs: number
  /** Ends the call from outside; the call then throws the signal's reason. */
  signal: AbortSignal
  /** For calls on tracked agents: whether the connection came about. */
  connection?: ConnectionState
  trace: Trace
}>

/**
 * Makes one call of an SDK client and turns whatever comes of it into an answer.
 *
 * @param send hands the command to the client with the given signal
 * @param read takes from the output what the caller needs; undefined means that the output is no answer
 * @throws the signal's reason when aborted; an `ActionError` of the guard or of the credentials
 */
export async function callSdk<Output, T>(
  send: (signal: AbortSignal) => Promise<Output>,
  read: (output: Output) => T | undefined,
  options: SdkCallOptions,
): Promise<ApiResult<T>> {
  const { operation, timeoutMs, signal, connection, trace } = options
  throwIfAborted(signal)
  const call: CallContext = { head: undefined, route: undefined }
  const startedAt = performance.now()
  const outcome = await withTimeout(timeoutMs, signal, (limited) =>
    callContext.run(call, () => send(limited)),
  )
  const took = `${Math.round(performance.now() - startedAt)} ms`
  const place = call.route === undefined ? '' : ` at ${call.route.host}`
  if ('value' in outcome) {
    const value = read(outcome.value)
    if (value !== undefined) {
      trace(`${operation}${place}: ${call.head?.status ?? '?'} in ${took}`)
      const requestId = getRequestId(call.head)
      return { ok: true, value, requestId, serverTime: getServerTime(call.head) }
    }
  }
  const thrown =
    'value' in outcome ? new Error('the answer lacks what it must have') : outcome.thrown
  throwIfAborted(signal)
  if (thrown instanceof ActionError) throw thrown
  const failure = toApiFailure(thrown, {
    operation,
    head: call.head,
    // A head proves the connection, whatever the agent saw of it.
    connected: call.head !== undefined || connection?.connected !== false,
    route: call.route,
  })
  trace(`${operation}${place}: ${failure.status ?? failure.code ?? failure.name} in ${took}`)
  return { ok: false, failure }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortReason(signal)
}

type Outcome<T> = Readonly<{ value: T }> | Readonly<{ thrown: unknown }>

/**
 * Runs a task under a time limit. The limit and the signal win even over a task that ignores its own
 * signal, so that nothing can hang here.
 */
async function withTimeout<T>(
  limitMs: number,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<Outcome<T>> {
  const limit = new AbortController()
  const timer = setTimeout(
    () => {
      limit.abort(new TimeoutError(`no answer within ${Math.round(limitMs / 1000)} s`))
    },
    Math.max(1, limitMs),
  )
  const either = AbortSignal.any([signal, limit.signal])
  const aborted = new Promise<Outcome<T>>((resolve) => {
    either.addEventListener(
      'abort',
      () => {
        resolve({ thrown: abortReason(either) })
      },
      { once: true },
    )
  })
  try {
    const done = task(either).then(
      (value): Outcome<T> => ({ value }),
      (thrown: unknown): Outcome<T> => ({ thrown: either.aborted ? abortReason(either) : thrown }),
    )
    return await Promise.race([done, aborted])
  } finally {
    clearTimeout(timer)
  }
}

function getResponseHead(response: unknown): ResponseHead | undefined {
  const status = field(response, 'statusCode')
  const headers = field(response, 'headers')
  if (typeof status !== 'number' || typeof headers !== 'object' || headers === null)
    return undefined
  const texts = Object.entries(headers).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
  )
  return { status, headers: Object.fromEntries(texts) }
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
