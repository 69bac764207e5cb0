import { describe, expect, test } from 'vitest'
import {
  newMutationState,
  type Mutation,
  type MutationState,
} from '../../../src/storage/mutation/state.ts'
import { createFailure } from '../../support/unit/api-failures.ts'
import { runMutation, started, type MutationScenario } from '../../support/unit/mutation-runs.ts'
import { LOST, LOST_AFTER_EFFECT, storageExists } from '../../support/unit/storage-runs.ts'
import {
  TIME_STYLES,
  type Fault,
  type VirtualAmplify,
} from '../../support/unit/virtual-amplify-types.ts'

const EFFECT_FOUND = { ok: true, value: { kind: 'effect-found' } }
const unidentifiable = (jobMs: number) => ({ times: TIME_STYLES.garbage, jobMs })

/** When the effect of a create was checked. */
const checkTimes = ({ calls }: VirtualAmplify): readonly number[] =>
  calls.filter(({ operation }) => operation === 'ListBackendJobs').map(({ at }) => at)

describe('a create whose response was lost before', () => {
  const lostBefore = (failedAt: number, effectFound: boolean): MutationState => ({
    ...newMutationState(),
    hadLostResponse: true,
    attempts: { failures: 1, dnsNotFoundSince: undefined },
    lostResponse: {
      failure: createFailure('CreateBackendStorage', 'reset'),
      sentAt: failedAt,
      failedAt,
      effectFound,
    },
  })

  test.each([
    ['checked once more when the window is over', -60_000, false, [0], 0],
    ['checked in what is left of the window', -15_000, false, [3_000, 15_000], 15_000],
    ['checked after a delay when checks contradict each other', -60_000, true, [2_000], 2_000],
    [
      'checked after a delay and until the window ends when checks contradict each other',
      0,
      true,
      [2_000, 5_000, 10_000, 18_000, 30_000],
      30_000,
    ],
  ])('It is %s, then sent again', async (_how, failedAt, effectFound, checksAt, sentAt) => {
    const { result, service, state } = await runMutation({
      state: lostBefore(failedAt, effectFound),
    })
    expect(result).toEqual(started('job-1'))
    expect(checkTimes(service)).toEqual(checksAt)
    expect(service.calls.slice(-3).map(({ operation }) => operation)).toEqual([
      'ListBackendJobs',
      'GetBackendStorage',
      'CreateBackendStorage',
    ])
    expect(service.mutations[0]?.at).toBe(sentAt)
    expect(state.lostResponse).toBeUndefined()
  })

  test('It does not delay an update', async () => {
    const { service, state } = await runMutation({
      operation: 'UpdateBackendStorage',
      state: lostBefore(-60_000, false),
      events: [storageExists()],
    })
    expect(service.calls.map(({ operation }) => operation)).toEqual(['UpdateBackendStorage'])
    expect(state.lostResponse).toBeDefined()
  })
})

describe('an update whose response is lost', () => {
  const operation: Mutation['operation'] = 'UpdateBackendStorage'
  const update = (fault: Fault, service: MutationScenario['service'] = {}): MutationScenario => ({
    operation,
    service,
    connection: { faults: { [operation]: [fault] } },
    events: [storageExists()],
  })

  test('Its job is found', async () => {
    const { result, recorded } = await runMutation(update(LOST_AFTER_EFFECT))
    expect(result).toEqual(started('job-1'))
    expect(recorded.lines[1]).toBe(
      'UpdateBackendStorage started job job-1, although its response was lost.',
    )
  })

  test('Its changes are found where the job cannot be identified', async () => {
    const { result } = await runMutation(update(LOST_AFTER_EFFECT, unidentifiable(1_000)))
    expect(result).toEqual(EFFECT_FOUND)
  })

  test('It is sent again after 30 seconds when it had no effect, although there is a storage', async () => {
    const { result, service } = await runMutation(update(LOST))
    expect(result).toEqual(started('job-1'))
    expect(service.mutations.map(({ at }) => at)).toEqual([0, 30_000])
  })
})
