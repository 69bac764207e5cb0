/**
 * For the same values, the action sends the same requests as the AWS CLI and boto3. comparable-request.ts
 * says what is compared: everything but host, date, keys, token, encodings and the order of the JSON.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  addStorage,
  defaults,
  startEmulator,
  type Emulator,
  type OperationName,
  type RecordedRequest,
} from '../../../emulator/emulator.ts'
import { amplifyOperations, stsOperations } from '../../../emulator/lib/operations.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { preloadArguments } from '../../support/preload.ts'
import { runAction } from '../../support/run-action.ts'
import { clockEnv, scaledClock } from '../../support/scaled-clock.ts'
import { TIME_SCALE } from '../../support/run-action.ts'
import { openSession, start, requestToken, type Keys } from '../../support/emulator-requests.ts'
import { startBoto3 } from './boto3.ts'
import { awsCli } from './aws-cli.ts'
import type { Client } from './client.ts'
import { toComparable } from './comparable-request.ts'
import { computeSignature, parseSignature } from './signature.ts'

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

type RecordedRun = { readonly run: StepResult; readonly emulator: Emulator }

const stopped: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const stop of stopped) await stop()
})

/** Runs the action on an emulator with the same fast clock. */
async function runRecorded(
  changed: Readonly<Record<string, string>>,
  prepare: (emulator: Emulator) => void = () => undefined,
  ambient = false,
): Promise<RecordedRun> {
  const origin = Date.now()
  const emulator = await startEmulator({ clock: scaledClock(TIME_SCALE, origin) })
  stopped.push(() => emulator.stop())
  prepare(emulator)
  const clock = {
    nodeArguments: preloadArguments('preload/scaled-clock.ts'),
    env: clockEnv(TIME_SCALE, origin),
  }
  const run = await runAction(
    { emulator, clock },
    { with: { ...inputs, ...changed }, env: ambient ? emulator.ambientEnv : {} },
  )
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

type Calls = Readonly<Record<'created' | 'updated' | 'unchanged', RecordedRun>>
let calls: Calls | undefined
const boto3 = startBoto3()
stopped.push(() => {
  boto3.stop()
})

beforeAll(async () => {
  const [created, updated, unchanged] = await Promise.all([
    runRecorded({}),
    runRecorded(
      {
        'if-exists': 'update',
        'allowed-account-ids': defaults.accountId,
        'role-to-assume': '',
        'plan-role-to-assume': '',
      },
      seed('READ'),
      true,
    ),
    runRecorded({}, seed('all')),
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
  readonly parameters: () =>
    Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>
}

const comparedCalls: readonly ComparedCall[] = [
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
    parameters: () => ({ ...place, JobId: getRun('created').run.outputs['job-id'] }),
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
async function sendWithClient(
  client: Client,
  { operation, from, parameters }: ComparedCall,
): Promise<{
  readonly emulator: Emulator
  readonly received: RecordedRequest
}> {
  const emulator = await start()
  const unsigned = operation === 'AssumeRoleWithWebIdentity'
  const keys: Keys | null = unsigned
    ? null
    : from === 'updated'
      ? emulator.state.user
      : await openSession(emulator)
  const given = await parameters()
  const before = emulator.calls(operation).length
  await client.send({
    service: isSts(operation) ? 'sts' : 'amplifybackend',
    operation,
    parameters: unsigned ? { ...given, WebIdentityToken: await requestToken(emulator) } : given,
    emulator,
    keys,
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
    expect(getRun('created').run).toMatchObject({ exitCode: 0, outputs: { result: 'created' } })
    expect(getRun('updated').run).toMatchObject({ exitCode: 0, outputs: { result: 'updated' } })
    expect(getRun('unchanged').run).toMatchObject({ exitCode: 0, outputs: { result: 'unchanged' } })
    expect(comparedCalls.map(({ operation }) => operation).sort()).toEqual(
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
        expect.arrayContaining(
          wanted.from === 'updated'
            ? ['host', 'x-amz-date']
            : ['host', 'x-amz-date', 'x-amz-security-token'],
        ),
      )
      expect(receivedSignature(theirs.received)).toBe(
        expectedSignature(theirs.emulator, theirs.received),
      )
    },
  )
})
