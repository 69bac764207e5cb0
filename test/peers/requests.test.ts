/**
 * For the same values, the action sends what the AWS CLI and boto3 send. Compared are method, path, query,
 * media type, parsed body, credential scope and the signed headers. What may differ: the host's port (each
 * has an emulator of its own), date and signature, the key, the token; user agent, accepted encodings and
 * connection; the order and spacing of the JSON; and the headers below, which the action signs beside.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  addStorage,
  defaults,
  startEmulator,
  type Emulator,
  type OperationName,
  type Received,
} from '../../emulator/emulator.ts'
import { amplifyOperations, stsOperations } from '../../emulator/operations.ts'
import { clockEnv, scaledClock } from '../kit/clock.ts'
import { session, start, token, type Keys } from '../emulator/support.ts'
import { runAction, type ActionRun } from './action.ts'
import { startBoto3 } from './boto3.ts'
import { cli } from './cli.ts'
import type { Client } from './client.ts'
import { isObject } from './json.ts'
import { recompute, signatureOf } from './signature.ts'

/** Headers of the JavaScript SDK. Signed, they say no more about the call than the others do. */
const ownHeaders = [
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'content-length',
  'x-amz-content-sha256',
  'x-amz-user-agent',
]

const scale = 20
const preload = new URL('../kit/scaled-clock.ts', import.meta.url).href

/** The values: as inputs of the action here, as parameters of the other clients below. */
const inputs = {
  'app-id': defaults.appId,
  'backend-environment-name': 'prod',
  'resource-name': 'media',
  'bucket-name': 'acme-media',
  'authenticated-permissions': 'READ, CREATE_AND_UPDATE, DELETE',
  'unauthenticated-permissions': 'READ',
  'role-session-name': 'peer',
  'role-duration-seconds': '1800',
}

const place = { AppId: defaults.appId, BackendEnvironmentName: 'prod' }
const storage = { ...place, ResourceName: 'media' }
const permissions = {
  Authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'],
  UnAuthenticated: ['READ'],
}

type Played = { readonly run: ActionRun; readonly emulator: Emulator }

const stopped: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const stop of stopped) await stop()
})

/** Runs the action in a world where all waiting is short. */
async function play(
  changed: Readonly<Record<string, string>>,
  prepare: (emulator: Emulator) => void = () => undefined,
  ambient = false,
): Promise<Played> {
  const origin = Date.now()
  const emulator = await startEmulator({ clock: scaledClock(scale, origin) })
  stopped.push(() => emulator.stop())
  prepare(emulator)
  const run = await runAction(emulator, {
    inputs: { ...inputs, ...changed },
    env: { ...clockEnv(scale, origin), ...(ambient ? emulator.ambientEnv : {}) },
    nodeArguments: ['--import', preload],
  })
  return { run, emulator }
}

const seed =
  (permitted: 'READ' | 'all') =>
  (emulator: Emulator): void => {
    addStorage(emulator.environment(), {
      resourceName: 'media',
      bucketName: 'acme-media',
      permissions:
        permitted === 'READ'
          ? { authenticated: ['READ'] }
          : {
              authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'],
              unAuthenticated: ['READ'],
            },
    })
  }

const withRole = { 'role-to-assume': defaults.applyRole }

type Calls = Readonly<Record<'created' | 'updated' | 'unchanged', Played>>
let calls: Calls | undefined
const boto3 = startBoto3()
stopped.push(() => {
  boto3.stop()
})

beforeAll(async () => {
  const [created, updated, unchanged] = await Promise.all([
    play(withRole),
    play({ 'if-exists': 'update', 'allowed-account-ids': defaults.accountId }, seed('READ'), true),
    play(withRole, seed('all')),
  ])
  calls = { created, updated, unchanged }
})

function played(name: keyof Calls): Played {
  if (calls === undefined) throw new Error('The action was not run')
  return calls[name]
}

function callOf(name: keyof Calls, operation: OperationName): Received {
  const received = played(name).emulator.calls(operation)[0]
  if (received === undefined)
    throw new Error(`The action did not call ${operation}\n${played(name).run.log}`)
  return received
}

const bodyOf = ({ body }: Received): unknown =>
  isObject(body) && 'WebIdentityToken' in body
    ? { ...body, WebIdentityToken: typeof body['WebIdentityToken'] }
    : body

/** What is to agree. */
function essence(received: Received): unknown {
  const signature = signatureOf(received)
  const { method, path, query, headers } = received
  return {
    method,
    path,
    query,
    mediaType: headers['content-type']?.split(';')[0],
    body: bodyOf(received),
    scope:
      signature === undefined
        ? 'not signed'
        : { ...signature.scope, date: signature.scope.date === headers['x-amz-date']?.slice(0, 8) },
    signedHeaders: signature?.signedHeaders.filter((name) => !ownHeaders.includes(name)),
  }
}

type Same = {
  readonly operation: (typeof amplifyOperations)[number] | (typeof stsOperations)[number]
  /** The run of the action in which the call is looked for. */
  readonly from: keyof Calls
  readonly parameters: () =>
    Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
}

const same: readonly Same[] = [
  {
    operation: 'AssumeRoleWithWebIdentity',
    from: 'created',
    parameters: () => ({
      RoleArn: defaults.applyRole,
      RoleSessionName: 'peer',
      DurationSeconds: 1800,
    }),
  },
  { operation: 'GetBackendStorage', from: 'created', parameters: () => storage },
  { operation: 'GetBackend', from: 'created', parameters: () => place },
  {
    operation: 'CreateBackendStorage',
    from: 'created',
    parameters: () => ({
      ...storage,
      ResourceConfig: { ServiceName: 'S3', BucketName: 'acme-media', Permissions: permissions },
    }),
  },
  {
    operation: 'GetBackendJob',
    from: 'created',
    parameters: () => ({ ...place, JobId: played('created').run.outputs['job-id'] }),
  },
  { operation: 'GetCallerIdentity', from: 'updated', parameters: () => ({}) },
  {
    operation: 'UpdateBackendStorage',
    from: 'updated',
    parameters: () => ({
      ...storage,
      ResourceConfig: { ServiceName: 'S3', Permissions: permissions },
    }),
  },
  {
    operation: 'ListBackendJobs',
    from: 'unchanged',
    parameters: () => ({ ...place, MaxResults: 25 }),
  },
]

const isSts = (operation: string): boolean => stsOperations.some((name) => name === operation)

/** Sends the same call with a client; keys like the action's: of a session, of a user, or none. */
async function sendSame(
  client: Client,
  { operation, from, parameters }: Same,
): Promise<{
  readonly emulator: Emulator
  readonly received: Received
}> {
  const emulator = await start()
  const unsigned = operation === 'AssumeRoleWithWebIdentity'
  const keys: Keys | null = unsigned
    ? null
    : from === 'updated'
      ? emulator.world.user
      : await session(emulator)
  const given = await parameters()
  const before = emulator.calls(operation).length
  await client.send({
    service: isSts(operation) ? 'sts' : 'amplifybackend',
    operation,
    parameters: unsigned ? { ...given, WebIdentityToken: await token(emulator) } : given,
    emulator,
    keys,
  })
  const received = emulator.calls(operation)[before]
  if (received === undefined) throw new Error(`${client.title} did not call ${operation}`)
  return { emulator, received }
}

const signatureGiven = (received: Received): string | undefined => signatureOf(received)?.signature

/** The signature by aws4, with the key that the emulator knows. */
function signatureDue(emulator: Emulator, received: Received): string {
  const keys = emulator.world.credentials.get(signatureOf(received)?.accessKeyId ?? '')
  if (keys === undefined) throw new Error('The emulator handed out no such key')
  return recompute(received, keys)
}

describe('The action', () => {
  test('calls every operation that the emulator plays, in runs that end well', () => {
    expect(played('created').run).toMatchObject({ exitCode: 0, outputs: { result: 'created' } })
    expect(played('updated').run).toMatchObject({ exitCode: 0, outputs: { result: 'updated' } })
    expect(played('unchanged').run).toMatchObject({ exitCode: 0, outputs: { result: 'unchanged' } })
    expect(same.map(({ operation }) => operation).sort()).toEqual(
      [...amplifyOperations, ...stsOperations].sort(),
    )
  })

  test.each(['created', 'updated', 'unchanged'] as const)(
    'signs every call of the run that ends in `%s` as aws4 does',
    (name) => {
      const { emulator } = played(name)
      const signed = emulator.received.filter(
        (received) =>
          received.service === 'amplifybackend' || received.operation === 'GetCallerIdentity',
      )
      expect(signed.length).toBeGreaterThan(1)
      expect(signed.map(signatureGiven)).toEqual(
        signed.map((received) => signatureDue(emulator, received)),
      )
    },
  )
})

describe.each([cli, boto3])('$title and the action', (client) => {
  test.each(same)('send the same $operation', async (wanted) => {
    const ours = callOf(wanted.from, wanted.operation)
    const theirs = await sendSame(client, wanted)
    expect(essence(ours)).toEqual(essence(theirs.received))
    if (wanted.operation === 'AssumeRoleWithWebIdentity') return
    expect(signatureOf(ours)?.scope).toMatchObject({
      region: 'eu-west-1',
      service: isSts(wanted.operation) ? 'sts' : 'amplifybackend',
      end: 'aws4_request',
    })
    expect(signatureOf(ours)?.signedHeaders).toEqual(
      expect.arrayContaining(
        wanted.from === 'updated'
          ? ['host', 'x-amz-date']
          : ['host', 'x-amz-date', 'x-amz-security-token'],
      ),
    )
    expect(signatureGiven(theirs.received)).toBe(signatureDue(theirs.emulator, theirs.received))
  })
})
