import { describe, expect, test } from 'vitest'
import { containing } from '../../support/unit/matchers.ts'
import {
  CREATED,
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  otherJob,
  runApply,
  storageExists,
  summarizeApply,
  UPDATED,
  type RunScenario,
} from '../../support/unit/storage-runs.ts'
import { TIME_STYLES, type Fault } from '../../support/unit/virtual-amplify-types.ts'

/** Jobs whose creation time cannot be parsed, so that a run cannot know its own. */
const unidentifiable = (jobMs: number) => ({ times: TIME_STYLES.garbage, jobMs })

/** The second create is on the way for two seconds, while the first takes effect after all. */
const slowSecondCreate = (): (() => number) => {
  let trips = 0
  return () => {
    trips += 1
    return trips === 31 ? 2_000 : 0
  }
}

describe('apply when the response to an update is lost', () => {
  const losing = (fault: Fault, scenario: RunScenario = {}): RunScenario => ({
    options: { ifExists: 'update' },
    connection: { faults: { UpdateBackendStorage: [fault] } },
    ...scenario,
    events: [storageExists({ authenticated: [] }), ...(scenario.events ?? [])],
  })

  test('The job that the update started is waited for', async () => {
    const { end, sent, recorded } = await summarizeApply(losing(LOST_AFTER_EFFECT))
    expect(end).toEqual(UPDATED)
    expect(sent).toHaveLength(1)
    expect(recorded.jobs[0]).toEqual({ jobId: 'job-1', status: 'RUNNING' })
    expect(recorded.warnings).toEqual([])
  })

  test('An effect without an identifiable job counts as updated, with a warning', async () => {
    const { end, recorded, sent } = await summarizeApply(
      losing(LOST_AFTER_EFFECT, { service: unidentifiable(1_000) }),
    )
    expect(end).toEqual(UPDATED)
    expect(sent).toHaveLength(1)
    expect(recorded.warnings).toMatchObject([
      { title: 'Lost response', text: containing('reports it as updated') },
    ])
  })

  test('An update without effect is sent again after 30 seconds', async () => {
    const { end, sentAt } = await summarizeApply(losing(LOST))
    expect(end).toEqual(UPDATED)
    expect(sentAt).toEqual([0, 30_000])
  })

  test('An update without effect is sent again after a job of somebody else has ended', async () => {
    const { end, sent } = await summarizeApply(
      losing(LOST, { events: [otherJob({ fromMs: 29_000, toMs: 49_000 })] }),
    )
    expect(end).toEqual(UPDATED)
    expect(sent).toHaveLength(2)
  })
})

describe('apply when the effect of a create comes late', () => {
  // The API has no idempotency token, so no client can exclude an effect after the window of 30 seconds.
  const OFF = { oneJob: false, oneStorage: 'off' } as const
  const late = (lateMs: number, scenario: RunScenario = {}): RunScenario => ({
    service: { jobMs: 20_000, ...scenario.service },
    connection: {
      ...creates({ failure: 'gatewayTimeout', effect: { lateMs } }),
      ...scenario.connection,
    },
  })

  test.each<readonly [string, () => RunScenario, readonly number[], number]>([
    [
      'One millisecond before the end of the window, there is one create',
      () => late(29_999, { service: OFF }),
      [0],
      1,
    ],
    [
      'After the window, the rules of the service reject the second create',
      () => late(35_000),
      [0, 30_000],
      1,
    ],
    [
      'While the second create is on its way, the service rejects that create instead',
      () => late(31_000, { connection: { latency: slowSecondCreate() } }),
      [0, 30_000],
      1,
    ],
    [
      'After the window, a service without such rules creates the storage twice',
      () => late(35_000, { service: OFF }),
      [0, 30_000],
      2,
    ],
  ])('%s', async (_title, scenario, sentAt, effects) => {
    const { result, service, clock } = await runApply(scenario())
    await clock.drain()
    expect(service.mutations.map(({ at }) => at)).toEqual(sentAt)
    expect(service.effects()).toBe(effects)
    expect(result).toEqual({ ok: true, value: CREATED })
  })

  test('A second create that is rejected because of the first counts as created, with a warning', async () => {
    const { result, recorded, service } = await runApply({
      service: { jobMs: 0 },
      connection: {
        ...creates({ failure: 'reset', effect: { lateMs: 31_000 } }),
        latency: slowSecondCreate(),
      },
    })
    expect(service.mutations).toHaveLength(2)
    expect(service.effects()).toBe(1)
    expect(result).toEqual({ ok: true, value: CREATED })
    expect(recorded.warnings).toMatchObject([{ title: 'Lost response' }])
  })
})
