import { describe, expect, test } from 'vitest'

import { defaults, type Emulator } from '../../emulator/emulator.ts'
import {
  assumeRoleWithWebIdentity,
  createStorage,
  getBackend,
  getJob,
  getJobId,
  getStorage,
  listJobs,
  openSession,
  requestToken,
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

const arn = 'arn:aws:iam::123456789012:role/r'

describe('the control interface', () => {
  test('The root lists the endpoints, and any other path is not found', async () => {
    const emulator = await start()
    for (const path of ['', '/'])
      expect((await control(emulator, 'GET', path)).json).toHaveProperty('POST /_emulator/faults')
    expect((await control(emulator, 'GET', '/nope')).status).toBe(404)
  })

  test('Faults can be injected, listed with how often they were applied, and removed', async () => {
    const emulator = await start()
    const spec = { operation: 'GetBackendStorage', kind: 'status', status: 503, times: 2 }
    expect((await control(emulator, 'POST', '/faults', spec)).status).toBe(201)
    expect((await getStorage(emulator)).status).toBe(503)
    const listed = (await control(emulator, 'GET', '/faults')).json
    expect(listed).toEqual([{ spec, callsSeen: 1, timesApplied: 1 }])
    await control(emulator, 'DELETE', '/faults')
    expect((await getStorage(emulator)).status).toBe(404)
  })

  test('A list of faults is injected in its order, or not at all if one of them is invalid', async () => {
    const emulator = await start()
    const html = { operation: 'GetBackend', kind: 'html' }
    await control(emulator, 'POST', '/faults', [html, {}])
    expect((await control(emulator, 'GET', '/faults')).json).toEqual([])
    await control(emulator, 'POST', '/faults', [html, { ...html, kind: 'body', body: '[]' }])
    expect((await getBackend(emulator)).status).toBe(502)
    expect((await getBackend(emulator)).text).toBe('[]')
  })

  const withEnvironment = (prod: object): object => ({
    apps: { [defaults.appId]: { environments: { prod } } },
  })
  const storageWith = (permission: string): object =>
    withEnvironment({
      storages: [{ resourceName: 'media', permissions: { authenticated: [permission] } }],
    })
  const token = { operation: 'token' }

  test.each<[string, string, unknown]>([
    ['POST /faults', 'must be JSON', '{'],
    ['POST /faults', 'fault must be a JSON object', '1'],
    ['POST /faults', 'fault.operation must be one of token', { kind: 'html' }],
    ['POST /faults', 'must be one of', { operation: 'Nope', kind: 'html' }],
    ['POST /faults', 'fault.kind must be one of status', token],
    ['POST /faults', 'fault.status must be an integer', { ...token, kind: 'status' }],
    ['POST /faults', 'from 200 to 599', { ...token, kind: 'status', status: 99 }],
    ['POST /faults', 'headers.a', { ...token, kind: 'body', body: '', headers: { a: 1 } }],
    ['POST /faults', 'no member colour', { ...token, kind: 'html', colour: 1 }],
    ['POST /faults', 'lateMs', { ...token, kind: 'reset', when: 'late' }],
    ['POST /jobs', 'job.ms must be an integer', { ms: 'soon' }],
    ['PUT /state', 'no member twoJobs', { rules: { twoJobs: true } }],
    ['PUT /state', 'state.rules.jobMs', { rules: { jobMs: 'soon' } }],
    ['PUT /state', 'Unknown permission "WRITE". Choose one of: READ', storageWith('WRITE')],
    ['PUT /state', '"a" is not the ARN of a role', { roles: [{ arn: 'a' }] }],
    ['PUT /state', 'The policy is not a JSON object', { roles: [{ arn, trust: 1 }] }],
    ['PUT /state', 'policies must be a list', { roles: [{ arn, policies: {} }] }],
    ['PUT /state', 'auth must be one of true, false, user-pool', withEnvironment({ auth: 'none' })],
    ['PUT /state', 'no member app', { app: {} }],
  ])('An invalid body for %s is rejected with "%s"', async (endpoint, message, body) => {
    const [method = '', path = ''] = endpoint.split(' ')
    const reply = await control(await start(), method, path, body)
    expect(reply.status).toBe(400)
    expect(reply.json).toEqual({ message: expect.stringContaining(message) as unknown })
  })

  test('The next job follows a plan', async () => {
    const emulator = await start()
    await control(emulator, 'POST', '/jobs', { ms: 0, error: 'broken' })
    const jobId = getJobId(await createStorage(emulator))
    expect((await getJob(emulator, jobId)).json).toMatchObject({
      status: 'FAILED',
      error: 'broken',
    })
  })

  test('The list of requests has their operations, bodies and results', async () => {
    const emulator = await start()
    await assumeRoleWithWebIdentity(emulator)
    await getStorage(emulator)
    expect((await control(emulator, 'GET', '/requests')).json).toMatchObject([
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

  test('The list of requests has no token, no secret key and no signature', async () => {
    const emulator = await start()
    const keys = await openSession(emulator)
    await getStorage(emulator, { keys })
    const comments = '/api/v3/repos/octo-org/octo-app/issues/7/comments'
    const authorization = `token ${emulator.githubToken}`
    await send(emulator.url, { path: comments, headers: { authorization } })
    const { text } = await control(emulator, 'GET', '/requests')
    const sent = JSON.stringify(emulator.requests)
    const signature = /Signature=([\da-f]{64})/.exec(sent)?.[1] ?? ''
    const token = /WebIdentityToken=([^&"]+)/.exec(sent)?.[1] ?? ''
    const secrets = [
      ...[keys.secretAccessKey, keys.sessionToken, signature, token, emulator.githubToken],
      emulator.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '',
    ]
    for (const secret of secrets) {
      expect(sent).toContain(secret)
      expect(text).not.toContain(secret)
    }
    // What helps to find a problem stays.
    for (const name of [
      keys.accessKeyId,
      'SignedHeaders=',
      'RoleSessionName=session',
      'Expiration',
    ])
      expect(text).toContain(name)
  })

  test('The state has no secret key', async () => {
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

  test('A reset restores the rules and removes storages, faults and requests', async () => {
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

describe('a patch of the state', () => {
  const patch = async (body: object): Promise<Emulator> => {
    const emulator = await start()
    expect((await control(emulator, 'PUT', '/state', body)).status).toBe(200)
    return emulator
  }

  test('A patch adds apps, environments, storages and jobs, and changes rules', async () => {
    const prod = {
      storages: [{ resourceName: 'media', bucketName: 'mybucket' }],
      jobs: [{ operation: 'UpdateBackendAPI', status: 'RUNNING', createTime: '1' }],
    }
    const emulator = await patch({
      rules: { absentStorage: 'empty', throttle: { perSecond: 100, burst: 100 } },
      apps: {
        [defaults.appId]: { environments: { prod, dev: { auth: false, suffix: '' } } },
        dother: { environments: { test: {} } },
      },
    })
    const resourceConfig = { bucketName: 'mybucket9c04b-prod' }
    expect((await getStorage(emulator)).json).toMatchObject({ resourceConfig })
    expect((await createStorage(emulator)).status).toBe(400)
    expect((await getStorage(emulator, { environment: 'dev' })).status).toBe(200)
    const added = { appId: 'dother', environment: 'test' }
    expect((await listJobs(emulator, {}, added)).status).toBe(200)
    expect(emulator.state.rules.onePendingJob).toBe(true)
  })

  test('A patch adds roles and changes the claims of new tokens', async () => {
    const provider = 'oidc-provider/token.actions.githubusercontent.com'
    const Statement = {
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::123456789012:${provider}` },
      Action: 'sts:AssumeRoleWithWebIdentity',
    }
    const emulator = await patch({
      claims: { sub: 'repo:other/app:ref:refs/heads/main' },
      roles: [{ arn, trust: { Statement } }],
    })
    expect((await assumeRoleWithWebIdentity(emulator, { RoleArn: arn })).status).toBe(200)
    expect((await assumeRoleWithWebIdentity(emulator)).status).toBe(403)
  })

  test.each([
    [arn, 200],
    ['arn:aws:iam::123456789012:role/amplify-storage-plan-x', 403],
  ])(
    'A session of the role %s, which a patch adds by its ARN alone, gets %i for a create',
    async (RoleArn, status) => {
      const emulator = await patch({ roles: [{ arn: RoleArn }] })
      const keys = await openSession(emulator, { RoleArn })
      expect((await createStorage(emulator, { keys })).status).toBe(status)
    },
  )

  test('A role that a patch adds by its ARN alone belongs to its partition and account', async () => {
    const RoleArn = 'arn:aws-cn:iam::123456789012:role/r'
    const emulator = await patch({ roles: [{ arn: RoleArn }] })
    const WebIdentityToken = await requestToken(emulator, 'sts.amazonaws.com.cn')
    await openSession(emulator, { RoleArn, WebIdentityToken })
    const { policies, trust } = emulator.state.roles.get(RoleArn) ?? {}
    expect(policies?.[0]?.Statement[0]?.Resource).toBe(
      'arn:aws-cn:amplifybackend:*:123456789012:/backend/*',
    )
    expect(trust?.Statement[0]?.Principal.Federated).toBe(
      'arn:aws-cn:iam::123456789012:oidc-provider/token.actions.githubusercontent.com',
    )
  })

  test('A role that a patch adds with a trust policy alone can use the backends of its account', async () => {
    const { state } = await patch({ roles: [{ arn, trust: { Statement: [] } }] })
    const { policies } = state.roles.get(arn) ?? {}
    expect(policies?.[0]?.Statement[0]?.Resource).toContain(':123456789012:')
  })

  test('A patch changes what the GitHub token may do, and locks issues', async () => {
    const { github } = (await patch({ github: { canWrite: false, locked: ['o/r#1'] } })).state
    expect([github.canWrite, [...github.locked]]).toEqual([false, ['o/r#1']])
  })
})

describe('the server', () => {
  test('The emulator listens on IPv4 and, if asked to, on IPv6', async () => {
    const emulator = await start({ ipv6: true })
    for (const url of [emulator.url, `http://[::1]:${String(emulator.port)}`])
      expect((await send(url, { path: '/_emulator/' })).status).toBe(200)
  })

  test('The emulator does not start on a port that is in use', async () => {
    const emulator = await start()
    await expect(start({ port: emulator.port })).rejects.toThrow('EADDRINUSE')
  })

  test('The emulator accepts a request with a whole URL, as a proxy receives it', async () => {
    const emulator = await start()
    const path = 'http://amplify.test/.well-known/jwks'
    expect((await send(emulator.url, { path })).json).toHaveProperty('keys')
  })
})
