/** The role of a run; test/unit/aws/assume-role.test.ts has every error of STS. */
import { expect } from 'vitest'

import {
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  readActions,
  writeActions,
  type Emulator,
  type Fault,
  type FaultSpec,
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
    with: { wait: 'false', 'max-attempts': '4' },
    faults: [{ operation: ASSUME, ...fault }],
  })

scenarios<Fault & { readonly times?: number }>(
  'A failure of STS that may pass is retried, each time with a fresh token',
  {
    'an error of the identity provider, twice': {
      kind: 'status',
      status: 400,
      name: 'IDPCommunicationError',
      times: 2,
    },
    throttling: { kind: 'status', status: 400, name: 'Throttling', message: 'Rate exceeded' },
    'a page': { kind: 'html', status: 503 },
    'no response': { kind: 'stall' },
  },
  async (fault) => {
    const { step, emulator } = await runWith(fault)
    expectSuccess(step, 'started')
    const attempts = 1 + (fault.times ?? 1)
    expect(new Set(getTokens(emulator)).size).toBe(attempts)
    expect(emulator.calls(ASSUME)).toHaveLength(attempts)
  },
)

scenarios<Readonly<{ fault: Fault; code: ErrorCode; detail: RegExp; attempts: 1 | 4 }>>(
  'A failure of STS that stays ends with its code after the right number of attempts',
  {
    'an error of the identity provider': {
      fault: { kind: 'status', status: 400, name: 'IDPCommunicationError', message: 'no luck' },
      code: 'STS_UNAVAILABLE',
      detail: /no luck/,
      attempts: 4,
    },
    'no response': {
      fault: { kind: 'stall' },
      code: 'STS_UNAVAILABLE',
      detail: /time/,
      attempts: 4,
    },
    'another audience': {
      fault: {
        kind: 'status',
        status: 400,
        name: 'InvalidIdentityToken',
        message: 'Incorrect token audience',
      },
      code: 'AUDIENCE_REFUSED',
      detail: /audience/,
      attempts: 1,
    },
    'an inactive region': {
      fault: {
        kind: 'status',
        status: 403,
        name: 'RegionDisabledException',
        message: 'STS is not activated in this region for account:111122223333',
      },
      code: 'STS_REGION_DISABLED',
      detail: /eu-west-1.*AWS_ENDPOINT_URL_STS/s,
      attempts: 1,
    },
    'a malformed request': {
      fault: { kind: 'status', status: 400, name: 'ValidationError', message: 'Role is odd' },
      code: 'STS_REQUEST_REFUSED',
      detail: /Role is odd/,
      attempts: 1,
    },
  },
  async ({ fault, code, detail, attempts }) => {
    const { step, emulator } = await runWith({ ...fault, times: 'always' })
    expect(expectFailure(step, code)).toMatch(detail)
    expect(emulator.calls(ASSUME)).toHaveLength(attempts)
    expect(emulator.calls('GetBackendStorage')).toEqual([])
  },
)

const keys = '<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>'
const user =
  '<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser>'

const xml = (result: string): Fault => ({
  kind: 'body',
  contentType: 'text/xml',
  body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
})

scenarios<Fault>(
  'A response of STS without complete credentials is an error, and no other credentials are used',
  {
    nothing: { kind: 'empty' },
    'no credentials': xml(user),
    'no session token': xml(
      `<Credentials>${keys}<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>${user}`,
    ),
    'no expiration': xml(`<Credentials>${keys}<SessionToken>t</SessionToken></Credentials>${user}`),
  },
  async (fault) => {
    const bed = await createTestBed()
    const { emulator } = bed
    emulator.injectFault({ operation: ASSUME, ...fault, times: 'always' })
    // The default chain of the SDK would find credentials in several places.
    const { accessKeyId, secretAccessKey } = emulator.state.user
    const profile = toProfile({ accessKeyId, secretAccessKey, sessionToken: '' })
    const step = await runAction(bed, {
      env: { ...emulator.ambientEnv, ...createHome({ '.aws/credentials': profile }) },
      with: { 'max-attempts': '2' },
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
    'no repository and no run': {
      env: { GITHUB_REPOSITORY: '', GITHUB_RUN_ID: '' },
      name: /^GitHubActions$/,
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

scenarios<Readonly<Record<string, string>>>(
  'A role that cannot be assumed with the inputs is rejected before any request',
  {
    'role-session-name': { 'role-session-name': 'dependabot[bot]' },
    'role-duration-seconds': { 'role-duration-seconds': '899' },
    'role-to-assume': { 'aws-region': 'cn-north-1' },
    'allowed-account-ids': { 'allowed-account-ids': '444455556666' },
  },
  async (inputs, name) => {
    const { step, emulator } = await runOnce({ with: inputs })
    const message = expectFailure(step, 'INVALID_INPUT')
    expect(message).toContain(name === 'allowed-account-ids' ? 'role-to-assume' : name)
    expect(emulator.requests).toEqual([])
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

scenario('A session of an allowed account is used without asking for its identity', async () => {
  const { step, emulator } = await runOnce({
    with: { 'allowed-account-ids': '["444455556666",\r\n "111122223333"]', wait: 'false' },
  })
  expectSuccess(step, 'started')
  expect(emulator.calls('GetCallerIdentity')).toEqual([])
})

scenarios<
  Readonly<{ ids: string; calls: number; code?: ErrorCode; faults?: readonly FaultSpec[] }>
>(
  'allowed-account-ids asks for the account of ambient credentials before any read',
  {
    'not set': { ids: '', calls: 0 },
    allowed: { ids: '111122223333', calls: 1 },
    'not allowed': { ids: '444455556666', calls: 1, code: 'ACCOUNT_NOT_ALLOWED' },
    'not to be found out': {
      ids: '111122223333',
      calls: 2,
      code: 'STS_UNAVAILABLE',
      faults: [{ operation: 'GetCallerIdentity', kind: 'reset', times: 'always' }],
    },
  },
  async ({ ids, calls, code, faults = [] }) => {
    const bed = await createTestBed()
    const { emulator } = bed
    for (const fault of faults) emulator.injectFault(fault)
    const step = await runAction(bed, {
      env: emulator.ambientEnv,
      with: { ...withoutRole, 'allowed-account-ids': ids, wait: 'false', 'max-attempts': '2' },
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
    'an apply': { run: { with: { wait: 'false' } }, role: defaults.applyRole, policy: false },
  },
  async ({ run, role, policy }) => {
    const { step, emulator } = await runOnce({
      ...run,
      setUp: ({ state }) => {
        if (!policy) return
        addRole(state, {
          arn: defaults.applyRole,
          trust: githubTrustPolicy(['repo:octo-org/octo-app:pull_request']),
          policies: [allowPolicy([...readActions, ...writeActions])],
        })
      },
    })
    expectSuccess(step, policy ? 'planned' : 'started')
    const [request, ...others] = getRequests(emulator)
    expect(others).toEqual([])
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
