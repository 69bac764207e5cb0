/**
 * The AWS CLI and boto3 call every operation of the emulator, and understand its responses as AWS's model
 * describes them.
 */
import { afterAll, describe, expect, test } from 'vitest'

import { addJob, addStorage, defaults, type Emulator } from '../../../emulator/emulator.ts'
import { amplifyOperations, type AmplifyOperation } from '../../../emulator/lib/operations.ts'
import { start, requestToken, type Keys } from '../../support/emulator-requests.ts'
import { startBoto3 } from './boto3.ts'
import { awsCli } from './aws-cli.ts'
import type { Client, ClientResult } from './client.ts'
import { object, string } from './json.ts'
import { getOperation, readModel } from './model.ts'
import { fromWire } from './model-values.ts'
import { forwardClock } from './forward-clock.ts'

const amplify = readModel('amplifybackend/2020-08-11', amplifyOperations)

const boto3 = startBoto3()
afterAll(() => {
  boto3.stop()
})

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const place = { AppId: defaults.appId, BackendEnvironmentName: 'prod' }
const storage = { ...place, ResourceName: 'media' }
const permissions = { Authenticated: ['READ', 'CREATE_AND_UPDATE'], UnAuthenticated: ['READ'] }

/** The parameters of every operation, with which each can succeed on the stage below. */
const parameters = {
  GetBackend: place,
  GetBackendStorage: storage,
  CreateBackendStorage: {
    ...storage,
    ResourceConfig: { ServiceName: 'S3', BucketName: 'mybucket', Permissions: permissions },
  },
  UpdateBackendStorage: {
    ...storage,
    ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['DELETE'] } },
  },
  GetBackendJob: { ...place, JobId: 'job' },
  ListBackendJobs: { ...place, MaxResults: 25 },
} satisfies Record<AmplifyOperation, object>

/** The value of an answer that must be good. */
function getValue(parsed: ClientResult): Readonly<Record<string, unknown>> {
  if (parsed.ok) return object(parsed.value)
  throw new Error(`${parsed.name}: ${parsed.message}`)
}

/** Calls Amplify Backend; the answer must be what the model makes of the bytes that were sent. */
async function callAmplify(
  client: Client,
  emulator: Emulator,
  operation: AmplifyOperation,
  changed: Readonly<Record<string, unknown>> = {},
  keys?: Keys,
): Promise<Readonly<Record<string, unknown>>> {
  const value = getValue(
    await client.send({
      service: 'amplifybackend',
      operation,
      parameters: { ...parameters[operation], ...changed },
      emulator,
      ...(keys === undefined ? {} : { keys }),
    }),
  )
  const answer = emulator.calls(operation).at(-1)?.responseBody ?? ''
  expect(value).toEqual(fromWire(getOperation(amplify, operation).output, JSON.parse(answer)))
  return value
}

describe.each([awsCli, boto3])('$title', (client) => {
  test(`${client.title} creates, reads and updates a storage, follows its job and lists the jobs`, async () => {
    const clock = forwardClock()
    const emulator = await start({ clock, rules: { jobMs: 60_000 } })

    expect(await callAmplify(client, emulator, 'GetBackend')).toMatchObject({
      ...place,
      AppName: 'octoapp',
      BackendEnvironmentList: ['dev', 'prod'],
    })

    const created = await callAmplify(client, emulator, 'CreateBackendStorage')
    expect(created).toEqual({ ...place, JobId: created['JobId'], Status: 'PENDING' })
    const job = { JobId: string(created['JobId']) }
    expect(await callAmplify(client, emulator, 'GetBackendJob', job)).toMatchObject({
      ...job,
      Operation: 'CreateBackendStorage',
      Status: 'PENDING',
    })
    clock.pass(60_000)
    expect(await callAmplify(client, emulator, 'GetBackendJob', job)).toMatchObject({
      Status: 'COMPLETED',
    })

    expect(await callAmplify(client, emulator, 'GetBackendStorage')).toEqual({
      ...storage,
      ResourceConfig: {
        Imported: false,
        ServiceName: 'S3',
        BucketName: 'mybucket9c04b-prod',
        Permissions: permissions,
      },
    })

    const updated = await callAmplify(client, emulator, 'UpdateBackendStorage')
    clock.pass(60_000)
    expect(await callAmplify(client, emulator, 'GetBackendStorage')).toMatchObject({
      ResourceConfig: { Permissions: { Authenticated: ['DELETE'] } },
    })

    const first = await callAmplify(client, emulator, 'ListBackendJobs', { MaxResults: 1 })
    expect(first).toMatchObject({ Jobs: [{ JobId: updated['JobId'], Status: 'COMPLETED' }] })
    const second = await callAmplify(client, emulator, 'ListBackendJobs', {
      MaxResults: 1,
      NextToken: first['NextToken'],
    })
    expect(second).toMatchObject({ Jobs: [job] })
    expect(second).not.toHaveProperty('NextToken')
  })

  test(`${client.title} reads the error of a failed job and of a backend that does not exist`, async () => {
    const emulator = await start({ rules: { unknownEnvironment: 'error-member' } })
    const { jobId } = addJob(emulator.environment(), {
      operation: 'CreateBackendStorage',
      status: 'FAILED',
      createTime: '1625670294153',
      error: 'Command failed with exit code 1\nBucket "é" & <co> exist',
    })
    expect(await callAmplify(client, emulator, 'GetBackendJob', { JobId: jobId })).toEqual({
      ...place,
      JobId: jobId,
      Operation: 'CreateBackendStorage',
      Status: 'FAILED',
      CreateTime: '1625670294153',
      UpdateTime: '1625670294153',
      Error: 'Command failed with exit code 1\nBucket "é" & <co> exist',
    })
    const nowhere = { BackendEnvironmentName: 'nowhere' }
    expect(await callAmplify(client, emulator, 'GetBackend', nowhere)).toMatchObject({
      Error: 'A valid backend environment was not specified.',
    })
  })

  test(`${client.title} gets its identity, assumes a role with a token, and has the permissions of the role`, async () => {
    const emulator = await start()
    addStorage(emulator.environment(), { resourceName: 'media', bucketName: 'mybucket' })
    const identity = { service: 'sts', operation: 'GetCallerIdentity', parameters: {} } as const
    expect(getValue(await client.send({ ...identity, emulator }))).toEqual({
      UserId: emulator.state.user.userId,
      Account: defaults.accountId,
      Arn: emulator.state.user.arn,
    })

    const assumed = getValue(
      await client.send({
        service: 'sts',
        operation: 'AssumeRoleWithWebIdentity',
        parameters: {
          RoleArn: defaults.planRole,
          RoleSessionName: 'peer',
          WebIdentityToken: await requestToken(emulator),
          DurationSeconds: 900,
        },
        emulator,
        keys: null,
      }),
    )
    const role = 'arn:aws:sts::111122223333:assumed-role/amplify-storage-plan/peer'
    expect(assumed).toEqual({
      Credentials: {
        AccessKeyId: matching(/^ASIA/),
        SecretAccessKey: matching(/./),
        SessionToken: matching(/./),
        Expiration: matching(/^\d{4}-/),
      },
      SubjectFromWebIdentityToken: 'repo:octo-org/octo-app:ref:refs/heads/main',
      AssumedRoleUser: { AssumedRoleId: matching(/^AROA\w+:peer$/), Arn: role },
      Provider: 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com',
      Audience: 'sts.amazonaws.com',
    })
    const credentials = object(assumed['Credentials'])
    const keys = {
      accessKeyId: string(credentials['AccessKeyId']),
      secretAccessKey: string(credentials['SecretAccessKey']),
      sessionToken: string(credentials['SessionToken']),
    }
    const opened = emulator.calls('AssumeRoleWithWebIdentity').at(-1)?.time ?? 0
    const lifetime = Date.parse(string(credentials['Expiration'])) - opened
    expect(Math.ceil(lifetime / 1000)).toBe(900)
    expect(getValue(await client.send({ ...identity, emulator, keys }))).toMatchObject({
      Arn: role,
    })
    await callAmplify(client, emulator, 'GetBackendStorage', {}, keys)
    const refused = await client.send({
      service: 'amplifybackend',
      operation: 'CreateBackendStorage',
      parameters: parameters.CreateBackendStorage,
      emulator,
      keys,
    })
    expect(refused.ok ? refused : [getErrorCode(refused), refused.message]).toEqual([
      'AccessDeniedException',
      matching(/^User: .*amplify-storage-plan\/peer is not authorized to perform: /),
    ])
  })

  test.each(amplifyOperations)(
    `${client.title} reports every modelled error of %s by its name`,
    async (name) => {
      const emulator = await start()
      const { errors } = getOperation(amplify, name)
      const reported: unknown[] = []
      for (const { status } of errors) {
        emulator.injectFault({
          operation: name,
          kind: 'status',
          status,
          message: `Error ${status}`,
        })
        const parsed = await client.send({
          service: 'amplifybackend',
          operation: name,
          parameters: parameters[name],
          emulator,
        })
        reported.push(parsed.ok ? parsed : [parsed.name, parsed.message])
      }
      expect(reported).toEqual(errors.map(({ shape, status }) => [shape.name, `Error ${status}`]))
      expect(emulator.calls(name).length).toBe(errors.length)
    },
  )
})

/** The code on the wire: boto3 reports it in addition to the name of its class, the CLI in place of one. */
function getErrorCode(parsed: Extract<ClientResult, { ok: false }>): string {
  const error = object(parsed.details)['Error']
  return error === undefined ? parsed.name : string(object(error)['Code'])
}
