import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

import aws4 from 'aws4'
import { onTestFinished } from 'vitest'

import {
  defaults,
  startEmulator,
  type Clock,
  type Emulator,
  type EmulatorOptions,
} from '../../emulator/emulator.ts'

/** Starts an emulator that stops with the test. */
export async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options)
  onTestFinished(() => emulator.stop())
  return emulator
}

export type ManualClock = Clock & { advance(ms: number): void }

/** Makes a clock that stands still; its timers run when it is moved past them. */
export function manualClock(startMs: number = Date.UTC(2026, 0, 15, 12)): ManualClock {
  let now = startMs
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    setTimeout: (run, ms) => {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return { cancel: () => timers.delete(timer) }
    },
    advance: (ms) => {
      now += ms
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        if (timers.delete(timer)) timer.run()
      }
    },
  }
}

export type Reply = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The text as JSON; undefined where it is none. */
  readonly json: unknown
}

export type RawRequest = {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly timeoutMs?: number
}

/** Sends one request on a connection of its own; rejects with what the socket says. */
export function send(
  url: string,
  { method, path, headers, body, timeoutMs }: RawRequest,
): Promise<Reply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        hostname: hostname.replace(/[[\]]/g, ''),
        port,
        method: method ?? 'GET',
        path,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs ?? 5000),
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body ?? '')) },
      },
      (response) => {
        text(response).then((answer) => {
          const { statusCode: status = 0, headers: head } = response
          let json: unknown
          try {
            json = JSON.parse(answer)
          } catch {
            json = undefined
          }
          resolve({ status, headers: head, text: answer, json })
        }, reject)
      },
    )
    request.on('error', reject)
    request.end(body ?? '')
  })
}

/** What a client needs to sign with. */
export type Keys = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export type SignedRequest = Omit<RawRequest, 'timeoutMs'> & {
  readonly keys?: Keys
  readonly service?: string
  readonly region?: string
  /** When it is signed; the emulator's time when left out. */
  readonly at?: number
}

/** A request with a signature, ready to be sent, or to be tampered with first. */
export function signed(emulator: Emulator, wanted: SignedRequest): Required<RawRequest> {
  const { accessKeyId, secretAccessKey, sessionToken } = wanted.keys ?? emulator.state.user
  const date = new Date(wanted.at ?? emulator.clock.now())
  const method = wanted.method ?? 'POST'
  const body = wanted.body ?? ''
  const { headers } = aws4.sign(
    {
      method,
      path: wanted.path,
      host: `127.0.0.1:${emulator.port}`,
      service: wanted.service ?? 'amplifybackend',
      region: wanted.region ?? 'eu-west-1',
      body,
      headers: {
        'Content-Type': 'application/json',
        'X-Amz-Date': date.toISOString().replace(/[-:]|\.\d{3}/g, ''),
        ...wanted.headers,
      },
    },
    { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  )
  return {
    method,
    path: wanted.path,
    body,
    timeoutMs: 5000,
    headers: Object.fromEntries(
      Object.entries(headers ?? {})
        .filter(([name]) => name.toLowerCase() !== 'content-length')
        .map(([name, value]) => [name, String(value)]),
    ),
  }
}

export function call(emulator: Emulator, wanted: SignedRequest): Promise<Reply> {
  return send(emulator.url, signed(emulator, wanted))
}

export type StorageTarget = {
  readonly keys?: Keys
  readonly appId?: string
  readonly environment?: string
  readonly resourceName?: string
}

const post = (
  emulator: Emulator,
  { appId = defaults.appId, keys }: StorageTarget,
  path: string,
  body?: unknown,
): Promise<Reply> =>
  call(emulator, {
    path: `/backend/${appId}${path}`,
    ...(body === undefined ? { method: 'GET' } : { body: JSON.stringify(body) }),
    ...(keys === undefined ? {} : { keys }),
  })

export const createStorage = (
  emulator: Emulator,
  place: StorageTarget & { readonly config?: Record<string, unknown> } = {},
): Promise<Reply> =>
  post(emulator, place, '/storage', {
    backendEnvironmentName: place.environment ?? 'prod',
    resourceName: place.resourceName ?? 'media',
    resourceConfig: {
      ...{ serviceName: 'S3', bucketName: 'mybucket', permissions: { authenticated: ['READ'] } },
      ...place.config,
    },
  })

export const updateStorage = (
  emulator: Emulator,
  place: StorageTarget & { readonly permissions?: Record<string, unknown> } = {},
): Promise<Reply> =>
  post(emulator, place, `/storage/${place.environment ?? 'prod'}`, {
    resourceName: place.resourceName ?? 'media',
    resourceConfig: {
      serviceName: 'S3',
      permissions: place.permissions ?? { authenticated: ['DELETE'] },
    },
  })

export const getStorage = (emulator: Emulator, place: StorageTarget = {}): Promise<Reply> =>
  post(emulator, place, `/storage/${place.environment ?? 'prod'}/details`, {
    resourceName: place.resourceName ?? 'media',
  })

export const getBackend = (emulator: Emulator, place: StorageTarget = {}): Promise<Reply> =>
  post(emulator, place, '/details', { backendEnvironmentName: place.environment ?? 'prod' })

export const getJob = (
  emulator: Emulator,
  jobId: string,
  place: StorageTarget = {},
): Promise<Reply> => post(emulator, place, `/job/${place.environment ?? 'prod'}/${jobId}`)

export const listJobs = (
  emulator: Emulator,
  filter: Record<string, unknown> = {},
  place: StorageTarget = {},
): Promise<Reply> => post(emulator, place, `/job/${place.environment ?? 'prod'}`, filter)

/** A text in the JSON of a reply that must have it. */
function getText({ json, status, text: body }: Reply, name: string): string {
  const value: unknown = Reflect.get(Object(json), name)
  if (typeof value !== 'string') throw new Error(`No ${name} in ${status} ${body}`)
  return value
}

export const getJobId = (reply: Reply): string => getText(reply, 'jobId')

/** An OIDC token as a workflow gets it. */
export async function requestToken(
  emulator: Emulator,
  audience = 'sts.amazonaws.com',
): Promise<string> {
  const { pathname, search } = new URL(emulator.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '')
  const reply = await send(emulator.url, {
    path: `${pathname}${search}&audience=${encodeURIComponent(audience)}`,
    headers: { authorization: `Bearer ${emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''}` },
  })
  return getText(reply, 'value')
}

export const xmlText = (xml: string, name: string): string =>
  (new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '').replace(/&#(\d+);/g, (_, code) =>
    String.fromCharCode(Number(code)),
  )

/** AssumeRoleWithWebIdentity, with a token of the emulator unless one is given. */
export async function assumeRoleWithWebIdentity(
  emulator: Emulator,
  parameters: Record<string, string> = {},
): Promise<Reply> {
  const form = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: defaults.applyRole,
    RoleSessionName: 'session',
    ...('WebIdentityToken' in parameters ? {} : { WebIdentityToken: await requestToken(emulator) }),
    ...parameters,
  }
  return send(emulator.url, {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}

export async function openSession(
  emulator: Emulator,
  parameters: Record<string, string> = {},
): Promise<Required<Keys>> {
  const { status, text: xml } = await assumeRoleWithWebIdentity(emulator, parameters)
  if (status !== 200) throw new Error(xml)
  return {
    accessKeyId: xmlText(xml, 'AccessKeyId'),
    secretAccessKey: xmlText(xml, 'SecretAccessKey'),
    sessionToken: xmlText(xml, 'SessionToken'),
  }
}
