import { describe, expect, test } from 'vitest'
import { newMutationState, type MutationState } from '../../../src/storage/mutation/state.ts'
import { createFailure } from '../../support/unit/api-failures.ts'
import { runMutation, started } from '../../support/unit/mutation-runs.ts'
import {
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  READS,
  storageExists,
  type Scenario,
} from '../../support/unit/storage-runs.ts'
import { TIME_STYLES, type Fault } from '../../support/unit/virtual-amplify-types.ts'

const throttled: Fault = { failure: 'throttled' }
const attempts = (failures: number): MutationState['attempts'] => ({
  failures,
  dnsNotFoundSince: undefined,
})

describe('the attempts of a create', () => {
  test.each([
    ['an accepted create', undefined],
    ['a pending job', otherJob({})],
    ['an existing storage', storageExists()],
  ] as const)('%s ends a series of failures', async (_what, event) => {
    const { state } = await runMutation({
      connection: creates(throttled),
      events: event === undefined ? [] : [event],
    })
    expect(state).toEqual(newMutationState())
  })

  test('A lost response counts as an attempt like other failures', async () => {
    const { recorded, service } = await runMutation({
      context: { maxAttempts: 3 },
      connection: creates(throttled, LOST, throttled),
    })
    expect(service.mutations).toHaveLength(3)
    expect(recorded.lines[0]).toMatch(/\(attempt 2 of 3\)/)
  })

  test('Failures before a wait for another job still count after it', async () => {
    const state = { ...newMutationState(), attempts: attempts(7) }
    const { service, result } = await runMutation({ state, connection: creates(throttled) })
    expect(service.mutations).toHaveLength(1)
    expect(result).toMatchObject({ code: 'THROTTLED' })
  })

  test.each([
    [3, false, { code: 'GATEWAY_TIMEOUT', result: 'failed', requestId: 'request-504' }],
    [2, true, { code: 'GATEWAY_TIMEOUT', result: 'unknown' }],
    [4, false, started('job-1')],
  ])(
    'Of %i attempts, 3 are used up by a lost create (resent unchecked: %j)',
    async (maxAttempts, resentUnchecked, expected) => {
      const state: MutationState = {
        ...newMutationState(),
        hadLostResponse: true,
        resentUnchecked,
        attempts: attempts(3),
        lastFailure: createFailure('CreateBackendStorage', 'gatewayTimeout'),
      }
      const { result, service } = await runMutation({ state, context: { maxAttempts } })
      expect(result).toMatchObject(expected)
      expect(service.mutations).toHaveLength(maxAttempts > 3 ? 1 : 0)
    },
  )
})

describe('what is reported of a create', () => {
  const unidentifiable = (jobMs: number) => ({ times: TIME_STYLES.garbage, jobMs })

  test.each<readonly [string, Scenario, readonly string[]]>([
    ['is accepted', {}, ['pending', 'settled']],
    [
      'is throttled once',
      { connection: creates(throttled) },
      ['pending', 'settled', 'pending', 'settled'],
    ],
    ['is invalid', { connection: creates({ failure: 'badRequest' }) }, ['pending', 'settled']],
    ['meets a pending job', { events: [otherJob({})] }, ['pending', 'settled']],
    ['is lost and has a job', { connection: creates(LOST_AFTER_EFFECT) }, ['pending', 'settled']],
    [
      'is lost without effect',
      { connection: creates(LOST) },
      ['pending', 'settled', 'pending', 'settled'],
    ],
    [
      'is lost and has left a storage',
      { connection: creates(LOST_AFTER_EFFECT), service: unidentifiable(1_000) },
      ['pending', 'settled'],
    ],
    [
      'is lost while a job is pending that may be its own',
      { connection: creates(LOST_AFTER_EFFECT), service: unidentifiable(1e6) },
      ['pending'],
    ],
    [
      'is lost and there is no time to check',
      { connection: creates(LOST), context: { timeoutMs: 20_000 } },
      ['pending'],
    ],
    [
      'is lost, cannot be checked, and is then invalid',
      { connection: { denied: READS, ...creates(LOST, { failure: 'badRequest' }) } },
      ['pending', 'pending', 'pending'],
    ],
  ])(
    'A create that %s is reported as pending until its outcome is known',
    async (_how, scenario, expected) => {
      expect((await runMutation(scenario)).recorded.mutations).toEqual(expected)
    },
  )
})
