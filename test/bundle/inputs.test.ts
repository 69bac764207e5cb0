import { describe, expect } from 'vitest'
import { addApp, addEnvironment } from '../../emulator/emulator.ts'
import { isObject, type JsonObject } from '../../src/lib/json.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { expectFailure, expectSuccess, getLog } from '../support/step-result.ts'
import { forEachCase } from '../support/for-each-case.ts'
import { createTestBed, defaultInputs, runAction, type TestBed } from '../support/run-action.ts'
import { scenario } from '../support/scenario.ts'

type Inputs = Readonly<Record<string, string | undefined>>

const ALL = ['READ', 'CREATE_AND_UPDATE', 'DELETE']

/** The body of the only create that was sent. */
function getCreated({ emulator }: TestBed): JsonObject {
  const [call, ...more] = emulator.calls('CreateBackendStorage')
  expect(more).toEqual([])
  if (call === undefined || !isObject(call.body)) throw new Error('nothing was created')
  return call.body
}

/** Starts a create with the inputs, and returns its body and the step. */
async function create(inputs: Inputs): Promise<{ body: JsonObject; step: StepResult }> {
  const testBed = await createTestBed()
  const step = await runAction(testBed, { with: { wait: 'false', ...inputs } })
  expectSuccess(step, 'started')
  return { body: getCreated(testBed), step }
}

/** The message of each case, whose inputs must be rejected before any request. */
async function forEachInvalid<T extends { with: Inputs }>(
  cases: Readonly<Record<string, T>>,
  check: (message: string, theCase: T, step: StepResult) => void,
): Promise<void> {
  const testBed = await createTestBed()
  await forEachCase(cases, async (theCase) => {
    const step = await runAction(testBed, { with: theCase.with })
    check(expectFailure(step, 'INVALID_INPUT'), theCase, step)
  })
  expect(testBed.emulator.requests).toEqual([])
}

describe('Valid inputs', () => {
  scenario('Lists of permissions in every notation lead to the same request.', async () => {
    const notations = {
      'line breaks': 'READ\nDELETE\n',
      CRLF: 'READ\r\nDELETE\r\n',
      JSON: '["READ", "DELETE"]',
      'a YAML list': '- READ\n- DELETE',
      quotes: `'READ' "DELETE"`,
      'empty and repeated entries': ',,READ,, DELETE,READ',
      'letter case': 'delete Read',
    }
    const check = async (list: string): Promise<void> => {
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
    }
    await forEachCase<string>(notations, check, 4)
  })

  scenario('White space around any value is ignored.', async () => {
    await forEachCase<string>({ CR: '\r', CRLF: '\r\n', LF: '\n' }, async (ending) => {
      const values = Object.entries({ ...defaultInputs, mode: 'apply', wait: 'false' })
      const { body, step } = await create(
        Object.fromEntries(values.map(([name, value]) => [name, `${value}${ending}`])),
      )
      expect(step.annotations).toEqual([])
      expect(step.outputs['app-id']).toBe(defaultInputs['app-id'])
      expect(body['resourceName']).toBe('media')
    })
  })

  scenario('`none` is sent as an empty list, and an empty value is not sent.', async () => {
    await forEachCase<{ guests: string; sent: object }>(
      {
        none: { guests: 'none', sent: { authenticated: [], unAuthenticated: [] } },
        empty: { guests: '', sent: { authenticated: [] } },
      },
      async ({ guests, sent }) => {
        const { body } = await create({
          'authenticated-permissions': 'None',
          'unauthenticated-permissions': guests,
        })
        expect(body['resourceConfig']).toEqual({ serviceName: 'S3', permissions: sent })
      },
    )
  })

  scenario('The run waits for the job by default.', async () => {
    await forEachCase<{ wait: string | undefined; result: string }>(
      {
        True: { wait: 'True', result: 'created' },
        empty: { wait: '', result: 'created' },
        unset: { wait: undefined, result: 'created' },
        FALSE: { wait: 'FALSE ', result: 'started' },
      },
      async ({ wait, result }) => {
        const testBed = await createTestBed({ rules: { jobMs: 2_000 } })
        expectSuccess(await runAction(testBed, { with: { wait } }), result)
      },
    )
  })

  scenario('A bucket name is sent unchanged, and an empty one is not sent.', async () => {
    await forEachCase<{ name: string; warnings: number }>(
      {
        empty: { name: ' ', warnings: 0 },
        hyphens: { name: 'acme-media', warnings: 0 },
        'two letters, which only the Amplify CLI rejects': { name: 'ab', warnings: 1 },
        'a dot, which only the Amplify CLI rejects': { name: 'acme.media', warnings: 1 },
      },
      async ({ name, warnings }) => {
        const { body, step } = await create({ 'bucket-name': name })
        expect(body['resourceConfig']).toEqual({
          serviceName: 'S3',
          permissions: { authenticated: ALL },
          ...(name === ' ' ? {} : { bucketName: name }),
        })
        expect(step.annotations.map(({ level }) => level)).toEqual(
          Array.from({ length: warnings }, () => 'warning'),
        )
      },
    )
  })

  scenario(
    'An unusual resource name is sent with a warning, and the error of its job is shown.',
    async () => {
      await forEachCase<{ name: string; shown: string }>(
        {
          hyphens: { name: 'my-storage', shown: '"my-storage"' },
          'another alphabet': { name: 'é', shown: '"é"' },
          long: { name: 'n'.repeat(200), shown: '(200 characters)' },
        },
        async ({ name, shown }) => {
          const testBed = await createTestBed({ rules: { jobMs: 2_000 } })
          testBed.emulator.planJob({ error: 'Resource name is not valid' })
          const step = await runAction(testBed, { with: { 'resource-name': name } })
          expect(expectFailure(step, 'JOB_FAILED')).toContain('Resource name is not valid')
          expect(getCreated(testBed)['resourceName']).toBe(name)
          const warnings = step.annotations.filter(({ level }) => level === 'warning')
          expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(shown)])
        },
      )
      const { body, step } = await create({ 'resource-name': 'AppStorage' })
      expect(body['resourceName']).toBe('AppStorage')
      expect(step.annotations).toEqual([])
    },
  )

  scenario('An app ID of any characters is a single segment of every path.', async () => {
    const testBed = await createTestBed()
    const appId = 'd1💥;:@&=+$é'
    addEnvironment(addApp(testBed.emulator.state, appId), 'prod')
    const step = await runAction(testBed, { with: { 'app-id': appId, wait: 'false' } })
    expectSuccess(step, 'started')
    expect(step.summary).toContain('https://eu-west-1.console.aws.amazon.com/amplify/')
    const requests = testBed.emulator.requests.filter(({ service }) => service === 'amplifybackend')
    for (const { path } of requests) {
      expect(path.split('/').length).toBeLessThanOrEqual(6)
      expect(decodeURIComponent(path.split('/')[2] ?? '')).toBe(appId)
    }
  })

  scenario(
    'An input that action.yml does not declare leads to a warning and has no effect.',
    async () => {
      const testBed = await createTestBed()
      const env = { 'INPUT_UNAUTHENTICATED-PERMISIONS': 'READ' }
      const step = await runAction(testBed, { env, with: { wait: 'false' } })
      expectSuccess(step, 'started')
      const [warning] = step.annotations
      expect(warning).toMatchObject({ level: 'warning', title: 'Check the inputs' })
      expect(warning?.message).toContain('"unauthenticated-permisions"')
      expect(warning?.message).toContain('`unauthenticated-permissions`?')
      expect(getCreated(testBed)['resourceConfig']).toEqual({
        serviceName: 'S3',
        permissions: { authenticated: ALL },
      })
      expect(getLog(step)).toContain('guests: not managed')
    },
  )
})

describe('Invalid inputs', () => {
  scenario(
    'All problems are reported at once, one line each, and nothing is requested.',
    async () => {
      const wrong = {
        'app-id': '',
        'backend-environment-name': '   ',
        'resource-name': undefined,
        'bucket-name': 'My_Bucket',
        'authenticated-permissions': 'WRITE',
        'aws-region': 'us-east-1a',
        wait: 'flase',
        'max-attempts': '0',
      }
      await forEachInvalid({ all: { with: wrong } }, (message, _, step) => {
        const [heading, ...lines] = message.split('\n')
        expect(heading).toBe('8 invalid inputs:')
        const entries = Object.entries(wrong)
        expect(lines).toHaveLength(entries.length + 1)
        entries.forEach(([name, value = ''], index) => {
          const shown = value.trim() === '' ? 'empty' : `"${value}"`
          expect(lines[index]).toContain(`(${index + 1}) ${name} is ${shown}: it `)
        })
        expect(lines.at(-1)).toContain('Fix the inputs')
        expect(step.outputs['error-message']?.split('\n')).toHaveLength(9)
      })
    },
  )

  scenario(
    'A value that is close to a valid one is rejected, instead of being guessed.',
    async () => {
      const near: readonly [string, string, string][] = [
        ...['yes', '1', 'flase', '"true"', 'tRUE'].map((text): [string, string, string] => [
          'wait',
          text,
          '`true` or `false`',
        ]),
        ['service-name', 'DynamoDB', '`S3`'],
        ['bucket-name', 'MyBucket', 'uppercase'],
        ['bucket-name', '192.168.0.1', 'IP address'],
        ['bucket-name', 'b'.repeat(64), '58 characters'],
        ['resource-name', 'a b', 'white space'],
        ['resource-name', 'a/b', '`/`'],
        ['authenticated-permissions', 'READ;DELETE', '"READ;DELETE"'],
        ['authenticated-permissions', 'CREATE AND UPDATE', '"CREATE", "AND", "UPDATE"'],
      ]
      const cases = near.map(([name, value, rule]) => ({ name, rule, with: { [name]: value } }))
      await forEachInvalid(Object.fromEntries(cases.entries()), (message, { name, rule }) => {
        expect(message.startsWith(`${name} is "`)).toBe(true)
        expect(message).toContain(rule)
      })
    },
  )

  scenario('A value that could lead to another path is rejected.', async () => {
    const values = ['..', '.', 'a/b', 'a?x', 'a%2f..%2fb', 'a\tb', 'd1\nx']
    const cases = values.map((value) => ({
      with: { 'app-id': value, 'backend-environment-name': value },
    }))
    await forEachInvalid(Object.fromEntries(cases.entries()), (message) => {
      expect(message).toMatch(/^\(1\) app-id is "/m)
      expect(message).toMatch(/^\(2\) backend-environment-name is "/m)
    })
  })

  scenario('Only a small part of a very long value is shown.', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `X${index}`).join(' ')
    const long = { 'resource-name': 'n'.repeat(100_000) }
    await forEachInvalid(
      {
        'a long list': { with: { ...long, 'authenticated-permissions': 'READ,'.repeat(5_000) } },
        'many entries': { with: { ...long, 'authenticated-permissions': names } },
      },
      (message, _, step) => {
        expect(message).toContain('(100000 characters)')
        expect(message.length).toBeLessThan(1_500)
        expect(step.summary.length).toBeLessThan(10_000)
        expect(Math.max(...step.rawLines.map((line) => line.length))).toBeLessThan(3_000)
      },
    )
  })
})
