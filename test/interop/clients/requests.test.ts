/**
 * For the same values, the action sends the same requests as the AWS CLI and boto3, apart from host, date,
 * keys, token, encodings and the order of the JSON.
 */
import { createHash } from 'node:crypto'

import aws4 from 'aws4'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  defaults,
  type Emulator,
  type OperationName,
  type RecordedRequest,
} from '../../../emulator/emulator.ts'
import { amplifyOperations, stsOperations } from '../../../emulator/lib/operations.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { addMedia, ALL, READ } from '../../support/emulator-state.ts'
import { openSession, start, requestToken, type Keys } from '../../support/emulator-requests.ts'
import { runAction, startTestBed, withoutRole } from '../../support/run-action.ts'
import { startBoto3 } from './boto3.ts'
import { awsCli } from './aws-cli.ts'
import type { Client } from './client.ts'
import { isObject } from './json.ts'

const bucketName = 'acme-media'

/** The values: as inputs of the action here, as parameters of the other clients below. */
const inputs = {
  'bucket-name': bucketName,
  'unauthenticated-permissions': 'READ',
  'role-session-name': 'peer',
  'role-duration-seconds': '1800',
}

const place = { AppId: defaults.appId, BackendEnvironmentName: 'prod' }
const storage = { ...place, ResourceName: 'media' }
const config = {
  ServiceName: 'S3',
  Permissions: { Authenticated: ALL, UnAuthenticated: READ },
}

type RecordedRun = { readonly run: StepResult; readonly emulator: Emulator }

const stopped: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const stop of stopped) await stop()
})

/** Runs the action on an emulator with the same fast clock. */
async function runRecorded(
  changed: Readonly<Record<string, string>>,
  prepare: (emulator: Emulator) => unknown = () => undefined,
  ambient = false,
): Promise<RecordedRun> {
  const bed = await startTestBed()
  const { emulator } = bed
  stopped.push(() => emulator.stop())
  prepare(emulator)
  const env = ambient ? emulator.ambientEnv : {}
  return { run: await runAction(bed, { with: { ...inputs, ...changed }, env }), emulator }
}

type Calls = Readonly<Record<'created' | 'updated' | 'unchanged', RecordedRun>>
let calls: Calls | undefined
const boto3 = startBoto3()
stopped.push(() => {
  boto3.stop()
})

const all = { authenticated: [...ALL], unAuthenticated: [...READ] }

beforeAll(async () => {
  const update = { 'if-exists': 'update', 'allowed-account-ids': defaults.accountId }
  const [created, updated, unchanged] = await Promise.all([
    runRecorded({}),
    runRecorded(
      { ...update, ...withoutRole },
      (emulator) => addMedia(emulator, { bucketName }),
      true,
    ),
    runRecorded({}, (emulator) => addMedia(emulator, { bucketName, permissions: all })),
  ])
  calls = { created, updated, unchanged }
})

function getRun(name: keyof Calls): RecordedRun {
  if (calls === undefined) throw new Error('The action was not run')
  return calls[name]
}

function callOf(name: keyof Calls, operation: OperationName): RecordedRequest {
  const received = getRun(name).emulator.calls(operation)[0]
  if (received === undefined)
    throw new Error(`The action did not call ${operation}\n${getRun(name).run.log.join('\n')}`)
  return received
}

type ComparedCall = {
  readonly operation: (typeof amplifyOperations)[number] | (typeof stsOperations)[number]
  /** The run of the action in which the call is looked for. */
  readonly from: keyof Calls
  readonly parameters: () => Readonly<Record<string, unknown>>
}

const role = { RoleArn: defaults.applyRole, RoleSessionName: 'peer', DurationSeconds: 1800 }
const create = { ...storage, ResourceConfig: { ...config, BucketName: bucketName } }
const update = { ...storage, ResourceConfig: config }

const comparedCalls: readonly ComparedCall[] = [
  { operation: 'AssumeRoleWithWebIdentity', from: 'created', parameters: () => role },
  { operation: 'GetBackendStorage', from: 'created', parameters: () => storage },
  { operation: 'GetBackend', from: 'created', parameters: () => place },
  { operation: 'CreateBackendStorage', from: 'created', parameters: () => create },
  {
    operation: 'GetBackendJob',
    from: 'created',
    parameters: () => ({ ...place, JobId: getRun('created').run.outputs['job-id'] }),
  },
  { operation: 'GetCallerIdentity', from: 'updated', parameters: () => ({}) },
  { operation: 'UpdateBackendStorage', from: 'updated', parameters: () => update },
  {
    operation: 'ListBackendJobs',
    from: 'unchanged',
    parameters: () => ({ ...place, MaxResults: 25 }),
  },
]

type Signature = {
  readonly accessKeyId: string
  readonly scope: Readonly<Record<'date' | 'region' | 'service' | 'end', string>>
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/** The parts of an Authorization header; undefined for a request that is not signed. */
function parseSignature({ headers }: RecordedRequest): Signature | undefined {
  const header = headers['authorization']
  if (header === undefined) return undefined
  const match =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/(\w+), ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header,
    )
  if (match === null) throw new Error(`No Signature Version 4: ${header}`)
  const [, accessKeyId = '', date = '', region = '', service = '', end = '', names = ''] = match
  const scope = { date, region, service, end }
  return { accessKeyId, scope, signedHeaders: names.split(';'), signature: match[7] ?? '' }
}

/** The signature that the request must carry, by aws4, over the headers that it says it has signed. */
function computeSignature(received: RecordedRequest, keys: Keys): string {
  const given = parseSignature(received)
  if (given === undefined) throw new Error('There is no signature to compute again')
  const { signedHeaders, scope } = given
  const query = new URLSearchParams(received.query).toString()
  const value = (name: string): string =>
    // Computed from what arrived, not believed.
    name === 'x-amz-content-sha256'
      ? createHash('sha256').update(received.rawBody).digest('hex')
      : (received.headers[name] ?? '')
  const request = {
    method: received.method,
    host: received.headers['host'] ?? '',
    path: query === '' ? received.path : `${received.path}?${query}`,
    headers: Object.fromEntries(signedHeaders.map((name) => [name, value(name)])),
    body: received.rawBody,
    region: scope.region,
    service: scope.service,
    // As it was sent: nothing may be added to it.
    doNotModifyHeaders: true,
    extraHeadersToInclude: Object.fromEntries(signedHeaders.map((name) => [name, true])),
  }
  const signer = new aws4.RequestSigner(request, {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
  })
  signer.datetime = value('x-amz-date')
  signer.parsePath()
  return /Signature=([0-9a-f]{64})$/.exec(signer.authHeader())?.[1] ?? ''
}

/** Headers that only the SDK for JavaScript signs. They do not change the meaning of a request. */
const ownHeaders = [
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'content-length',
  'x-amz-content-sha256',
  'x-amz-user-agent',
]

const toComparableBody = ({ body }: RecordedRequest): unknown =>
  isObject(body) && 'WebIdentityToken' in body
    ? { ...body, WebIdentityToken: typeof body['WebIdentityToken'] }
    : body

/** What must be equal in a request of the action and in one of another client. */
function toComparable(received: RecordedRequest): unknown {
  const signature = parseSignature(received)
  const { method, path, query, headers } = received
  return {
    method,
    path,
    query,
    mediaType: headers['content-type']?.split(';')[0],
    body: toComparableBody(received),
    scope:
      signature === undefined
        ? 'not signed'
        : { ...signature.scope, date: signature.scope.date === headers['x-amz-date']?.slice(0, 8) },
    signedHeaders: signature?.signedHeaders.filter((name) => !ownHeaders.includes(name)),
  }
}

const isSts = (operation: string): boolean => stsOperations.some((name) => name === operation)

/** Sends the same call with a client; keys like the action's: of a session, of a user, or none. */
async function sendWithClient(
  client: Client,
  { operation, from, parameters }: ComparedCall,
): Promise<{ readonly emulator: Emulator; readonly received: RecordedRequest }> {
  const emulator = await start()
  const unsigned = operation === 'AssumeRoleWithWebIdentity'
  const keysOfRun: Keys = from === 'updated' ? emulator.state.user : await openSession(emulator)
  const given = parameters()
  const before = emulator.calls(operation).length
  await client.send({
    service: isSts(operation) ? 'sts' : 'amplifybackend',
    operation,
    parameters: unsigned ? { ...given, WebIdentityToken: await requestToken(emulator) } : given,
    emulator,
    keys: unsigned ? null : keysOfRun,
  })
  const received = emulator.calls(operation)[before]
  if (received === undefined) throw new Error(`${client.title} did not call ${operation}`)
  return { emulator, received }
}

const receivedSignature = (received: RecordedRequest): string | undefined =>
  parseSignature(received)?.signature

/** The signature by aws4, with the key that the emulator knows. */
function expectedSignature(emulator: Emulator, received: RecordedRequest): string {
  const keys = emulator.state.credentials.get(parseSignature(received)?.accessKeyId ?? '')
  if (keys === undefined) throw new Error('The emulator handed out no such key')
  return computeSignature(received, keys)
}

describe('The action', () => {
  test('The recorded runs succeed and call every operation of the emulator', () => {
    for (const result of ['created', 'updated', 'unchanged'] as const)
      expect(getRun(result).run).toMatchObject({ exitCode: 0, outputs: { result } })
    const called = comparedCalls.map(({ operation }) => operation)
    // The action assumes roles with tokens only.
    expect([...called, 'AssumeRole'].sort()).toEqual(
      [...amplifyOperations, ...stsOperations].sort(),
    )
  })

  test.each(['created', 'updated', 'unchanged'] as const)(
    'The run with the result `%s` signs every request as aws4 does',
    (name) => {
      const { emulator } = getRun(name)
      const signed = emulator.requests.filter(
        (received) =>
          received.service === 'amplifybackend' || received.operation === 'GetCallerIdentity',
      )
      expect(signed.length).toBeGreaterThan(1)
      expect(signed.map(receivedSignature)).toEqual(
        signed.map((received) => expectedSignature(emulator, received)),
      )
    },
  )
})

describe.each([awsCli, boto3])('$title', (client) => {
  test.each(comparedCalls)(
    `The action and ${client.title} send the same $operation`,
    async (wanted) => {
      const ours = callOf(wanted.from, wanted.operation)
      const theirs = await sendWithClient(client, wanted)
      expect(toComparable(ours)).toEqual(toComparable(theirs.received))
      if (wanted.operation === 'AssumeRoleWithWebIdentity') return
      expect(parseSignature(ours)?.scope).toMatchObject({
        region: 'eu-west-1',
        service: isSts(wanted.operation) ? 'sts' : 'amplifybackend',
        end: 'aws4_request',
      })
      expect(parseSignature(ours)?.signedHeaders).toEqual(
        expect.arrayContaining([
          ...['host', 'x-amz-date'],
          ...(wanted.from === 'updated' ? [] : ['x-amz-security-token']),
        ]),
      )
      expect(receivedSignature(theirs.received)).toBe(
        expectedSignature(theirs.emulator, theirs.received),
      )
    },
  )
})
