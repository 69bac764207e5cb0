/** The wait for a job: what the service says meanwhile, and what ends it. */
import { expect } from 'vitest'

import type { Fault } from '../../emulator/emulator.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { denyOperations, getJobId } from '../support/emulator-state.ts'
import { runOnce } from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { expectFailure, expectSuccess, getLines, getLog } from '../support/step-result.ts'

const CREATE = 'CreateBackendStorage'
const POLL = 'GetBackendJob'

scenario('The log repeats the status of a long job, with the time that is left', async () => {
  const { step, emulator } = await runOnce({ rules: { jobMs: 130_000 } })
  expectSuccess(step, 'created', { ready: 'true' })
  const lines = getLines(step, new RegExp(`${String(getJobId(emulator))} is RUNNING`))
  expect(lines.length, getLog(step)).toBeGreaterThanOrEqual(2)
  const seconds = lines.map((line) => Number(/^\s*\[([\d.]+) s\]/.exec(line)?.[1]))
  const gaps = seconds.slice(1).map((at, index) => at - (seconds[index] ?? 0))
  for (const gap of gaps) expect(gap).toBeGreaterThan(30)
})

scenario(
  'The log has each status of a job once, and counts an unknown one as running',
  async () => {
    const statuses = ['PROVISIONING', 'REBOOTING', 'RUNNING'] as const
    const { step } = await runOnce({
      rules: { jobMs: 60_000, jobStatuses: ['QUEUED', ...statuses] },
    })
    expectSuccess(step, 'created', { status: 'COMPLETED' })
    for (const status of statuses) {
      const lines = getLines(step, new RegExp(`is ${status} after`))
      expect(lines, getLog(step)).toHaveLength(1)
    }
  },
)

scenarios(
  'A job with a final status of success creates the storage',
  { COMPLETED: 'COMPLETED', 'lower case': 'completed', 'with spaces': ' Completed ' },
  async (finalStatus) => {
    const { step } = await runOnce({
      setUp: (emulator) => {
        emulator.planJob({ finalStatus })
      },
    })
    expectSuccess(step, 'created', { ready: 'true', status: finalStatus.trim() })
  },
)

scenarios<Readonly<{ error: string; code: ErrorCode; finalStatus?: string }>>(
  'A job that fails is an error with its text',
  {
    'another status': { finalStatus: 'Failed', error: 'The stack is broken', code: 'JOB_FAILED' },
    'a bucket that exists': {
      error:
        'UPDATE_FAILED storagemedia AWS::CloudFormation::Stack\nS3Bucket AWS::S3::Bucket: octo-media9c04b-prod already exists',
      code: 'JOB_FAILED',
    },
    'a missing permission': {
      error:
        'User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: s3:CreateBucket',
      code: 'JOB_LACKS_PERMISSION',
    },
    'no text': { error: '', code: 'JOB_FAILED' },
  },
  async ({ error, code, finalStatus = 'FAILED' }) => {
    const { step, emulator } = await runOnce({
      setUp: (on) => {
        on.planJob({ error, finalStatus })
      },
    })
    const message = expectFailure(step, code, {
      status: finalStatus,
      'job-id': getJobId(emulator),
    })
    expect(message).toContain(error.split('\n').at(-1) ?? '')
    expect(emulator.calls(CREATE)).toHaveLength(1)
  },
)

scenario('A job that fails after its create got no response is a known failure', async () => {
  const { step, emulator } = await runOnce({
    faults: [{ operation: CREATE, kind: 'status', status: 504, when: 'after' }],
    setUp: (on) => {
      on.planJob({ error: 'Something is wrong with the stack' })
    },
  })
  expectFailure(step, 'JOB_FAILED')
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

scenarios(
  'A status that the action does not know counts as running until the time is over',
  { CANCELLED: 'CANCELLED', Succeeded: 'Succeeded' },
  async (finalStatus) => {
    const { step, emulator } = await runOnce({
      with: { 'timeout-in-minutes': '1' },
      setUp: (on) => {
        on.planJob({ finalStatus })
      },
    })
    const jobId = getJobId(emulator)
    const outputs = { result: 'timed-out', status: finalStatus, 'job-id': jobId }
    expect(expectFailure(step, 'TIMED_OUT', outputs)).toContain(finalStatus)
  },
)

scenarios(
  'A poll without a usable status leaves the outcome unknown after a few attempts',
  {
    empty: ',"status":""',
    null: ',"status":null',
    missing: '',
    'an object': ',"status":{"S":"X"}',
  },
  async (member) => {
    const body = `{"jobId":"7","operation":"CreateBackendStorage"${member}}`
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '3' },
      faults: [{ operation: POLL, kind: 'body', body, times: 'always' }],
    })
    expectFailure(step, 'UNREADABLE_RESPONSE', { result: 'unknown', 'job-id': getJobId(emulator) })
    expect(emulator.calls(POLL).length).toBeLessThan(8)
  },
)

scenario('A job that is not found at first is polled again', async () => {
  const { step, emulator } = await runOnce({
    rules: { jobMs: 30_000, jobReadableAfterMs: 20_000 },
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(emulator.calls(POLL)[0]?.status).toBe(404)
})

scenario('A job that is never found leaves the outcome unknown', async () => {
  const { step, emulator } = await runOnce({ rules: { jobReadableAfterMs: 600_000_000 } })
  const outputs = { result: 'unknown', 'job-id': getJobId(emulator) }
  expect(expectFailure(step, 'JOB_NOT_FOUND', outputs)).toContain(
    'aws amplifybackend get-backend-storage',
  )
})

scenario('A role that may not read its job leaves the outcome unknown', async () => {
  const { step, emulator } = await runOnce({
    setUp: (on) => {
      denyOperations(on, POLL)
    },
  })
  const message = expectFailure(step, 'ACCESS_DENIED', {
    result: 'unknown',
    'job-id': getJobId(emulator),
  })
  expect(message).toContain('amplifybackend:GetBackendJob')
  expect(message).toContain('wait: false')
  expect(emulator.calls(POLL)).toHaveLength(1)
})

scenario('A run with wait: false does not poll its job', async () => {
  const { step, emulator } = await runOnce({
    with: { wait: 'false' },
    setUp: (on) => {
      denyOperations(on, POLL)
    },
  })
  expectSuccess(step, 'started', { ready: '', 'job-id': getJobId(emulator) })
  expect(emulator.calls(POLL)).toEqual([])
})

scenario('Polls that fail one after the other do not end the wait', async () => {
  const faults: readonly Fault[] = [
    { kind: 'status', status: 429 },
    { kind: 'html', status: 504 },
    { kind: 'reset' },
    { kind: 'status', status: 500 },
    { kind: 'truncated' },
  ]
  const { step } = await runOnce({
    rules: { jobMs: 60_000 },
    faults: faults.map((fault) => ({ operation: POLL, ...fault })),
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(getLines(step, /GetBackendJob failed /)).toHaveLength(5)
  expect(step.annotations).toEqual([])
})

scenario('A poll that is rejected for good ends the wait with an unknown outcome', async () => {
  const { step, emulator } = await runOnce({
    faults: [{ operation: POLL, kind: 'status', status: 400, message: 'no', times: 'always' }],
  })
  expectFailure(step, 'BAD_REQUEST', { result: 'unknown', 'job-id': getJobId(emulator) })
  expect(emulator.calls(POLL)).toHaveLength(1)
})
