/** Where requests go when the environment or the shared configuration sets an endpoint. */
import { expect } from 'vitest'

import type { Emulator } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { createHome } from '../../support/home-folder.ts'
import { createNetworkGuard } from '../../support/network-guard.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations, getLog } from '../../support/step-result.ts'

const OTHER_HOST = 'http://other.example'

const sharedConfig = (text: string): Record<string, string> => createHome({ '.aws/config': text })

type Redirected = Readonly<{
  step: StepResult
  emulator: Emulator
  /** The hosts outside of loopback that the process tried to reach. */
  attempts: readonly string[]
}>

/** Runs the action with these endpoints, in a process that cannot leave loopback. */
async function redirect(
  env: (emulator: Emulator) => Record<string, string | undefined>,
  inputs: Record<string, string> = {},
): Promise<Redirected> {
  const guard = createNetworkGuard()
  const run = await runOnce({
    guard,
    with: { wait: 'false', 'max-attempts': '1', ...inputs },
    env: (emulator) => ({ AWS_ENDPOINT_URL: undefined, ...env(emulator) }),
  })
  return { ...run, attempts: guard.attempts() }
}

scenarios(
  'An endpoint outside AWS in a variable is refused by the name of the variable, before any request',
  {
    AWS_ENDPOINT_URL: OTHER_HOST,
    AWS_ENDPOINT_URL_STS: 'https://other.example',
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: 'http://sts.amazonaws.com',
  },
  async (url, variable) => {
    const { step, emulator, attempts } = await redirect(() => ({ [variable]: url }))
    const message = expectFailure(step, 'INVALID_INPUT')
    expect(message).toContain(`${variable} is "${url}"`)
    expect(message).toContain('allow-custom-endpoints')
    expect(attempts).toEqual([])
    expect(emulator.requests).toEqual([])
  },
)

scenarios<Readonly<{ config: string; env?: (emulator: Emulator) => Record<string, string> }>>(
  'An endpoint outside AWS in the shared configuration is refused before anything is sent to it',
  {
    'for all services': { config: `[default]\nendpoint_url = ${OTHER_HOST}\n` },
    'of a profile': {
      config: `[profile p]\nendpoint_url = ${OTHER_HOST}\n`,
      env: () => ({ AWS_PROFILE: 'p' }),
    },
    'for STS': {
      config: `[default]\nservices = s\n[services s]\nsts =\n  endpoint_url = ${OTHER_HOST}\n`,
    },
    'for Amplify': {
      config: `[default]\nservices = s\n[services s]\namplifybackend =\n  endpoint_url = ${OTHER_HOST}\n`,
      env: ({ url }) => ({ AWS_ENDPOINT_URL_STS: url }),
    },
  },
  async ({ config, env }) => {
    const { step, emulator, attempts } = await redirect((on) => ({
      ...sharedConfig(config),
      ...env?.(on),
    }))
    const message = expectFailure(step, 'ENDPOINT_REFUSED')
    expect(message).toContain(OTHER_HOST)
    expect(message).toContain('allow-custom-endpoints')
    expect(attempts).toEqual([])
    expect(emulator.calls('CreateBackendStorage')).toEqual([])
  },
)

scenario('An endpoint with a password is refused without being shown', async () => {
  const { step, emulator } = await runOnce({
    env: { AWS_ENDPOINT_URL: 'http://builder:example-password@127.0.0.1:4566' },
  })
  expect(expectFailure(step, 'INVALID_INPUT')).toContain('AWS_ENDPOINT_URL')
  expect(getLog(step)).not.toContain('example-password')
  expect(emulator.requests).toEqual([])
})

scenarios<Readonly<{ env?: Record<string, string>; config?: string }>>(
  'FIPS and dual-stack endpoints together with a configured endpoint are an error before any request',
  {
    'a FIPS endpoint': { env: { AWS_USE_FIPS_ENDPOINT: 'true' } },
    'a dual-stack endpoint': { env: { AWS_USE_DUALSTACK_ENDPOINT: 'true' } },
    'a FIPS endpoint of the shared configuration': {
      config: '[default]\nuse_fips_endpoint = true\n',
    },
  },
  async ({ env = {}, config = '' }) => {
    const { step, emulator } = await runOnce({ env: { ...sharedConfig(config), ...env } })
    const message = expectFailure(step, 'INVALID_INPUT')
    for (const name of Object.keys(env)) expect(message).toContain(name)
    if (config !== '') expect(message).toContain('use_fips_endpoint')
    expect(emulator.calls('AssumeRoleWithWebIdentity')).toEqual([])
    expect(emulator.calls('token').length).toBeLessThanOrEqual(1)
  },
)

scenario('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS makes requests go to AWS', async () => {
  const { step, attempts } = await redirect(() => ({
    AWS_ENDPOINT_URL: OTHER_HOST,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
  }))
  expectFailure(step, 'STS_UNAVAILABLE')
  expect(attempts).toEqual(['sts.eu-west-1.amazonaws.com'])
})

scenario('A loopback endpoint is used and reported in the log and the summary', async () => {
  const { step, emulator } = await runOnce({ with: { wait: 'false' } })
  expectSuccess(step, 'started')
  expect(getLog(step)).toContain(`Requests go to 127.0.0.1:${emulator.port}`)
  expect(step.summary).toMatch(/`127\.0\.0\.1:\d+`/)
  expect(step.annotations).toEqual([])
})

scenarios<Readonly<{ env: () => Record<string, string>; host: string }>>(
  'A host of AWS other than the default host of the region is used and reported',
  {
    'a private link': {
      env: () => ({
        AWS_ENDPOINT_URL_STS: 'https://vpce-0abc-12.sts.eu-west-1.vpce.amazonaws.com',
      }),
      host: 'vpce-0abc-12.sts.eu-west-1.vpce.amazonaws.com',
    },
    'another region': {
      env: () => ({ AWS_ENDPOINT_URL_STS: 'https://sts.us-east-1.amazonaws.com' }),
      host: 'sts.us-east-1.amazonaws.com',
    },
    'the shared configuration': {
      env: () => sharedConfig('[default]\nendpoint_url = https://sts.amazonaws.com\n'),
      host: 'sts.amazonaws.com',
    },
  },
  async ({ env, host }) => {
    const { step, attempts } = await redirect(env)
    expectFailure(step, 'STS_UNAVAILABLE')
    expect(attempts).toEqual([host])
    expect(getLog(step)).toContain(`Requests go to ${host}`)
    expect(step.summary).toContain(`\`${host}\``)
  },
)

scenario('Without endpoints, requests go to the default host, which is not reported', async () => {
  const { step, attempts } = await redirect(() => ({}))
  expectFailure(step, 'STS_UNAVAILABLE')
  expect(attempts).toEqual(['sts.eu-west-1.amazonaws.com'])
  expect(`${getLog(step)}${step.summary}`).not.toMatch(/Requests (?:go|went) to/)
})

scenarios<() => Record<string, string>>(
  'allow-custom-endpoints lets requests go to any host, with a warning',
  {
    'a variable': () => ({ AWS_ENDPOINT_URL: OTHER_HOST }),
    'the shared configuration': () => sharedConfig(`[default]\nendpoint_url = ${OTHER_HOST}\n`),
  },
  async (env) => {
    const { step, attempts } = await redirect(env, { 'allow-custom-endpoints': 'true' })
    expectFailure(step, 'STS_UNAVAILABLE')
    expect(attempts).toEqual(['other.example'])
    expect(getAnnotations(step, 'warning')[0]?.title).toBe('Custom endpoint')
    expect(step.summary).toContain('`other.example`')
  },
)
