import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import {
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  startEmulator,
  type Emulator,
} from '../../emulator/emulator.ts'
import { createAmplify } from '../../src/aws/amplify-backend.ts'
import type { Amplify } from '../../src/storage/api.ts'
import { classifyFailure } from '../../src/network/classify.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { authenticate } from '../../src/aws/authenticate.ts'
import { createAgents, destroyAgents } from '../../src/network/agents.ts'
import type { ApiResult } from '../../src/network/retry.ts'
import { createSecrets } from '../../src/lib/secrets.ts'

let emulator: Emulator
beforeEach(async () => {
  emulator = await startEmulator()
  // The SDK reads this by itself.
  vi.stubEnv('AWS_ENDPOINT_URL', emulator.url)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await emulator.stop()
})

const nobody = (): void => undefined

/** Does something with the session that a run of this kind gets, of a role that may do everything. */
async function withSession<T>(
  readOnly: boolean,
  task: (amplify: Amplify) => Promise<T>,
): Promise<T> {
  addRole(emulator.state, {
    arn: defaults.applyRole,
    trust: githubTrustPolicy(['repo:octo-org/octo-app:ref:refs/heads/main']),
    policies: [allowPolicy(['amplifybackend:*'])],
  })
  const agents = createAgents({})
  const settings = {
    region: defaults.region,
    agents,
    allowCustomEndpoints: false,
    onEndpoint: nobody,
  }
  const { signal } = new AbortController()
  const credentials = await authenticate(
    {
      roleArn: defaults.applyRole,
      sessionName: 'a-test',
      durationSeconds: 900,
      audience: defaults.audience,
      allowedAccountIds: [],
      readOnly,
      prefetchedToken: undefined,
    },
    {
      env: emulator.env,
      available: { canRequestIdToken: true, hasAmbientCredentials: false },
      settings,
      secrets: createSecrets(nobody),
      retryPolicy: {
        clock: systemClock,
        random: Math.random,
        deadline: systemClock.now() + 60_000,
        maxAttempts: 1,
        signal,
        onRetry: nobody,
      },
      trace: nobody,
      log: nobody,
    },
  )
  const target = { appId: defaults.appId, backendEnvironmentName: 'prod' }
  const { amplify, destroy } = createAmplify(target, settings, credentials.provider, {}, nobody)
  try {
    return await task(amplify)
  } finally {
    destroy()
    destroyAgents(agents)
  }
}

const terms = { signal: new AbortController().signal, remainingMs: 30_000 }
const request = {
  resourceName: 'media',
  bucketName: undefined,
  authenticated: ['READ'],
  unauthenticated: undefined,
  serviceName: 'S3',
} as const

/** Everything that could write. */
async function write(amplify: Amplify): Promise<readonly ApiResult<unknown>[]> {
  return [
    await amplify.createStorage(request, terms),
    await amplify.updateStorage('media', { authenticated: ['READ'], unauthenticated: [] }, terms),
  ]
}

describe('the session of a plan', () => {
  it('cannot write, by IAM’s own hand, although its role may and the plan is made to', async () => {
    const answers = await withSession(true, write)
    for (const answer of answers) {
      if (answer.ok) throw new Error('a plan has written')
      expect(classifyFailure(answer.failure)).toBe('access-denied')
      expect(answer.failure.message).toContain('with an explicit deny in a session policy')
    }
    expect(emulator.calls('CreateBackendStorage')).toHaveLength(1)
    expect(emulator.calls('UpdateBackendStorage')).toHaveLength(1)
    expect(emulator.state.counters.create.executed).toBe(0)
    expect(emulator.environment().jobs).toEqual([])
  })

  it('can read', async () => {
    const answers = await withSession(true, async (amplify) => [
      await amplify.getBackend('environment', terms),
      await amplify.listJobs(terms),
    ])
    expect(answers.map(({ ok }) => ok)).toEqual([true, true])
  })

  it('is not what an apply gets, which may write with the same role', async () => {
    const [created] = await withSession(false, write)
    expect(created?.ok).toBe(true)
    expect(emulator.environment().jobs).toHaveLength(1)
  })
})
