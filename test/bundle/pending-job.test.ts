/** A job of somebody else holds the environment. */
import { afterAll, describe, expect, it } from 'vitest'

import { addJob, addStorage, endJob, type Emulator, type Job } from '../../emulator/emulator.ts'
import { FAST_SCALE, runAction } from '../support/run-action.ts'
import {
  getAnnotations,
  getError,
  denyOperations,
  getLines,
  getLog,
} from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

/** A job that has been running for a quarter of an hour, and ends so much after now. */
function othersJob(emulator: Emulator, endsInMs?: number): Job {
  const job = addJob(emulator.environment(), {
    operation: 'UpdateBackendAuth',
    status: 'RUNNING',
    createTime: String(emulator.clock.now() - 900_000),
  })
  if (endsInMs !== undefined) {
    emulator.clock.setTimeout(() => {
      endJob(job, 'COMPLETED', emulator.clock.now())
    }, endsInMs)
  }
  return job
}

describe.concurrent('T07: a pending job', () => {
  it('is waited for, by its id, operation and age; then the storage is created', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      const job = othersJob(emulator, 60_000)
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(getLines(end, /Waiting for another job/)[0]).toMatch(
        new RegExp(`"prod": ${job.jobId} \\(UpdateBackendAuth, RUNNING, 15 min( \\d+ s)? old\\)`),
      )
      expect(end.outputs['job-id']).not.toBe(job.jobId)
      expect(emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
    }))

  it('is waited for even when the storage is as asked already, since it may be changing it', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      const storage = addStorage(emulator.environment(), {
        resourceName: 'media',
        permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
      })
      const job = othersJob(emulator)
      emulator.clock.setTimeout(() => {
        storage.permissions = { authenticated: ['READ'] }
        endJob(job, 'COMPLETED', emulator.clock.now())
      }, 60_000)
      const end = await runAction(stage)

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'failed',
        ready: '',
        'error-code': 'STORAGE_DIFFERS',
      })
      expect(getLines(end, /Waiting for another job/)).not.toEqual([])
    }))

  it('is not waited for any longer than the run has time: red, with its id and the advice to use a concurrency group', () =>
    stages.use({}, async (stage) => {
      const job = othersJob(stage.emulator)
      const end = await runAction(stage, { with: { 'timeout-in-minutes': '3' } })

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'timed-out',
        'error-code': 'PENDING_JOB',
        ready: '',
        'job-id': '',
      })
      expect(getError(end)).toContain(`Job ${job.jobId} (UpdateBackendAuth, last status RUNNING)`)
      expect(getError(end)).toContain('concurrency group')
      expect(getError(end)).toContain(`--job-id ${job.jobId}`)
      expect(stage.emulator.state.counters.create.accepted).toBe(0)
    }))

  it('that may not be listed is asked about by the create itself, every 15 to 30 seconds', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      denyOperations(emulator, 'ListBackendJobs')
      othersJob(emulator, 70_000)
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(getLog(end)).toContain('asking again every 15 to 30 seconds')
      const times = emulator.calls('CreateBackendStorage').map(({ time }) => time)
      const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
      expect(pauses.length).toBeGreaterThanOrEqual(2)
      // An answer takes a little, so an upper bound would measure this machine.
      for (const pause of pauses) expect(pause).toBeGreaterThan(14_500)
      expect(emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
    }))

  it('that may not be listed keeps no run longer than its time', () =>
    stages.use({}, async (stage) => {
      denyOperations(stage.emulator, 'ListBackendJobs')
      othersJob(stage.emulator)
      const end = await runAction(stage, { with: { 'timeout-in-minutes': '3' } })

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({ result: 'timed-out', 'error-code': 'PENDING_JOB' })
      expect(getError(end)).toContain('concurrency group')
    }))

  it('that the list does not show is waited for all the same, when the create is refused for it', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      const job = othersJob(emulator, 40_000)
      job.listedAt = Number.MAX_SAFE_INTEGER
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(getLog(end)).toContain('The service says that a job of "prod" is pending')
      expect(emulator.state.counters.create).toMatchObject({ accepted: 1, executed: 1 })
    }))

  it('that is no more than the words of the refusal is waited for, and is no conflict of names', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 400,
        message: 'Another backend job is in progress for this environment',
        times: 2,
      })
      const end = await runAction(stage, { with: { 'max-attempts': '1' } })

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(emulator.state.counters.create).toEqual({ received: 3, accepted: 1, executed: 1 })
    }))

  it('that is no more than those words is waited for as long as there is time, and named as what it is', () =>
    stages.use({}, async (stage) => {
      stage.emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 400,
        message: 'Another backend job is in progress for this environment',
        times: 'always',
      })
      const end = await runAction(stage, { with: { 'timeout-in-minutes': '3' } })

      expect(end.outputs, getLog(end)).toMatchObject({
        result: 'timed-out',
        ready: '',
        'job-id': '',
        'error-code': 'PENDING_JOB',
      })
      expect(getError(end)).toContain('concurrency group')
      expect(getError(end)).not.toMatch(/already exists/)
      expect(stage.emulator.state.counters.create.accepted).toBe(0)
    }))

  it('goes unnoticed, with a warning, where an unchanged storage is all that can be read', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      addStorage(emulator.environment(), {
        resourceName: 'media',
        permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
      })
      denyOperations(emulator, 'ListBackendJobs')
      othersJob(emulator)
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'unchanged', ready: 'true' })
      expect(getAnnotations(end, 'warning').map(({ message }) => message)).toEqual([
        expect.stringContaining('amplifybackend:ListBackendJobs'),
      ])
    }))
})
