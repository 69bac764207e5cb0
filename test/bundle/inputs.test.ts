import { describe, expect } from 'vitest'

import { addApp, addEnvironment } from '../../emulator/emulator.ts'
import { isObject, type JsonObject } from '../../emulator/lib/validation.ts'
import { runAction, createTestBed, defaultInputs, type TestBed } from '../support/run-action.ts'
import { expectSuccess, expectFailure, getLog } from '../support/step-result.ts'
import { scenario } from '../support/scenario.ts'
import { forEachCase } from '../support/for-each-case.ts'

/** The body of the one create that was sent. */
function created({ emulator }: TestBed): JsonObject {
  const [call, ...more] = emulator.calls('CreateBackendStorage')
  expect(more).toEqual([])
  if (call === undefined || !isObject(call.body)) throw new Error('nothing was created')
  return call.body
}

const config = (body: JsonObject): unknown => body['resourceConfig']

describe('values in the spellings that workflows produce', () => {
  scenario('I01, I02, I12: lists of permissions arrive as the same request', async () => {
    await forEachCase<string>(
      {
        commas: 'READ,DELETE',
        lines: 'READ\nDELETE\n',
        'I02: CRLF': 'READ\r\nDELETE\r\n',
        'I02: CR': 'READ\rDELETE',
        JSON: '["READ", "DELETE"]',
        'a YAML list': '- READ\n- DELETE',
        spaces: 'READ DELETE',
        quotes: `'READ' "DELETE"`,
        'blank and double entries': ',,READ,, DELETE,READ',
        'I12: letter case': 'delete Read',
      },
      async (list) => {
        const world = await createTestBed()
        const end = await runAction(world, {
          with: {
            'authenticated-permissions': list,
            'unauthenticated-permissions': list.replace(/delete/i, ''),
            'service-name': ' s3 ',
            'app-id': ' d1a2b3c4d5e6f7\r\n',
            wait: 'False',
          },
        })
        expectSuccess(end, 'started')
        expect(config(created(world))).toEqual({
          serviceName: 'S3',
          permissions: { authenticated: ['READ', 'DELETE'], unAuthenticated: ['READ'] },
        })
      },
      4,
    )
  })

  scenario('I01, I12: one entry, and one of two words, in any spelling', async () => {
    await forEachCase<{ list: string; sent: readonly string[] }>(
      {
        quotes: { list: "'READ'", sent: ['READ'] },
        'blank entries': { list: ',,READ,', sent: ['READ'] },
        twice: { list: 'READ,READ', sent: ['READ'] },
        'lower case': { list: 'create_and_update', sent: ['CREATE_AND_UPDATE'] },
        hyphens: { list: 'CREATE-AND-UPDATE', sent: ['CREATE_AND_UPDATE'] },
      },
      async ({ list, sent }) => {
        const world = await createTestBed()
        const end = await runAction(world, {
          with: { 'authenticated-permissions': list, 'service-name': '', wait: 'false' },
        })
        expectSuccess(end, 'started')
        expect(config(created(world))).toEqual({
          serviceName: 'S3',
          permissions: { authenticated: sent },
        })
      },
    )
  })

  scenario('I02: a carriage return at the end of any value does not count', async () => {
    await forEachCase<string>({ CR: '\r', CRLF: '\r\n', 'a new line': '\n' }, async (ending) => {
      const world = await createTestBed()
      const ended = Object.entries({ ...defaultInputs, wait: 'false', mode: 'apply' }).map(
        ([name, value]): [string, string] => [name, `${value}${ending}`],
      )
      const end = await runAction(world, { with: Object.fromEntries(ended) })
      expectSuccess(end, 'started')
      expect(end.annotations).toEqual([])
      expect(end.outputs).toMatchObject({
        'app-id': defaultInputs['app-id'],
        'backend-environment-name': 'prod',
        'resource-name': 'media',
      })
      expect(created(world)['resourceName']).toBe('media')
    })
  })

  scenario('I01: `none` is the empty list, and an empty value is no list at all', async () => {
    await forEachCase<{ guests: string; sent: object }>(
      {
        none: { guests: 'none', sent: { authenticated: [], unAuthenticated: [] } },
        empty: { guests: '', sent: { authenticated: [] } },
      },
      async ({ guests, sent }) => {
        const world = await createTestBed()
        const end = await runAction(world, {
          with: {
            'authenticated-permissions': 'None',
            'unauthenticated-permissions': guests,
            wait: 'false',
          },
        })
        expectSuccess(end, 'started')
        expect(config(created(world))).toEqual({ serviceName: 'S3', permissions: sent })
      },
    )
  })

  scenario('I04: a boolean that is a near miss is an error, and not false', async () => {
    const world = await createTestBed()
    for (const wrong of ['yes', '1', 'flase', '"true"', 'tRUE']) {
      const end = await runAction(world, { with: { wait: wrong } })
      expect(expectFailure(end, 'INVALID_INPUT')).toMatch(
        /^wait is ".*": it must be `true` or `false`\./,
      )
    }
    expect(world.emulator.requests).toEqual([])
  })

  scenario(
    'I04: a boolean is read in the letter cases of YAML, spaces aside; none is the default',
    async () => {
      await forEachCase<{ wait: string | undefined; result: string }>(
        {
          True: { wait: 'True', result: 'created' },
          empty: { wait: '', result: 'created' },
          'left out': { wait: undefined, result: 'created' },
          'false and a space': { wait: 'false ', result: 'started' },
          FALSE: { wait: 'FALSE', result: 'started' },
        },
        async ({ wait, result }) => {
          const world = await createTestBed({ rules: { jobMs: 2_000 } })
          expectSuccess(await runAction(world, { with: { wait } }), result)
        },
      )
    },
  )

  scenario(
    'I09: an empty bucket name is left to the service, and another one is sent as it is',
    async () => {
      await forEachCase<{ given: string; sent: string | undefined; warned: boolean }>(
        {
          empty: { given: ' ', sent: undefined, warned: false },
          hyphens: { given: 'acme-media', sent: 'acme-media', warned: false },
          'two letters, which only the Amplify CLI refuses': {
            given: 'ab',
            sent: 'ab',
            warned: true,
          },
          'a dot, which only the Amplify CLI refuses': {
            given: 'acme.media',
            sent: 'acme.media',
            warned: true,
          },
        },
        async ({ given, sent, warned }) => {
          const world = await createTestBed()
          const end = await runAction(world, { with: { 'bucket-name': given, wait: 'false' } })
          expectSuccess(end, 'started')
          expect(config(created(world))).toEqual({
            serviceName: 'S3',
            permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
            ...(sent === undefined ? {} : { bucketName: sent }),
          })
          expect(end.annotations.map(({ level }) => level)).toEqual(warned ? ['warning'] : [])
        },
      )
    },
  )

  scenario(
    'I10: an odd name is passed on with a warning, and what the service says of it is shown',
    async () => {
      await forEachCase<{ name: string; shown: string }>(
        {
          hyphens: { name: 'my-storage', shown: '"my-storage"' },
          'another alphabet': { name: 'é', shown: '"é"' },
          long: { name: 'n'.repeat(200), shown: '(200 characters)' },
        },
        async ({ name, shown }) => {
          const world = await createTestBed({ rules: { jobMs: 2_000 } })
          world.emulator.planJob({ error: 'Resource name is not valid' })
          const end = await runAction(world, { with: { 'resource-name': name } })
          expect(expectFailure(end, 'JOB_FAILED')).toContain('Resource name is not valid')
          expect(created(world)['resourceName']).toBe(name)
          const [warning, ...more] = end.annotations.filter(({ level }) => level === 'warning')
          expect(warning?.message).toMatch(/^resource-name is /)
          expect(warning?.message).toContain(shown)
          expect(more).toEqual([])
        },
      )
    },
  )

  scenario('I10: a name of letters is passed on without one, in its own letter case', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { 'resource-name': 'AppStorage', wait: 'false' } })
    expectSuccess(end, 'started')
    expect(end.annotations).toEqual([])
    expect(created(world)['resourceName']).toBe('AppStorage')
  })

  scenario('I06: an app id of any letters is one part of the path, and of the links', async () => {
    const world = await createTestBed()
    const appId = 'd1💥;:@&=+$é'
    addEnvironment(addApp(world.emulator.state, appId), 'prod')
    const end = await runAction(world, { with: { 'app-id': appId, wait: 'false' } })
    expectSuccess(end, 'started')
    expect(end.summary).toContain('https://eu-west-1.console.aws.amazon.com/amplify/')
    for (const { path } of world.emulator.requests.filter(
      ({ service }) => service === 'amplifybackend',
    )) {
      expect(path.split('/').length).toBeLessThanOrEqual(6)
      expect(decodeURIComponent(path.split('/')[2] ?? '')).toBe(appId)
    }
  })
})

describe('values that are refused', () => {
  scenario(
    'I05: all of them at once, each with its name, value, rule and remedy, and nobody is called',
    async () => {
      const world = await createTestBed()
      const end = await runAction(world, {
        with: {
          'app-id': '',
          'backend-environment-name': '   ',
          'resource-name': undefined,
          'bucket-name': 'My_Bucket',
          'authenticated-permissions': 'WRITE',
          'aws-region': 'us-east-1a',
          wait: 'flase',
          'max-attempts': '0',
        },
      })
      expect(expectFailure(end, 'INVALID_INPUT').split('\n')).toEqual([
        '8 problems with the inputs.',
        expect.stringMatching(/^\(1\) app-id is empty: it is required\. Set it under/),
        expect.stringMatching(/^\(2\) backend-environment-name is empty: it is required\. /),
        expect.stringMatching(/^\(3\) resource-name is empty: it is required\. /),
        expect.stringMatching(/^\(4\) bucket-name is "My_Bucket": it must hold only .*\. Give the/),
        expect.stringMatching(
          /^\(5\) authenticated-permissions is "WRITE": it must list only .*\. /,
        ),
        expect.stringMatching(/^\(6\) aws-region is "us-east-1a": .*\. Write `us-east-1`\./),
        expect.stringMatching(/^\(7\) wait is "flase": it must be `true` or `false`\. Write /),
        expect.stringMatching(/^\(8\) max-attempts is "0": .* from 1 to 20\. Give digits/),
        expect.stringMatching(/^Mend what the message names/),
      ])
      expect(end.outputs['error-message']?.split('\n')).toHaveLength(9)
      expect(world.emulator.requests).toEqual([])
    },
  )

  scenario('I05: a required one that is empty, blank or left out', async () => {
    const required = [
      'app-id',
      'backend-environment-name',
      'resource-name',
      'authenticated-permissions',
    ]
    const world = await createTestBed()
    await forEachCase<string | undefined>(
      { empty: '', blank: '   ', 'a new line': '\r\n', 'left out': undefined },
      async (value) => {
        const end = await runAction(world, {
          with: Object.fromEntries(required.map((name) => [name, value])),
        })
        const lines = expectFailure(end, 'INVALID_INPUT').split('\n')
        expect(lines[0]).toBe('4 problems with the inputs.')
        required.forEach((name, index) => {
          expect(lines[index + 1]).toMatch(`(${index + 1}) ${name} is empty: it is required.`)
        })
      },
    )
    expect(world.emulator.requests).toEqual([])
  })

  scenario(
    'I01, I12: a list with another word, which is named beside those that are known',
    async () => {
      const world = await createTestBed()
      await forEachCase<{ list: string; named: string }>(
        {
          'another word': { list: 'READ,WRITE', named: '"WRITE" is none of them' },
          'another separator': { list: 'READ;DELETE', named: '"READ;DELETE" is none of them' },
          'parts of a word': { list: 'CREATE AND UPDATE', named: '"CREATE", "AND", "UPDATE"' },
          JSON: { list: '["READ", "LIST"]', named: '"LIST" is none of them' },
        },
        async ({ list, named }) => {
          const end = await runAction(world, {
            with: { 'authenticated-permissions': list, 'unauthenticated-permissions': list },
          })
          const message = expectFailure(end, 'INVALID_INPUT')
          for (const name of ['authenticated-permissions', 'unauthenticated-permissions']) {
            expect(message).toMatch(new RegExp(`^\\(\\d\\) ${name} is "`, 'm'))
          }
          expect(message.split(named)).toHaveLength(3)
          expect(message).toContain('must list only READ, CREATE_AND_UPDATE and DELETE')
        },
      )
      expect(world.emulator.requests).toEqual([])
    },
  )

  scenario('I12: another service, beside the one that is known', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { 'service-name': 'DynamoDB' } })
    expect(expectFailure(end, 'INVALID_INPUT')).toMatch(
      /^service-name is "DynamoDB": it must be `S3`\./,
    )
    expect(world.emulator.requests).toEqual([])
  })

  scenario('I09: a bucket that S3 must refuse', async () => {
    const world = await createTestBed()
    await forEachCase<{ name: string; rule: string }>(
      {
        'upper case': { name: 'MyBucket', rule: 'must not hold upper-case letters' },
        'an underscore': { name: 'a_b', rule: 'must hold only lower-case letters, digits' },
        'two dots': { name: 'a..b', rule: 'must not hold two dots in a row' },
        'an address': { name: '192.168.0.1', rule: 'must not look like an IP address' },
        long: { name: 'b'.repeat(64), rule: 'must not be longer than 58 characters' },
      },
      async ({ name, rule }) => {
        const end = await runAction(world, { with: { 'bucket-name': name } })
        const message = expectFailure(end, 'INVALID_INPUT')
        expect(message).toMatch(/^bucket-name is "/)
        expect(message).toContain(`: it ${rule}`)
      },
    )
    expect(world.emulator.requests).toEqual([])
  })

  scenario('I10: a resource name of two words, or that leads elsewhere', async () => {
    const world = await createTestBed()
    await forEachCase<string>({ space: 'a b', path: 'a/b', dots: '..' }, async (name) => {
      const end = await runAction(world, { with: { 'resource-name': name } })
      expect(expectFailure(end, 'INVALID_INPUT')).toMatch(/^resource-name is "/)
    })
    expect(world.emulator.requests).toEqual([])
  })

  scenario('I06: what could lead to another path', async () => {
    const world = await createTestBed()
    await forEachCase<string>(
      {
        '..': '..',
        '.': '.',
        slash: 'a/b',
        query: 'a?x',
        escape: 'a%2f..%2fb',
        tab: 'a\tb',
        line: 'd1\nx',
      },
      async (value) => {
        const end = await runAction(world, {
          with: { 'app-id': value, 'backend-environment-name': value },
        })
        const message = expectFailure(end, 'INVALID_INPUT')
        expect(message).toMatch(/^\(1\) app-id is "/m)
        expect(message).toMatch(/^\(2\) backend-environment-name is "/m)
      },
    )
    expect(world.emulator.requests).toEqual([])
  })

  scenario('I13: very long ones, of which little is shown', async () => {
    const world = await createTestBed()
    await forEachCase<{ list: string; rule: string }>(
      {
        'a list of 5000': { list: 'READ,'.repeat(5_000), rule: 'must not be longer than' },
        'a list of 1000 others': {
          list: Array.from({ length: 1_000 }, (_, index) => `X${index}`).join(' '),
          rule: '"X0", "X1", "X2" (and 997 more) are none of them',
        },
      },
      async ({ list, rule }) => {
        const end = await runAction(world, {
          with: { 'resource-name': 'n'.repeat(100_000), 'authenticated-permissions': list },
        })
        const message = expectFailure(end, 'INVALID_INPUT')
        expect(message).toContain('(100000 characters)')
        expect(message).toContain(rule)
        expect(message.length).toBeLessThan(1_500)
        expect(end.summary.length).toBeLessThan(10_000)
        expect(Math.max(...end.rawLines.map((line) => line.length))).toBeLessThan(3_000)
      },
    )
    expect(world.emulator.requests).toEqual([])
  })
})

describe('an input that is misspelt', () => {
  scenario('I07: is noticed and has no effect', async () => {
    const world = await createTestBed()
    const end = await runAction(world, {
      env: { 'INPUT_UNAUTHENTICATED-PERMISIONS': 'READ' },
      with: { wait: 'false' },
    })
    expectSuccess(end, 'started')
    const [warning] = end.annotations
    expect(warning).toMatchObject({ level: 'warning', title: 'Check the inputs' })
    expect(warning?.message).toContain('"unauthenticated-permisions" is not an input')
    expect(warning?.message).toContain('Is `unauthenticated-permissions` meant?')
    expect(config(created(world))).toEqual({
      serviceName: 'S3',
      permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
    })
    expect(getLog(end)).toContain('guests: not managed')
  })
})
