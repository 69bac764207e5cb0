import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  addRole,
  defaults,
  githubTrustPolicy,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
  type FaultSpec,
} from '../../../emulator/emulator.ts'
import {
  assumeRole,
  getCallerIdentity,
  PLAN_SESSION_POLICY,
  type AssumeRoleOptions,
  type RoleSession,
} from '../../../src/aws/assume-role.ts'
import type { ClientSettings } from '../../../src/aws/sdk-client.ts'
import { createAgents, destroyAgents } from '../../../src/network/agents.ts'
import type { RetryPolicy } from '../../../src/network/retry.ts'
import {
  createStorage,
  getStorage,
  requestToken,
  updateStorage,
} from '../../support/emulator-requests.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'
import { serve, skippingClock } from '../../support/unit/http-server.ts'
import { containing, matching } from '../../support/unit/matchers.ts'
import { neverAborted } from '../../support/unit/storage-context.ts'
import { resultOf, type TaskResult } from '../../support/unit/task-result.ts'

beforeEach(() => () => {
  vi.unstubAllEnvs()
})

async function startSts(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options)
  onTestFinished(() => emulator.stop())
  vi.stubEnv('AWS_ENDPOINT_URL_STS', emulator.url)
  return emulator
}

/** A server in place of STS that sends this XML to every request. */
async function startXmlServer(body: string): Promise<void> {
  const server = await serve((response) => {
    response.writeHead(200, { 'content-type': 'text/xml' }).end(body)
  })
  vi.stubEnv('AWS_ENDPOINT_URL_STS', server.url)
}

function createSettings(region = 'eu-west-1'): ClientSettings {
  const agents = createAgents({})
  onTestFinished(() => {
    destroyAgents(agents)
  })
  return { region, agents, allowCustomEndpoints: false, onEndpoint: () => undefined }
}

type Members = Partial<AssumeRoleOptions & RetryPolicy & { region: string; timeoutMs: number }>

type Recorded = { tokens: string[]; retries: string[]; slept: readonly number[] }

function createPolicy(members: Members): { policy: RetryPolicy; recorded: Recorded } {
  const clock = skippingClock()
  const recorded: Recorded = { tokens: [], retries: [], slept: clock.slept }
  const policy: RetryPolicy = {
    clock,
    random: () => 0.5,
    deadline: clock.now() + (members.timeoutMs ?? 1_800_000),
    maxAttempts: members.maxAttempts ?? 8,
    signal: members.signal ?? neverAborted,
    onRetry: (line) => recorded.retries.push(line),
    refreshCredentials: () => undefined,
  }
  return { policy, recorded }
}

/** Assumes a role; the retries do not wait. */
async function assume(
  getToken: () => Promise<string>,
  members: Members = {},
): Promise<Recorded & { result: TaskResult<RoleSession> }> {
  const { policy, recorded } = createPolicy(members)
  const options: AssumeRoleOptions = {
    roleArn: members.roleArn ?? defaults.applyRole,
    sessionName: members.sessionName ?? 'octo-org-octo-app-1',
    durationSeconds: members.durationSeconds ?? 3_600,
    sessionPolicy: members.sessionPolicy,
  }
  const result = await resultOf(
    assumeRole(
      options,
      createSettings(members.region),
      async () => {
        const token = await getToken()
        recorded.tokens.push(token)
        return token
      },
      policy,
      () => undefined,
    ),
  )
  return { ...recorded, result }
}

const assumeAt = (emulator: Emulator, members: Members = {}): ReturnType<typeof assume> =>
  assume(() => requestToken(emulator), members)

const opaqueToken = (): Promise<string> => Promise.resolve('a.b.c')

async function sessionOf(...given: Parameters<typeof assumeAt>): Promise<RoleSession> {
  const { result } = await assumeAt(...given)
  if (!result.ok) throw result.error
  return result.value
}

const OPERATION = 'AssumeRoleWithWebIdentity'

const errorResponse = (
  status: number,
  name: string,
  message: string,
  times: number | 'always' = 'always',
): FaultSpec => ({ operation: OPERATION, kind: 'status', status, name, message, times })

describe('A session', () => {
  test('It has credentials that expire, the ARN and the account', async () => {
    const emulator = await startSts()
    const before = Date.now()
    const session = await sessionOf(emulator, { durationSeconds: 900 })
    const { credentials, arn, accountId } = session
    expect(credentials.accessKeyId).toMatch(/^ASIA/)
    expect(credentials.secretAccessKey).not.toBe('')
    expect(credentials.sessionToken).not.toBe('')
    expect(credentials.expiration.getTime()).toBeGreaterThanOrEqual(before + 899_000)
    expect(arn).toBe(
      'arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/octo-org-octo-app-1',
    )
    expect(accountId).toBe('111122223333')
    expect(emulator.calls(OPERATION)).toHaveLength(1)
  })

  test('The request has the given options, no signature and no session tags', async () => {
    const emulator = await startSts()
    const { tokens } = await assumeAt(emulator, { sessionPolicy: PLAN_SESSION_POLICY })
    const [call] = emulator.calls(OPERATION)
    expect(Object.fromEntries(new URLSearchParams(call?.rawBody))).toEqual({
      Action: OPERATION,
      Version: '2011-06-15',
      RoleArn: defaults.applyRole,
      RoleSessionName: 'octo-org-octo-app-1',
      DurationSeconds: '3600',
      WebIdentityToken: tokens[0],
      Policy: PLAN_SESSION_POLICY,
    })
    expect(call?.headers).not.toHaveProperty('authorization')
    await assumeAt(emulator)
    const body = emulator.calls(OPERATION)[1]?.rawBody
    expect(new URLSearchParams(body).has('Policy')).toBe(false)
  })

  test('The session policy of a plan denies every write of Amplify Backend and nothing else', () => {
    expect(JSON.parse(PLAN_SESSION_POLICY)).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: [
            'amplifybackend:Clone*',
            'amplifybackend:Create*',
            'amplifybackend:Delete*',
            'amplifybackend:Generate*',
            'amplifybackend:Import*',
            'amplifybackend:Remove*',
            'amplifybackend:Update*',
          ],
          Resource: '*',
        },
      ],
    })
    expect(PLAN_SESSION_POLICY.length).toBeLessThan(2_048)
  })

  test('A plan session can read, but not create or update, whatever its role allows', async () => {
    const emulator = await startSts()
    const plan = (await sessionOf(emulator, { sessionPolicy: PLAN_SESSION_POLICY })).credentials
    expect((await getStorage(emulator, { keys: plan })).status).toBe(404)
    expect((await createStorage(emulator, { keys: plan })).status).toBe(403)
    expect((await updateStorage(emulator, { keys: plan })).status).toBe(403)
    const apply = (await sessionOf(emulator)).credentials
    expect((await createStorage(emulator, { keys: apply })).status).toBe(200)
  })

  const PARTS = {
    AccessKeyId: 'ASIAEXAMPLE',
    SecretAccessKey: 'secret',
    SessionToken: 'session',
    Expiration: '2040-01-01T00:00:00Z',
    Arn: 'arn:aws:sts::111122223333:assumed-role/r/s',
  }

  async function assumeWithResponse(
    parts: Partial<typeof PARTS>,
  ): Promise<TaskResult<RoleSession>> {
    const { Arn, ...credentials } = { ...PARTS, ...parts }
    const elements = Object.entries(credentials).map(
      ([name, value]) => `<${name}>${value}</${name}>`,
    )
    await startXmlServer(
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>${Arn}</Arn><AssumedRoleId>x</AssumedRoleId></AssumedRoleUser><Credentials>${elements.join('')}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    )
    return (await assume(opaqueToken, { maxAttempts: 1 })).result
  }

  test.each([PARTS.Arn, 'arn:aws-cn:sts::111122223333:assumed-role/r/s'])(
    'The account is read from the ARN %s',
    async (arn) => {
      expect(await assumeWithResponse({ Arn: arn })).toMatchObject({
        ok: true,
        value: { accountId: '111122223333', arn },
      })
    },
  )

  test.each([
    { AccessKeyId: '' },
    { SecretAccessKey: '' },
    { SessionToken: '' },
    { Expiration: 'soon' },
    { Arn: '' },
    { Arn: 'arn:aws:iam::111122223333:role/r' },
    { Arn: 'arn:aws:sts::1111:assumed-role/r/s' },
    { Arn: 'xarn:aws:sts::111122223333:assumed-role/r/s' },
  ])('A response with %j is malformed', async (parts) => {
    expect(await assumeWithResponse(parts)).toMatchObject({ code: 'STS_UNAVAILABLE' })
  })

  test('A response without credentials is never replaced by another identity', async () => {
    await startXmlServer(
      '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>',
    )
    const { result } = await assume(opaqueToken, { maxAttempts: 2 })
    expect(result).toMatchObject({
      code: 'STS_UNAVAILABLE',
      message: containing('200: the response lacks required fields'),
    })
  })
})

describe('Temporary errors of STS', () => {
  test.each<[string, FaultSpec, number]>([
    ['IDPCommunicationError', errorResponse(400, 'IDPCommunicationError', 'idp', 2), 8],
    [
      'a verification key that cannot be retrieved',
      errorResponse(
        400,
        'InvalidIdentityToken',
        "Couldn't retrieve verification key from your identity provider",
        2,
      ),
      8,
    ],
    [
      'a throttled issuer',
      errorResponse(400, 'InvalidIdentityToken', 'OpenIdConnect provider is being throttled', 2),
      8,
    ],
    ['throttling', errorResponse(400, 'Throttling', 'Rate exceeded', 2), 8],
    ['status 503', errorResponse(503, 'ServiceUnavailable', 'x', 2), 8],
    ['a token that is too old', errorResponse(400, 'ExpiredTokenException', 'x', 2), 3],
    ['a rejected claim', errorResponse(403, 'IDPRejectedClaim', 'x', 2), 3],
    ['a denial while IAM propagates the role', errorResponse(403, 'AccessDenied', 'x', 2), 3],
    ['a reset', { operation: OPERATION, kind: 'reset', times: 2 }, 8],
    ['a truncated response', { operation: OPERATION, kind: 'truncated', times: 2 }, 8],
    ['an empty response', { operation: OPERATION, kind: 'empty', times: 2 }, 8],
    ['an HTML page', { operation: OPERATION, kind: 'html', status: 200, times: 2 }, 8],
  ])('The request is repeated with a new token after %s', async (_, fault, maxAttempts) => {
    const emulator = await startSts()
    emulator.injectFault(fault)
    const { result, tokens, retries } = await assumeAt(emulator)
    expect(result.ok).toBe(true)
    expect(new Set(tokens).size).toBe(3)
    expect(retries).toHaveLength(2)
    expect(retries[0]).toContain(`${OPERATION} failed (attempt 1 of ${maxAttempts}): `)
  })

  test.each([
    errorResponse(400, 'Throttling', 'x', 3),
    errorResponse(503, 'ServiceUnavailable', 'x', 3),
  ])(
    'The delays are the default ones after %j, since STS does not throttle the backend',
    async (fault) => {
      const emulator = await startSts()
      emulator.injectFault(fault)
      const { result, slept } = await assumeAt(emulator)
      expect(result.ok).toBe(true)
      expect(slept).toEqual([500, 1_000, 2_000])
    },
  )

  test('STS is unavailable after max-attempts requests', async () => {
    const emulator = await startSts()
    emulator.injectFault(errorResponse(503, 'ServiceUnavailable', 'down'))
    const { result, tokens } = await assumeAt(emulator, { maxAttempts: 4 })
    expect(tokens).toHaveLength(4)
    expect(result).toMatchObject({
      code: 'STS_UNAVAILABLE',
      result: 'failed',
      requestId: matching(/^[\w-]+$/),
      message: matching(
        /"arn:aws:iam::111122223333:role\/amplify-storage-apply".* 503 ServiceUnavailable: down\.$/,
      ),
      advice: matching(/^Run the job again/),
    })
  })

  test('The run times out when the next attempt would start after its deadline', async () => {
    const emulator = await startSts()
    emulator.injectFault({
      operation: OPERATION,
      kind: 'status',
      status: 503,
      headers: { 'retry-after': '60' },
      times: 'always',
    })
    const { result, tokens } = await assumeAt(emulator, { timeoutMs: 30_000 })
    expect(tokens).toHaveLength(1)
    expect(result).toMatchObject({ code: 'STS_UNAVAILABLE', result: 'timed-out' })
  })

  test('A refused connection is retried and named', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${await findClosedPort()}`)
    const { result, tokens } = await assume(opaqueToken, { maxAttempts: 3 })
    expect(tokens).toHaveLength(3)
    expect(result).toMatchObject({
      code: 'STS_UNAVAILABLE',
      message: containing('ECONNREFUSED'),
    })
  })
})

describe('A role that must not be assumed', () => {
  const OLDER = 'uses the older subject format'
  const NEWER = 'uses the newer subject format'
  const ENVIRONMENT = 'ends in environment:NAME'
  const PULL_REQUEST = 'ends in pull_request'

  test.each<[string, readonly string[]]>([
    ['repo:evil/repo:ref:refs/heads/main', [OLDER]],
    ['repo:evil@1/repo@2:ref:refs/heads/main', [NEWER]],
    ['repo:evil/repo:environment:prod', [OLDER, ENVIRONMENT]],
    ['repo:evil@1/repo@2:environment:prod', [NEWER, ENVIRONMENT]],
    ['repo:evil/repo:pull_request', [OLDER, PULL_REQUEST]],
    ['repo:evil@1/repo@2:pull_request', [NEWER, PULL_REQUEST]],
    ['repo:evil@x/repo@2:pull_request', [OLDER, PULL_REQUEST]],
    ['repo:evil@1/repo:ref:refs/heads/x', [OLDER]],
    ['repo:evil/repo:ref:refs/heads/pull_request', [OLDER]],
  ])('For the subject %s, the error shows the claims and %j', async (sub, hints) => {
    const emulator = await startSts({ claims: { sub, environment: 'prod' } })
    const { result, tokens } = await assumeAt(emulator)
    expect(tokens).toHaveLength(3)
    if (result.ok) throw new Error('The role was assumed.')
    expect(result).toMatchObject({
      code: 'ROLE_REFUSED',
      result: 'failed',
      requestId: matching(/^[\w-]+$/),
    })
    for (const hint of [OLDER, NEWER, ENVIRONMENT, PULL_REQUEST]) {
      expect(result.advice.includes(hint)).toBe(hints.includes(hint))
    }
    expect(result.advice).toContain('"token.actions.githubusercontent.com:sub"')
    for (const part of [
      '"arn:aws:iam::111122223333:role/amplify-storage-apply"',
      '403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
      'iss = https://token.actions.githubusercontent.com, aud = sts.amazonaws.com, ',
      `sub = ${sub}, ref = refs/heads/main`,
    ]) {
      expect(result.message).toContain(part)
    }
    expect(JSON.stringify(result)).not.toContain(tokens[0])
  })

  test('A role that does not exist is refused in the same way', async () => {
    const emulator = await startSts()
    const { result } = await assumeAt(emulator, { roleArn: 'arn:aws:iam::111122223333:role/ghost' })
    expect(result).toMatchObject({ code: 'ROLE_REFUSED' })
  })

  test.each([
    errorResponse(403, 'IDPRejectedClaim', 'x', 3),
    errorResponse(400, 'ExpiredTokenException', 'x', 3),
  ])('Three times %j means that the role is refused', async (fault) => {
    const emulator = await startSts()
    emulator.injectFault(fault)
    expect((await assumeAt(emulator)).result).toMatchObject({ code: 'ROLE_REFUSED' })
  })

  test('max-attempts also limits the attempts after a denial', async () => {
    const emulator = await startSts({ claims: { sub: 'repo:evil/repo:pull_request' } })
    const { tokens } = await assumeAt(emulator, { maxAttempts: 2 })
    expect(tokens).toHaveLength(2)
  })
})

describe('Permanent errors of STS', () => {
  test('An audience that the provider does not list is named', async () => {
    const emulator = await startSts()
    const { result, tokens } = await assume(() => requestToken(emulator, 'sts.amazonaws.com.cn'))
    expect(tokens).toHaveLength(1)
    expect(result).toMatchObject({
      code: 'AUDIENCE_REFUSED',
      result: 'failed',
      message: matching(
        /"sts\.amazonaws\.com\.cn".*: 400 InvalidIdentityTokenException: Incorrect token audience\.$/,
      ),
      advice: containing('https://token.actions.githubusercontent.com'),
    })
  })

  test('An audience is refused also when the token cannot be read', async () => {
    const emulator = await startSts()
    emulator.injectFault(errorResponse(400, 'InvalidIdentityToken', 'Incorrect token audience'))
    const { result } = await assume(opaqueToken)
    expect(result).toMatchObject({
      code: 'AUDIENCE_REFUSED',
      message: containing('the audience "" of the token'),
      advice: containing('the IAM OIDC provider for the issuer, or'),
    })
  })

  test('A missing identity provider is reported with its issuer', async () => {
    const emulator = await startSts({ claims: {} })
    emulator.state.providers.length = 0
    const { result, tokens } = await assumeAt(emulator)
    expect(tokens).toHaveLength(1)
    expect(result).toMatchObject({
      code: 'IDENTITY_PROVIDER_MISSING',
      message: matching(
        /"arn:aws:iam::111122223333:role\/amplify-storage-apply".* https:\/\/token\.actions\.githubusercontent\.com: 400 InvalidIdentityTokenException: No OpenIDConnect provider found/,
      ),
      advice: containing('role-to-assume'),
    })
    const unreadable = await assume(opaqueToken)
    expect(unreadable.result).toMatchObject({ code: 'STS_REQUEST_REFUSED' })
  })

  test('A role with a lower maximum session duration is reported with the input', async () => {
    const emulator = await startSts()
    addRole(emulator.state, {
      arn: defaults.applyRole,
      trust: githubTrustPolicy(['repo:octo-org/octo-app:ref:refs/heads/main']),
      maxSessionSeconds: 3_600,
    })
    const { result, tokens } = await assumeAt(emulator, { durationSeconds: 43_200 })
    expect(tokens).toHaveLength(1)
    expect(result).toMatchObject({
      code: 'STS_REQUEST_REFUSED',
      message: containing('exceeds the MaxSessionDuration'),
      advice: containing('role-duration-seconds (now 43200)'),
    })
  })

  test.each([
    [
      errorResponse(403, 'RegionDisabledException', 'STS is not activated'),
      'STS_REGION_DISABLED',
      /eu-south-1: 403 RegionDisabledException: STS is not activated\.$/,
      /STS for eu-south-1 .*AWS_ENDPOINT_URL_STS/,
    ],
    [
      errorResponse(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
      'STS_REQUEST_REFUSED',
      /: 400 MalformedPolicyDocumentException: Syntax errors in policy\.$/,
      /role-duration-seconds/,
    ],
  ] as const)('%j is not retried', async (fault, code, message, advice) => {
    const emulator = await startSts()
    emulator.injectFault(fault)
    const { result, tokens } = await assumeAt(emulator, { region: 'eu-south-1' })
    expect(tokens).toHaveLength(1)
    expect(result).toMatchObject({
      code,
      message: matching(message),
      advice: matching(advice),
    })
  })

  test('A custom endpoint that is not allowed gets no request', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://sts.fake.test')
    const { result, tokens } = await assume(opaqueToken)
    expect(result).toMatchObject({ code: 'ENDPOINT_REFUSED' })
    expect(tokens).toHaveLength(1)
  })

  test('Aborting the signal ends the request with its reason', async () => {
    const abort = new AbortController()
    const reason = new Error('SIGINT')
    const server = await serve(() => {
      abort.abort(reason)
    })
    vi.stubEnv('AWS_ENDPOINT_URL_STS', server.url)
    await expect(assume(opaqueToken, { signal: abort.signal })).rejects.toBe(reason)
  })

  test('Without a token, STS gets no request', async () => {
    const emulator = await startSts()
    const fail = (): Promise<string> => Promise.reject(new Error('no token'))
    await expect(assume(fail)).rejects.toThrow('no token')
    expect(emulator.calls(OPERATION)).toEqual([])
  })
})

describe('getCallerIdentity', () => {
  const identify = (
    keys: Readonly<{ accessKeyId: string; secretAccessKey: string }>,
  ): ReturnType<typeof getCallerIdentity> =>
    getCallerIdentity(
      keys,
      createSettings(),
      createPolicy({ maxAttempts: 1, timeoutMs: 60_000 }).policy,
      () => undefined,
    )
  const KEYS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' }
  const identityResponse = (content: string): string =>
    `<GetCallerIdentityResponse><GetCallerIdentityResult>${content}</GetCallerIdentityResult></GetCallerIdentityResponse>`

  test('The account and the ARN of the credentials are returned', async () => {
    const emulator = await startSts()
    const { accessKeyId, secretAccessKey } = emulator.state.user
    expect(await identify({ accessKeyId, secretAccessKey })).toMatchObject({
      ok: true,
      value: { accountId: '111122223333', arn: 'arn:aws:iam::111122223333:user/octocat' },
    })
  })

  test('Credentials that STS rejects are a failure', async () => {
    await startSts()
    expect(await identify({ ...KEYS, accessKeyId: 'AKIAGHOST' })).toMatchObject({
      ok: false,
      failure: { status: 403, name: 'InvalidClientTokenId', operation: 'GetCallerIdentity' },
    })
  })

  test.each(['', '<Account>1111</Account>', '<Account>1111222233334</Account>'])(
    'A response with %j as its account is malformed',
    async (account) => {
      await startXmlServer(identityResponse(`<Arn>a</Arn>${account}`))
      expect(await identify(KEYS)).toMatchObject({ ok: false, failure: { status: 200 } })
    },
  )

  test('A response without an ARN is accepted', async () => {
    await startXmlServer(identityResponse('<Account>111122223333</Account>'))
    expect(await identify(KEYS)).toMatchObject({
      ok: true,
      value: { accountId: '111122223333', arn: '' },
    })
  })
})
