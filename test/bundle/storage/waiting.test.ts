/** The wait for a job: what the service says meanwhile, and what ends it. */
import { expect } from 'vitest'

import type { Fault } from '../../../emulator/emulator.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { denyOperations, getJobId } from '../../support/emulator-state.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLines, getLog } from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'
const POLL = 'GetBackendJob'

scenario('The log repeats the status of a long job, with the time that is left', async () => {
  const { step, emulator } = await runOnce({ rules: { jobMs: 115_000 } })
  expectSuccess(step, 'created', { ready: 'true' })
  const lines = getLines(step, new RegExp(`${String(getJobId(emulator))} is RUNNING`))
  expect(lines.length, getLog(step)).toBeGreaterThanOrEqual(2)
  const seconds = lines.map((line) => Number(/^\s*\[([\d.]+) s\]/.exec(line)?.[1]))
  const gaps = seconds.slice(1).map((at, index) => at - (seconds[index] ?? 0))
  for (const gap of gaps) expect(gap).toBeGreaterThan(30)
})

scenario('The log has each status of a job, and counts an unknown one as running', async () => {
  const { step } = await runOnce({
    rules: { jobMs: 45_000, jobStatuses: ['PROVISIONING', 'REBOOTING', 'RUNNING'] },
  })
  expectSuccess(step, 'created', { status: 'COMPLETED' })
  expect(getLines(step, /is (?:PROVISIONING|REBOOTING) after/), getLog(step)).not.toEqual([])
})

scenario(
  'A job with a final status of success in another notation creates the storage',
  async () => {
    const { step } = await runOnce({ job: { finalStatus: ' Completed ' } })
    expectSuccess(step, 'created', { ready: 'true', status: 'Completed' })
  },
)

scenarios<Readonly<{ error: string; code: ErrorCode; finalStatus?: string }>>(
  'A job that fails is an error with its text',
  {
    'a bucket that exists': {
      error:
        'UPDATE_FAILED storagemedia AWS::CloudFormation::Stack\nS3Bucket AWS::S3::Bucket: octo-media9c04b-prod already exists',
      code: 'JOB_FAILED',
      finalStatus: 'Failed',
    },
    'a missing permission': {
      error:
        'User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: s3:CreateBucket',
      code: 'JOB_LACKS_PERMISSION',
    },
    'no text': { error: '', code: 'JOB_FAILED' },
  },
  async ({ error, code, finalStatus = 'FAILED' }) => {
    const { step, emulator } = await runOnce({ job: { error, finalStatus } })
    const outputs = { status: finalStatus, 'job-id': getJobId(emulator) }
    expect(expectFailure(step, code, outputs)).toContain(error.split('\n').at(-1) ?? '')
    expect(emulator.calls(CREATE)).toHaveLength(1)
  },
)

scenario('A job that fails after its create got no response is a known failure', async () => {
  const { step, emulator } = await runOnce({
    faults: [{ operation: CREATE, kind: 'status', status: 504, when: 'after' }],
    job: { error: 'Something is wrong with the stack' },
  })
  expectFailure(step, 'JOB_FAILED')
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

scenario('A status that is not known counts as running until the time is over', async () => {
  const { step, emulator } = await runOnce({
    with: { 'timeout-in-minutes': '1' },
    job: { finalStatus: 'CANCELLED' },
  })
  const outputs = { result: 'timed-out', status: 'CANCELLED', 'job-id': getJobId(emulator) }
  expect(expectFailure(step, 'TIMED_OUT', outputs)).toContain('CANCELLED')
})

scenarios(
  'A poll without a usable status leaves the outcome unknown after a few attempts',
  { empty: '""', 'an object': '{"S":"X"}' },
  async (status) => {
    const body = `{"operation":"CreateBackendStorage","status":${status}}`
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '1' },
      faults: [{ operation: POLL, kind: 'body', body, times: 'always' }],
    })
    expectFailure(step, 'UNREADABLE_RESPONSE', { result: 'unknown', 'job-id': getJobId(emulator) })
    expect(emulator.calls(POLL)).toHaveLength(8)
  },
)

scenario('A job that is not found at first is polled again', async () => {
  const { step, emulator } = await runOnce({
    rules: { jobMs: 22_000, jobReadableAfterMs: 20_000 },
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
  const outputs = { result: 'unknown', 'job-id': getJobId(emulator) }
  const message = expectFailure(step, 'ACCESS_DENIED', outputs)
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
    { kind: 'truncated' },
  ]
  const { step } = await runOnce({
    rules: { jobMs: 1_000 },
    faults: faults.map((fault) => ({ operation: POLL, ...fault })),
  })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(getLines(step, /GetBackendJob failed /)).toHaveLength(3)
  expect(step.annotations).toEqual([])
})

scenario('A poll that is rejected for good ends the wait with an unknown outcome', async () => {
  const { step, emulator } = await runOnce({
    faults: [{ operation: POLL, kind: 'status', status: 400, message: 'no', times: 'always' }],
  })
  expectFailure(step, 'BAD_REQUEST', { result: 'unknown', 'job-id': getJobId(emulator) })
  expect(emulator.calls(POLL)).toHaveLength(1)
})
