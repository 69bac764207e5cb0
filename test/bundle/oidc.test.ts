import { describe, expect } from 'vitest'

import {
  mergedPullRequest,
  pullRequest,
  push,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import {
  defaults,
  githubTrustPolicy,
  addRole,
  allowPolicy,
  readActions,
  writeActions,
} from '../../emulator/emulator.ts'
import type { Fault } from '../../emulator/emulator.ts'
import { runAction, createTestBed, type RunActionOptions } from '../support/run-action.ts'
import { expectSuccess, expectFailure, getLog } from '../support/expect-result.ts'
import { scenario } from '../support/scenario.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { forEachCase } from '../support/for-each-case.ts'

const withoutToken = {
  ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined,
}

describe.concurrent('a job that may not mint a token', () => {
  scenario('O01: fails at once and shows the permission to add', async () => {
    await forEachCase(
      {
        'neither variable': withoutToken,
        'no request token': { ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined },
        'an empty address': { ACTIONS_ID_TOKEN_REQUEST_URL: '' },
        'a blank token': { ACTIONS_ID_TOKEN_REQUEST_TOKEN: ' ' },
      },
      async (env) => {
        const world = await createTestBed()
        for (const event of [push(), pullRequest()]) {
          const message = expectFailure(
            await runAction(world, { event, env }),
            'MISSING_ID_TOKEN_PERMISSION',
          )
          expect(message).toMatch(/^ {4}permissions:\n {6}id-token: write$/m)
          expect(message).toContain("A job's permissions replace those of the workflow")
          expect(message).toContain('workflow_call')
        }
        expect(world.emulator.requests).toEqual([])
      },
    )
  })

  scenario(
    'O02: an open pull request from a fork is skipped, and nobody is told to trust more',
    async () => {
      const world = await createTestBed()
      const end = await runAction(world, {
        event: pullRequest({ from: 'fork' }),
        with: { 'role-to-assume': '', 'plan-role-to-assume': '', 'app-id': '' },
      })

      expectSuccess(end, 'skipped')
      const [notice] = end.annotations
      expect(end.annotations).toHaveLength(1)
      expect(notice).toMatchObject({ level: 'notice', title: 'Skipped' })
      expect(notice?.message).toContain('fork')
      const said = `${getLog(end)}\n${end.summary}`
      expect(said).not.toMatch(/pull_request_target|trust policy/)
      expect(world.emulator.requests).toEqual([])
    },
  )

  scenario('O02: a merged pull request from a fork is red, and `push` is the way out', async () => {
    const event = mergedPullRequest({ from: 'fork' })
    // The fork is often gone by the time of the merge.
    const gone = JSON.stringify(event.payload, (key, value: unknown) =>
      key === 'head' ? { ref: 'storage', repo: null } : value,
    )
    await forEachCase<RunActionOptions>(
      {
        'with inputs': {},
        'with empty secrets': { with: { 'role-to-assume': '', 'plan-role-to-assume': '' } },
        'from a fork that is gone': { eventFile: gone },
      },
      async (given) => {
        const world = await createTestBed()
        const end = await runAction(world, { ...given, event })

        const message = expectFailure(end, 'NO_IDENTITY_FOR_PULL_REQUEST')
        expect(message).toContain('fork')
        expect(message).toContain('`push`')
        expect(message).not.toMatch(/pull_request_target|trust policy/)
        expect(world.emulator.requests).toEqual([])
      },
    )
  })

  scenario('O03: Dependabot is named, on a re-run by a person too', async () => {
    await forEachCase(
      { 'first run': 'dependabot[bot]', 're-run by a person': 'octocat' },
      async (triggering) => {
        const world = await createTestBed()
        // Such a run gets no secrets either.
        const given = {
          env: { GITHUB_TRIGGERING_ACTOR: triggering },
          with: { 'role-to-assume': '', 'plan-role-to-assume': '' },
        }
        const open = await runAction(world, {
          ...given,
          event: pullRequest({ from: 'dependabot' }),
        })
        expectSuccess(open, 'skipped')
        expect(open.annotations[0]?.message).toContain('Dependabot')
        const merged = await runAction(world, {
          ...given,
          event: mergedPullRequest({ from: 'dependabot' }),
        })
        expect(expectFailure(merged, 'NO_IDENTITY_FOR_PULL_REQUEST')).toContain('Dependabot')
        expect(world.emulator.requests).toEqual([])
      },
    )
  })

  scenario('O03, S03: Dependabot with a token is like everybody else', async () => {
    const world = await createTestBed()
    const end = await runAction(world, {
      event: { ...pullRequest({ from: 'dependabot' }), trusted: true },
    })
    expectSuccess(end, 'planned')
    const [call] = world.emulator.calls('AssumeRoleWithWebIdentity')
    expect(new URLSearchParams(call?.rawBody).get('RoleSessionName')).toMatch(/^[\w+=,.@-]{2,64}$/)
  })
})

describe.concurrent('a token service with trouble', () => {
  /** Runs a plan, which is short, and gives the number of token requests too. */
  async function planWith(
    ...faults: readonly (Fault & { times?: number | 'always' })[]
  ): Promise<{ end: Awaited<ReturnType<typeof runAction>>; tokens: number }> {
    const world = await createTestBed({}, CAREFUL_SCALE)
    for (const fault of faults) world.emulator.injectFault({ operation: 'token', ...fault })
    const end = await runAction(world, { event: pullRequest() })
    const tokens = world.emulator.calls('token').length
    expect(world.emulator.calls('AssumeRoleWithWebIdentity').length).toBeLessThanOrEqual(1)
    return { end, tokens }
  }

  scenario(
    'O05: silence is waited out for seconds and not for minutes, and tried again',
    async () => {
      await forEachCase<Fault & { times: 1 | 'always' }>(
        {
          once: { kind: 'stall', times: 1 },
          'once, after the head of the answer': { kind: 'stall', sent: 'headers', times: 1 },
          'for ever': { kind: 'stall', times: 'always' },
        },
        async (fault) => {
          const { end, tokens } = await planWith(fault)
          if (fault.times === 1) {
            expectSuccess(end, 'planned')
            expect(tokens).toBe(2)
          } else {
            expect(expectFailure(end, 'TOKEN_UNAVAILABLE')).toContain(
              'no response within the time limit',
            )
            expect(tokens).toBeGreaterThanOrEqual(3)
            expect(tokens).toBeLessThanOrEqual(5)
          }
        },
      )
    },
  )

  scenario('O06: failures that can pass are tried again until they have', async () => {
    await forEachCase<readonly (Fault & { times?: number })[]>(
      {
        'twice 503': [{ kind: 'status', status: 503, times: 2 }],
        'once 500': [{ kind: 'status', status: 500 }],
        '429 with Retry-After': [{ kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
        'a reset, then an early end': [{ kind: 'reset' }, { kind: 'close' }],
        'a gateway’s page': [{ kind: 'html', status: 502 }],
      },
      async (faults) => {
        const { end, tokens } = await planWith(...faults)
        expectSuccess(end, 'planned')
        expect(tokens).toBe(1 + faults.reduce((sum, { times = 1 }) => sum + times, 0))
        expect(getLog(end)).toContain('The token request failed (attempt 1 of 5)')
      },
    )
  })

  scenario('O06: what stays broken ends after five requests, a refusal after one', async () => {
    await forEachCase<{ status: number; requests: number; says: string }>(
      {
        503: { status: 503, requests: 5, says: '503' },
        401: { status: 401, requests: 1, says: 'GitHub rejected the request token' },
        403: { status: 403, requests: 1, says: '403' },
      },
      async ({ status, requests, says }) => {
        const { end, tokens } = await planWith({ kind: 'status', status, times: 'always' })
        expect(expectFailure(end, 'TOKEN_UNAVAILABLE')).toContain(says)
        expect(tokens).toBe(requests)
      },
    )
  })

  scenario(
    'O08: a token response cut short is tried again, and never green by itself',
    async () => {
      await forEachCase<Fault & { times?: 'always' }>(
        {
          'by its length': { kind: 'truncated' },
          'in a chunk': { kind: 'truncated', chunked: true },
          'by its length, always': { kind: 'truncated', times: 'always' },
          'in a chunk, always': { kind: 'truncated', chunked: true, times: 'always' },
          slowly: { kind: 'stall', sent: 'half' },
          'by bytes that are no HTTP': { kind: 'garbage' },
        },
        async (fault, name) => {
          const { end, tokens } = await planWith(fault)
          if (fault.times === undefined) {
            expectSuccess(end, 'planned')
            expect(tokens).toBe(2)
          } else {
            expectFailure(end, 'TOKEN_UNAVAILABLE')
            expect(tokens, name).toBe(5)
          }
        },
      )
    },
  )

  scenario(
    'O09: an answer that is no token is reported with its status and host, and no query',
    async () => {
      await forEachCase<Fault>(
        {
          'a page': { kind: 'html', status: 200 },
          nothing: { kind: 'empty' },
          'an empty object': { kind: 'body', body: '{}' },
          'an empty token': { kind: 'body', body: '{"count":1,"value":""}' },
          'no JSON': { kind: 'body', body: '{"value":' },
          'no token': { kind: 'body', body: '{"value":"::error::forged"}' },
          'not found': { kind: 'status', status: 404 },
          elsewhere: { kind: 'redirect', status: 302, location: 'http://127.0.0.1:9/login' },
        },
        async (fault) => {
          const world = await createTestBed({}, CAREFUL_SCALE)
          world.emulator.injectFault({ operation: 'token', ...fault, times: 'always' })
          const end = await runAction(world, { event: pullRequest() })

          const message = expectFailure(end, 'TOKEN_UNAVAILABLE')
          const status = { status: '404', redirect: '302' }[
            fault.kind === 'status' || fault.kind === 'redirect' ? fault.kind : 'status'
          ]
          expect(message).toContain(
            fault.kind === 'status' || fault.kind === 'redirect' ? status : '200',
          )
          expect(message).toContain(`127.0.0.1:${world.emulator.port}`)
          expect(message).not.toContain('api-version')
          expect(message).toMatch(/GitHub Enterprise Server/)
          expect(message).toMatch(/proxy/)
          expect(world.emulator.calls('token').length).toBe(fault.kind === 'status' ? 1 : 5)
          expect(world.emulator.calls('AssumeRoleWithWebIdentity')).toEqual([])
        },
      )
    },
  )

  scenario('O09: a page is tried again, since a gateway’s trouble passes', async () => {
    const { end, tokens } = await planWith({ kind: 'html', status: 200 }, { kind: 'empty' })
    expectSuccess(end, 'planned')
    expect(tokens).toBe(3)
  })
})

describe.concurrent('the audience', () => {
  scenario('O12: is that of the region’s partition, or as given', async () => {
    const role = 'arn:aws-cn:iam::111122223333:role/amplify-storage'
    await forEachCase<{ audience: string; expected: string }>(
      {
        'by the partition': { audience: '', expected: 'sts.amazonaws.com.cn' },
        'as given': { audience: 'https://example.com/aud', expected: 'https://example.com/aud' },
      },
      async ({ audience, expected }) => {
        const world = await createTestBed()
        const { emulator } = world
        emulator.state.providers[0]?.audiences.push(expected)
        addRole(emulator.state, {
          arn: role,
          trust: githubTrustPolicy(['repo:octo-org/octo-app:ref:refs/heads/main'], {
            audience: expected,
            partition: 'aws-cn',
          }),
          policies: [
            {
              Statement: [
                { Effect: 'Allow', Action: [...readActions, ...writeActions], Resource: '*' },
              ],
            },
          ],
        })
        const end = await runAction(world, {
          with: {
            'aws-region': 'cn-north-1',
            'role-to-assume': role,
            'plan-role-to-assume': '',
            audience,
            wait: 'false',
          },
        })
        expectSuccess(end, 'started')
        expect(emulator.calls('token').map(({ query }) => query['audience'])).toEqual([expected])
      },
    )
  })

  scenario('O12: one that STS refuses is named, with the input to set, after one try', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { audience: 'sts.amazonaws.com.cn' } })

    const message = expectFailure(end, 'AUDIENCE_REFUSED')
    expect(message).toContain('"sts.amazonaws.com.cn"')
    expect(message).toContain('the input audience')
    expect(world.emulator.calls('AssumeRoleWithWebIdentity')).toHaveLength(1)
  })
})

describe.concurrent('a token that the trust policy does not match', () => {
  scenario(
    'O14, O15, O16: the claims are shown, both subject formats are explained, and the token is not shown',
    async () => {
      const older = /older subject format.*repo:OWNER@ID\/REPO@ID/
      const newer = /newer subject format, repo:OWNER@ID\/REPO@ID:.*repo:OWNER\/REPO/
      await forEachCase<{
        sub: string
        event?: WorkflowEvent
        issuer?: string
        says: readonly RegExp[]
        not?: RegExp
      }>(
        {
          'O14: a merged pull request': {
            event: mergedPullRequest(),
            sub: 'repo:octo-org/octo-app:pull_request',
            says: [older, /ends in pull_request and contains no branch/],
          },
          'O14, O19: of an Enterprise Server': {
            issuer: 'https://ghe.example.com/_services/token',
            sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
            says: [/"ghe\.example\.com\/_services\/token:sub"/],
            not: /token\.actions\.githubusercontent\.com/,
          },
          'O15: the format with ids': {
            sub: 'repo:octo-org@12345/octo-app@456789:pull_request',
            says: [newer, /ends in pull_request/],
          },
          'O15: a branch with an @': {
            sub: 'repo:octo-org/octo-app:ref:refs/heads/a@1/b@2:x',
            says: [older],
            not: /contains no branch/,
          },
          'O16: an environment': {
            sub: 'repo:octo-org@12345/octo-app@456789:environment:production',
            says: [newer, /names an environment, so the subject ends in environment:NAME/],
          },
        },
        async ({ sub, event = push(), issuer = defaults.issuer, says, not }) => {
          const world = await createTestBed({ issuer }, CAREFUL_SCALE)
          const { emulator } = world
          addRole(emulator.state, {
            arn: defaults.applyRole,
            trust: githubTrustPolicy(['repo:octo-org/other:ref:refs/heads/main'], { issuer }),
            policies: [allowPolicy(readActions)],
          })
          const running = runAction(world, { event })
          // The event decides the subject; here it is the repository's settings that do.
          emulator.state.claims['sub'] = sub
          const end = await running

          const message = expectFailure(end, 'ROLE_REFUSED')
          expect(message).toContain(`sub = ${sub}`)
          expect(message).toContain(`aud = ${defaults.audience}`)
          expect(message).toContain(`iss = ${issuer}`)
          expect(message).toContain('ref = refs/heads/main')
          expect(message).toContain(
            'job_workflow_ref = octo-org/octo-app/.github/workflows/storage.yml',
          )
          expect(message).toContain(`"${issuer.replace('https://', '')}:sub"`)
          for (const text of says) expect(message).toMatch(text)
          if (not !== undefined) expect(message).not.toMatch(not)
          // A refusal can be IAM's propagation, so it is asked three times, with a fresh token each.
          const calls = emulator.calls('AssumeRoleWithWebIdentity')
          const tokens = calls.map(
            ({ rawBody }) => new URLSearchParams(rawBody).get('WebIdentityToken') ?? '',
          )
          expect(new Set(tokens).size).toBe(3)
          for (const token of tokens)
            expect(
              `${end.rawLines.filter((line) => !line.startsWith('::add-mask::')).join('\n')}${end.summary}`,
            ).not.toContain(token)
        },
      )
    },
  )

  scenario(
    'O19: a provider that is missing is named by its issuer, on GitHub Enterprise Server too',
    async () => {
      await forEachCase<string>(
        {
          'github.com': 'https://token.actions.githubusercontent.com',
          'Enterprise Server': 'https://ghe.example.com/_services/token',
        },
        async (issuer) => {
          const world = await createTestBed({ issuer })
          world.emulator.state.providers = []
          const end = await runAction(world, { env: { GITHUB_SERVER_URL: new URL(issuer).origin } })

          const message = expectFailure(end, 'IDENTITY_PROVIDER_MISSING')
          expect(message).toContain(issuer)
          expect(message).toContain('reachable from the internet')
          expect(world.emulator.calls('AssumeRoleWithWebIdentity')).toHaveLength(1)
        },
      )
    },
  )
})
