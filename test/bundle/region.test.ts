import { describe, expect } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import { FAST_SCALE, runAction, createTestBed } from '../support/run-action.ts'
import { expectSuccess, expectFailure, getLog } from '../support/expect-result.ts'
import { createNetworkGuard } from '../support/network-guard.ts'
import { createHome } from '../support/home-folder.ts'
import { scenario } from '../support/scenario.ts'
import { sampleCases } from '../support/sampling.ts'
import { forEachCase } from '../support/for-each-case.ts'

describe('the region', () => {
  scenario('R01: comes from the input, then AWS_REGION, then AWS_DEFAULT_REGION', async () => {
    await forEachCase<{
      input?: string
      env: Record<string, string | undefined>
      region: string
      source: string
    }>(
      {
        'all three': {
          input: 'eu-west-2',
          env: { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-2' },
          region: 'eu-west-2',
          source: 'aws-region',
        },
        'both variables': {
          env: { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-2' },
          region: 'us-east-1',
          source: 'AWS_REGION',
        },
        'an empty AWS_REGION': {
          env: { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-2' },
          region: 'us-east-2',
          source: 'AWS_DEFAULT_REGION',
        },
        'AWS_REGION alone': {
          env: { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: undefined },
          region: 'us-east-1',
          source: 'AWS_REGION',
        },
        'AWS_DEFAULT_REGION alone': {
          env: { AWS_REGION: undefined, AWS_DEFAULT_REGION: 'us-east-2' },
          region: 'us-east-2',
          source: 'AWS_DEFAULT_REGION',
        },
        'R02: a new line at its end': {
          env: { AWS_REGION: 'us-east-1\n' },
          region: 'us-east-1',
          source: 'AWS_REGION',
        },
        'R02: spaces around the input': {
          input: ' us-east-1\r\n',
          env: {},
          region: 'us-east-1',
          source: 'aws-region',
        },
      },
      async ({ input = '', env, region, source }) => {
        const world = await createTestBed()
        const end = await runAction(world, { env, with: { 'aws-region': input, wait: 'false' } })
        expectSuccess(end, 'started')
        expect(getLog(end)).toContain(`region ${region} (from ${source})`)
        expect(world.emulator.calls('CreateBackendStorage')[0]?.region).toBe(region)
      },
    )
  })

  scenario('R01: that is nowhere is an error that names the input', async () => {
    const world = await createTestBed()
    // A profile's region is none of the documented sources.
    const profiled = createHome({ '.aws/config': '[default]\nregion = us-east-1\n' })
    for (const empty of [undefined, '', ' ']) {
      const end = await runAction(world, {
        with: { 'aws-region': '' },
        env: { ...profiled, AWS_REGION: empty, AWS_DEFAULT_REGION: empty },
      })
      const message = expectFailure(end, 'INVALID_INPUT')
      expect(message).toContain('aws-region is empty')
      expect(message).toContain('AWS_DEFAULT_REGION')
    }
    expect(world.emulator.requests).toEqual([])
  })

  scenario(
    'R02, R04: that can be none is refused before any call, with what is meant',
    async () => {
      const world = await createTestBed()
      const wrong: readonly (readonly [string, RegExp])[] = [
        ['"us-east-1"', /must not be in quotes/],
        ['us-east-1 # prod', /must not hold white space/],
        ['us-east-1,', /must be the code of a region/],
        ['us-east-1a', /not an availability zone.*Write `us-east-1`/],
        ['US-EAST-1', /Write `us-east-1`/],
        ['us-east-1.evil.example', /must be the code of a region/],
        ['us-east-1\neu-west-1', /must not hold white space/],
      ]
      for (const [region, rule] of sampleCases(wrong)) {
        for (const [name, given] of [
          ['aws-region', { with: { 'aws-region': region } }],
          ['AWS_REGION', { with: { 'aws-region': '' }, env: { AWS_REGION: region } }],
        ] as const) {
          const message = expectFailure(await runAction(world, given), 'INVALID_INPUT')
          expect(message.startsWith(`${name} is "`)).toBe(true)
          // Name, value and rule stand on one line, whatever the value holds.
          expect(message.split('\n')[0]).toMatch(rule)
        }
      }
      expect(world.emulator.requests).toEqual([])
    },
  )

  scenario(
    'R04: that nobody knows is tied to the host that is not found, and soon given up',
    async () => {
      await forEachCase<{ region: string; ambient: boolean }>(
        {
          'a role, mars-1': { region: 'mars-1', ambient: false },
          'a role, undefined': { region: 'undefined', ambient: false },
          'ambient credentials, eu-wset-1': { region: 'eu-wset-1', ambient: true },
        },
        async ({ region, ambient }) => {
          const world = await createTestBed({}, FAST_SCALE)
          const guard = createNetworkGuard()
          const end = await runAction(world, {
            nodeArguments: guard.nodeArguments,
            env: {
              ...guard.env,
              AWS_ENDPOINT_URL: undefined,
              ...(ambient ? world.emulator.ambientEnv : {}),
            },
            with: {
              'aws-region': region,
              ...(ambient ? { 'role-to-assume': '', 'plan-role-to-assume': '' } : {}),
            },
          })

          const message = expectFailure(end, ambient ? 'HOST_UNREACHABLE' : 'STS_UNAVAILABLE')
          expect(message).toContain('ENOTFOUND')
          expect(message).toContain('spelling')
          expect(message).toContain(`"${region}"`)
          const warned = end.annotations.filter(({ level }) => level === 'warning')
          expect(warned.map((each) => each.message).join()).toContain('no endpoint of Amplify')
          const service = ambient ? 'amplifybackend' : 'sts'
          expect(new Set(guard.attempts())).toEqual(new Set([`${service}.${region}.amazonaws.com`]))
          expect(guard.attempts().length).toBeLessThanOrEqual(8)
        },
      )
    },
  )

  scenario('R05: of another app is told by what was asked for, without a retry', async () => {
    await forEachCase<{ app: string; says?: string; creates: number }>(
      {
        'as the look finds': { app: 'd0therapp', creates: 0 },
        'as the create finds': {
          app: defaults.appId,
          says: `App ${defaults.appId} not found`,
          creates: 1,
        },
      },
      async ({ app, says, creates }) => {
        const world = await createTestBed()
        if (says !== undefined) {
          world.emulator.injectFault({
            operation: 'CreateBackendStorage',
            kind: 'status',
            status: 404,
            name: 'NotFoundException',
            message: says,
          })
        }
        const end = await runAction(world, { with: { 'app-id': app } })

        const message = expectFailure(end, 'NOT_FOUND')
        for (const asked of [`"${app}"`, '"prod"', 'eu-west-1', 'the account of the role']) {
          expect(message).toContain(asked)
        }
        expect(message).toContain(says ?? 'NotFoundException')
        expect(getLog(end)).toContain('arn:aws:iam::111122223333:role/amplify-storage-apply')
        expect(world.emulator.calls('GetBackendStorage')).toHaveLength(1)
        expect(world.emulator.calls('CreateBackendStorage')).toHaveLength(creates)
      },
    )
  })
})
