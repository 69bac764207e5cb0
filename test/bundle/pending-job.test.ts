/** A job of somebody else, while which the service accepts no other. */
import { expect } from 'vitest'

import { endJob, type FaultSpec, type Job } from '../../emulator/emulator.ts'
import { addMedia, addOtherJob, ALL, denyOperations } from '../support/emulator-state.ts'
import { runOnce } from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import {
  expectFailure,
  expectSuccess,
  getAnnotations,
  getLines,
  getLog,
} from '../support/step-result.ts'

const CREATE = 'CreateBackendStorage'
const executedOnce = { accepted: 1, executed: 1 }

scenario('A run waits for a pending job by its id, operation and age', async () => {
  let job: Job | undefined
  const { step, emulator } = await runOnce({
    setUp: (on) => {
      job = addOtherJob(on, 60_000)
    },
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(getLog(step)).toMatch(
    new RegExp(`${String(job?.jobId)} \\(UpdateBackendAuth, RUNNING, 15 min( \\d+ s)? old\\)`),
  )
  expect(step.outputs['job-id']).not.toBe(job?.jobId)
  expect(emulator.state.counters.create).toMatchObject(executedOnce)
})

scenario('A run waits for a pending job that may change a matching storage', async () => {
  const { step } = await runOnce({
    setUp: (emulator) => {
      const storage = addMedia(emulator, { permissions: { authenticated: [...ALL] } })
      const job = addOtherJob(emulator)
      emulator.clock.setTimeout(() => {
        storage.permissions = { authenticated: ['READ'] }
        endJob(job, 'COMPLETED', emulator.clock.now())
      }, 60_000)
    },
  })
  expectFailure(step, 'STORAGE_DIFFERS')
})

scenario('A run whose time ends before a pending job does names the job', async () => {
  let job: Job | undefined
  const { step, emulator } = await runOnce({
    with: { 'timeout-in-minutes': '1' },
    setUp: (on) => {
      job = addOtherJob(on)
    },
  })
  const message = expectFailure(step, 'PENDING_JOB', { result: 'timed-out', 'job-id': '' })
  expect(message).toContain('UpdateBackendAuth')
  expect(message).toContain('concurrency group')
  expect(message).toContain(`--job-id ${String(job?.jobId)}`)
  expect(emulator.state.counters.create.accepted).toBe(0)
})

scenario('A role that may not list jobs repeats its create at long intervals', async () => {
  const { step, emulator } = await runOnce({
    setUp: (on) => {
      denyOperations(on, 'ListBackendJobs')
      addOtherJob(on, 70_000)
    },
  })
  expectSuccess(step, 'created', { ready: 'true' })
  const times = emulator.calls(CREATE).map(({ time }) => time)
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  expect(pauses.length).toBeGreaterThanOrEqual(2)
  for (const pause of pauses) expect(pause).toBeGreaterThan(14_500)
  expect(emulator.state.counters.create).toMatchObject(executedOnce)
})

scenario('A pending job that is not listed is waited for when the create is rejected', async () => {
  const { step, emulator } = await runOnce({
    setUp: (on) => {
      addOtherJob(on, 40_000).listedAt = Number.MAX_SAFE_INTEGER
    },
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(emulator.state.counters.create).toMatchObject(executedOnce)
})

const rejected: FaultSpec = {
  operation: CREATE,
  kind: 'status',
  status: 400,
  message: 'Another backend job is in progress for this environment',
}

scenario('A rejection that only mentions a pending job does not use up attempts', async () => {
  const { step, emulator } = await runOnce({
    with: { 'max-attempts': '1' },
    faults: [{ ...rejected, times: 2 }],
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(emulator.state.counters.create).toEqual({ received: 3, ...executedOnce })
})

scenarios<readonly FaultSpec[]>(
  'A run that only knows of a pending job from rejections waits until its time ends',
  {
    'a job that may not be listed': [],
    'a rejection in words': [{ ...rejected, times: 'always' }],
  },
  async (faults) => {
    const { step, emulator } = await runOnce({
      faults,
      with: { 'timeout-in-minutes': '1' },
      setUp: (on) => {
        if (faults.length > 0) return
        denyOperations(on, 'ListBackendJobs')
        addOtherJob(on)
      },
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
