import { describe, expect } from 'vitest'

import { addApp, addEnvironment } from '../../emulator/emulator.ts'
import { isObject, type JsonObject } from '../../emulator/shape.ts'
import { FAST, runAction, stage, type Stage } from '../kit/action.ts'
import { expectGreen, expectRed, logOf } from '../kit/ends.ts'
import { scenario } from '../kit/scope.ts'
import { forEachVariant } from '../kit/variants.ts'

/** The body of the one create that was sent. */
function created({ emulator }: Stage): JsonObject {
  const [call, ...more] = emulator.calls('CreateBackendStorage')
  expect(more).toEqual([])
  if (call === undefined || !isObject(call.body)) throw new Error('nothing was created')
  return call.body
}

const config = (body: JsonObject): unknown => body['resourceConfig']

describe('values in the spellings that workflows produce', () => {
  scenario('I01, I02, I12: lists of permissions arrive as the same request', async () => {
    await forEachVariant<string>(
      {
        commas: 'READ,DELETE',
        lines: 'READ\nDELETE\n',
        'I02: CRLF': 'READ\r\nDELETE\r\n',
        'I02: CR': 'READ\rDELETE',
        JSON: '["READ", "DELETE"]',
        'a YAML list': '- READ\n- DELETE',
        'spaces and quotes': `'READ' "DELETE"`,
        'blank and double entries': ',,READ,, DELETE,READ',
        'I12: letter case': 'delete Read',
      },
      async (list) => {
        const world = await stage()
        const end = await runAction(world, {
          with: {
            'authenticated-permissions': list,
            'unauthenticated-permissions': list.replace(/delete/i, ''),
            'service-name': ' s3 ',
            'app-id': ' d1a2b3c4d5e6f7\r\n',
            wait: 'False',
          },
        })
        expectGreen(end, 'started')
        expect(config(created(world))).toEqual({
          serviceName: 'S3',
          permissions: { authenticated: ['READ', 'DELETE'], unAuthenticated: ['READ'] },
        })
      },
      4,
    )
  })

  scenario('I01: `none` is the empty list, and an empty value is no list at all', async () => {
    await forEachVariant<{ guests: string; sent: object }>(
      {
        none: { guests: 'none', sent: { authenticated: [], unAuthenticated: [] } },
        empty: { guests: '', sent: { authenticated: [] } },
      },
      async ({ guests, sent }) => {
        const world = await stage()
        const end = await runAction(world, {
          with: {
            'authenticated-permissions': 'None',
            'unauthenticated-permissions': guests,
            wait: 'false',
          },
        })
        expectGreen(end, 'started')
        expect(config(created(world))).toEqual({ serviceName: 'S3', permissions: sent })
      },
    )
  })

  scenario(
    'I04: an empty boolean is the default, and a near miss is an error and not false',
    async () => {
      const world = await stage({ rules: { jobMs: 5_000 } }, FAST)
      for (const wrong of ['yes', '1', 'flase', '"true"', 'tRUE']) {
        const end = await runAction(world, { with: { wait: wrong } })
        expect(expectRed(end, 'INVALID_INPUT')).toMatch(
          /^wait is ".*": it must be `true` or `false`\./,
        )
      }
      expect(world.emulator.received).toEqual([])
      expectGreen(await runAction(world, { with: { wait: '' } }), 'created')
    },
  )

  scenario(
    'I09: an empty bucket name is left to the service, and another one is sent as it is',
    async () => {
      await forEachVariant<{ given: string; sent: string | undefined; warned: boolean }>(
        {
          empty: { given: ' ', sent: undefined, warned: false },
          hyphens: { given: 'acme-media', sent: 'acme-media', warned: false },
          'a dot, which only the Amplify CLI refuses': {
            given: 'acme.media',
            sent: 'acme.media',
            warned: true,
          },
        },
        async ({ given, sent, warned }) => {
          const world = await stage()
          const end = await runAction(world, { with: { 'bucket-name': given, wait: 'false' } })
          expectGreen(end, 'started')
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
      const world = await stage({ rules: { jobMs: 2_000 } }, FAST)
      const end = await runAction(world, { with: { 'resource-name': 'my-storage-é' } })
      expectRed(end, 'JOB_FAILED')
      expect(created(world)['resourceName']).toBe('my-storage-é')
      const [warning] = end.annotations.filter(({ level }) => level === 'warning')
      expect(warning?.message).toContain('resource-name is "my-storage-é"')
    },
  )

  scenario('I06: an app id of any letters is one part of the path, and of the links', async () => {
    const world = await stage()
    const appId = 'd1💥;:@&=+$é'
    addEnvironment(addApp(world.emulator.world, appId), 'prod')
    const end = await runAction(world, { with: { 'app-id': appId, wait: 'false' } })
    expectGreen(end, 'started')
    expect(end.summary).toContain('https://eu-west-1.console.aws.amazon.com/amplify/')
    for (const { path } of world.emulator.received.filter(
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
      const world = await stage()
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
      expect(expectRed(end, 'INVALID_INPUT').split('\n')).toEqual([
        '8 inputs need mending.',
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
        expect.stringMatching(/^Mend each input/),
      ])
      expect(end.outputs['error-message']?.split('\n')).toHaveLength(9)
      expect(world.emulator.received).toEqual([])
    },
  )

  scenario('I06: what could lead to another path', async () => {
    const world = await stage()
    await forEachVariant<string>(
      { '..': '..', '.': '.', slash: 'a/b', query: 'a?x', escape: 'a%2f..%2fb', tab: 'a\tb' },
      async (value) => {
        const end = await runAction(world, {
          with: { 'app-id': value, 'backend-environment-name': value },
        })
        const message = expectRed(end, 'INVALID_INPUT')
        expect(message).toMatch(/^\(1\) app-id is "/m)
        expect(message).toMatch(/^\(2\) backend-environment-name is "/m)
      },
    )
    expect(world.emulator.received).toEqual([])
  })

  scenario('I13: very long ones, of which little is shown', async () => {
    const world = await stage()
    const end = await runAction(world, {
      with: {
        'resource-name': 'n'.repeat(100_000),
        'authenticated-permissions': 'READ,'.repeat(5_000),
      },
    })
    const message = expectRed(end, 'INVALID_INPUT')
    expect(message).toContain('(100000 characters)')
    expect(message.length).toBeLessThan(1_500)
    expect(end.summary.length).toBeLessThan(10_000)
    expect(world.emulator.received).toEqual([])
  })
})

describe('an input that is misspelt', () => {
  scenario('I07: is noticed and has no effect', async () => {
    const world = await stage()
    const end = await runAction(world, {
      env: { 'INPUT_UNAUTHENTICATED-PERMISIONS': 'READ' },
      with: { wait: 'false' },
    })
    expectGreen(end, 'started')
    const [warning] = end.annotations
    expect(warning).toMatchObject({ level: 'warning', title: 'Check the inputs' })
    expect(warning?.message).toContain('"unauthenticated-permisions" is not an input')
    expect(warning?.message).toContain('Is `unauthenticated-permissions` meant?')
    expect(config(created(world))).toEqual({
      serviceName: 'S3',
      permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
    })
    expect(logOf(end)).toContain('guests: not managed')
  })
})
