/** The session of a role: its name, its rights and its end. */
import { expect } from 'vitest'

import { addRole, defaults, githubTrustPolicy } from '../../../emulator/emulator.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { getJobId } from '../../support/emulator-state.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  type RunActionOptions,
  type TestBed,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { startRewritingProxy } from '../../support/servers/rewriting-proxy.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'
import { getRequests, getTokens } from './sts-requests.ts'

const ASSUME = 'AssumeRoleWithWebIdentity'

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
