/** Hostile text, and the points at which servers, events and inputs bring it into a run. */
import fc from 'fast-check'

import {
  addRole,
  defaults,
  githubTrustPolicy,
  type Emulator,
  type Fault,
  type FaultSpec,
} from '../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest, push } from '../../emulator/runner/events.ts'
import { anyCharacter } from './any-character.ts'
import type { RunActionOptions } from './run-action.ts'

/** What `runAction` and `runInProcess` both accept. */
export type Attack = Pick<RunActionOptions, 'with' | 'env' | 'event' | 'eventFile'>

export type InjectionPoint = (emulator: Emulator, text: string) => Attack

const FRAGMENTS = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '\u0000',
    '\u001b[31m',
    '\u0085',
    '\u2028',
    '\u2029',
    '\u200b',
  ],
  ...['::error::forged', '::add-mask::a', '::stop-commands::t', '::set-output name=ready::true'],
  ...[
    '::debug::x',
    '::',
    ':',
    '%0A::error::forged',
    '%0D%0A',
    '##[error]forged',
    '##[',
    '##',
    '#[',
  ],
  ...['[command]x', '::save-state name=x::y', '::group::x', '::endgroup::', '::echo::on'],
  ...['ghadelimiter_1', 'EOF', 'ready=true', 'ready<<EOF', '${{ github.token }}', '$(id)', '`id`'],
  ...['<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '<', '>', '<!--', '-->', '<a'],
  ...['</details>', '</code>', '</td>', '</table>', '<b>', '&lt;', '&#60;', '&', '&#', '&amp;lt;'],
  ...['[x](http://evil.example)', '![x](http://evil.example/y)', '](', '[x]: http://evil.example'],
  ...['http://evil.example', 'https://evil.example/?a=b', 'www.evil.example', 'a@b.example'],
  ...['@octocat', '#12', 'GH-12', '`', '```', '~~~', '**b**', '__b__', '_i_', '~~s~~', '\\', '|'],
  ...['# h', '> q', '- [ ] x', '* x', '1. x', '---', '===', '|a|b|', '[^1]', '$$x$$', ':tada:'],
  ...['\u202e', '\u2066', '\ufeff', '\ud83d', '💥', 'é', 'e\u0301', 'x', 'already exists', 'READ'],
] as const

const fragment = fc.constantFrom(...FRAGMENTS)

/** Any text: short and long, of any characters, and of fragments that some program interprets. */
export const hostileText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(fragment, { maxLength: 8 }) },
    { weight: 1, arbitrary: fc.array(fragment, { minLength: 200, maxLength: 300 }) },
    { weight: 1, arbitrary: fc.array(fc.string({ unit: anyCharacter }), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }) },
  )
  .map((parts) => parts.join(''))

const inHeader = (text: string): string => text.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '')

/** A response whose text is cut down to bytes, most of which are invalid UTF-8. */
function toRawResponse(status: number, before: string, text: string, after: string): string {
  const bytes = Buffer.from(text, 'utf16le').toString('latin1')
  const body = `${before}${bytes}${after}`
  return `HTTP/1.1 ${status} x\r\nx-amzn-requestid: ${inHeader(bytes)}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
}

const CREATE = 'CreateBackendStorage'

const inFault =
  (
    operation: FaultSpec['operation'],
    fault: (text: string) => Fault & Pick<FaultSpec, 'times'>,
    attack: Attack = {},
  ): InjectionPoint =>
  (emulator, text) => {
    emulator.injectFault({ operation, ...fault(text) })
    return attack
  }

const inMessage = (operation: FaultSpec['operation'], status: number): InjectionPoint =>
  inFault(operation, (message) => ({ kind: 'status', status, message, times: 'always' }))

const inResponse = (
  operation: 'GetBackendStorage' | 'GetBackend' | 'ListBackendJobs' | 'GetBackendJob',
  body: (text: string) => object,
  attack: Attack = {},
): InjectionPoint =>
  inFault(
    operation,
    (text) => ({ kind: 'body', body: JSON.stringify(body(text)), times: 3 }),
    attack,
  )

/** Texts in inputs or variables, which hold no null character. */
const inAttack =
  (attack: (text: string) => Attack): InjectionPoint =>
  (_, text) =>
    attack(text.replaceAll('\u0000', ''))

const both =
  (one: InjectionPoint, other: InjectionPoint): InjectionPoint =>
  (emulator, text) => ({ ...one(emulator, text), ...other(emulator, text) })

const toStorage = (text: string): object => ({
  appId: text === '' ? 'x' : text,
  ...{ backendEnvironmentName: text, resourceName: text },
  resourceConfig: {
    ...{ bucketName: text, serviceName: text },
    permissions: { authenticated: [text, 'READ'], unAuthenticated: [text] },
  },
})

const toMetadata = (text: string): object => ({
  providers: { awscloudformation: { StackName: text, DeploymentBucketName: text } },
  auth: { [text]: { service: text } },
  storage: { [text]: { service: 'S3', output: { BucketName: text, Region: text } } },
})

const toJob = (text: string, status: string): object => ({
  ...{ jobId: text, operation: text, status, error: text, createTime: text, updateTime: text },
})

const comment = { event: pullRequest(), with: { 'comment-on-pr': 'true' } }
const started = { with: { wait: 'false' } }
const withoutPlanRole = { 'plan-role-to-assume': '' }

/** Every point at which a server, an event or an input brings text into a run. */
export const injectionPoints: Readonly<Record<string, InjectionPoint>> = {
  'the refusal of a read': inMessage('GetBackendStorage', 400),
  'the refusal of a create': inMessage(CREATE, 400),
  'a missing permission': inMessage(CREATE, 403),
  'the name of an error': inFault(CREATE, (name) => ({
    ...{ kind: 'status', status: 400, name, errorNameIn: '__type' },
  })),
  'the head of a response': inFault(CREATE, (text) => {
    const names = ['x-amzn-requestid', 'x-amzn-errortype', 'retry-after', 'date']
    const headers = Object.fromEntries(names.map((name) => [name, inHeader(text)]))
    return { kind: 'status', status: 404, headers }
  }),
  'a body without JSON': inFault(CREATE, (body) => ({ kind: 'body', body, status: 400 })),
  'a refusal in bytes that are no text': inFault(CREATE, (text) => ({
    ...{ kind: 'garbage', bytes: toRawResponse(400, '{"message":"', text, '"}') },
  })),
  'an accepted create in bytes that are no text': inFault(
    CREATE,
    (text) => {
      const bytes = toRawResponse(200, '{"jobId":"job-1","status":"', text, '"}')
      return { kind: 'garbage', bytes }
    },
    started,
  ),
  'an accepted create': inFault(
    CREATE,
    (text) => {
      const job = { appId: text, backendEnvironmentName: text, jobId: 'job-1', status: text }
      return { kind: 'body', body: JSON.stringify(job) }
    },
    started,
  ),
  'the error of a job': (emulator, error) => {
    emulator.planJob({ error })
    return {}
  },
  'the status of a job': inResponse('GetBackendJob', (text) => toJob(text, text)),
  'the current storage': inResponse('GetBackendStorage', toStorage),
  'the current storage, beside a configured bucket': inResponse('GetBackendStorage', toStorage, {
    ...{ with: { 'bucket-name': 'octo-media' }, event: pullRequest() },
  }),
  'the current storage, to be updated': inResponse('GetBackendStorage', toStorage, {
    with: { 'if-exists': 'update', wait: 'false' },
  }),
  'the metadata': inResponse('GetBackend', (text) => ({
    ...{ appId: 'x', appName: text, backendEnvironmentName: text, error: text },
    backendEnvironmentList: [text, text],
    amplifyMetaConfig: JSON.stringify(toMetadata(text)),
  })),
  'malformed metadata': inResponse('GetBackend', (text) => ({
    ...{ appId: 'x', amplifyMetaConfig: text, error: text },
  })),
  'the names of the environments': both(
    inFault('GetBackend', (message) => ({ kind: 'status', status: 404, message })),
    inResponse('GetBackend', (text) => ({ appId: 'x', backendEnvironmentList: [text, 'a'] })),
  ),
  'a job that is pending': both(
    inFault(CREATE, (text) => ({
      ...{ kind: 'status', status: 400, message: `There is already a pending job. ${text}` },
    })),
    inResponse('ListBackendJobs', (text) => ({ jobs: [toJob(text, 'RUNNING')], nextToken: text })),
  ),
  'a refusal of STS': inFault('AssumeRoleWithWebIdentity', (message) => ({
    ...{ kind: 'status', status: 400, name: 'ValidationError', message },
  })),
  'the code of a refusal of STS': inFault('AssumeRoleWithWebIdentity', (name) => ({
    ...{ kind: 'status', status: 400, name },
  })),
  'the claims of a token': (emulator, text) => {
    addRole(emulator.state, { arn: defaults.applyRole, trust: githubTrustPolicy(['nobody']) })
    const claims = { sub: text, ref: text, environment: text, job_workflow_ref: text }
    Object.assign(emulator.state.claims, claims)
    return {}
  },
  'the token service': inFault('token', (body) => ({
    ...{ kind: 'body', body, status: 400, times: 'always' },
  })),
  'a malformed token': inFault('token', (value) => ({
    ...{ kind: 'body', body: JSON.stringify({ value }) },
  })),
  'the event file': (_, eventFile) => ({ eventFile }),
  'a pull request': inAttack((text) => {
    const event = pullRequest({ base: text, head: text })
    const repository = { full_name: text, default_branch: text, name: text }
    const payload = { ...event.payload, repository, action: text === '' ? 'opened' : text }
    return { event: { ...event, payload, actor: text } }
  }),
  'a merged pull request': inAttack((text) => ({
    event: { ...mergedPullRequest({ base: text, head: text }), ref: text },
    with: withoutPlanRole,
  })),
  'a push': inAttack((text) => ({
    event: { ...push(text), sha: text, actor: text },
    with: { ...withoutPlanRole, wait: 'false' },
  })),
  'the name of the event': inAttack((name) => ({ event: { ...push(), name } })),
  'the run’s own variables': inAttack((text) => ({
    env: {
      ...{ GITHUB_REPOSITORY: text, GITHUB_SERVER_URL: text },
      ...{ GITHUB_RUN_ID: text, GITHUB_SHA: text },
    },
    ...started,
  })),
  'a configured name': inAttack((text) => ({
    with: {
      ...{ 'app-id': text, 'backend-environment-name': text },
      ...{ 'resource-name': text, 'bucket-name': text },
    },
  })),
  'an input of a closed set': inAttack((text) => ({
    with: {
      ...{ 'authenticated-permissions': text, mode: text, 'apply-branches': text },
      ...{ 'aws-region': text, wait: text, 'allowed-account-ids': text },
    },
  })),
  // The part of a proxy before an @ is a password, which is masked.
  'an endpoint': inAttack((text) => ({
    env: { AWS_ENDPOINT_URL_STS: text, HTTPS_PROXY: text.replaceAll('@', ''), INPUT_ODD: text },
  })),
  'GitHub’s refusal of a comment': inFault(
    'listComments',
    (message) => ({ kind: 'status', status: 422, message }),
    comment,
  ),
  'a comment with text of the service': inResponse('GetBackendStorage', toStorage, {
    ...comment,
    with: { ...comment.with, 'if-exists': 'update' },
  }),
}
