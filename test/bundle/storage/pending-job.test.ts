/** A job of somebody else, while which the service accepts no other. */
import { expect } from 'vitest'

import { endJob, type Emulator, type FaultSpec, type Job } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { addMedia, addOtherJob, ALL, denyOperations } from '../../support/emulator-state.ts'
import { createTestBed, runAction, runOnce } from '../../support/run-action.ts'
import { scenario } from '../../support/scenario.ts'
import {
  expectFailure,
  expectSuccess,
  getAnnotations,
  getLines,
  getLog,
} from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'
const executedOnce = { accepted: 1, executed: 1 }

/** Runs beside a job that ends once the log names it, and changes a matching storage if asked to. */
async function runBesideJob(
  changed?: 'storage',
): Promise<Readonly<{ step: StepResult; emulator: Emulator; job: Job }>> {
  const bed = await createTestBed()
  const { emulator } = bed
  const permissions = { authenticated: [...ALL] }
  const storage = changed === undefined ? undefined : addMedia(emulator, { permissions })
  const job = addOtherJob(emulator)
  const step = await runAction(bed, {
    onLine: (line) => {
      if (!line.includes(job.jobId)) return
      if (storage !== undefined) storage.permissions = { authenticated: ['READ'] }
      endJob(job, 'COMPLETED', emulator.clock.now())
    },
  })
  return { step, emulator, job }
}

scenario('A run waits for a pending job by its id, operation and age', async () => {
  const { step, emulator, job } = await runBesideJob()
  expectSuccess(step, 'created', { ready: 'true' })
  expect(getLog(step)).toMatch(
    new RegExp(`${job.jobId} \\(UpdateBackendAuth, RUNNING, \\d+ min( \\d+ s)? old\\)`),
  )
  expect(step.outputs['job-id']).not.toBe(job.jobId)
  expect(emulator.state.counters.create).toMatchObject(executedOnce)
})

scenario('A run waits for a pending job that may change a matching storage', async () => {
  const { step } = await runBesideJob('storage')
  expectFailure(step, 'STORAGE_DIFFERS')
})

scenario('A run whose time ends before a pending job does names the job', async () => {
  let job: Job | undefined
  const { step, emulator } = await runOnce({
    with: { 'timeout-in-minutes': '1' },
    setUp: (on) => (job = addOtherJob(on)),
  })
  const message = expectFailure(step, 'PENDING_JOB', { result: 'timed-out', 'job-id': '' })
  expect(message).toContain('UpdateBackendAuth')
  expect(message).toContain('AttributeValue=UpdateBackendAuth')
  expect(message).not.toContain('concurrency group')
  expect(message).toContain(`--job-id ${String(job?.jobId)}`)
  expect(emulator.state.counters.create.accepted).toBe(0)
})

scenario('A role that may not list jobs repeats its create at long intervals', async () => {
  const bed = await createTestBed()
  const { emulator } = bed
  denyOperations(emulator, 'ListBackendJobs')
  const job = addOtherJob(emulator)
  const step = await runAction(bed, {
    onLine: () => {
      if (emulator.calls(CREATE).length > 1) endJob(job, 'COMPLETED', emulator.clock.now())
    },
  })
  expectSuccess(step, 'created', { ready: 'true' })
  const times = emulator.calls(CREATE).map(({ time }) => time)
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  expect(pauses.length).toBeGreaterThan(0)
  for (const pause of pauses) expect(pause).toBeGreaterThan(14_500)
  expect(emulator.state.counters.create).toMatchObject(executedOnce)
})

scenario('A pending job that is not listed is waited for when the create is rejected', async () => {
  const { step, emulator } = await runOnce({
    setUp: (on) => (addOtherJob(on, 30_000).listedAt = Number.MAX_SAFE_INTEGER),
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(emulator.state.counters.create).toMatchObject(executedOnce)
})

const rejected: FaultSpec = {
  ...{ operation: CREATE, kind: 'status', status: 400 },
  message: 'Another backend job is in progress for this environment',
}

scenario('A rejection that only mentions a pending job does not use up attempts', async () => {
  const { step, emulator } = await runOnce({
    with: { 'max-attempts': '2' },
    faults: [{ ...rejected, times: 2 }],
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(emulator.state.counters.create).toEqual({ received: 3, ...executedOnce })
})

scenario(
  'A run that only knows of a pending job from rejections waits until its time ends',
  async () => {
    const { step, emulator } = await runOnce({
      faults: [{ ...rejected, times: 'always' }],
      with: { 'timeout-in-minutes': '1' },
    })
    const message = expectFailure(step, 'PENDING_JOB', { result: 'timed-out', 'job-id': '' })
    expect(message).toContain('concurrency group')
    expect(emulator.state.counters.create.accepted).toBe(0)
  },
)

scenario('A role that may not list jobs warns when it finds a matching storage', async () => {
  const { step } = await runOnce({
    setUp: (emulator) => {
      addMedia(emulator, { permissions: { authenticated: [...ALL] } })
      denyOperations(emulator, 'ListBackendJobs')
      addOtherJob(emulator)
    },
  })
  expectSuccess(step, 'unchanged', { ready: 'true' })
  expect(getAnnotations(step, 'warning').map(({ message }) => message)).toEqual([
    expect.stringContaining('amplifybackend:ListBackendJobs'),
  ])
  expect(getLines(step, /Waiting for another job/)).toEqual([])
})
