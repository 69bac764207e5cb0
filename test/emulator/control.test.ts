import { describe, expect, test } from 'vitest'

import { defaults, type Emulator } from '../../emulator/emulator.ts'
import {
  assumeRoleWithWebIdentity,
  getBackend,
  createStorage,
  getJob,
  getJobId,
  listJobs,
  getStorage,
  send,
  start,
  type Reply,
} from '../support/emulator-requests.ts'

const control = (
  emulator: Emulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> =>
  send(emulator.url, {
    method,
    path: `/_emulator${path}`,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })

describe('the control interface', () => {
  test('says what it can do', async () => {
    const emulator = await start()
    for (const path of ['', '/'])
      expect((await control(emulator, 'GET', path)).json).toHaveProperty('POST /_emulator/faults')
    expect((await control(emulator, 'GET', '/nope')).status).toBe(404)
  })

  test('takes faults, shows how far they have got, and drops them', async () => {
    const emulator = await start()
    const spec = { operation: 'GetBackendStorage', kind: 'status', status: 503, times: 2 }
    expect((await control(emulator, 'POST', '/faults', spec)).status).toBe(201)
    expect((await getStorage(emulator)).status).toBe(503)
    expect((await control(emulator, 'GET', '/faults')).json).toEqual([
      { spec, callsSeen: 1, timesApplied: 1 },
    ])
    await control(emulator, 'DELETE', '/faults')
    expect((await getStorage(emulator)).status).toBe(404)
    await control(emulator, 'POST', '/faults', [
      { operation: 'GetBackend', kind: 'html' },
      { operation: 'GetBackend', kind: 'body', body: '[]' },
    ])
    expect((await getBackend(emulator)).status).toBe(502)
    expect((await getBackend(emulator)).text).toBe('[]')
  })

  test.each([
    ['no JSON', '{', 'must be JSON'],
    ['no object', '1', 'fault must be a JSON object'],
    ['no operation', { kind: 'html' }, 'fault.operation must be one of token'],
    ['an unknown operation', { operation: 'Nope', kind: 'html' }, 'must be one of'],
    ['no kind', { operation: 'token' }, 'fault.kind must be one of status'],
    ['no status', { operation: 'token', kind: 'status' }, 'fault.status must be an integer'],
    ['a bad status', { operation: 'token', kind: 'status', status: 99 }, 'from 200 to 599'],
    [
      'a bad header',
      { operation: 'token', kind: 'body', body: '', headers: { a: 1 } },
      'headers.a',
    ],
    ['an unknown member', { operation: 'token', kind: 'html', colour: 1 }, 'no member colour'],
    ['late without a time', { operation: 'token', kind: 'reset', when: 'late' }, 'lateMs'],
  ])('refuses a fault with %s', async (_, body, text) => {
    const emulator = await start()
    const reply = await control(emulator, 'POST', '/faults', body)
    expect(reply.status).toBe(400)
    expect(reply.json).toEqual({ message: expect.stringContaining(text) as unknown })
  })

  test('orders nothing where one of several is bad', async () => {
    const emulator = await start()
    await control(emulator, 'POST', '/faults', [{ operation: 'token', kind: 'html' }, {}])
    expect((await control(emulator, 'GET', '/faults')).json).toEqual([])
  })

  test('plans jobs', async () => {
    const emulator = await start()
    await control(emulator, 'POST', '/jobs', { ms: 0, error: 'broken' })
    const jobId = getJobId(await createStorage(emulator))
    expect((await getJob(emulator, jobId)).json).toMatchObject({
      status: 'FAILED',
      error: 'broken',
    })
    expect((await control(emulator, 'POST', '/jobs', { ms: 'soon' })).status).toBe(400)
  })

  test('shows what was received', async () => {
    const emulator = await start()
    await assumeRoleWithWebIdentity(emulator)
    await getStorage(emulator)
    const { json } = await control(emulator, 'GET', '/requests')
    expect(json).toMatchObject([
      { service: 'oidc', operation: 'token', query: { audience: 'sts.amazonaws.com' } },
      {
        service: 'sts',
        operation: 'AssumeRoleWithWebIdentity',
        body: { RoleArn: defaults.applyRole },
        roleArn: defaults.applyRole,
        status: 200,
      },
      {
        service: 'amplifybackend',
        operation: 'GetBackendStorage',
        method: 'POST',
        path: `/backend/${defaults.appId}/storage/prod/details`,
        body: { resourceName: 'media' },
        status: 404,
        region: 'eu-west-1',
      },
    ])
  })

  test('shows the world, and no secret', async () => {
    const emulator = await start()
    const { json, text } = await control(emulator, 'GET', '/state')
    expect(json).toMatchObject({
      accountId: '111122223333',
      apps: { [defaults.appId]: { environments: { dev: { auth: true }, prod: { storages: [] } } } },
      rules: { onePendingJob: true },
      counters: { maxPendingJobs: 0 },
    })
    expect(text).not.toContain(emulator.state.user.secretAccessKey)
  })

  test('changes the world by what is given, and leaves the rest', async () => {
    const emulator = await start()
    const reply = await control(emulator, 'PUT', '/state', {
      rules: { absentStorage: 'empty', throttle: { perSecond: 100, burst: 100 } },
      claims: { sub: 'repo:other/app:ref:refs/heads/main' },
      apps: {
        [defaults.appId]: {
          environments: {
            prod: {
              storages: [{ resourceName: 'media', bucketName: 'mybucket' }],
              jobs: [{ operation: 'UpdateBackendAPI', status: 'RUNNING', createTime: '1' }],
            },
            dev: { auth: false, suffix: '' },
          },
        },
        dother: { environments: { test: {} } },
      },
      roles: [
        {
          arn: 'arn:aws:iam::123456789012:role/r',
          trust: {
            Statement: {
              Effect: 'Allow',
              Principal: {
                Federated:
                  'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com',
              },
              Action: 'sts:AssumeRoleWithWebIdentity',
            },
          },
        },
      ],
      github: { canWrite: false, locked: ['o/r#1'] },
    })
    expect(reply.status).toBe(200)
    expect((await getStorage(emulator)).json).toMatchObject({
      resourceConfig: { bucketName: 'mybucket9c04b-prod' },
    })
    expect((await createStorage(emulator)).status).toBe(400)
    expect((await getStorage(emulator, { environment: 'dev' })).status).toBe(200)
    expect((await listJobs(emulator, {}, { appId: 'dother', environment: 'test' })).status).toBe(
      200,
    )
    const role = { RoleArn: 'arn:aws:iam::123456789012:role/r' }
    expect((await assumeRoleWithWebIdentity(emulator, role)).status).toBe(200)
    expect((await assumeRoleWithWebIdentity(emulator)).status).toBe(403)
    expect(emulator.state.rules.onePendingJob).toBe(true)
  })

  test.each([
    ['an unknown rule', { rules: { twoJobs: true } }, 'no member twoJobs'],
    ['a rule of another type', { rules: { jobMs: 'soon' } }, 'state.rules.jobMs'],
    ['an unknown permission', withPermission('WRITE'), 'Unknown permission "WRITE". Choose one of: READ'],
    ['a role without trust', { roles: [{ arn: 'a' }] }, 'The policy is not a JSON object'],
    ['an unknown member', { app: {} }, 'no member app'],
  ])('refuses a world with %s', async (_, body, text) => {
    const emulator = await start()
    const reply = await control(emulator, 'PUT', '/state', body)
    expect(reply.status).toBe(400)
    expect(reply.json).toEqual({ message: expect.stringContaining(text) as unknown })
  })

  test('starts afresh', async () => {
    const emulator = await start({ rules: { jobMs: 0 } })
    await createStorage(emulator)
    emulator.injectFault({ operation: 'GetBackendStorage', kind: 'html' })
    emulator.state.rules.jobMs = 5
    await control(emulator, 'POST', '/reset')
    expect(emulator.requests).toEqual([])
    expect((await getStorage(emulator)).status).toBe(404)
    expect(emulator.state.rules.jobMs).toBe(0)
  })
})

function withPermission(permission: string): object {
  const permissions = { authenticated: [permission] }
  const storages = [{ resourceName: 'media', permissions }]
  return { apps: { [defaults.appId]: { environments: { prod: { storages } } } } }
}

describe('the emulator', () => {
  test('listens on loopback of both kinds when it is asked to', async () => {
    const emulator = await start({ ipv6: true })
    const reply = await send(`http://[::1]:${String(emulator.port)}`, { path: '/_emulator/' })
    expect(reply.status).toBe(200)
  })

  test('says so when its port is taken', async () => {
    const emulator = await start()
    await expect(start({ port: emulator.port })).rejects.toThrow('EADDRINUSE')
  })

  test('answers requests in the form that proxies get', async () => {
    const emulator = await start()
    const path = `http://amplify.test/.well-known/jwks`
    expect((await send(emulator.url, { path })).json).toHaveProperty('keys')
  })
})
