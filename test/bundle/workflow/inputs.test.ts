/** Inputs as a runner hands them over; test/unit/inputs has every rule. */
import { expect } from 'vitest'

import { addApp, addEnvironment, type Emulator } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { isObject, type JsonObject } from '../../../src/lib/json.ts'
import { ALL } from '../../support/emulator-state.ts'
import { defaultInputs, runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations, getLog } from '../../support/step-result.ts'

type Inputs = Readonly<Record<string, string | undefined>>

/** The body of the only create that was sent. */
function getCreated(emulator: Emulator): JsonObject {
  const [call, ...more] = emulator.calls('CreateBackendStorage')
  expect(more).toEqual([])
  if (call === undefined || !isObject(call.body)) throw new Error('nothing was created')
  return call.body
}

/** Starts a create with the inputs, and returns its body and the step. */
async function create(inputs: Inputs): Promise<{ body: JsonObject; step: StepResult }> {
  const { step, emulator } = await runOnce({ with: { wait: 'false', ...inputs } })
  expectSuccess(step, 'started')
  return { body: getCreated(emulator), step }
}

/** The step and the message of a run whose inputs must be rejected before any request. */
async function reject(inputs: Inputs): Promise<{ message: string; step: StepResult }> {
  const { step, emulator } = await runOnce({ with: inputs })
  const message = expectFailure(step, 'INVALID_INPUT')
  expect(emulator.requests).toEqual([])
  return { message, step }
}

scenarios(
  'Lists of permissions in every notation lead to the same request',
  {
    CRLF: 'READ\r\nDELETE\r\n',
    JSON: '["READ", "DELETE"]',
    'a YAML list': '- READ\n- DELETE',
    'quotes, empty and repeated entries in any case': `,,'Read',, "delete",READ`,
  },
  async (list) => {
    const { body } = await create({
      'authenticated-permissions': list,
      'unauthenticated-permissions': list.replace(/delete/i, ''),
      'service-name': ' s3 ',
      wait: 'False',
    })
    expect(body['resourceConfig']).toEqual({
      serviceName: 'S3',
      permissions: { authenticated: ['READ', 'DELETE'], unAuthenticated: ['READ'] },
    })
  },
)

scenarios('White space around any value is ignored', { CR: '\r', CRLF: '\r\n' }, async (ending) => {
  const values = Object.entries({ ...defaultInputs, mode: 'apply', wait: 'false' })
  const { body, step } = await create(
    Object.fromEntries(values.map(([name, value]) => [name, `${value}${ending}`])),
  )
  expect(step.annotations).toEqual([])
  expect(step.outputs['app-id']).toBe(defaultInputs['app-id'])
  expect(body['resourceName']).toBe('media')
})

scenarios(
  '`none` is sent as an empty list, and an empty value is not sent',
  { none: { unAuthenticated: [] }, '': {} },
  async (sent, guests) => {
    const { body } = await create({
      'authenticated-permissions': 'None',
      'unauthenticated-permissions': guests,
    })
    const permissions = { authenticated: [], ...sent }
    expect(body['resourceConfig']).toEqual({ serviceName: 'S3', permissions })
  },
)

scenarios<Readonly<{ wait: string | undefined; result: string }>>(
  'The run waits for the job by default',
  {
    empty: { wait: '', result: 'created' },
    unset: { wait: undefined, result: 'created' },
    FALSE: { wait: 'FALSE ', result: 'started' },
  },
  async ({ wait, result }) => {
    expectSuccess((await runOnce({ with: { wait } })).step, result)
  },
)

scenarios<Readonly<{ name: string; warnings: number }>>(
  'A bucket name is sent unchanged, and an empty one is not sent',
  {
    empty: { name: ' ', warnings: 0 },
    hyphens: { name: 'acme-media', warnings: 0 },
    'a dot, which only the Amplify CLI rejects': { name: 'acme.media', warnings: 1 },
  },
  async ({ name, warnings }) => {
    const { body, step } = await create({ 'bucket-name': name })
    expect(body['resourceConfig']).toEqual({
      serviceName: 'S3',
      permissions: { authenticated: ALL },
      ...(name === ' ' ? {} : { bucketName: name }),
    })
    expect(getAnnotations(step, 'warning')).toHaveLength(warnings)
  },
)

scenarios<Readonly<{ name: string; shown: string }>>(
  'An unusual resource name is sent with a warning, and the error of its job is shown',
  {
    'another alphabet': { name: 'é', shown: '"é"' },
    'a long name': { name: 'n'.repeat(200), shown: `"${'n'.repeat(200)}"` },
  },
  async ({ name, shown }) => {
    const { step, emulator } = await runOnce({
      with: { 'resource-name': name },
      job: { error: 'Resource name is not valid' },
    })
    expect(expectFailure(step, 'JOB_FAILED')).toContain('Resource name is not valid')
    expect(getCreated(emulator)['resourceName']).toBe(name)
    expect(getAnnotations(step, 'warning').map(({ message }) => message)).toEqual([
      expect.stringContaining(shown),
    ])
  },
)

scenario('A resource name in mixed case is sent unchanged, without a warning', async () => {
  const { body, step } = await create({ 'resource-name': 'AppStorage' })
  expect(body['resourceName']).toBe('AppStorage')
  expect(step.annotations).toEqual([])
})

scenario('An app ID of any characters is a single segment of every path', async () => {
  const appId = 'd1💥;:@&=+$é'
  const { step, emulator } = await runOnce({
    with: { 'app-id': appId, wait: 'false' },
    setUp: ({ state }) => addEnvironment(addApp(state, appId), 'prod'),
  })
  expectSuccess(step, 'started')
  for (const { path } of emulator.requests.filter(({ service }) => service === 'amplifybackend')) {
    expect(path.split('/').length).toBeLessThanOrEqual(6)
    expect(decodeURIComponent(path.split('/')[2] ?? '')).toBe(appId)
  }
})

scenario(
  'An input that action.yml does not declare leads to a warning and has no effect',
  async () => {
    const { step, emulator } = await runOnce({
      env: { 'INPUT_UNAUTHENTICATED-PERMISIONS': 'READ' },
      with: { wait: 'false' },
    })
    expectSuccess(step, 'started')
    const [warning] = step.annotations
    expect(warning).toMatchObject({ level: 'warning', title: 'Check the inputs' })
    expect(warning?.message).toContain('"unauthenticated-permisions"')
    expect(warning?.message).toContain('`unauthenticated-permissions`?')
    const permissions = { authenticated: ALL }
    expect(getCreated(emulator)['resourceConfig']).toEqual({ serviceName: 'S3', permissions })
    expect(getLog(step)).toContain('guests: not managed')
  },
)

scenario('All invalid inputs are reported at once, and the missing ones in one line', async () => {
  const wrong = {
    'app-id': '',
    'backend-environment-name': '   ',
    'resource-name': undefined,
    'bucket-name': 'My_Bucket',
    'authenticated-permissions': 'WRITE',
    'aws-region': 'us-east-1a',
    'role-session-name': 'dependabot[bot]',
    'role-duration-seconds': '899',
    wait: 'flase',
    'max-attempts': '0',
  }
  const { message } = await reject(wrong)
  const [heading, ...lines] = message.split('\n')
  expect(heading).toBe('8 invalid inputs:')
  const [missing, ...others] = lines
  expect(missing).toContain('(1) app-id, backend-environment-name and resource-name are empty')
  const entries = Object.entries(wrong).slice(3)
  expect(others).toHaveLength(entries.length + 1)
  for (const [index, [name, value = '']] of entries.entries()) {
    expect(others[index]).toContain(`(${index + 2}) ${name} is "${value}": it `)
  }
  expect(lines.at(-1)).toContain('run the workflow again')
})

scenarios<Readonly<Record<string, string>>>(
  'A role that does not fit the other inputs is rejected',
  {
    'another partition': { 'aws-region': 'cn-north-1' },
    'another account': { 'allowed-account-ids': '444455556666' },
  },
  async (inputs) => {
    expect((await reject(inputs)).message).toContain('role-to-assume')
  },
)

scenarios(
  'A value that could lead to another path is rejected',
  { dots: '..', 'a slash': 'a/b', 'an escaped slash': 'a%2f..%2fb', 'a line break': 'd1\nx' },
  async (value) => {
    const { message } = await reject({ 'app-id': value, 'backend-environment-name': value })
    expect(message).toMatch(/^\(1\) app-id is "/m)
    expect(message).toMatch(/^\(2\) backend-environment-name is "/m)
  },
)

scenarios(
  'Only the length of a very long value is shown',
  {
    'a long list': 'READ,'.repeat(5_000),
    'many entries': Array.from({ length: 1_000 }, (_, index) => `X${index}`).join(' '),
  },
  async (permissions) => {
    const { message, step } = await reject({
      'resource-name': 'n'.repeat(100_000),
      'authenticated-permissions': permissions,
    })
    expect(message).toContain('100000 characters')
    expect(message.length).toBeLessThan(1_500)
    expect(step.summary.length).toBeLessThan(10_000)
    expect(Math.max(...step.rawLines.map((line) => line.length))).toBeLessThan(3_000)
  },
)

scenario('An apply ignores fail-on-changes, and warns about it', async () => {
  const { step } = await runOnce({ with: { 'fail-on-changes': 'true', wait: 'false' } })
  expectSuccess(step, 'started')
  const warnings = JSON.stringify(getAnnotations(step, 'warning'))
  expect(warnings).toContain('`fail-on-changes`')
  expect(warnings).toContain('`mode: plan`')
})

scenario('An input that promises not to write is rejected before any request', async () => {
  const { step, emulator } = await runOnce({ env: { 'INPUT_DRY-RUN': 'true' } })
  const message = expectFailure(step, 'INVALID_INPUT')
  expect(message).toContain('dry-run is "true"')
  expect(message).toContain('`mode: plan`')
  expect(emulator.requests).toEqual([])
})
