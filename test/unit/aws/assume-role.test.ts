import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  defaults,
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
import type { RetryPolicy } from '../../../src/network/retry.ts'
import { requestToken } from '../../support/emulator-requests.ts'
import { createTestAgents, serve, skippingClock } from '../../support/unit/http-server.ts'
import { aRetryPolicy, unredacted } from '../../support/unit/storage-context.ts'
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

const createSettings = (): ClientSettings => ({
  region: 'eu-west-1',
  agents: createTestAgents(),
  allowCustomEndpoints: false,
  onNonDefaultHost: () => undefined,
  redact: unredacted,
})

type Members = Partial<AssumeRoleOptions & RetryPolicy> & { timeoutMs?: number }

type Recorded = { tokens: string[]; retries: string[]; slept: readonly number[] }

function createPolicy(members: Members): { policy: RetryPolicy; recorded: Recorded } {
  const clock = skippingClock()
  const recorded: Recorded = { tokens: [], retries: [], slept: clock.slept }
  const policy = aRetryPolicy(clock, {
    deadline: clock.now() + (members.timeoutMs ?? 1_800_000),
    maxAttempts: members.maxAttempts ?? 8,
    onRetry: (line) => recorded.retries.push(line),
  })
  return { policy, recorded }
}

/** Assumes a role; the retries do not wait. */
async function assume(
  getToken: () => Promise<string>,
  members: Members = {},
): Promise<Recorded & { result: TaskResult<RoleSession> }> {
  const { policy, recorded } = createPolicy(members)
  const options: AssumeRoleOptions = {
    roleArn: defaults.applyRole,
    sessionName: 'octo-org-octo-app-1',
    durationSeconds: members.durationSeconds ?? 3_600,
    roleInput: 'role-to-assume',
    readOnly: members.readOnly ?? false,
    hasOtherCredentials: false,
  }
  const nextToken = async (): Promise<string> => {
    const token = await getToken()
    recorded.tokens.push(token)
    return token
  }
  const trace = (): void => undefined
  const result = await resultOf(assumeRole(options, createSettings(), nextToken, policy, trace))
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
  times: number | 'always' = 'always',
  headers: Record<string, string> = {},
): FaultSpec => ({
  operation: OPERATION,
  kind: 'status',
  status,
  name,
  message: 'x',
  times,
  headers,
})

describe('A session', () => {
  test('A session has credentials that expire, its ARN and its account', async () => {
    const emulator = await startSts()
    const before = Date.now()
    const { credentials, ...session } = await sessionOf(emulator, { durationSeconds: 900 })
    expect(credentials.accessKeyId).toMatch(/^ASIA/)
    expect(credentials.expiration.getTime()).toBeGreaterThanOrEqual(before + 899_000)
    expect(session).toMatchObject({
      arn: 'arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/octo-org-octo-app-1',
      accountId: '111122223333',
    })
  })

  test('The request has the given options, no signature and no session tags', async () => {
    const emulator = await startSts()
    const { tokens } = await assumeAt(emulator, { readOnly: true })
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
  })

  test('The session policy of a plan denies every write of Amplify Backend and nothing else', () => {
    const verbs = ['Clone', 'Create', 'Delete', 'Generate', 'Import', 'Remove', 'Update']
    expect(JSON.parse(PLAN_SESSION_POLICY)).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        { Effect: 'Deny', Action: verbs.map((verb) => `amplifybackend:${verb}*`), Resource: '*' },
      ],
    })
    expect(PLAN_SESSION_POLICY.length).toBeLessThan(2_048)
  })

  test.each<[Readonly<Record<string, string>>, valid?: boolean]>([
    [{}, true],
    [{ Arn: 'arn:aws-cn:sts::111122223333:assumed-role/r/s' }, true],
    [{ AccessKeyId: '' }],
    [{ AccessKeyId: 'A' }],
    [{ AccessKeyId: 'ASIA EXAMPLE 0000000' }],
    [{ AccessKeyId: 'ASIAEXAMPLE000000000&#10;' }],
    [{ SecretAccessKey: '' }],
    [{ SecretAccessKey: 's' }],
    [{ SecretAccessKey: ' '.repeat(40) }],
    [{ SecretAccessKey: `${'s'.repeat(40)}&#10;` }],
    [{ SecretAccessKey: `${'s'.repeat(20)}&#13;&#10;${'s'.repeat(20)}` }],
    [{ SecretAccessKey: `${'s'.repeat(39)}é` }],
    [{ SessionToken: '' }],
    [{ SessionToken: 't' }],
    [{ SessionToken: `${'t'.repeat(100)} ${'t'.repeat(100)}` }],
    [{ SessionToken: `${'t'.repeat(100)}&#10;` }],
    [{ Expiration: '' }],
    [{ Expiration: 'soon' }],
    [{ Arn: '' }],
    [{ Arn: 'arn:aws:iam::111122223333:role/r' }],
    [{ Arn: 'arn:aws:sts::1111:assumed-role/r/s' }],
    [{ Arn: 'xarn:aws:sts::111122223333:assumed-role/r/s' }],
  ])('A response with %j is a complete session: %s', async (parts, valid = false) => {
    const { Arn, ...credentials } = {
      AccessKeyId: 'ASIAEXAMPLE000000000',
      SecretAccessKey: 'example/secret+access-key-of-40-characters',
      SessionToken: 'example+session/token=='.repeat(10),
      Expiration: '2040-01-01T00:00:00Z',
      Arn: 'arn:aws:sts::111122223333:assumed-role/r/s',
      ...parts,
    }
    const elements = Object.entries(credentials).map(([name, text]) => `<${name}>${text}</${name}>`)
    await startXmlServer(
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>${Arn}</Arn></AssumedRoleUser><Credentials>${elements.join('')}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    )
    const { result } = await assume(opaqueToken, { maxAttempts: 1 })
    expect(result).toMatchObject(
      valid ? { ok: true, value: { accountId: '111122223333' } } : { code: 'STS_UNAVAILABLE' },
    )
  })
})

describe('The attempts to assume a role', () => {
  test.each<[string, FaultSpec, maxAttempts: number]>([
    ['a temporary error', errorResponse(503, 'ServiceUnavailable', 2), 8],
    ['throttling, as STS does not throttle the backend', errorResponse(400, 'Throttling', 2), 8],
    ['a denial while IAM propagates the role', errorResponse(403, 'AccessDenied', 2), 3],
    ['a truncated response', { operation: OPERATION, kind: 'truncated', times: 2 }, 8],
    ['a reset', { operation: OPERATION, kind: 'reset', times: 2 }, 8],
    ['an empty response', { operation: OPERATION, kind: 'empty', times: 2 }, 8],
    ['an HTML page', { operation: OPERATION, kind: 'html', status: 200, times: 2 }, 8],
  ])('After %s, a new token is sent with the default delays', async (_, fault, maxAttempts) => {
    const emulator = await startSts()
    emulator.injectFault(fault)
    const { result, tokens, retries, slept } = await assumeAt(emulator)
    expect(result.ok).toBe(true)
    expect(new Set(tokens).size).toBe(3)
    expect(slept).toEqual([500, 1_000])
    expect(retries[0]).toContain(`${OPERATION} failed (attempt 1 of ${maxAttempts}): `)
  })

  test.each<[FaultSpec, Members, attempts: number, expected: object]>([
    [errorResponse(503, 'X'), { maxAttempts: 4 }, 4, { code: 'STS_UNAVAILABLE', result: 'failed' }],
    [errorResponse(403, 'AccessDenied'), {}, 3, { code: 'ROLE_REFUSED', result: 'failed' }],
    [errorResponse(403, 'AccessDenied'), { maxAttempts: 2 }, 2, { code: 'ROLE_REFUSED' }],
    [errorResponse(403, 'IDPRejectedClaim'), {}, 3, { code: 'ROLE_REFUSED' }],
    [errorResponse(400, 'MalformedPolicyDocument'), {}, 1, { code: 'STS_REQUEST_REFUSED' }],
    [
      errorResponse(503, 'X', 'always', { 'retry-after': '60' }),
      { timeoutMs: 30_000 },
      1,
      { code: 'STS_UNAVAILABLE', result: 'timed-out' },
    ],
  ])(
    'With %j and the policy %j, there are %i attempts',
    async (fault, members, count, expected) => {
      const emulator = await startSts()
      emulator.injectFault(fault)
      const { result, tokens } = await assumeAt(emulator, members)
      expect(tokens).toHaveLength(count)
      expect(emulator.calls(OPERATION)).toHaveLength(count)
      expect(result).toMatchObject(expected)
      for (const token of tokens) expect(JSON.stringify(result)).not.toContain(token)
    },
  )
})

describe('getCallerIdentity', () => {
  const identify = (accessKeyId: string, secretAccessKey = 'x'): Promise<unknown> =>
    getCallerIdentity(
      { accessKeyId, secretAccessKey },
      createSettings(),
      createPolicy({ maxAttempts: 1, timeoutMs: 60_000 }).policy,
      () => undefined,
    )

  test.each<[string, object]>([
    ['<Arn>a</Arn><Account>111122223333</Account>', { value: { arn: 'a' } }],
    ['<Arn>a</Arn>', { ok: false, failure: { status: 200 } }],
    ['<Arn>a</Arn><Account>1111</Account>', { ok: false }],
    ['<Arn>a</Arn><Account>1111222233334</Account>', { ok: false }],
    ['<Account>111122223333</Account>', { value: { accountId: '111122223333', arn: '' } }],
  ])('The response %s needs an account and not an ARN', async (content, expected) => {
    await startXmlServer(
      `<GetCallerIdentityResponse><GetCallerIdentityResult>${content}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
    )
    expect(await identify('AKIAEXAMPLE')).toMatchObject(expected)
  })
})
