import { describe, expect, it } from 'vitest'

import { isDefaultHost, classifyEndpoint } from '../../src/network/endpoints.ts'
import { FAST_SCALE, runAction, createTestBed, type TestBed } from '../support/run-action.ts'
import { expectSuccess, expectFailure, getLog } from '../support/expect-result.ts'
import { createNetworkGuard, type NetworkGuard } from '../support/network-guard.ts'
import { createHome } from '../support/home-folder.ts'
import { scenario } from '../support/scenario.ts'
import { forEachCase } from '../support/for-each-case.ts'

const STRANGER = 'http://stranger.example'

const sharedConfig = (text: string): Record<string, string> => createHome({ '.aws/config': text })

type Redirected = Readonly<{
  end: Awaited<ReturnType<typeof runAction>>
  world: TestBed
  guard: NetworkGuard
}>

/** A run whose endpoints are set as given, and that cannot leave loopback. */
async function redirected(
  env: Record<string, string | undefined>,
  inputs: Record<string, string> = {},
): Promise<Redirected> {
  const world = await createTestBed({}, FAST_SCALE)
  const guard = createNetworkGuard()
  const end = await runAction(world, {
    nodeArguments: guard.nodeArguments,
    with: { wait: 'false', 'max-attempts': '1', ...inputs },
    env: { AWS_ENDPOINT_URL: undefined, ...guard.env, ...env },
  })
  return { end, world, guard }
}

describe('X10: an endpoint that was left in the environment', () => {
  scenario(
    'leads neither a token nor a request to a stranger, whichever variable it is',
    async () => {
      await forEachCase<string>(
        {
          'for all services': 'AWS_ENDPOINT_URL',
          'for STS': 'AWS_ENDPOINT_URL_STS',
          'for Amplify': 'AWS_ENDPOINT_URL_AMPLIFYBACKEND',
        },
        async (variable) => {
          for (const url of [STRANGER, 'https://stranger.example', 'http://sts.amazonaws.com']) {
            const { end, world, guard } = await redirected({ [variable]: url })
            const message = expectFailure(end, 'INVALID_INPUT')
            expect(message).toContain(`${variable} is "${url}"`)
            expect(message).toContain('allow-custom-endpoints')
            expect(guard.attempts()).toEqual([])
            expect(world.emulator.requests).toEqual([])
          }
        },
      )
    },
  )

  scenario(
    'is refused from the shared configuration too, before anything is sent there',
    async () => {
      await forEachCase<{ config: string; env?: Record<string, string> }>(
        {
          'for all services': { config: `[default]\nendpoint_url = ${STRANGER}\n` },
          'of a profile': {
            config: `[profile p]\nendpoint_url = ${STRANGER}\n`,
            env: { AWS_PROFILE: 'p' },
          },
          'for STS': {
            config: `[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = ${STRANGER}\n`,
          },
          'for Amplify': {
            config: `[default]\nservices = s\n[services s]\namplifybackend =\n  endpoint_url = ${STRANGER}\n`,
          },
        },
        async ({ config, env = {} }, name) => {
          const world = await createTestBed({}, FAST_SCALE)
          const guard = createNetworkGuard()
          const end = await runAction(world, {
            nodeArguments: guard.nodeArguments,
            env: {
              ...sharedConfig(config),
              ...env,
              ...guard.env,
              AWS_ENDPOINT_URL: undefined,
              // Where the shared configuration speaks of one service only, the other is the emulator's.
              ...(name === 'for Amplify' ? { AWS_ENDPOINT_URL_STS: world.emulator.url } : {}),
            },
          })
          const message = expectFailure(end, 'ENDPOINT_REFUSED')
          expect(message).toContain(STRANGER)
          expect(message).toContain('allow-custom-endpoints')
          expect(guard.attempts()).toEqual([])
          expect(world.emulator.calls('CreateBackendStorage')).toEqual([])
        },
      )
    },
  )

  scenario('is reported by name where it is malformed, and where it holds a password', async () => {
    const world = await createTestBed()
    const wrong: readonly (readonly [string, string])[] = [
      ['localhost:4566', '"localhost:4566"'],
      ['http://builder:example-password@127.0.0.1:4566', '(not shown)'],
    ]
    for (const [url, shown] of wrong) {
      const end = await runAction(world, { env: { AWS_ENDPOINT_URL: url } })
      expect(expectFailure(end, 'INVALID_INPUT')).toContain(`AWS_ENDPOINT_URL is ${shown}: it must`)
      expect(getLog(end)).not.toContain('example-password')
    }
    expect(world.emulator.requests).toEqual([])
  })

  scenario('is not looked at where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS says so', async () => {
    const { end, guard } = await redirected({
      AWS_ENDPOINT_URL: STRANGER,
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
    })
    expectFailure(end, 'STS_UNAVAILABLE')
    expect(guard.attempts()).toEqual(['sts.eu-west-1.amazonaws.com'])
    expect(getLog(end)).not.toContain('Requests go to')
  })
})

describe('X10: an endpoint that is meant', () => {
  scenario('may be loopback, and is said aloud in the log and the summary', async () => {
    const world = await createTestBed()
    const end = await runAction(world, { with: { wait: 'false' } })
    expectSuccess(end, 'started')
    const host = `127.0.0.1:${world.emulator.port}`
    expect(getLog(end)).toContain(`Requests go to ${host} instead of AWS`)
    expect(end.summary).toMatch(/Requests went to <code>127&#46;0&#46;0&#46;1&#58;\d+<\/code>/)
    expect(end.annotations).toEqual([])
  })

  scenario(
    'may be AWS’s own by https, and is said aloud where it is not the usual one',
    async () => {
      await forEachCase<{ env: Record<string, string>; host: string }>(
        {
          'a private link': {
            env: {
              AWS_ENDPOINT_URL_STS: 'https://vpce-0abc-12.sts.eu-west-1.vpce.amazonaws.com',
            },
            host: 'vpce-0abc-12.sts.eu-west-1.vpce.amazonaws.com',
          },
          'another region': {
            env: { AWS_ENDPOINT_URL_STS: 'https://sts.us-east-1.amazonaws.com' },
            host: 'sts.us-east-1.amazonaws.com',
          },
          'by the shared configuration': {
            env: sharedConfig('[default]\nendpoint_url = https://sts.amazonaws.com\n'),
            host: 'sts.amazonaws.com',
          },
        },
        async ({ env, host }) => {
          const { end, guard } = await redirected(env)
          expectFailure(end, 'STS_UNAVAILABLE')
          expect(guard.attempts()).toEqual([host])
          const text = `Requests go to ${host} instead of the usual host of the region`
          expect(getLog(end)).toContain(text)
          expect(end.summary).toContain(
            `Requests went to <code>${host.replaceAll('.', '&#46;')}</code>`,
          )
        },
      )
    },
  )

  scenario('is not said aloud where nothing is set', async () => {
    const { end, guard } = await redirected({})
    expectFailure(end, 'STS_UNAVAILABLE')
    expect(guard.attempts()).toEqual(['sts.eu-west-1.amazonaws.com'])
    expect(`${getLog(end)}${end.summary}`).not.toMatch(/Requests (?:go|went) to/)
  })

  scenario('may be any other host where allow-custom-endpoints is on, with a warning', async () => {
    await forEachCase<Record<string, string>>(
      {
        'by a variable': { AWS_ENDPOINT_URL: STRANGER },
        'by the shared configuration': sharedConfig(`[default]\nendpoint_url = ${STRANGER}\n`),
      },
      async (env) => {
        const { end, guard } = await redirected(env, { 'allow-custom-endpoints': 'true' })
        expectFailure(end, 'STS_UNAVAILABLE')
        expect(guard.attempts()).toEqual(['stranger.example'])
        expect(getLog(end)).toContain('Requests go to stranger.example instead of AWS')
        const [warning] = end.annotations.filter(({ level }) => level === 'warning')
        expect(warning?.title).toBe('Custom endpoint')
        expect(end.summary).toContain('<code>stranger&#46;example</code>')
      },
    )
  })
})

describe('the hosts of AWS', () => {
  it.each([
    'https://search-x-abc.us-east-1.es.amazonaws.com',
    'https://abc.us-east-1.aoss.amazonaws.com',
    'https://abc.appsync-api.us-east-1.amazonaws.com',
    'https://doc-x.us-east-1.cloudsearch.amazonaws.com',
    'https://vpce-0abc.vpce-svc-0def.us-east-1.vpce.amazonaws.com',
  ])('%s is run by a customer, and so a stranger', (url) => {
    expect(classifyEndpoint(new URL(url), false)).toBe('refused')
  })

  it.each([
    ['sts.eu-west-1.amazonaws.com', 'eu-west-1', true],
    ['amplifybackend.cn-north-1.amazonaws.com.cn', 'cn-north-1', true],
    ['sts-fips.us-east-1.amazonaws.com', 'us-east-1', true],
    ['sts.eu-west-1.api.aws', 'eu-west-1', true],
    ['portal.sso.eu-west-1.amazonaws.com', 'eu-west-1', true],
    ['sts.us-east-1.amazonaws.com', 'eu-west-1', false],
    ['sts.amazonaws.com', 'us-east-1', false],
    ['vpce-1.sts.eu-west-1.vpce.amazonaws.com', 'eu-west-1', false],
    ['x.sts.eu-west-1.amazonaws.com', 'eu-west-1', false],
    ['127.0.0.1', 'eu-west-1', false],
  ])('%s in %s: the usual one is %s', (host, region, usual) => {
    expect(isDefaultHost(host, region)).toBe(usual)
  })
})
