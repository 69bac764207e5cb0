/** The auth of the environment, without which S3 storage cannot be created. */
import { expect } from 'vitest'

import { pullRequest } from '../../../emulator/runner/events.ts'
import { runOnce, type RunActionOptions } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getAnnotations } from '../../support/step-result.ts'

type Auth = 'user-pool' | 'imported-user-pool' | false

const runWith = (auth: Auth, options: RunActionOptions = {}): ReturnType<typeof runOnce> =>
  runOnce({
    ...options,
    setUp: (emulator) => {
      emulator.environment().auth = auth
    },
  })

scenarios<Readonly<{ auth: Auth; text: RegExp }>>(
  'Without an identity pool, an apply fails before it creates anything',
  {
    'no auth': { auth: false, text: /no auth resource/ },
    'imported auth that has a user pool only': {
      auth: 'imported-user-pool',
      text: /identity pool.*amplify import auth/s,
    },
  },
  async ({ auth, text }) => {
    const { step, emulator } = await runWith(auth)
    expect(expectFailure(step, 'AUTH_MISSING')).toMatch(text)
    expect(emulator.calls('CreateBackendStorage')).toEqual([])
  },
)

scenario(
  'Without an identity pool in imported auth, a plan warns: the merge may add it',
  async () => {
    const { step } = await runWith('imported-user-pool', { event: pullRequest() })
    expectSuccess(step, 'planned')
    expect(JSON.stringify(getAnnotations(step, 'warning'))).toContain('identity pool')
  },
)

scenarios<RunActionOptions>(
  "To auth of the app's own that has a user pool only, the create adds an identity pool, and says so",
  { 'an apply': {}, 'a plan': { event: pullRequest() } },
  async (options) => {
    const { step } = await runWith('user-pool', options)
    expectSuccess(step, options.event === undefined ? 'created' : 'planned')
    expect(JSON.stringify(getAnnotations(step, 'warning'))).toContain(
      'adds a Cognito identity pool',
    )
    expect(step.summary).toContain('identity pool')
  },
)
