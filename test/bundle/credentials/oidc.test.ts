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
} from '../../../emulator/emulator.ts'
import {
  mergedPullRequest,
  pullRequest,
  push,
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
  type RunActionOptions,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import {
  expectFailure,
  expectSecretsMasked,
  expectSuccess,
  getLog,
} from '../../support/step-result.ts'

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
    expect(message).toMatch(/fork.*`push`/s)
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
    const from = 'dependabot'
    const open = await runAction(bed, { ...given, event: pullRequest({ from }) })
    expectSuccess(open, 'skipped')
    expect(open.annotations[0]?.message).toContain('Dependabot')
    const merged = await runAction(bed, { ...given, event: mergedPullRequest({ from }) })
    expect(expectFailure(merged, 'NO_IDENTITY_FOR_PULL_REQUEST')).toContain('Dependabot')
    expect(bed.emulator.requests).toEqual([])
  },
)

scenarios<readonly Fault[]>(
  'A token request that fails is repeated until it succeeds',
  {
    'half a response': [{ kind: 'stall', sent: 'half' }],
    'a 429 with Retry-After': [{ kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    'a reset, then a close': [{ kind: 'reset' }, { kind: 'close' }],
    'a page, then nothing': [{ kind: 'html', status: 200 }, { kind: 'empty' }],
  },
  async (faults) => {
    const { step, emulator } = await runOnce({
      event: pullRequest(),
      faults: faults.map((fault) => ({ operation: 'token', ...fault })),
    })
    expectSuccess(step, 'planned')
    expect(emulator.calls('token').length).toBeGreaterThan(faults.length)
    expect(emulator.calls(ASSUME)).toHaveLength(1)
  },
)

scenarios<Readonly<{ fault: Fault; once?: true; detail: RegExp }>>(
  'A token request that always fails ends with its host and status, and without its query',
  {
    'no response': { fault: { kind: 'stall' }, detail: /time/ },
    'a 401': { fault: { kind: 'status', status: 401 }, once: true, detail: /401/ },
    'a page': { fault: { kind: 'html', status: 200 }, detail: /200.*proxy/s },
    'a redirect': {
      fault: { kind: 'redirect', status: 302, location: 'http://127.0.0.1:9/login' },
      once: true,
      detail: /302/,
    },
  },
  async ({ fault, once, detail }) => {
    const { step, emulator } = await runOnce({
      event: pullRequest(),
      faults: [{ operation: 'token', times: 'always', ...fault }],
    })
    const message = expectFailure(step, 'TOKEN_UNAVAILABLE')
    expect(message).toContain(`127.0.0.1:${emulator.port}`)
    expect(message).toMatch(detail)
    expect(message).not.toContain('api-version')
    expect(emulator.calls('token').length > 1).toBe(once !== true)
    expect(emulator.calls('token').length).toBeLessThanOrEqual(5)
    expect(emulator.calls(ASSUME)).toEqual([])
  },
)

const allowAll = {
  Effect: 'Allow' as const,
  Action: [...readActions, ...writeActions],
  Resource: '*',
}
const chineseRole = 'arn:aws-cn:iam::111122223333:role/amplify-storage'

scenarios(
  'The audience of a token is that of the partition, or the configured one',
  { '': 'sts.amazonaws.com.cn', 'https://example.com/aud': 'https://example.com/aud' },
  async (expected, audience) => {
    const { step, emulator } = await runOnce({
      with: {
        ...{ 'aws-region': 'cn-north-1', 'role-to-assume': chineseRole, 'plan-role-to-assume': '' },
        ...{ audience, wait: 'false' },
      },
      setUp: ({ state }) => {
        state.providers[0]?.audiences.push(expected)
        addRole(state, {
          arn: chineseRole,
          trust: githubTrustPolicy(['repo:octo-org/octo-app:ref:refs/heads/main'], {
            audience: expected,
            partition: 'aws-cn',
          }),
          policies: [{ Statement: [allowAll] }],
        })
      },
    })
    expectSuccess(step, 'started')
    const audiences = emulator.calls('token').map(({ query }) => query['audience'])
    expect(new Set(audiences)).toEqual(new Set([expected]))
  },
)

type Claims = Readonly<{
  sub: string
  event?: WorkflowEvent
  issuer?: string
  /** What the advice on the trust policy contains. */
  advice: readonly RegExp[]
}>

const withIds = /repo:OWNER\/REPO/

scenarios<Claims>(
  'A token that the trust policy rejects is explained by its claims, and not shown',
  {
    'a merged pull request': {
      event: mergedPullRequest(),
      sub: 'repo:octo-org/octo-app:pull_request',
      advice: [/Do not add pull_request/],
    },
    'an Enterprise Server': {
      issuer: 'https://ghe.example.com/_services/token',
      sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
      advice: [/"ghe\.example\.com\/_services\/token:sub"/],
    },
    'a subject with ids and an environment': {
      sub: 'repo:octo-org@12345/octo-app@456789:environment:production',
      advice: [withIds, /environment:production/],
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
    // A role that writes must not trust every pull request.
    const hasCondition = message.includes(`"${issuer.replace('https://', '')}:sub"`)
    expect(hasCondition).toBe(!sub.endsWith(':pull_request'))
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
