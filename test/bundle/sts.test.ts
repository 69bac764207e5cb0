/** The role of a run; test/unit/aws/assume-role.test.ts has every error of STS. */
import { expect } from 'vitest'

import {
  addRole,
  defaults,
  githubTrustPolicy,
  type Emulator,
  type Fault,
} from '../../emulator/emulator.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { getJobId } from '../support/emulator-state.ts'
import { createHome, toProfile } from '../support/home-folder.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutRole,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { startRewritingProxy } from '../support/servers/rewriting-proxy.ts'
import { expectFailure, expectSuccess, getLog } from '../support/step-result.ts'

const ASSUME = 'AssumeRoleWithWebIdentity'

/** The parameters of the requests for a role, one set for each attempt. */
const getRequests = (emulator: Emulator): readonly URLSearchParams[] =>
  emulator.calls(ASSUME).map(({ rawBody }) => new URLSearchParams(rawBody))

const getTokens = (emulator: Emulator): readonly string[] =>
  getRequests(emulator).map((request) => request.get('WebIdentityToken') ?? '')

const runWith = (
  fault: Fault & { readonly times?: number | 'always' },
): ReturnType<typeof runOnce> =>
  runOnce({
    with: { wait: 'false', 'max-attempts': '3' },
    faults: [{ operation: ASSUME, ...fault }],
  })

const idpError: Fault = { kind: 'status', status: 400, name: 'IDPCommunicationError', message: 'x' }

scenarios<Fault>(
  'A failure of STS that may pass is retried with a fresh token, up to max-attempts',
  { 'an error of the identity provider': idpError, 'no response': { kind: 'stall' } },
  async (fault) => {
    const passing = await runWith(fault)
    expectSuccess(passing.step, 'started')
    expect(new Set(getTokens(passing.emulator)).size).toBe(2)
    const lasting = await runWith({ ...fault, times: 'always' })
    expect(expectFailure(lasting.step, 'STS_UNAVAILABLE')).toMatch(/IDPCommunicationError|time/)
    expect(lasting.emulator.calls(ASSUME)).toHaveLength(3)
    expect(lasting.emulator.calls('GetBackendStorage')).toEqual([])
  },
)

type Rejected = Readonly<{
  code: ErrorCode
  status: number
  name: string
  message: string
  detail: RegExp
}>

scenarios<Rejected>(
  'A rejection by STS ends the run at once with its code',
  {
    'another audience': {
      code: 'AUDIENCE_REFUSED',
      ...{ status: 400, name: 'InvalidIdentityToken', message: 'Incorrect token audience' },
      detail: /audience/,
    },
    'an inactive region': {
      code: 'STS_REGION_DISABLED',
      ...{ status: 403, name: 'RegionDisabledException', message: 'not activated' },
      detail: /eu-west-1.*AWS_ENDPOINT_URL_STS/s,
    },
    'a malformed request': {
      code: 'STS_REQUEST_REFUSED',
      ...{ status: 400, name: 'ValidationError', message: 'Role is odd' },
      detail: /Role is odd/,
    },
  },
  async ({ code, detail, ...fault }) => {
    const { step, emulator } = await runWith({ kind: 'status', ...fault, times: 'always' })
    expect(expectFailure(step, code)).toMatch(detail)
    expect(emulator.calls(ASSUME)).toHaveLength(1)
    expect(emulator.calls('GetBackendStorage')).toEqual([])
  },
)

const withoutExpiration =
  '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>'

scenarios<Fault>(
  'A response of STS without complete credentials is an error, and no other credentials are used',
  {
    nothing: { kind: 'empty' },
    'no expiration': { kind: 'body', contentType: 'text/xml', body: withoutExpiration },
  },
  async (fault) => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '2' },
      faults: [{ operation: ASSUME, ...fault, times: 'always' }],
      // The default chain of the SDK would find credentials in several places.
      env: ({ ambientEnv, state: { user } }) => ({
        ...ambientEnv,
        ...createHome({ '.aws/credentials': toProfile({ ...user, sessionToken: '' }) }),
      }),
    })
    expect(expectFailure(step, 'STS_UNAVAILABLE')).toContain('200')
    expect(new Set(emulator.requests.map(({ operation }) => operation))).toEqual(
      new Set(['token', ASSUME]),
    )
  },
)

scenario('A session longer than the role allows is an error that names the input', async () => {
  const { step, emulator } = await runOnce({ with: { 'role-duration-seconds': '43200' } })
  const message = expectFailure(step, 'STS_REQUEST_REFUSED')
  expect(message).toContain('MaxSessionDuration')
  expect(message).toContain('role-duration-seconds')
  expect(emulator.calls(ASSUME)).toHaveLength(1)
})

scenarios<Readonly<{ env?: RunActionOptions['env']; given?: string; name: RegExp }>>(
  'The session has a valid name that leads to the run, an hour and no tags',
  {
    'the default': {
      env: { GITHUB_ACTOR: 'dependabot[bot]', GITHUB_WORKFLOW: 'Deploy → prod / 🚀' },
      name: /^octo-org-octo-app-1234567890$/,
    },
    'a long repository': {
      env: { GITHUB_REPOSITORY: `${'o'.repeat(39)}/${'r'.repeat(100)}` },
      name: /^o{39}-r+-1234567890$/,
    },
    'as configured': { given: 'release_42@main', name: /^release_42@main$/ },
  },
  async ({ env = {}, given = '', name }) => {
    const { step, emulator } = await runOnce({
      env,
      with: { 'role-session-name': given, wait: 'false' },
    })
    expectSuccess(step, 'started')
    const [request] = getRequests(emulator)
    const sent = request?.get('RoleSessionName') ?? ''
    expect(sent).toMatch(name)
    expect(sent.length).toBeLessThanOrEqual(64)
    expect(request?.get('DurationSeconds')).toBe('3600')
    expect([...(request?.keys() ?? [])].filter((key) => key.startsWith('Tags'))).toEqual([])
    expect(getLog(step)).toContain(`"${sent}"`)
    expect(emulator.calls(ASSUME)[0]?.headers['authorization']).toBeUndefined()
  },
)

scenario('A session of an account that is not allowed is an error before any read', async () => {
  const bed = await createTestBed()
  const proxy = await startRewritingProxy(bed.emulator.port, (_, response) =>
    response.replace('arn:aws:sts::111122223333:', 'arn:aws:sts::444455556666:'),
  )
  const step = await runAction(bed, {
    with: { 'allowed-account-ids': '["111122223333"]' },
    env: { AWS_ENDPOINT_URL_STS: proxy.url },
  })
  expect(expectFailure(step, 'ACCOUNT_NOT_ALLOWED')).toContain('444455556666')
  expect(bed.emulator.requests.map(({ operation }) => operation)).toEqual(['token', ASSUME])
})

scenarios<Readonly<{ ids: string; calls: number; code?: ErrorCode; fails?: true }>>(
  'allowed-account-ids asks for the account of ambient credentials before any read',
  {
    'not set': { ids: '', calls: 0 },
    allowed: { ids: '["444455556666",\r\n "111122223333"]', calls: 1 },
    'not allowed': { ids: '444455556666', calls: 1, code: 'ACCOUNT_NOT_ALLOWED' },
    'not to be found out': { ids: '111122223333', calls: 2, code: 'STS_UNAVAILABLE', fails: true },
  },
  async ({ ids, calls, code, fails }) => {
    const { step, emulator } = await runOnce({
      env: ({ ambientEnv }) => ambientEnv,
      with: { ...withoutRole, 'allowed-account-ids': ids, wait: 'false', 'max-attempts': '2' },
      faults:
        fails === true ? [{ operation: 'GetCallerIdentity', kind: 'reset', times: 'always' }] : [],
    })
    if (code === undefined) expectSuccess(step, 'started')
    else expectFailure(step, code)
    expect(emulator.calls('GetCallerIdentity')).toHaveLength(calls)
    expect(emulator.calls('GetBackendStorage').length > 0).toBe(code === undefined)
  },
)

scenarios<Readonly<{ run: RunActionOptions; role: string; policy: boolean }>>(
  'A plan has a read-only session, and an apply has all rights of its role',
  {
    'a plan with its own role': {
      run: { event: pullRequest() },
      role: defaults.planRole,
      policy: true,
    },
    'a plan with the role of the apply': {
      run: { event: pullRequest(), with: { 'plan-role-to-assume': '' } },
      role: defaults.applyRole,
      policy: true,
    },
    'an apply': {
      // An allowed account is known from the session.
      run: { with: { wait: 'false', 'allowed-account-ids': defaults.accountId } },
      role: defaults.applyRole,
      policy: false,
    },
  },
  async ({ run, role, policy }) => {
    const { step, emulator } = await runOnce({
      ...run,
      setUp: ({ state }) => {
        if (!policy) return
        addRole(state, {
          arn: defaults.applyRole,
          trust: githubTrustPolicy(['repo:octo-org/octo-app:pull_request']),
        })
      },
    })
    expectSuccess(step, policy ? 'planned' : 'started')
    const [request, ...others] = getRequests(emulator)
    expect(others).toEqual([])
    expect(emulator.calls('GetCallerIdentity')).toEqual([])
    expect(request?.get('RoleArn')).toBe(role)
    expect(request?.get('Policy')?.includes('"Deny"') ?? false).toBe(policy)
  },
)

/** A session this short ends during a wait; a stall of several seconds still leaves time to refresh it. */
const SESSION_MS = 60_000

/** A test bed whose STS gives sessions of a minute, which the real one does not. */
async function createShortSessions(jobMs: number | 'never'): Promise<
  Readonly<{
    bed: TestBed
    run: (inputs?: Readonly<Record<string, string>>) => Promise<StepResult>
  }>
> {
  const bed = await createTestBed()
  const { emulator } = bed
  emulator.planJob({ ms: jobMs })
  const proxy = await startRewritingProxy(emulator.port, (_, response) => {
    const key = /<AccessKeyId>([^<]+)/.exec(response)?.[1] ?? ''
    const session = emulator.state.credentials.get(key)
    if (session === undefined) return response
    const expiresAt = emulator.clock.now() + SESSION_MS
    session.expiresAt = expiresAt
    return response.replace(/<Expiration>[^<]+/, `<Expiration>${new Date(expiresAt).toISOString()}`)
  })
  const env = { AWS_ENDPOINT_URL_STS: proxy.url }
  return { bed, run: (inputs = {}) => runAction(bed, { env, with: inputs }) }
}

scenario('A session that ends during a wait is refreshed with a fresh token', async () => {
  const { bed, run } = await createShortSessions(75_000)
  const step = await run()
  expectSuccess(step, 'created')
  const tokens = getTokens(bed.emulator)
  expect(tokens.length).toBeGreaterThanOrEqual(2)
  expect(new Set(tokens).size).toBe(tokens.length)
  expect(getLog(step)).not.toContain('ExpiredToken')
})

scenario('A wait goes on while its session lasts, although refreshing it fails', async () => {
  const { bed, run } = await createShortSessions(75_000)
  bed.emulator.injectFault({ operation: ASSUME, kind: 'status', status: 503, skip: 1, times: 2 })
  const step = await run({ 'max-attempts': '2' })
  expectSuccess(step, 'created')
  expect(bed.emulator.calls(ASSUME).length).toBeGreaterThanOrEqual(4)
})

scenario('A wait goes on when its session ends while STS is down', async () => {
  const { bed, run } = await createShortSessions(150_000)
  bed.emulator.injectFault({ operation: ASSUME, kind: 'status', status: 503, skip: 1, times: 24 })
  const step = await run({ 'max-attempts': '2' })
  expectSuccess(step, 'created')
  expect(bed.emulator.calls('CreateBackendStorage')).toHaveLength(1)
  expect(getLog(step)).toMatch(/GetBackendJob failed \(.*STS/)
})

scenario('A session that the service calls expired is replaced', async () => {
  const { step, emulator } = await runOnce({
    rules: { jobMs: 20_000 },
    faults: [
      {
        operation: 'GetBackendJob',
        kind: 'status',
        status: 403,
        name: 'ExpiredTokenException',
        message: 'The security token included in the request is expired',
      },
    ],
  })
  expectSuccess(step, 'created')
  expect(emulator.calls(ASSUME)).toHaveLength(2)
  const [first, second] = emulator.calls('GetBackendJob')
  expect(second?.accessKeyId).not.toBe(first?.accessKeyId)
})

scenario('A wait without a session any more has an unknown outcome, with its job', async () => {
  const { bed, run } = await createShortSessions('never')
  bed.emulator.injectFault({
    operation: ASSUME,
    kind: 'status',
    status: 403,
    name: 'AccessDenied',
    message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    skip: 1,
    times: 'always',
  })
  const step = await run()
  const jobId = getJobId(bed.emulator)
  const outputs = { result: 'unknown', 'job-id': jobId, status: 'RUNNING' }
  expect(expectFailure(step, 'ROLE_REFUSED', outputs)).toContain(`--job-id ${String(jobId)}`)
})
