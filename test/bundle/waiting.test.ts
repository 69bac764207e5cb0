/** The wait for the run's own job: what the service says meanwhile, and what ends it. */
import { afterAll, describe, expect, it } from 'vitest'

import { FAST_SCALE, runAction, type TestBed } from '../support/run-action.ts'
import { getError, denyOperations, getLines, getLog } from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
/** For waits of many minutes. */
const hasty = createEmulatorPool(60)
afterAll(async () => {
  await Promise.all([stages.stop(), hasty.stop()])
})

const jobIdOf = ({ emulator }: TestBed): string => String(emulator.environment().jobs[0]?.jobId)

describe.concurrent('the log of a wait', () => {
  it('says at least once a minute how long the job has run, and how long there is left', () =>
    hasty.use({ jobMs: 320_000 }, async (stage) => {
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      const jobId = jobIdOf(stage)
      const lines = getLines(end, new RegExp(`Job ${jobId} is RUNNING after .*; .* left\\.`))
      expect(lines.length, getLog(end)).toBeGreaterThanOrEqual(4)
      const seconds = lines.map((line) => Number(/^\s*\[([\d.]+) s\]/.exec(line)?.[1]))
      const gaps = seconds.slice(1).map((at, index) => at - (seconds[index] ?? 0))
      for (const gap of gaps) expect(gap).toBeGreaterThan(30)
    }))

  it('says every status once, when it comes', () =>
    stages.use(
      { jobMs: 60_000, jobStatuses: ['QUEUED', 'PROVISIONING', 'REBOOTING', 'RUNNING'] },
      async (stage) => {
        const end = await runAction(stage)

        expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', status: 'COMPLETED' })
        for (const status of ['PROVISIONING', 'REBOOTING', 'RUNNING'] as const)
          expect(getLines(end, new RegExp(`is ${status} after`)), getLog(end)).toHaveLength(1)
        expect(getLines(end, /This status is not known; it counts as running/)).toEqual([
          expect.stringContaining('REBOOTING'),
        ])
      },
    ))
})

describe.concurrent('W07: a status', () => {
  it.each(['COMPLETED', 'completed', 'Completed', ' Completed '])(
    'that says the job is complete ends the wait: %j',
    (finalStatus) =>
      stages.use({}, async (stage) => {
        stage.emulator.planJob({ finalStatus })
        const end = await runAction(stage)

        expect(end.outputs, getLog(end)).toMatchObject({
          result: 'created',
          ready: 'true',
          status: finalStatus.trim(),
        })
      }),
  )

  it.each(['FAILED', 'failed', 'Failed'])(
    'P06: that says the job has failed is red: %j',
    (status) =>
      stages.use({}, async (stage) => {
        stage.emulator.planJob({ finalStatus: status, error: 'The stack could not be updated' })
        const end = await runAction(stage)

        expect(end.exitCode, getLog(end)).toBe(1)
        expect(end.outputs).toMatchObject({
          result: 'failed',
          ready: '',
          status,
          'job-id': jobIdOf(stage),
          'error-code': 'JOB_FAILED',
        })
        expect(getError(end)).toContain('The stack could not be updated')
      }),
  )

  it.each(['CANCELLED', 'NEW_STATE', 'Succeeded'])(
    'P06: that nobody knows means that the job still runs, and is logged once: %s',
    (finalStatus) =>
      stages.use({}, async (stage) => {
        stage.emulator.planJob({ finalStatus })
        const end = await runAction(stage, { with: { 'timeout-in-minutes': '1' } })

        expect(end.exitCode, getLog(end)).toBe(1)
        expect(end.outputs).toMatchObject({
          result: 'timed-out',
          ready: '',
          status: finalStatus,
          'job-id': jobIdOf(stage),
        })
        expect(getLines(end, /This status is not known/)).toHaveLength(1)
        expect(getError(end)).toContain(`its last status was ${finalStatus}`)
      }),
  )

  it.each([
    { name: 'empty', status: '""' },
    { name: 'null', status: 'null' },
    { name: 'absent', status: undefined },
    { name: 'an object', status: '{"S":"COMPLETED"}' },
  ])('that is none (it is $name) ends the wait soon: red, unknown', ({ status }) =>
    stages.use({}, async (stage) => {
      const member = status === undefined ? '' : `,"status":${status}`
      stage.emulator.injectFault({
        operation: 'GetBackendJob',
        kind: 'body',
        body: `{"jobId":"7","operation":"CreateBackendStorage"${member}}`,
        times: 'always',
      })
      const end = await runAction(stage, { with: { 'max-attempts': '3' } })

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'unknown',
        ready: '',
        'job-id': jobIdOf(stage),
        'error-code': 'UNREADABLE_RESPONSE',
      })
      expect(stage.emulator.calls('GetBackendJob').length).toBeLessThan(8)
    }),
  )
})

describe.concurrent('a job', () => {
  it('that is not found at first is only late', () =>
    stages.use({ jobMs: 30_000, jobReadableAfterMs: 20_000 }, async (stage) => {
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      const statuses = stage.emulator.calls('GetBackendJob').map(({ status }) => status)
      expect(statuses[0]).toBe(404)
    }))

  it('that is never found is given up: red, unknown, with the way to look', () =>
    stages.use({ jobReadableAfterMs: 600_000_000 }, async (stage) => {
      const end = await runAction(stage)

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'unknown',
        ready: '',
        'job-id': jobIdOf(stage),
        'error-code': 'JOB_NOT_FOUND',
      })
      expect(getError(end)).toContain('aws amplifybackend get-backend-storage')
    }))

  it('that the role may not read is red, and names the action and wait: false', () =>
    stages.use({}, async (stage) => {
      denyOperations(stage.emulator, 'GetBackendJob')
      const end = await runAction(stage)

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'unknown',
        ready: '',
        'job-id': jobIdOf(stage),
        'error-code': 'ACCESS_DENIED',
      })
      expect(getError(end)).toContain('amplifybackend:GetBackendJob')
      expect(getError(end)).toContain('wait: false')
      expect(stage.emulator.calls('GetBackendJob')).toHaveLength(1)
    }))

  it('is not asked about when nobody waits for it, by a role that may not read it', () =>
    stages.use({}, async (stage) => {
      denyOperations(stage.emulator, 'GetBackendJob')
      const end = await runAction(stage, { with: { wait: 'false' } })

      expect(end.exitCode, getLog(end)).toBe(0)
      expect(end.outputs).toMatchObject({ result: 'started', ready: '', 'job-id': jobIdOf(stage) })
      expect(stage.emulator.calls('GetBackendJob')).toEqual([])
    }))

  it.each([
    '{}',
    '{"jobId":null,"status":"RUNNING"}',
    '{"jobId":"","status":"RUNNING"}',
    '{"jobId":"  ","status":"RUNNING"}',
    '{"jobId":"..","status":"RUNNING"}',
  ])('W09: without an id is never asked about: %s', (body) =>
    stages.use({ jobListedAfterMs: 600_000_000 }, async (stage) => {
      const { emulator } = stage
      emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'body',
        body,
        when: 'after',
      })
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({
        result: 'created',
        ready: 'true',
        'job-id': '',
      })
      expect(emulator.calls('GetBackendJob')).toEqual([])
      expect(emulator.requests.filter(({ operation }) => operation === undefined)).toEqual([])
    }),
  )
})

describe.concurrent('W06: polls that fail one after the other', () => {
  it('do not end the wait while the job is fine', () =>
    stages.use({ jobMs: 60_000 }, async (stage) => {
      const { emulator } = stage
      const operation = 'GetBackendJob'
      emulator.injectFault({ operation, kind: 'status', status: 429 })
      emulator.injectFault({ operation, kind: 'html', status: 504 })
      emulator.injectFault({ operation, kind: 'reset' })
      emulator.injectFault({ operation, kind: 'status', status: 500 })
      emulator.injectFault({ operation, kind: 'truncated' })
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(getLines(end, /GetBackendJob failed .* the job is not affected/)).toHaveLength(5)
      expect(end.annotations).toEqual([])
    }))

  it('end it at once when there is no hope: red, unknown, with the job id', () =>
    stages.use({}, async (stage) => {
      stage.emulator.injectFault({
        operation: 'GetBackendJob',
        kind: 'status',
        status: 400,
        message: 'no such thing',
        times: 'always',
      })
      const end = await runAction(stage)

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({
        result: 'unknown',
        ready: '',
        'job-id': jobIdOf(stage),
        'error-code': 'BAD_REQUEST',
      })
      expect(getError(end)).toContain('goes on remotely')
    }))
})
