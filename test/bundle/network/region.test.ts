import { expect } from 'vitest'

import { defaults, type FaultSpec } from '../../../emulator/emulator.ts'
import { createHome } from '../../support/home-folder.ts'
import { createNetworkGuard } from '../../support/network-guard.ts'
import { runOnce, withoutRole } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations, getLog } from '../../support/step-result.ts'

scenarios<Readonly<{ input?: string; env: Record<string, string | undefined>; region: string }>>(
  'The region comes from the first source that is set',
  {
    'aws-region': {
      input: ' eu-west-2\r\n',
      env: { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-2' },
      region: 'eu-west-2',
    },
    AWS_REGION: {
      env: { AWS_REGION: 'us-east-1\n', AWS_DEFAULT_REGION: 'us-east-2' },
      region: 'us-east-1',
    },
    AWS_DEFAULT_REGION: {
      env: { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-2' },
      region: 'us-east-2',
    },
  },
  async ({ input = '', env, region }, source) => {
    const { step, emulator } = await runOnce({ env, with: { 'aws-region': input, wait: 'false' } })
    expectSuccess(step, 'started')
    expect(getLog(step)).toContain(`region ${region} (from ${source})`)
    expect(emulator.calls('CreateBackendStorage')[0]?.region).toBe(region)
  },
)

scenario('A run without a region fails, even when a profile has one', async () => {
  const { step, emulator } = await runOnce({
    with: { 'aws-region': '' },
    env: {
      ...createHome({ '.aws/config': '[default]\nregion = us-east-1\n' }),
      AWS_REGION: ' ',
      AWS_DEFAULT_REGION: undefined,
    },
  })
  const message = expectFailure(step, 'INVALID_INPUT')
  expect(message).toContain('aws-region')
  expect(message).toContain('AWS_DEFAULT_REGION')
  expect(emulator.requests).toEqual([])
})

scenarios(
  'A malformed region is rejected by the name of its source, before any request',
  {
    'aws-region': { with: { 'aws-region': 'us-east-1a' } },
    AWS_REGION: { with: { 'aws-region': '' }, env: { AWS_REGION: 'us-east-1\neu-west-1' } },
  },
  async (given, source) => {
    const { step, emulator } = await runOnce(given)
    expect(expectFailure(step, 'INVALID_INPUT')).toContain(`${source} is "`)
    expect(emulator.requests).toEqual([])
  },
)

scenarios<Readonly<{ region: string; ambient?: true }>>(
  'An unknown region is pointed out when its host is not found',
  {
    'a role': { region: 'mars-1' },
    'credentials of the environment': { region: 'eu-wset-1', ambient: true },
  },
  async ({ region, ambient }) => {
    const guard = createNetworkGuard()
    const { step } = await runOnce({
      guard,
      env: ({ ambientEnv }) => ({
        ...(ambient === true ? ambientEnv : {}),
        AWS_ENDPOINT_URL: undefined,
      }),
      with: { 'aws-region': region, ...(ambient === true ? withoutRole : {}) },
    })
    const [code, service] =
      ambient === true
        ? (['HOST_UNREACHABLE', 'amplifybackend'] as const)
        : (['STS_UNAVAILABLE', 'sts'] as const)
    const message = expectFailure(step, code)
    expect(message).toContain('ENOTFOUND')
    expect(message).toContain(`"${region}"`)
    expect(getAnnotations(step, 'warning')).toHaveLength(1)
    expect(new Set(guard.attempts())).toEqual(new Set([`${service}.${region}.amazonaws.com`]))
    expect(guard.attempts().length).toBeLessThanOrEqual(8)
  },
)

scenarios<Readonly<{ app: string; faults?: readonly FaultSpec[]; creates: number }>>(
  'An app that is not in the region is reported with everything that it was looked up by, and not retried',
  {
    'not found by the read': { app: 'd0therapp', creates: 0 },
    'not found by the create': {
      app: defaults.appId,
      faults: [{ operation: 'CreateBackendStorage', kind: 'status', status: 404 }],
      creates: 1,
    },
  },
  async ({ app, faults = [], creates }) => {
    const { step, emulator } = await runOnce({ with: { 'app-id': app }, faults })
    // Without an app, there is nothing to compare with.
    const hasChanges = creates === 0 ? '' : 'true'
    const message = expectFailure(step, 'NOT_FOUND', { 'has-changes': hasChanges })
    for (const part of [app, 'eu-west-1', 'NotFoundException']) expect(message).toContain(part)
    expect(emulator.calls('GetBackendStorage')).toHaveLength(1)
    expect(emulator.calls('CreateBackendStorage')).toHaveLength(creates)
  },
)
