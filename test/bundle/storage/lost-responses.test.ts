/** A create whose response is lost: the run finds out what became of it before it sends anything again. */
import { expect } from 'vitest'

import {
  permissiveRules,
  type FaultSpec,
  type Emulator,
  type Rules,
} from '../../../emulator/emulator.ts'
import { addMedia, denyOperations, getJobId } from '../../support/emulator-state.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import {
  expectFailure,
  expectSuccess,
  getAnnotations,
  getLines,
} from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'

/** A create that gets a 504, before or after it takes effect. */
const loseCreate = (when: 'before' | 'after'): FaultSpec => ({
  ...{ operation: CREATE, kind: 'status', status: 504, when },
})

/** Milliseconds between the first two creates, which must be the only ones. */
function getPause(emulator: Emulator): number {
  const times = emulator.calls(CREATE).map(({ time }) => time)
  expect(times).toHaveLength(2)
  return (times[1] ?? 0) - (times[0] ?? 0)
}

scenario('A create that took effect is found by its job and not sent again', async () => {
  const { step, emulator } = await runOnce({
    rules: { jobMs: 5_000 },
    faults: [loseCreate('after')],
  })
  expectSuccess(step, 'created', {
    ready: 'true',
    changed: 'true',
    status: 'COMPLETED',
    'job-id': getJobId(emulator),
  })
  expect(emulator.state.counters.create).toEqual({ received: 1, accepted: 1, executed: 1 })
})

scenario('A create that took effect is found by its job with wait: false, too', async () => {
  const { step, emulator } = await runOnce({
    rules: { jobMs: 600_000 },
    with: { wait: 'false' },
    faults: [loseCreate('after')],
  })
  expectSuccess(step, 'started', { 'job-id': getJobId(emulator) })
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

scenario(
  'A create that took effect is found by its storage, with a warning, when its job is not listed',
  async () => {
    const { step, emulator } = await runOnce({
      rules: { jobListedAfterMs: 600_000_000, jobMs: 2_000 },
      faults: [loseCreate('after')],
    })
    expectSuccess(step, 'created', { ready: 'true', changed: 'true', 'job-id': '' })
    expect(getAnnotations(step, 'warning')).toHaveLength(1)
    expect(emulator.calls(CREATE)).toHaveLength(1)
  },
)

scenarios<Partial<Rules>>(
  'A create that took no effect is sent again after half a minute',
  { '404 for no storage': {}, 'an empty response for no storage': { absentStorage: 'empty' } },
  async (rules) => {
    const { step, emulator } = await runOnce({ rules, faults: [loseCreate('before')] })
    expectSuccess(step, 'created', { 'job-id': getJobId(emulator) })
    expect(getPause(emulator)).toBeGreaterThan(29_000)
    expect(emulator.state.counters.create).toEqual({ received: 2, accepted: 1, executed: 1 })
    expect(emulator.environment().storages.size).toBe(1)
  },
)

scenario('The last attempt at a create looks for its effect, and is not sent again', async () => {
  const { step, emulator } = await runOnce({
    with: { 'max-attempts': '1' },
    faults: [loseCreate('before')],
  })
  expectFailure(step, 'GATEWAY_TIMEOUT')
  expect(getLines(step, /attempt 1 of 1/)).toHaveLength(1)
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

scenarios<Readonly<{ rules: Partial<Rules>; detail: string; accepted: number; executed: number }>>(
  'A role that may not look for its create sends it again, and reports that the first was probably executed',
  {
    'rejected for its storage': {
      ...{ rules: { jobMs: 2_000, oneStorage: 'refused' }, accepted: 1, executed: 1 },
      detail: 'was already added',
    },
    'failed for its storage, in a job': {
      ...{ rules: { jobMs: 2_000, oneStorage: 'failed-job' }, accepted: 2, executed: 1 },
      detail: 'was already added',
    },
  },
  async ({ rules, detail, accepted, executed }) => {
    const { step, emulator } = await runOnce({
      rules,
      with: { 'timeout-in-minutes': '2' },
      faults: [loseCreate('after')],
      setUp: (on) => {
        denyOperations(on, 'GetBackendStorage', 'ListBackendJobs')
      },
    })
    const message = expectFailure(step, 'UNKNOWN_OUTCOME', { result: 'unknown' })
    expect(message).toContain(detail)
    expect(message).toContain('aws amplifybackend get-backend-storage')
    expect(getPause(emulator)).toBeGreaterThan(29_000)
    expect(emulator.state.counters.create).toEqual({ received: 2, accepted, executed })
  },
)

scenario('A storage of somebody else that differs is not taken for the effect', async () => {
  let emulator: Emulator | undefined
  const { step } = await runOnce({
    faults: [
      loseCreate('before'),
      { operation: CREATE, kind: 'status', status: 500, times: 'always' },
    ],
    setUp: (on) => {
      emulator = on
    },
    onLine: (line) => {
      const isLost = line.includes(`${CREATE} failed`)
      if (isLost && emulator?.environment().storages.size === 0) addMedia(emulator)
    },
  })
  expect(expectFailure(step, 'STORAGE_DIFFERS')).toContain('authenticated-permissions is READ')
  expect(emulator?.calls(CREATE)).toHaveLength(1)
})

scenario('A create is not sent again when the list of jobs cannot be read', async () => {
  const { step, emulator } = await runOnce({
    faults: [
      loseCreate('before'),
      { operation: 'ListBackendJobs', kind: 'status', status: 500, times: 'always' },
    ],
  })
  expectFailure(step, 'UNKNOWN_OUTCOME', { result: 'unknown' })
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

/** Runs with a create that gets a 504 at once and takes effect so many seconds later. */
async function runWithLateEffect(
  rules: Partial<Rules>,
  lateSeconds: number,
): ReturnType<typeof runOnce> {
  const lateMs = lateSeconds * 1_000
  const run = await runOnce({
    rules: { jobMs: 1_000, ...rules },
    faults: [{ operation: CREATE, kind: 'status', status: 504, when: 'late', lateMs }],
  })
  const { clock } = run.emulator
  const sentAt = run.emulator.calls(CREATE)[0]?.time ?? 0
  // The effect may come after the run.
  await new Promise<void>((resolve) => {
    clock.setTimeout(resolve, Math.max(0, sentAt + lateMs + 1_000 - clock.now()))
  })
  return run
}

scenarios<Partial<Rules>>(
  'A create that takes effect within 30 seconds is found',
  {
    'with the rules of the service': {},
    'where jobs are listed late': { ...permissiveRules, jobListedAfterMs: 5_000, jobMs: 1_000 },
    'where jobs are not listed, and storage shows at once': {
      ...permissiveRules,
      jobListedAfterMs: 300_000,
      storageVisible: 'at-once',
    },
  },
  async (rules) => {
    const { step, emulator } = await runWithLateEffect(rules, 15)
    expectSuccess(step, 'created', { ready: 'true' })
    expect(emulator.state.counters.create).toEqual({ received: 1, accepted: 1, executed: 1 })
  },
)

scenarios<Readonly<{ rules: Partial<Rules>; accepted: number; executed?: number }>>(
  'A create that takes effect later leaves one storage',
  {
    'rejected while the second job runs': { rules: { jobMs: 40_000 }, accepted: 1, executed: 1 },
    'in a job that fails': { rules: { jobMs: 1_000 }, accepted: 2, executed: 1 },
    'where the service allows two creates': {
      rules: { ...permissiveRules, jobMs: 40_000 },
      accepted: 2,
    },
  },
  async ({ rules, ...counts }) => {
    const { step, emulator } = await runWithLateEffect(rules, 45)
    expectSuccess(step, 'created', { ready: 'true' })
    expect(emulator.state.counters.create).toMatchObject({ received: 2, ...counts })
    expect(emulator.environment().storages.size).toBe(1)
  },
)
