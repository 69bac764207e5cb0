import { describe, expect, test } from 'vitest'
import { completedAt, job, runWaitForPendingJobs } from '../../support/unit/job-runs.ts'
import { matching } from '../../support/unit/matchers.ts'
import type { Scenario } from '../../support/unit/storage-runs.ts'
import type { Fault } from '../../support/unit/virtual-amplify-types.ts'

const throttled: Fault = { failure: 'throttled' }
const WAITED = { ok: true, value: true }
const NOT_WAITED = { ok: true, value: false }
const NOT_LISTED = { denied: ['ListBackendJobs'] } as const

const running = (endsAtMs?: number) =>
  job('UpdateBackendAPI', 'RUNNING', endsAtMs === undefined ? [] : completedAt(endsAtMs))
const lists = (...faults: (Fault | undefined)[]) => ({ faults: { ListBackendJobs: faults } })

describe('waiting for a pending job that cannot be seen', () => {
  test.each<readonly [string, Scenario, string]>([
    [
      'the list does not show it',
      {},
      'The service reports a pending job of "prod". Waiting for it; 30 min left.',
    ],
    [
      'jobs cannot be listed',
      { connection: NOT_LISTED },
      'A job is pending, and the role has no permission to list jobs (amplifybackend:ListBackendJobs). Trying again every 15 to 30 seconds.',
    ],
  ])('The wait ends after 15 to 30 seconds when %s', async (_when, scenario, line) => {
    const { result, recorded, durationMs, service } = await runWaitForPendingJobs(true, scenario)
    expect(result).toEqual(WAITED)
    expect([durationMs, service.count('ListBackendJobs')]).toEqual([22_500, 2])
    expect([recorded.lines, recorded.warnings]).toEqual([[line], []])
  })

  test.each([
    ['the list does not show it', {}],
    ['jobs cannot be listed', NOT_LISTED],
  ] as const)(
    'No wait begins that would end at the deadline when %s',
    async (_when, connection) => {
      const wait = (timeoutMs: number) =>
        runWaitForPendingJobs(true, { connection, context: { timeoutMs } })
      const late = await wait(25_500)
      expect(late.durationMs).toBe(0)
      expect(late.result).toMatchObject({
        code: 'PENDING_JOB',
        result: 'timed-out',
        message: 'A job of the environment "prod" was still pending when the run timed out.',
        advice:
          'Use one concurrency group for all runs for this app and environment, without cancel-in-progress.',
      })
      expect((await wait(25_501)).result).toEqual(WAITED)
    },
  )

  test('There is a warning and no wait when jobs cannot be listed and none is reported', async () => {
    const { result, recorded, durationMs } = await runWaitForPendingJobs(false, {
      connection: NOT_LISTED,
    })
    expect([result, durationMs]).toEqual([NOT_WAITED, 0])
    expect(recorded.warnings).toEqual([
      {
        title: 'Pending jobs not checked',
        text: 'The role has no permission to list jobs (amplifybackend:ListBackendJobs), so the run cannot notice a job that is changing the storage right now.',
      },
    ])
  })

  test('A wait that can no longer list jobs, with none reported, does not count as one', async () => {
    const { result, recorded } = await runWaitForPendingJobs(false, {
      connection: lists(undefined, { failure: 'accessDenied' }),
      events: [running()],
    })
    expect(result).toEqual(NOT_WAITED)
    expect(recorded.warnings).toHaveLength(1)
  })
})

describe('lists of jobs that fail', () => {
  test('Failures that pass do not end the wait', async () => {
    const { result, recorded } = await runWaitForPendingJobs(false, {
      connection: lists({ failure: 'reset' }, throttled),
    })
    expect(result).toEqual(NOT_WAITED)
    expect(recorded.retries).toHaveLength(2)
  })

  test.each([
    ['badRequest', 'BAD_REQUEST', 1],
    ['internalError', 'SERVICE_ERROR', 3],
  ] as const)('Lists that fail with %s end the wait with %s', async (failure, code, count) => {
    const { result, service } = await runWaitForPendingJobs(true, {
      connection: { always: { ListBackendJobs: { failure } } },
      context: { maxAttempts: 3 },
    })
    expect(result).toMatchObject({ code, result: 'failed' })
    expect(service.count('ListBackendJobs')).toBe(count)
  })

  test.each<readonly [string, Scenario, RegExp]>([
    ['from the start', {}, /^A job of the environment "prod" was still pending/],
    [
      'after a job was listed',
      { connection: lists(undefined), events: [running()] },
      /^Job other-1 \(UpdateBackendAPI, last status RUNNING\) of the environment "prod" was/,
    ],
  ])(
    'Lists that fail until the deadline %s end as a pending job',
    async (_when, scenario, message) => {
      const { result } = await runWaitForPendingJobs(true, {
        ...scenario,
        context: { timeoutMs: 60_000, maxAttempts: 20 },
        connection: {
          ...scenario.connection,
          always: { ListBackendJobs: { failure: 'internalError' } },
        },
      })
      expect(result).toMatchObject({
        code: 'PENDING_JOB',
        result: 'timed-out',
        message: matching(message),
      })
    },
  )
})
