/** Hostile text, and the points at which servers, events and inputs bring it into a run. */
import fc from 'fast-check'

import { addRole, defaults, githubTrustPolicy, type Emulator } from '../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest, push } from '../../emulator/runner/events.ts'
import type { WorkflowEvent } from '../../emulator/runner/events.ts'
import { anyCharacter } from './any-character.ts'

/** What `runAction` and `runInProcess` both accept. */
export type Attack = Readonly<{
  with?: Readonly<Record<string, string>>
  env?: Readonly<Record<string, string>>
  event?: WorkflowEvent
  eventFile?: string
}>

/** Puts a text where a run reads it. */
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

/** Any text: short and long, of any characters, and of fragments that some program interprets. */
export const hostileText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 8 }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { minLength: 200, maxLength: 300 }),
    },
    { weight: 1, arbitrary: fc.array(fc.string({ unit: anyCharacter }), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }) },
  )
  .map((parts) => parts.join(''))

const inHeader = (text: string): string => text.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '')

const inVariable = (text: string): string => text.replaceAll('\u0000', '')

/** A response whose text is cut down to bytes, most of which are invalid UTF-8. */
function toRawResponse(status: number, before: string, text: string, after: string): string {
  const bytes = Buffer.from(text, 'utf16le').toString('latin1')
  const body = `${before}${bytes}${after}`
  return `HTTP/1.1 ${status} x\r\nx-amzn-requestid: ${inHeader(bytes)}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
}

const inErrorMessage = (
  operation: 'GetBackendStorage' | 'CreateBackendStorage',
  status: number,
): InjectionPoint =>
  function refuse(emulator, message) {
    emulator.injectFault({ operation, kind: 'status', status, message, times: 'always' })
    return {}
  }

/** A response in the format of the service in which every text is the given one. */
function inResponse(
  operation: 'GetBackendStorage' | 'GetBackend' | 'ListBackendJobs' | 'GetBackendJob',
  body: (text: string) => object,
  attack: Attack = {},
): InjectionPoint {
  return (emulator, text) => {
    emulator.injectFault({ operation, kind: 'body', body: JSON.stringify(body(text)), times: 3 })
    return attack
  }
}

const toStorage = (text: string): object => ({
  appId: text === '' ? 'x' : text,
  backendEnvironmentName: text,
  resourceName: text,
  resourceConfig: {
    bucketName: text,
    serviceName: text,
    permissions: { authenticated: [text, 'READ'], unAuthenticated: [text] },
  },
})

const toMetadata = (text: string): object => ({
  providers: { awscloudformation: { StackName: text, DeploymentBucketName: text } },
  auth: { [text]: { service: text } },
  storage: { [text]: { service: 'S3', output: { BucketName: text, Region: text } } },
})

const pendingJob = (text: string, status: string): object => ({
  jobId: text,
  operation: text,
  status,
  error: text,
  createTime: text,
  updateTime: text,
})

/** Every point at which a server, an event or an input brings text into a run. */
export const injectionPoints: Readonly<Record<string, InjectionPoint>> = {
  'the refusal of a read': inErrorMessage('GetBackendStorage', 400),
  'the refusal of a create': inErrorMessage('CreateBackendStorage', 400),
  'a missing permission': inErrorMessage('CreateBackendStorage', 403),
  'the name of an error': (emulator, name) => {
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 400,
      name,
      errorNameIn: '__type',
    })
    return {}
  },
  'the head of an answer': (emulator, text) => {
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 404,
      headers: {
        'x-amzn-requestid': inHeader(text),
        'x-amzn-errortype': inHeader(text),
        'retry-after': inHeader(text),
        date: inHeader(text),
      },
    })
    return {}
  },
  'no JSON at all': (emulator, body) => {
    emulator.injectFault({ operation: 'CreateBackendStorage', kind: 'body', body, status: 400 })
    return {}
  },
  'a refusal in bytes that are no text': (emulator, text) => {
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'garbage',
      bytes: toRawResponse(400, '{"message":"', text, '"}'),
    })
    return {}
  },
  'an accepted create in bytes that are no text': (emulator, text) => {
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'garbage',
      bytes: toRawResponse(200, '{"jobId":"job-1","status":"', text, '"}'),
    })
    return { with: { wait: 'false' } }
  },
  'an accepted create': (emulator, text) => {
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'body',
      body: JSON.stringify({
        appId: text,
        backendEnvironmentName: text,
        jobId: 'job-1',
        status: text,
      }),
    })
    return { with: { wait: 'false' } }
  },
  'the error of a job': (emulator, error) => {
    emulator.planJob({ error })
    return {}
  },
  'the status of a job': inResponse('GetBackendJob', (text) => pendingJob(text, text)),
  'the storage as it is': inResponse('GetBackendStorage', toStorage),
  'the storage as it is, beside a bucket that is asked for': inResponse(
    'GetBackendStorage',
    toStorage,
    { with: { 'bucket-name': 'octo-media' }, event: pullRequest() },
  ),
  'the storage as it is, to be updated': inResponse('GetBackendStorage', toStorage, {
    with: { 'if-exists': 'update', wait: 'false' },
  }),
  'the metadata': inResponse('GetBackend', (text) => ({
    appId: 'x',
    appName: text,
    backendEnvironmentName: text,
    backendEnvironmentList: [text, text],
    amplifyMetaConfig: JSON.stringify(toMetadata(text)),
    error: text,
  })),
  'metadata that is none': inResponse('GetBackend', (text) => ({
    appId: 'x',
    amplifyMetaConfig: text,
    error: text,
  })),
  'the names of the environments': (emulator, text) => {
    emulator.injectFault({ operation: 'GetBackend', kind: 'status', status: 404, message: text })
    return inResponse('GetBackend', () => ({
      appId: 'x',
      backendEnvironmentList: [text, 'a'],
    }))(emulator, text)
  },
  'a job that is pending': (emulator, text) => {
    emulator.injectFault({
      operation: 'CreateBackendStorage',
      kind: 'status',
      status: 400,
      message: `There is already a pending job. ${text}`,
    })
    const job = pendingJob(text, 'RUNNING')
    return inResponse('ListBackendJobs', () => ({ jobs: [job], nextToken: text }))(emulator, text)
  },
  'a refusal of STS': (emulator, message) => {
    emulator.injectFault({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 400,
      name: 'ValidationError',
      message,
    })
    return {}
  },
  'the code of a refusal of STS': (emulator, name) => {
    emulator.injectFault({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 400,
      name,
    })
    return {}
  },
  'the claims of a token': (emulator, text) => {
    addRole(emulator.state, { arn: defaults.applyRole, trust: githubTrustPolicy(['nobody']) })
    Object.assign(emulator.state.claims, {
      sub: text,
      ref: text,
      environment: text,
      job_workflow_ref: text,
    })
    return {}
  },
  'the token service': (emulator, body) => {
    emulator.injectFault({ operation: 'token', kind: 'body', body, status: 400, times: 'always' })
    return {}
  },
  'a token that is none': (emulator, value) => {
    emulator.injectFault({
      operation: 'token',
      kind: 'body',
      body: JSON.stringify({ value }),
    })
    return {}
  },
  'the event file': (_, eventFile) => ({ eventFile }),
  'a pull request': (_, text) => {
    const event = pullRequest({ base: text, head: text })
    const repository = { full_name: text, default_branch: text, name: text }
    return {
      event: {
        ...event,
        payload: { ...event.payload, repository, action: text === '' ? 'opened' : text },
        baseRef: inVariable(text),
        headRef: inVariable(text),
        actor: inVariable(text),
      },
    }
  },
  'a merged pull request': (_, text) => ({
    event: {
      ...mergedPullRequest({ base: text, head: text }),
      baseRef: inVariable(text),
      headRef: inVariable(text),
      ref: inVariable(text),
    },
    with: { 'plan-role-to-assume': '' },
  }),
  'a push': (_, text) => ({
    event: { ...push(inVariable(text)), sha: inVariable(text), actor: inVariable(text) },
    with: { 'plan-role-to-assume': '', wait: 'false' },
  }),
  'the name of the event': (_, text) => ({ event: { ...push(), name: inVariable(text) } }),
  'the run’s own variables': (_, text) => ({
    env: {
      GITHUB_REPOSITORY: inVariable(text),
      GITHUB_SERVER_URL: inVariable(text),
      GITHUB_RUN_ID: inVariable(text),
      GITHUB_SHA: inVariable(text),
    },
    with: { wait: 'false' },
  }),
  'a name that is asked for': (_, text) => ({
    with: {
      'app-id': inVariable(text),
      'backend-environment-name': inVariable(text),
      'resource-name': inVariable(text),
      'bucket-name': inVariable(text),
    },
  }),
  'an input of a closed set': (_, text) => ({
    with: {
      'authenticated-permissions': inVariable(text),
      mode: inVariable(text),
      'apply-branches': inVariable(text),
      'aws-region': inVariable(text),
      wait: inVariable(text),
      'allowed-account-ids': inVariable(text),
    },
  }),
  'an endpoint': (_, text) => ({
    env: {
      AWS_ENDPOINT_URL_STS: inVariable(text),
      // The part before an @ is a password, which is masked.
      HTTPS_PROXY: inVariable(text).replaceAll('@', ''),
      INPUT_ODD: inVariable(text),
    },
  }),
  'GitHub’s refusal of a comment': (emulator, message) => {
    emulator.injectFault({ operation: 'listComments', kind: 'status', status: 422, message })
    return { event: pullRequest(), with: { 'comment-on-pr': 'true' } }
  },
  'a comment with news of the service': (emulator, text) => ({
    ...inResponse('GetBackendStorage', toStorage)(emulator, text),
    event: pullRequest(),
    with: { 'comment-on-pr': 'true', 'if-exists': 'update' },
  }),
}
