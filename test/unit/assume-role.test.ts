import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  addRole,
  defaults,
  githubTrustPolicy,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
  type FaultSpec,
} from '../../emulator/emulator.ts'
import { createAgents, destroyAgents } from '../../src/network/agents.ts'
import type { RetryPolicy } from '../../src/network/retry.ts'
import type { ClientSettings } from '../../src/aws/sdk-client.ts'
import {
  assumeRole,
  getCallerIdentity,
  PLAN_SESSION_POLICY,
  type AssumeRoleOptions,
  type RoleSession,
} from '../../src/aws/assume-role.ts'
import {
  createStorage,
  getStorage,
  requestToken,
  updateStorage,
} from '../support/emulator-requests.ts'
import { resultOf, type TaskResult } from '../support/unit/task-result.ts'
import { neverAborted } from '../support/unit/storage-context.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'
import { serve, skippingClock } from '../support/unit/http-server.ts'
import { containing, matching } from '../support/unit/matchers.ts'

async function emulated(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options)
  onTestFinished(() => emulator.stop())
  vi.stubEnv('AWS_ENDPOINT_URL_STS', emulator.url)
  return emulator
}

function settingsFor(region: string): ClientSettings {
  const agents = createAgents({})
  onTestFinished(() => {
    destroyAgents(agents)
    vi.unstubAllEnvs()
  })
  return { region, agents, allowCustomEndpoints: false, onEndpoint: () => undefined }
}

type Assuming = {
  ending: TaskResult<RoleSession>
  /** The tokens that were minted. */
  minted: string[]
  retries: string[]
  slept: readonly number[]
}

type Wish = Partial<AssumeRoleOptions & RetryPolicy & { region: string; timeoutMs: number }>

/** Assumes a role without having to wait for retries. */
async function assuming(mint: () => Promise<string>, wish: Wish = {}): Promise<Assuming> {
  const minted: string[] = []
  const retries: string[] = []
  const clock = skippingClock()
  const patience: RetryPolicy = {
    clock,
    random: () => 0.5,
    deadline: clock.now() + (wish.timeoutMs ?? 1_800_000),
    maxAttempts: wish.maxAttempts ?? 8,
    signal: wish.signal ?? neverAborted,
    onRetry: (line) => retries.push(line),
    refreshCredentials: () => undefined,
  }
  const request: AssumeRoleOptions = {
    roleArn: wish.roleArn ?? defaults.applyRole,
    sessionName: wish.sessionName ?? 'octo-org-octo-app-1',
    durationSeconds: wish.durationSeconds ?? 3_600,
    sessionPolicy: wish.sessionPolicy,
  }
  const ending = await resultOf(
    assumeRole(
      request,
      settingsFor(wish.region ?? 'eu-west-1'),
      async () => {
        const one = await mint()
        minted.push(one)
        return one
      },
      patience,
      () => undefined,
    ),
  )
  return { ending, minted, retries, slept: clock.slept }
}

const assumingOf = (emulator: Emulator, wish: Wish = {}): Promise<Assuming> =>
  assuming(() => requestToken(emulator), wish)

const fault = (
  status: number,
  name: string,
  message: string,
  times: number | 'always' = 'always',
): FaultSpec => ({
  operation: 'AssumeRoleWithWebIdentity',
  kind: 'status',
  status,
  name,
  message,
  times,
})

describe('a role that is assumed', () => {
  test('gives credentials that expire, their ARN and their account', async () => {
    const emulator = await emulated()
    const before = Date.now()
    const { ending, minted } = await assumingOf(emulator, { durationSeconds: 900 })
    if (!ending.ok) throw ending.error
    const { credentials, arn, accountId } = ending.value
    expect(credentials.accessKeyId).toMatch(/^ASIA/)
    expect(credentials.secretAccessKey).not.toBe('')
    expect(credentials.sessionToken).not.toBe('')
    expect(credentials.expiration.getTime()).toBeGreaterThanOrEqual(before + 899_000)
    expect(arn).toBe(
      'arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/octo-org-octo-app-1',
    )
    expect(accountId).toBe('111122223333')
    expect(minted).toHaveLength(1)
  })

  test('S04: is asked for with what was given, without a signature and without tags', async () => {
    const emulator = await emulated()
    const { minted } = await assumingOf(emulator, { sessionPolicy: PLAN_SESSION_POLICY })
    const [call] = emulator.calls('AssumeRoleWithWebIdentity')
    expect(Object.fromEntries(new URLSearchParams(call?.rawBody))).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: defaults.applyRole,
      RoleSessionName: 'octo-org-octo-app-1',
      DurationSeconds: '3600',
      WebIdentityToken: minted[0],
      Policy: PLAN_SESSION_POLICY,
    })
    expect(call?.headers).not.toHaveProperty('authorization')
    await assumingOf(emulator)
    const body = emulator.calls('AssumeRoleWithWebIdentity')[1]?.rawBody
    expect(new URLSearchParams(body).has('Policy')).toBe(false)
  })

  test('for a plan can do all but write to the backend', () => {
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
})

describe('a session for a plan', () => {
  test('can look, and cannot create or update, whatever its role may do', async () => {
    const emulator = await emulated()
    const keysOf = async (sessionPolicy: string | undefined) => {
      const { ending } = await assumingOf(emulator, { sessionPolicy })
      if (!ending.ok) throw ending.error
      return ending.value.credentials
    }
    const planning = await keysOf(PLAN_SESSION_POLICY)
    expect((await getStorage(emulator, { keys: planning })).status).toBe(404)
    expect((await createStorage(emulator, { keys: planning })).status).toBe(403)
    expect((await updateStorage(emulator, { keys: planning })).status).toBe(403)
    const applying = await keysOf(undefined)
    expect((await createStorage(emulator, { keys: applying })).status).toBe(200)
  })
})

describe('STS in trouble that passes', () => {
  test.each([
    ['O18: IDPCommunicationError', fault(400, 'IDPCommunicationError', 'idp', 2)],
    [
      'O18: a verification key that could not be had',
      fault(
        400,
        'InvalidIdentityToken',
        "Couldn't retrieve verification key from your identity provider",
        2,
      ),
    ],
    [
      'O18: a throttled issuer',
      fault(400, 'InvalidIdentityToken', 'OpenIdConnect provider is being throttled', 2),
    ],
    ['throttling', fault(400, 'Throttling', 'Rate exceeded', 2)],
    ['503', fault(503, 'ServiceUnavailable', 'x', 2)],
    ['a token that was too old', fault(400, 'ExpiredTokenException', 'Token expired', 2)],
    ['a rejected claim', fault(403, 'IDPRejectedClaim', 'x', 2)],
    ['a refusal that was propagation', fault(403, 'AccessDenied', 'Not authorized', 2)],
    ['a reset', { operation: 'AssumeRoleWithWebIdentity', kind: 'reset', times: 2 } as const],
    [
      'half an answer',
      { operation: 'AssumeRoleWithWebIdentity', kind: 'truncated', times: 2 } as const,
    ],
    [
      'S01: an empty answer',
      { operation: 'AssumeRoleWithWebIdentity', kind: 'empty', times: 2 } as const,
    ],
    [
      'S01: a page',
      { operation: 'AssumeRoleWithWebIdentity', kind: 'html', status: 200, times: 2 } as const,
    ],
  ])('is asked again after %s, with a fresh token each time', async (what, order) => {
    const emulator = await emulated()
    emulator.injectFault(order)
    const { ending, minted, retries } = await assumingOf(emulator)
    expect(ending.ok).toBe(true)
    expect(new Set(minted).size).toBe(3)
    expect(retries).toHaveLength(2)
    // A refusal is tried three times at most, and the log promises no more.
    const most = /refusal|too old|rejected/.test(what) ? 3 : 8
    expect(retries[0]).toContain(`AssumeRoleWithWebIdentity failed (attempt 1 of ${most}): `)
  })

  test('waits after throttling as after any other failure: it is not that of the account’s backends', async () => {
    for (const order of [
      fault(400, 'Throttling', 'Rate exceeded', 3),
      fault(503, 'ServiceUnavailable', 'x', 3),
    ]) {
      const emulator = await emulated()
      emulator.injectFault(order)
      const { ending, slept } = await assumingOf(emulator)
      expect(ending.ok).toBe(true)
      expect(slept).toEqual([500, 1_000, 2_000])
    }
  })

  test('is asked max-attempts times, and then unavailable', async () => {
    const emulator = await emulated()
    emulator.injectFault(fault(503, 'ServiceUnavailable', 'down'))
    const { ending, minted } = await assumingOf(emulator, { maxAttempts: 4 })
    expect(minted).toHaveLength(4)
    expect(ending).toMatchObject({
      code: 'STS_UNAVAILABLE',
      result: 'failed',
      requestId: matching(/^[\w-]+$/),
      message:
        'STS could not be asked for "arn:aws:iam::111122223333:role/amplify-storage-apply": 503 ServiceUnavailable: down.',
      advice: 'Run the job again; if it persists, check the network path to STS.',
    })
  })

  test('is asked no more when the time of the run would be over: timed out', async () => {
    const emulator = await emulated()
    emulator.injectFault({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 503,
      headers: { 'retry-after': '60' },
      times: 'always',
    })
    const { ending, minted } = await assumingOf(emulator, { timeoutMs: 30_000 })
    expect(minted).toHaveLength(1)
    expect(ending).toMatchObject({ code: 'STS_UNAVAILABLE', result: 'timed-out' })
  })

  test('S01: without credentials in its answer is unavailable, never another identity', async () => {
    const emulator = await emulated()
    emulator.injectFault({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'body',
      contentType: 'text/xml',
      body: '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>',
      times: 'always',
    })
    const { ending } = await assumingOf(emulator, { maxAttempts: 2 })
    expect(ending).toMatchObject({
      code: 'STS_UNAVAILABLE',
      message: containing('200: the answer lacks what it must have'),
    })
  })

  const whole = {
    AccessKeyId: 'ASIAEXAMPLE',
    SecretAccessKey: 'secret',
    SessionToken: 'session',
    Expiration: '2040-01-01T00:00:00Z',
    Arn: 'arn:aws:sts::111122223333:assumed-role/r/s',
  }
  const answer = (members: Partial<Record<keyof typeof whole, string>>): string => {
    const { Arn, ...credentials } = { ...whole, ...members }
    const element = ([name, value]: readonly [string, string]): string =>
      `<${name}>${value}</${name}>`
    return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>${Arn}</Arn><AssumedRoleId>x</AssumedRoleId></AssumedRoleUser><Credentials>${Object.entries(credentials).map(element).join('')}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
  }
  const answering = async (body: string): Promise<TaskResult<RoleSession>> => {
    const server = await serve((response) => {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(body)
    })
    vi.stubEnv('AWS_ENDPOINT_URL_STS', server.url)
    const { ending } = await assuming(() => Promise.resolve('a.b.c'), { maxAttempts: 1 })
    return ending
  }

  test('S01: needs every part of the credentials', async () => {
    expect(await answering(answer({}))).toMatchObject({
      ok: true,
      value: { accountId: '111122223333', arn: whole.Arn },
    })
    for (const member of ['AccessKeyId', 'SecretAccessKey', 'SessionToken'] as const) {
      expect(await answering(answer({ [member]: '' }))).toMatchObject({ code: 'STS_UNAVAILABLE' })
    }
  })

  test.each([
    { Arn: '' },
    { Arn: 'arn:aws:iam::111122223333:role/r' },
    { Arn: 'arn:aws:sts::1111:assumed-role/r/s' },
    { Arn: 'xarn:aws:sts::111122223333:assumed-role/r/s' },
    { Expiration: 'soon' },
  ])('S01: is not understood with %j', async (members) => {
    expect(await answering(answer(members))).toMatchObject({ ok: false, code: 'STS_UNAVAILABLE' })
  })

  test('takes the account from an ARN of any partition', async () => {
    expect(
      await answering(answer({ Arn: 'arn:aws-cn:sts::444455556666:assumed-role/r/s' })),
    ).toMatchObject({ ok: true, value: { accountId: '444455556666' } })
  })
})

describe('O14: a refusal', () => {
  const COMPARE =
    'Compare these claims with the Condition of the role\'s trust policy ("token.actions.githubusercontent.com:sub", ":aud" and so on); STS does not say which one it missed, nor whether the role exists.'
  const OLDER =
    'This repository has the older subject format, repo:OWNER/REPO:...; repositories created or renamed since 2026-07-15 have repo:OWNER@ID/REPO@ID:....'
  const NEWER =
    'This repository has the newer subject format, repo:OWNER@ID/REPO@ID:..., so a policy that asks for repo:OWNER/REPO:... does not match.'
  const ENVIRONMENT =
    'The job names an environment, so the subject ends in environment:NAME and holds no branch.'
  const PULL_REQUEST =
    'The subject of a pull request, merged or not, ends in pull_request and holds no branch; a role that trusts ref:refs/heads/main is for runs on push.'

  test.each([
    ['repo:evil/repo:ref:refs/heads/main', OLDER],
    ['repo:evil@1/repo@2:ref:refs/heads/main', NEWER],
    ['repo:evil/repo:environment:prod', `${OLDER} ${ENVIRONMENT}`],
    ['repo:evil@1/repo@2:environment:prod', `${NEWER} ${ENVIRONMENT}`],
    ['repo:evil/repo:pull_request', `${OLDER} ${PULL_REQUEST}`],
    ['repo:evil@1/repo@2:pull_request', `${NEWER} ${PULL_REQUEST}`],
    ['repo:evil@x/repo@2:pull_request', `${OLDER} ${PULL_REQUEST}`],
    ['repo:evil@1/repo:ref:refs/heads/x', OLDER],
    ['repo:evil/repo:ref:refs/heads/pull_request', OLDER],
  ])('of the subject %s shows the claims and what they mean', async (sub, hint) => {
    const emulator = await emulated({ claims: { sub, environment: 'prod' } })
    const { ending, minted } = await assumingOf(emulator)
    expect(minted).toHaveLength(3)
    expect(ending).toMatchObject({
      code: 'ROLE_REFUSED',
      result: 'failed',
      requestId: matching(/^[\w-]+$/),
      advice: `${COMPARE} ${hint}`,
    })
    expect(ending).toMatchObject({
      message: containing(
        'STS does not let this workflow assume "arn:aws:iam::111122223333:role/amplify-storage-apply": 403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity. The token says: iss = https://token.actions.githubusercontent.com, aud = sts.amazonaws.com, ',
      ),
    })
    expect(ending).toMatchObject({ message: containing(`sub = ${sub}, ref = refs/heads/main`) })
    expect(JSON.stringify(ending)).not.toContain(minted[0])
  })

  test('is one of the role that does not exist, too', async () => {
    const emulator = await emulated()
    const { ending } = await assumingOf(emulator, {
      roleArn: 'arn:aws:iam::111122223333:role/ghost',
    })
    expect(ending).toMatchObject({ code: 'ROLE_REFUSED' })
  })

  test('of a rejected claim, or of a token that expired, is one too, in the end', async () => {
    const emulator = await emulated()
    emulator.injectFault(fault(403, 'IDPRejectedClaim', 'x', 3))
    expect((await assumingOf(emulator)).ending).toMatchObject({ code: 'ROLE_REFUSED' })
    emulator.injectFault(fault(400, 'ExpiredTokenException', 'x', 3))
    expect((await assumingOf(emulator)).ending).toMatchObject({ code: 'ROLE_REFUSED' })
  })

  test('is not asked for more often than max-attempts', async () => {
    const emulator = await emulated({ claims: { sub: 'repo:evil/repo:pull_request' } })
    const { minted } = await assumingOf(emulator, { maxAttempts: 2 })
    expect(minted).toHaveLength(2)
  })
})

describe('STS that is set up otherwise', () => {
  test('O12: without the audience says which, and is asked once', async () => {
    const emulator = await emulated()
    const { ending, minted } = await assuming(() => requestToken(emulator, 'sts.amazonaws.com.cn'))
    expect(minted).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'AUDIENCE_REFUSED',
      result: 'failed',
      message:
        'STS does not accept the audience "sts.amazonaws.com.cn" of the token: 400 InvalidIdentityTokenException: Incorrect token audience.',
      advice:
        'Set the input audience to a client id of the IAM OIDC provider for https://token.actions.githubusercontent.com, or add this one to the provider. In China the usual audience is sts.amazonaws.com.cn.',
    })
  })

  test('O12: says so also where the token says nothing', async () => {
    const emulator = await emulated()
    emulator.injectFault(fault(400, 'InvalidIdentityToken', 'Incorrect token audience'))
    const { ending } = await assuming(() => Promise.resolve('a.b.c'))
    expect(ending).toMatchObject({
      code: 'AUDIENCE_REFUSED',
      message: containing('the audience "" of the token'),
      advice: containing('the IAM OIDC provider for the issuer, or'),
    })
  })

  test('O19: without the provider names the issuer, and is asked once', async () => {
    const emulator = await emulated({ claims: {} })
    emulator.state.providers.length = 0
    const { ending, minted } = await assumingOf(emulator)
    expect(minted).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'IDENTITY_PROVIDER_MISSING',
      message: matching(
        /^The account of "arn:aws:iam::111122223333:role\/amplify-storage-apply" has no OIDC provider for the token's issuer https:\/\/token\.actions\.githubusercontent\.com: 400 InvalidIdentityTokenException: No OpenIDConnect provider found/,
      ),
      advice:
        'Create an IAM OIDC provider for exactly that issuer in the account, or correct the account id in role-to-assume. The keys of a GitHub Enterprise Server issuer must be reachable from the internet.',
    })
    const silent = await assuming(() => Promise.resolve('a.b.c'))
    expect(silent.ending).toMatchObject({ code: 'STS_REQUEST_REFUSED' })
  })

  test('S06: in a region that is not active says so, and is asked once', async () => {
    const emulator = await emulated()
    emulator.injectFault(fault(403, 'RegionDisabledException', 'STS is not activated'))
    const { ending, minted } = await assumingOf(emulator, { region: 'eu-south-1' })
    expect(minted).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'STS_REGION_DISABLED',
      message:
        'STS is not active in eu-south-1: 403 RegionDisabledException: STS is not activated.',
      advice:
        'Activate STS for eu-south-1 in the account settings of IAM, or set AWS_ENDPOINT_URL_STS to the STS of an active region, for example https://sts.us-east-1.amazonaws.com.',
    })
  })

  test('S05: with a lower maximum of the duration says so, and is asked once', async () => {
    const emulator = await emulated()
    addRole(emulator.state, {
      arn: defaults.applyRole,
      trust: githubTrustPolicy(['repo:octo-org/octo-app:ref:refs/heads/main']),
      maxSessionSeconds: 3_600,
    })
    const { ending, minted } = await assumingOf(emulator, { durationSeconds: 43_200 })
    expect(minted).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'STS_REQUEST_REFUSED',
      message: containing('exceeds the MaxSessionDuration'),
      advice:
        "Lower role-duration-seconds (now 43200) to the role's maximum session duration, or raise that.",
    })
  })

  test('that refuses the request otherwise shows why, and is asked once', async () => {
    const emulator = await emulated()
    emulator.injectFault(fault(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'))
    const { ending, minted } = await assumingOf(emulator)
    expect(minted).toHaveLength(1)
    expect(ending).toMatchObject({
      code: 'STS_REQUEST_REFUSED',
      message:
        'STS refused the request for "arn:aws:iam::111122223333:role/amplify-storage-apply": 400 MalformedPolicyDocumentException: Syntax errors in policy.',
      advice: 'Read the message of STS; lower `role-duration-seconds` or correct the ARN.',
    })
  })
})

describe('STS that cannot be reached', () => {
  test('is tried again, and then unavailable', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${await findClosedPort()}`)
    const { ending, minted } = await assuming(() => Promise.resolve('a.b.c'), { maxAttempts: 3 })
    expect(minted).toHaveLength(3)
    expect(ending).toMatchObject({
      code: 'STS_UNAVAILABLE',
      message: containing('ECONNREFUSED'),
    })
  })

  test('X10: at a stranger’s address is not tried', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://sts.fake.test')
    const { ending, minted } = await assuming(() => Promise.resolve('a.b.c'))
    expect(ending).toMatchObject({ code: 'ENDPOINT_REFUSED' })
    expect(minted).toHaveLength(1)
  })

  test('ends with the signal', async () => {
    const abort = new AbortController()
    const reason = new Error('SIGINT')
    const server = await serve(() => {
      abort.abort(reason)
    })
    vi.stubEnv('AWS_ENDPOINT_URL_STS', server.url)
    await expect(assuming(() => Promise.resolve('a.b.c'), { signal: abort.signal })).rejects.toBe(
      reason,
    )
  })

  test('is not asked where no token can be had', async () => {
    const emulator = await emulated()
    const mint = (): Promise<string> => Promise.reject(new Error('no token'))
    await expect(assuming(mint)).rejects.toThrow('no token')
    expect(emulator.calls('AssumeRoleWithWebIdentity')).toEqual([])
  })
})

describe('whose credentials they are', () => {
  const asking = (keys: { accessKeyId: string; secretAccessKey: string }) => {
    const clock = skippingClock()
    return getCallerIdentity(
      keys,
      settingsFor('eu-west-1'),
      {
        clock,
        random: () => 0,
        deadline: clock.now() + 60_000,
        maxAttempts: 1,
        signal: neverAborted,
        onRetry: () => undefined,
        refreshCredentials: () => undefined,
      },
      () => undefined,
    )
  }

  test('is what STS says', async () => {
    const emulator = await emulated()
    const { accessKeyId, secretAccessKey } = emulator.state.user
    expect(await asking({ accessKeyId, secretAccessKey })).toMatchObject({
      ok: true,
      value: { accountId: '111122223333', arn: 'arn:aws:iam::111122223333:user/octocat' },
    })
  })

  test('is unknown where STS refuses them', async () => {
    await emulated()
    expect(await asking({ accessKeyId: 'AKIAGHOST', secretAccessKey: 'x' })).toMatchObject({
      ok: false,
      failure: { status: 403, name: 'InvalidClientTokenId', operation: 'GetCallerIdentity' },
    })
  })

  test.each(['', '<Account>1111</Account>', '<Account>1111222233334</Account>'])(
    'is no answer with %j for the account',
    async (account) => {
      const server = await serve((response) => {
        response
          .writeHead(200, { 'content-type': 'text/xml' })
          .end(
            `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn>${account}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
          )
      })
      vi.stubEnv('AWS_ENDPOINT_URL_STS', server.url)
      expect(await asking({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' })).toMatchObject({
        ok: false,
        failure: { status: 200 },
      })
    },
  )

  test('may be known without an ARN', async () => {
    const server = await serve((response) => {
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(
          '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
        )
    })
    vi.stubEnv('AWS_ENDPOINT_URL_STS', server.url)
    expect(await asking({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' })).toMatchObject({
      ok: true,
      value: { accountId: '111122223333', arn: '' },
    })
  })
})
