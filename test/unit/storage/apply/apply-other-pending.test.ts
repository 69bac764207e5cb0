/** Runs that the property of an apply has made as small as possible. */
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../../../src/errors/action-error.ts'
import { apply } from '../../../../src/storage/apply.ts'
import { containing } from '../../../support/unit/matchers.ts'
import { aStorageContext } from '../../../support/unit/storage-context.ts'
import {
  applyOptions,
  CREATED,
  creates,
  LOST,
  LOST_AFTER_EFFECT,
  MEDIA,
  otherJob,
  READS,
  runApply,
  storageExists,
  testRuns,
  type RunScenario,
  type ScenarioEvent,
} from '../../../support/unit/storage-runs.ts'
import { resultOf } from '../../../support/unit/task-result.ts'
import type { JobResult } from '../../../support/unit/virtual/virtual-amplify-types.ts'
import { virtualAmplify } from '../../../support/unit/virtual/virtual-amplify.ts'
import { virtualClock } from '../../../support/unit/virtual/virtual-clock.ts'

const FAILED: JobResult = { status: 'FAILED', error: 'the stack could not be updated' }
const withoutRules = { oneJob: false, oneStorage: 'off' } as const

const otherCreates: ScenarioEvent = (service, clock) => {
  const result = { status: 'COMPLETED' }
  clock.schedule(100, () => {
    service.act({ operation: 'CreateBackendStorage', ms: 0, result, edit: () => MEDIA })
  })
}

describe('a list that shows the job of a lost create and another one', () => {
  const runs: Readonly<Record<string, RunScenario>> = {
    'The other job is waited for before the storage counts as created': {
      jobMs: 0,
      events: [otherJob({ operation: 'UpdateBackendAuth', toMs: 60_000 })],
    },
    'A create of another run that has ended does not end the wait for a running one': {
      jobMs: 60_000,
      events: [otherCreates],
    },
  }

  test.each(Object.entries(runs))('%s', async (_title, scenario) => {
    const lost = { ...withoutRules, ...creates(LOST_AFTER_EFFECT) }
    const { end, sentAt, durationMs } = await runApply({ ...lost, ...scenario })
    expect(end).toMatchObject(CREATED)
    expect(sentAt).toEqual([0])
    expect(durationMs).toBeGreaterThanOrEqual(60_000)
  })
})

describe('a job that fails', () => {
  testRuns(runApply, {
    'After a send that could not be checked, the outcome is unknown': [
      {
        ...withoutRules,
        ...creates(LOST_AFTER_EFFECT),
        denied: READS,
        jobMs: 120_000,
        jobResults: [{ status: 'COMPLETED' }, { ...FAILED, atOnce: true }],
      },
      { end: { code: 'JOB_FAILED', result: 'unknown', message: containing(FAILED.error ?? '') } },
    ],
    'Without waiting, the run fails when the response names another environment': [
      {
        wait: false,
        mismatches: { CreateBackendStorage: [true] },
        jobMs: 0,
        jobResults: [FAILED],
      },
      { end: { code: 'JOB_FAILED', message: containing('job-1') }, sentAt: [0] },
    ],
  })
})

describe('a storage that appears after a lost create', () => {
  testRuns(runApply, {
    'It is not updated while the create may still take effect': [
      {
        ...withoutRules,
        ...creates(LOST),
        ifExists: 'update',
        events: [storageExists({ authenticated: [] }, 100)],
      },
      { sent: ['CreateBackendStorage', 'UpdateBackendStorage'], sentAt: [0, 30_000] },
    ],
  })
})

test('A create that fails before it is sent leaves nothing unknown', async () => {
  const clock = virtualClock()
  const amplify = virtualAmplify(clock).connect({ latency: () => 0 })
  const error = new ActionError('HOST_UNREACHABLE', 'The credentials could not be refreshed.')
  const { context, recorded } = aStorageContext(clock, {
    ...amplify,
    createStorage: () => Promise.reject(error),
  })
  const result = await clock.run(resultOf(apply(context, applyOptions())))
  expect(result).toMatchObject({ code: 'HOST_UNREACHABLE', result: 'failed' })
  expect(recorded.reportedMutations.at(-1)).toBe('settled')
})
