/** The token of a job; test/unit/aws/id-token.test.ts has every response of the token service. */
import { expect } from 'vitest'

import {
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  readActions,
  writeActions,
  type Fault,
} from '../../emulator/emulator.ts'
import {
  mergedPullRequest,
  pullRequest,
  push,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
  type RunActionOptions,
} from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getLog,
} from '../support/step-result.ts'

const ASSUME = 'AssumeRoleWithWebIdentity'

scenarios<Readonly<Record<string, string | undefined>>>(
  'A job that may not request a token fails before any request, and shows the permission to add',
  {
    'neither variable': withoutIdToken,
    'an empty URL': { ACTIONS_ID_TOKEN_REQUEST_URL: '' },
    'a blank token': { ACTIONS_ID_TOKEN_REQUEST_TOKEN: ' ' },
  },
  async (env) => {
    const bed = await createTestBed()
    for (const event of [push(), pullRequest()]) {
      const step = await runAction(bed, { event, env })
      const message = expectFailure(step, 'MISSING_ID_TOKEN_PERMISSION')
      expect(message).toMatch(/^ {4}permissions:\n {6}id-token: write$/m)
      expect(message).toContain('workflow_call')
    }
    expect(bed.emulator.requests).toEqual([])
  },
)

scenario('A skipped fork is explained once, without advice to trust it', async () => {
  const { step, emulator } = await runOnce({
    event: pullRequest({ from: 'fork' }),
    with: { ...withoutRole, 'app-id': '' },
  })
  expectSuccess(step, 'skipped')
  expect(step.annotations).toMatchObject([{ level: 'notice', title: 'Skipped' }])
  expect(step.annotations[0]?.message).toContain('fork')
  expect(`${getLog(step)}${step.summary}`).not.toMatch(/pull_request_target|trust policy/)
  expect(emulator.requests).toEqual([])
})

const mergedFork = mergedPullRequest({ from: 'fork' })

scenarios<RunActionOptions>(
  'A merged pull request from a fork fails, and its error names `push`',
  {
    'with inputs': {},
    'with empty secrets': { with: withoutRole },
    'from a fork that was deleted': {
      eventFile: JSON.stringify(mergedFork.payload, (key, value: unknown) =>
        key === 'head' ? { ref: 'storage', repo: null } : value,
      ),
    },
  },
  async (given) => {
    const { step, emulator } = await runOnce({ ...given, event: mergedFork })
    const message = expectFailure(step, 'NO_IDENTITY_FOR_PULL_REQUEST')
    expect(message).toContain('fork')
    expect(message).toContain('`push`')
    expect(message).not.toMatch(/pull_request_target|trust policy/)
    expect(emulator.requests).toEqual([])
  },
)

scenarios(
  'A pull request by Dependabot is named as such, whoever runs it again',
  { 'a first run': 'dependabot[bot]', 'a run repeated by a person': 'octocat' },
  async (actor) => {
    const bed = await createTestBed()
    const given = { env: { GITHUB_TRIGGERING_ACTOR: actor }, with: withoutRole }
    const open = await runAction(bed, { ...given, event: pullRequest({ from: 'dependabot' }) })
    expectSuccess(open, 'skipped')
    expect(open.annotations[0]?.message).toContain('Dependabot')
    const merged = await runAction(bed, {
      ...given,
      event: mergedPullRequest({ from: 'dependabot' }),
    })
    expect(expectFailure(merged, 'NO_IDENTITY_FOR_PULL_REQUEST')).toContain('Dependabot')
    expect(bed.emulator.requests).toEqual([])
  },
)

type TokenFault = Fault & { readonly times?: number | 'always' }

scenarios<readonly TokenFault[]>(
  'A token request that fails is repeated until it succeeds',
  {
    'no response': [{ kind: 'stall' }],
    'half a response': [{ kind: 'stall', sent: 'half' }],
    'a 503 twice': [{ kind: 'status', status: 503, times: 2 }],
    'a 429 with Retry-After': [{ kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    'a reset, then a close': [{ kind: 'reset' }, { kind: 'close' }],
    'a page, then nothing': [{ kind: 'html', status: 200 }, { kind: 'empty' }],
    'a truncated response': [{ kind: 'truncated', chunked: true }],
  },
  async (faults) => {
    const { step, emulator } = await runOnce({
      event: pullRequest(),
      faults: faults.map((fault) => ({ operation: 'token', ...fault })),
    })
    expectSuccess(step, 'planned')
    const failures = faults.reduce((sum, { times = 1 }) => sum + Number(times), 0)
    expect(emulator.calls('token')).toHaveLength(failures + 1)
    expect(emulator.calls(ASSUME)).toHaveLength(1)
  },
)

scenarios<Readonly<{ fault: Fault; min: number; max: number; detail: RegExp }>>(
  'A token request that always fails ends with its host and status, and without its query',
  {
    'no response': { fault: { kind: 'stall' }, min: 3, max: 5, detail: /time/ },
    'a 503': { fault: { kind: 'status', status: 503 }, min: 5, max: 5, detail: /503/ },
    'a 401': { fault: { kind: 'status', status: 401 }, min: 1, max: 1, detail: /401/ },
    'a truncated response': { fault: { kind: 'truncated' }, min: 5, max: 5, detail: /token/ },
    'a page': { fault: { kind: 'html', status: 200 }, min: 5, max: 5, detail: /200.*proxy/s },
    'a value that is no token': {
      fault: { kind: 'body', body: '{"value":"::error::forged"}' },
      min: 5,
      max: 5,
      detail: /200/,
    },
    'a redirect': {
      fault: { kind: 'redirect', status: 302, location: 'http://127.0.0.1:9/login' },
      min: 5,
      max: 5,
      detail: /302/,
    },
  },
  async ({ fault, min, max, detail }) => {
    const { step, emulator } = await runOnce({
      event: pullRequest(),
      faults: [{ operation: 'token', times: 'always', ...fault }],
    })
    const message = expectFailure(step, 'TOKEN_UNAVAILABLE')
    expect(message).toContain(`127.0.0.1:${emulator.port}`)
    expect(message).toMatch(detail)
    expect(message).not.toContain('api-version')
    const requests = emulator.calls('token').length
    expect(requests).toBeGreaterThanOrEqual(min)
    expect(requests).toBeLessThanOrEqual(max)
    expect(emulator.calls(ASSUME)).toEqual([])
  },
)

const chineseRole = 'arn:aws-cn:iam::111122223333:role/amplify-storage'

scenarios(
  'The audience of a token is that of the partition, or the configured one',
  { '': 'sts.amazonaws.com.cn', 'https://example.com/aud': 'https://example.com/aud' },
  async (expected, audience) => {
    const { step, emulator } = await runOnce({
      with: {
        'aws-region': 'cn-north-1',
        'role-to-assume': chineseRole,
        'plan-role-to-assume': '',
        audience,
        wait: 'false',
      },
      setUp: ({ state }) => {
        state.providers[0]?.audiences.push(expected)
        addRole(state, {
          arn: chineseRole,
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
      },
    })
    expectSuccess(step, 'started')
    expect(emulator.calls('token').map(({ query }) => query['audience'])).toEqual([expected])
  },
)

scenario('An audience that STS rejects is named with its input after one attempt', async () => {
  const { step, emulator } = await runOnce({ with: { audience: 'sts.amazonaws.com.cn' } })
  const message = expectFailure(step, 'AUDIENCE_REFUSED')
  expect(message).toContain('"sts.amazonaws.com.cn"')
  expect(message).toContain('audience')
  expect(emulator.calls(ASSUME)).toHaveLength(1)
})

type Claims = Readonly<{
  sub: string
  event?: WorkflowEvent
  issuer?: string
  /** What the advice on the trust policy contains. */
  advice: readonly RegExp[]
}>

const withoutIds = /repo:OWNER@ID\/REPO@ID/
const withIds = /repo:OWNER\/REPO/

scenarios<Claims>(
  'A token that the trust policy rejects is explained by its claims, and not shown',
  {
    'a merged pull request': {
      event: mergedPullRequest(),
      sub: 'repo:octo-org/octo-app:pull_request',
      advice: [withoutIds, /pull_request/],
    },
    'an Enterprise Server': {
      issuer: 'https://ghe.example.com/_services/token',
      sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
      advice: [/"ghe\.example\.com\/_services\/token:sub"/],
    },
    'a subject with ids and an environment': {
      sub: 'repo:octo-org@12345/octo-app@456789:environment:production',
      advice: [withIds, /environment:NAME/],
    },
  },
  async ({ sub, event = push(), issuer = defaults.issuer, advice }) => {
    const bed = await createTestBed({ issuer })
    const { emulator } = bed
    addRole(emulator.state, {
      arn: defaults.applyRole,
      trust: githubTrustPolicy(['repo:octo-org/other:ref:refs/heads/main'], { issuer }),
      policies: [allowPolicy(readActions)],
    })
    const running = runAction(bed, { event })
    // Here the settings of the repository decide the subject, and not the event.
    emulator.state.claims['sub'] = sub
    const step = await running

    const message = expectFailure(step, 'ROLE_REFUSED')
    expect(message).toContain(`sub = ${sub}`)
    expect(message).toContain(`aud = ${defaults.audience}`)
    expect(message).toContain(`iss = ${issuer}`)
    expect(message).toContain('job_workflow_ref = octo-org/octo-app/.github/workflows/storage.yml')
    expect(message).toContain(`"${issuer.replace('https://', '')}:sub"`)
    for (const text of advice) expect(message).toMatch(text)
    // A role that was just created may be rejected for a while, so there are three attempts with fresh tokens.
    const tokens = emulator
      .calls(ASSUME)
      .map(({ rawBody }) => new URLSearchParams(rawBody).get('WebIdentityToken') ?? '')
    expect(new Set(tokens).size).toBe(3)
    expectSecretsMasked(step, tokens)
  },
)

scenarios(
  'A missing identity provider is named by its issuer, and asked once',
  {
    'github.com': 'https://token.actions.githubusercontent.com',
    'Enterprise Server': 'https://ghe.example.com/_services/token',
  },
  async (issuer) => {
    const { step, emulator } = await runOnce({
      issuer,
      env: { GITHUB_SERVER_URL: new URL(issuer).origin },
      setUp: ({ state }) => {
        state.providers = []
      },
    })
    expect(expectFailure(step, 'IDENTITY_PROVIDER_MISSING')).toContain(issuer)
    expect(emulator.calls(ASSUME)).toHaveLength(1)
  },
)
