import { describe, expect } from 'vitest'

import {
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  readActions,
  writeActions,
  type Fault,
} from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import {
  FAST_SCALE,
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { expectSuccess, expectFailure, getLog } from '../support/expect-result.ts'
import { startRewritingProxy } from '../support/servers/rewriting-proxy.ts'
import { createHome, toProfile } from '../support/home-folder.ts'
import { scenario } from '../support/scenario.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { forEachCase } from '../support/for-each-case.ts'

const ASSUME = 'AssumeRoleWithWebIdentity'

/** The forms of the requests for a role, one for each attempt. */
function assumeForms({ emulator }: TestBed): readonly URLSearchParams[] {
  return emulator.calls(ASSUME).map(({ rawBody }) => new URLSearchParams(rawBody))
}

async function runWith(fault: Fault & { times?: number | 'always' }): Promise<{
  end: StepResult
  world: TestBed
}> {
  const world = await createTestBed({}, CAREFUL_SCALE)
  world.emulator.injectFault({ operation: ASSUME, ...fault })
  return { world, end: await runAction(world, { with: { wait: 'false', 'max-attempts': '4' } }) }
}

describe.concurrent('STS with trouble', () => {
  scenario(
    'O18, S02: failures that can pass are tried again, each time with a fresh token',
    async () => {
      const key = "Couldn't retrieve verification key from your identity provider"
      await forEachCase<Fault & { times?: number }>(
        {
          'IDPCommunicationError twice': {
            kind: 'status',
            status: 400,
            name: 'IDPCommunicationError',
            times: 2,
          },
          'no verification key': {
            kind: 'status',
            status: 400,
            name: 'InvalidIdentityToken',
            message: key,
          },
          throttled: { kind: 'status', status: 400, name: 'Throttling', message: 'Rate exceeded' },
          'an internal failure': { kind: 'status', status: 500, name: 'InternalFailure' },
          unavailable: { kind: 'html', status: 503 },
          reset: { kind: 'reset' },
          'cut short': { kind: 'truncated' },
          silent: { kind: 'stall' },
        },
        async (fault) => {
          const { end, world } = await runWith(fault)
          expectSuccess(end, 'started')
          const attempts = 1 + (fault.times ?? 1)
          const tokens = assumeForms(world).map((form) => form.get('WebIdentityToken'))
          expect(new Set(tokens).size).toBe(attempts)
          expect(getLog(end)).toContain(`${ASSUME} failed (attempt 1 of 4)`)
        },
      )
    },
  )

  scenario('O18, N10: what stays so ends as what it is, after the attempts', async () => {
    await forEachCase<{ fault: Fault; says: RegExp }>(
      {
        'no communication': {
          fault: { kind: 'status', status: 400, name: 'IDPCommunicationError', message: 'no luck' },
          says: /IDPCommunicationError\w*: no luck/,
        },
        // Not a provider that is missing: its keys could not be fetched.
        'no verification key': {
          fault: {
            kind: 'status',
            status: 400,
            name: 'InvalidIdentityToken',
            message: "Couldn't retrieve verification key from your identity provider",
          },
          says: /verification key[^]*must be reachable from the internet/,
        },
        silence: { fault: { kind: 'stall' }, says: /no response within the time limit/ },
      },
      async ({ fault, says }) => {
        const { end, world } = await runWith({ ...fault, times: 'always' })
        expect(expectFailure(end, 'STS_UNAVAILABLE')).toMatch(says)
        expect(world.emulator.calls(ASSUME)).toHaveLength(4)
        expect(world.emulator.calls('CreateBackendStorage')).toEqual([])
      },
    )
  })

  scenario('O18, S06, T06: what is hopeless is asked once', async () => {
    await forEachCase<{ fault: Fault; code: Parameters<typeof expectFailure>[1]; says: RegExp }>(
      {
        'another audience': {
          fault: {
            kind: 'status',
            status: 400,
            name: 'InvalidIdentityToken',
            message: 'Incorrect token audience',
          },
          code: 'AUDIENCE_REFUSED',
          says: /input audience/,
        },
        'S06: an inactive region': {
          fault: {
            kind: 'status',
            status: 403,
            name: 'RegionDisabledException',
            message: 'STS is not activated in this region for account:111122223333',
          },
          code: 'STS_REGION_DISABLED',
          says: /Activate STS for eu-west-1.*AWS_ENDPOINT_URL_STS.*sts\.us-east-1\.amazonaws\.com/,
        },
        'a malformed request': {
          fault: { kind: 'status', status: 400, name: 'ValidationError', message: 'Role is odd' },
          code: 'STS_REQUEST_REFUSED',
          says: /Role is odd/,
        },
      },
      async ({ fault, code, says }) => {
        const { end, world } = await runWith({ ...fault, times: 'always' })
        expect(expectFailure(end, code)).toMatch(says)
        expect(world.emulator.calls(ASSUME)).toHaveLength(1)
      },
    )
  })

  scenario(
    'S01: an answer without whole credentials is an error, and no other identity steps in',
    async () => {
      const expiration = '<Expiration>2099-01-01T00:00:00Z</Expiration>'
      const keys = '<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>'
      const user = `<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn></AssumedRoleUser>`
      const xml = (result: string): Fault => ({
        kind: 'body',
        contentType: 'text/xml',
        body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      })
      await forEachCase<Fault>(
        {
          nothing: { kind: 'empty' },
          'a page': { kind: 'html', status: 200 },
          'no XML': { kind: 'body', body: 'null' },
          'no credentials': xml(user),
          'no session token': xml(`<Credentials>${keys}${expiration}</Credentials>${user}`),
          'an empty key': xml(
            `<Credentials>${keys.replace('ASIAEXAMPLE', '')}<SessionToken>t</SessionToken>${expiration}</Credentials>${user}`,
          ),
          'no expiration': xml(
            `<Credentials>${keys}<SessionToken>t</SessionToken></Credentials>${user}`,
          ),
          'no role': xml(
            `<Credentials>${keys}<SessionToken>t</SessionToken>${expiration}</Credentials>`,
          ),
        },
        async (fault) => {
          const world = await createTestBed({}, CAREFUL_SCALE)
          world.emulator.injectFault({ operation: ASSUME, ...fault, times: 'always' })
          // Everything is there that the SDK's own chain would find.
          const { accessKeyId, secretAccessKey } = world.emulator.state.user
          const file = toProfile({ accessKeyId, secretAccessKey, sessionToken: '' })
          const end = await runAction(world, {
            env: { ...world.emulator.ambientEnv, ...createHome({ '.aws/credentials': file }) },
            with: { 'max-attempts': '2' },
          })
          const message = expectFailure(end, 'STS_UNAVAILABLE')
          expect(message).toMatch(/200: the response (?:lacks required fields|could not be parsed)/)
          expect(new Set(world.emulator.requests.map(({ operation }) => operation))).toEqual(
            new Set(['token', ASSUME]),
          )
        },
      )
    },
  )

  scenario('S05: a duration above the role’s maximum is told so', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { 'role-duration-seconds': '43200' } })

    const message = expectFailure(end, 'STS_REQUEST_REFUSED')
    expect(message).toContain('MaxSessionDuration')
    expect(message).toContain('Lower role-duration-seconds (now 43200)')
    expect(world.emulator.calls(ASSUME)).toHaveLength(1)
  })

  scenario(
    'S05: an hour is asked for when nothing is said, and other numbers only in range',
    async () => {
      const world = await createTestBed()
      for (const wrong of ['899', '43201', 'abc', '1h']) {
        const end = await runAction(world, { with: { 'role-duration-seconds': wrong } })
        expect(expectFailure(end, 'INVALID_INPUT')).toContain(`role-duration-seconds is "${wrong}"`)
      }
      expect(world.emulator.requests).toEqual([])

      expectSuccess(
        await runAction(world, { with: { 'role-duration-seconds': '', wait: 'false' } }),
        'started',
      )
      expect(assumeForms(world).map((form) => form.get('DurationSeconds'))).toEqual(['3600'])
    },
  )
})

describe.concurrent('the session', () => {
  scenario(
    'S03, S04: has a legal name that leads to the run, whatever the repository is called, and no tags',
    async () => {
      await forEachCase<{ env?: RunActionOptions['env']; given?: string; name: RegExp }>(
        {
          'the usual': { name: /^octo-org-octo-app-1234567890$/ },
          'an actor with brackets': {
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
          'as given': { given: 'release_42@main', name: /^release_42@main$/ },
        },
        async ({ env = {}, given = '', name }) => {
          const world = await createTestBed()
          const end = await runAction(world, {
            env,
            with: { 'role-session-name': given, wait: 'false' },
          })
          expectSuccess(end, 'started')
          const [form] = assumeForms(world)
          const sent = form?.get('RoleSessionName') ?? ''
          expect(sent).toMatch(name)
          expect(sent.length).toBeLessThanOrEqual(64)
          expect([...(form?.keys() ?? [])].filter((key) => key.startsWith('Tags'))).toEqual([])
          expect(getLog(end)).toContain(`as "${sent}"`)
          expect(world.emulator.calls(ASSUME)[0]?.headers['authorization']).toBeUndefined()
        },
      )
    },
  )

  scenario('S03: an illegal name is refused before any call', async () => {
    const world = await createTestBed()
    for (const name of ['a/b', 'x', 'n'.repeat(65), 'dependabot[bot]']) {
      const end = await runAction(world, { with: { 'role-session-name': name } })
      expect(expectFailure(end, 'INVALID_INPUT')).toContain('role-session-name is "')
    }
    expect(world.emulator.requests).toEqual([])
  })

  scenario('a role of another partition than the region is an error before any call', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { 'aws-region': 'cn-north-1' } })

    const message = expectFailure(end, 'INVALID_INPUT')
    expect(message).toContain('role-to-assume is "arn:aws:iam::')
    expect(message).toContain('partition `aws-cn`')
    expect(world.emulator.requests).toEqual([])
  })
})

describe.concurrent('allowed-account-ids', () => {
  scenario('refuses a role of another account by its ARN, before any call', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { 'allowed-account-ids': '444455556666' } })

    const message = expectFailure(end, 'INVALID_INPUT')
    expect(message).toContain('role-to-assume is')
    expect(message).toContain('"444455556666"')
    expect(world.emulator.requests).toEqual([])
  })

  scenario(
    'refuses a session of another account than the role’s ARN said, before anything is read',
    async () => {
      const world = await createTestBed()
      const front = await startRewritingProxy(world.emulator.port, (_, answer) =>
        answer.replace('arn:aws:sts::111122223333:', 'arn:aws:sts::444455556666:'),
      )
      const end = await runAction(world, {
        with: { 'allowed-account-ids': '111122223333' },
        env: { AWS_ENDPOINT_URL_STS: front.url },
      })

      const message = expectFailure(end, 'ACCOUNT_NOT_ALLOWED')
      expect(message).toContain('444455556666')
      expect(world.emulator.requests.map(({ operation }) => operation)).toEqual(['token', ASSUME])
    },
  )

  scenario('lets an allowed account pass, in any spelling of the list', async () => {
    const world = await createTestBed()
    const end = await runAction(world, {
      with: { 'allowed-account-ids': '["444455556666",\r\n "111122223333"]', wait: 'false' },
    })
    expectSuccess(end, 'started')
    expect(world.emulator.calls('GetCallerIdentity')).toEqual([])
  })

  scenario('asks whose ambient credentials are, only when it is set', async () => {
    await forEachCase<{ ids: string; asked: number; red?: boolean }>(
      {
        'not set': { ids: '', asked: 0 },
        allowed: { ids: '111122223333', asked: 1 },
        'not allowed': { ids: '444455556666', asked: 1, red: true },
      },
      async ({ ids, asked, red = false }) => {
        const world = await createTestBed()
        const end = await runAction(world, {
          env: world.emulator.ambientEnv,
          with: {
            'role-to-assume': '',
            'plan-role-to-assume': '',
            'allowed-account-ids': ids,
            wait: 'false',
          },
        })
        if (red) {
          const message = expectFailure(end, 'ACCOUNT_NOT_ALLOWED')
          expect(message).toContain('111122223333')
          expect(message).toContain('444455556666')
        } else expectSuccess(end, 'started')
        const operations = world.emulator.requests.map(({ operation }) => operation)
        expect(operations.filter((each) => each === 'GetCallerIdentity')).toHaveLength(asked)
        expect(operations.some((each) => each === 'GetBackendStorage')).toBe(!red)
      },
    )
  })

  scenario('is red when the account of ambient credentials cannot be found out', async () => {
    const world = await createTestBed({}, CAREFUL_SCALE)
    world.emulator.injectFault({ operation: 'GetCallerIdentity', kind: 'reset', times: 'always' })
    const end = await runAction(world, {
      env: world.emulator.ambientEnv,
      with: {
        'role-to-assume': '',
        'plan-role-to-assume': '',
        'allowed-account-ids': '111122223333',
        'max-attempts': '2',
      },
    })
    expect(expectFailure(end, 'STS_UNAVAILABLE')).toContain('allowed-account-ids')
    expect(world.emulator.calls('GetBackendStorage')).toEqual([])
  })
})

describe.concurrent('the role of a plan', () => {
  scenario('is plan-role-to-assume alone, with a policy that denies every write', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { event: pullRequest() })

    expectSuccess(end, 'planned')
    const [form] = assumeForms(world)
    expect(assumeForms(world)).toHaveLength(1)
    expect(form?.get('RoleArn')).toBe(defaults.planRole)
    expect(JSON.parse(form?.get('Policy') ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: '*', Resource: '*' },
        {
          Effect: 'Deny',
          Action: ['Clone', 'Create', 'Delete', 'Generate', 'Import', 'Remove', 'Update'].map(
            (verb) => `amplifybackend:${verb}*`,
          ),
          Resource: '*',
        },
      ],
    })
    expect(world.emulator.requests.map(({ operation }) => operation)).not.toContain(
      'CreateBackendStorage',
    )
  })

  scenario(
    'is role-to-assume where no other is given, by a session that cannot write either',
    async () => {
      const world = await createTestBed()
      addRole(world.emulator.state, {
        arn: defaults.applyRole,
        trust: githubTrustPolicy(['repo:octo-org/octo-app:pull_request']),
        policies: [allowPolicy([...readActions, ...writeActions])],
      })
      const end = await runAction(world, {
        event: pullRequest(),
        with: { 'plan-role-to-assume': '' },
      })
      expectSuccess(end, 'planned')
      const [form] = assumeForms(world)
      expect(form?.get('RoleArn')).toBe(defaults.applyRole)
      expect(form?.get('Policy')).toContain('"Deny"')
      expect(getLog(end)).toContain('(read-only session)')
    },
  )

  scenario('an apply has the role’s own rights, without a policy of the session', async () => {
    const world = await createTestBed()
    expectSuccess(await runAction(world, { with: { wait: 'false' } }), 'started')
    const [form] = assumeForms(world)
    expect(form?.get('RoleArn')).toBe(defaults.applyRole)
    expect(form?.has('Policy')).toBe(false)
  })
})

describe.concurrent('a wait that outlives the session', () => {
  // As short as this, a loaded machine still has most of a second for the renewal.
  const SESSION_MS = 60_000

  /** STS gives sessions that are over after some seconds, which real STS does not. */
  async function shortSessions(
    jobMs: number | 'never',
  ): Promise<{ world: TestBed; env: Record<string, string> }> {
    const world = await createTestBed({}, FAST_SCALE)
    const { emulator } = world
    emulator.planJob({ ms: jobMs })
    const front = await startRewritingProxy(emulator.port, (_, answer) => {
      const key = /<AccessKeyId>([^<]+)/.exec(answer)?.[1] ?? ''
      const session = emulator.state.credentials.get(key)
      if (session === undefined) return answer
      const expiresAt = emulator.clock.now() + SESSION_MS
      session.expiresAt = expiresAt
      return answer.replace(/<Expiration>[^<]+/, `<Expiration>${new Date(expiresAt).toISOString()}`)
    })
    return { world, env: { AWS_ENDPOINT_URL_STS: front.url } }
  }

  scenario(
    'is renewed before the session ends, with a fresh token, and nobody notices',
    async () => {
      const { world, env } = await shortSessions(75_000)
      const end = await runAction(world, { env })

      expectSuccess(end, 'created')
      const tokens = assumeForms(world).map((form) => form.get('WebIdentityToken'))
      expect(tokens.length).toBeGreaterThanOrEqual(2)
      expect(new Set(tokens).size).toBe(tokens.length)
      expect(getLog(end)).toContain('Refreshed the role session.')
      expect(getLog(end)).not.toContain('ExpiredToken')
    },
  )

  scenario('goes on while the session lasts, although renewing fails for a while', async () => {
    const { world, env } = await shortSessions(75_000)
    world.emulator.injectFault({
      operation: ASSUME,
      kind: 'status',
      status: 503,
      skip: 1,
      times: 2,
    })
    const end = await runAction(world, { env, with: { 'max-attempts': '2' } })

    expectSuccess(end, 'created')
    expect(getLog(end)).toMatch(/Could not refresh the role session, which is still valid for \d+ s: .*503/)
    expect(getLog(end)).toContain('Refreshed the role session.')
  })

  scenario('is renewed when the service calls the session expired before its time', async () => {
    const world = await createTestBed({}, CAREFUL_SCALE)
    world.emulator.planJob({ ms: 20_000 })
    world.emulator.injectFault({
      operation: 'GetBackendJob',
      kind: 'status',
      status: 403,
      name: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
    })
    const end = await runAction(world)

    expectSuccess(end, 'created')
    expect(world.emulator.calls(ASSUME)).toHaveLength(2)
    const [first, second] = world.emulator.calls('GetBackendJob')
    expect(second?.accessKeyId).not.toBe(first?.accessKeyId)
  })

  scenario(
    'P06: ends with an unknown outcome and the job’s id when there is no session to be had any more',
    async () => {
      const { world, env } = await shortSessions('never')
      world.emulator.injectFault({
        operation: ASSUME,
        kind: 'status',
        status: 403,
        name: 'AccessDenied',
        message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
        skip: 1,
        times: 'always',
      })
      const end = await runAction(world, { env })

      const message = expectFailure(end, 'ROLE_REFUSED', 'unknown')
      const [job] = world.emulator.environment().jobs
      expect(end.outputs['job-id']).toBe(job?.jobId)
      expect(end.outputs['status']).toBe('RUNNING')
      expect(message).toContain(`--job-id ${job?.jobId ?? '?'}`)
    },
  )
})
