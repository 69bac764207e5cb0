/**
 * Keeps the SDK's clients from sending tokens and signed requests to hosts that are not allowed, and from
 * reading responses of any size.
 */
import { ActionError } from '../errors/action-error.ts'
import { Readable } from 'node:stream'
import { getNumber, getProperty, getString, isObject } from '../lib/json.ts'
import { quote } from '../lib/text.ts'
import type { Agents } from '../network/agents.ts'
import { classifyEndpoint, isDefaultHost, type EndpointKind } from '../network/endpoints.ts'
import type { Redact } from '../network/failure.ts'
import { readBody } from '../network/request.ts'
import type { Route } from '../network/route.ts'

export type ClientSettings = Readonly<{
  region: string
  agents: Agents
  allowCustomEndpoints: boolean
  /** Called with the host of every request that does not go to the region's default host. */
  onNonDefaultHost(host: string, kind: EndpointKind): void
  /** Removes secrets from a text of a response. */
  redact: Redact
}>

/** One request of a client, updated while it is made. */
export type Exchange = {
  /** Undefined until the guard has accepted the request. */
  route?: Route
  /** The time of the signature, in milliseconds since 1970; undefined for an unsigned request. */
  signedAt?: number | undefined
  /** The response, as soon as its head has arrived. */
  response?: unknown
  /** Why the request failed. */
  error?: unknown
}

/** The part of a client's configuration that an extension can change. */
type ClientConfiguration<Request, Options, Output> = Readonly<{
  region(): () => Promise<string>
  httpHandler(): { handle: (request: Request, options?: Options) => Promise<Output> }
}>

/** An extension for the constructor of any SDK client. */
export type EndpointGuard = {
  configure<Request, Options, Output>(
    configuration: ClientConfiguration<Request, Options, Output>,
  ): void
}

/**
 * An extension that checks the host of every request. It wraps the client's HTTP handler, because an
 * endpoint can be configured in many ways, and because the clients that the SDK creates to get credentials
 * accept extensions but not all of them accept middleware.
 *
 * @param onRequest called at the start of every request, with the request as the SDK made it
 */
export function createEndpointGuard(
  settings: ClientSettings,
  onRequest: (exchange: Exchange, request: unknown) => void,
): EndpointGuard {
  return {
    configure: (configuration) => {
      // Every client has a handler of its own.
      const handler = configuration.httpHandler()
      const handle = handler.handle.bind(handler)
      handler.handle = async (request, options) => {
        const exchange: Exchange = {}
        onRequest(exchange, request)
        try {
          // A client for credentials can use a region of its own.
          const region = await configuration.region()()
          exchange.route = checkEndpoint(request, { ...settings, region })
          exchange.signedAt = getSigningTime(request)
          const output = await handle(request, options)
          const response = getProperty(output, 'response')
          exchange.response = response
          // The SDK itself reads a body of any size.
          const body = getProperty(response, 'body')
          if (isObject(response) && body instanceof Readable) {
            Reflect.set(response, 'body', checkSize(await readBody(body), exchange.response))
          }
          return output
        } catch (error) {
          exchange.error = error
          throw error
        }
      }
    },
  }
}

/** The setting that is named when no endpoint variable contains the host. */
const SHARED_CONFIG_ENDPOINT = 'endpoint_url in the shared AWS configuration'

function checkEndpoint(request: unknown, settings: ClientSettings): Route {
  const url = getUrl(request)
  const isDefault = url.protocol === 'https:' && isDefaultHost(url.hostname, settings.region)
  if (isDefault) return settings.agents.routeTo(url)
  const kind = classifyEndpoint(url, settings.allowCustomEndpoints)
  if (kind === 'refused') {
    const endpoint = url.origin === 'null' ? `that begins with ${quote(url.protocol)}` : url.origin
    throw new ActionError(
      'ENDPOINT_REFUSED',
      `The configured endpoint ${endpoint} is neither a loopback address nor an AWS domain over HTTPS; nothing was sent to it.`,
    )
  }
  const route = settings.agents.routeTo(url)
  settings.onNonDefaultHost(url.host, kind)
  return { ...route, endpoint: route.endpoint ?? SHARED_CONFIG_ENDPOINT }
}

/** The SDK needs many seconds for an error, or for XML, of some megabytes. Real ones are much smaller. */
const MAX_OTHER_BYTES = 256 * 1024

/** @throws Error if the body of an error, or one that is not JSON, is too large */
function checkSize(body: Buffer, response: unknown): Buffer {
  const isData = (getNumber(response, 'statusCode') ?? 0) < 300 && body[0] === 0x7b
  if (isData || body.length <= MAX_OTHER_BYTES) return body
  throw new Error('the response is larger than 256 KiB')
}

/** The `x-amz-date` of a request, for example `20260131T235959Z`. */
function getSigningTime(request: unknown): number | undefined {
  const text = getString(getProperty(request, 'headers'), 'x-amz-date') ?? ''
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const [year, month = 1, ...rest] = parts.map(Number)
  return year === undefined ? undefined : Date.UTC(year, month - 1, ...rest)
}

function getUrl(request: unknown): URL {
  const protocol = getString(request, 'protocol')
  const hostname = getString(request, 'hostname')
  const port = getNumber(request, 'port')
  if (protocol === undefined || hostname === undefined) {
    throw new ActionError('INTERNAL_ERROR', 'A request of the AWS SDK has no host.')
  }
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  return new URL(`${protocol}//${host}${port === undefined ? '' : `:${port}`}`)
}
