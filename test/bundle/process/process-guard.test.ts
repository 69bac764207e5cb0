/** A process that would end without a result fails, with an explanation and with the known outputs. */
import { expect } from 'vitest'

import { pullRequest, push } from '../../../emulator/runner/events.ts'
import { getJobId } from '../../support/emulator-state.ts'
import { preloadArguments } from '../../support/preload.ts'
import { checkResult } from '../../support/result-invariants.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario } from '../../support/scenario.ts'
import { getAnnotations, getLog } from '../../support/step-result.ts'

const unexpectedErrors = [
  'a rejection that nothing handles',
  'a rejection without an error',
  'an exception in a timer',
  'exceptions one after the other',
  'an exception in the handler of a signal',
  'promises that never settle',
  'a process in which nothing moves',
  'a premature exit',
] as const

/** Runs in real time with an unexpected error at a line of the log; returns the messages of its errors, too. */
async function crash(
  error: string,
  at: string,
  event = push(),
): Promise<Awaited<ReturnType<typeof runOnce>> & { readonly messages: readonly string[] }> {
  const run = await runOnce({
    rules: { jobMs: 600_000 },
    scale: 1,
    event,
    nodeArguments: preloadArguments('preload/crash-preload.ts'),
    env: { CRASH: error, CRASH_AT: at },
  })
  checkResult(run.step)
  return { ...run, messages: getAnnotations(run.step, 'error').map(({ message }) => message) }
}

for (const error of unexpectedErrors) {
  scenario(`A run fails and says so after ${error} before any request was sent`, async () => {
    const { step, emulator, messages } = await crash(error, 'Requested configuration')
    expect(step.exitCode, getLog(step)).toBe(1)
    expect(messages).toEqual([
      expect.stringMatching(/unexpected error occurred|ended without a result/),
    ])
    expect(step.outputs).toMatchObject({ ready: '', 'error-code': 'INTERNAL_ERROR' })
    // The run itself may have no time to say how far it came.
    const results =
      error === 'a premature exit'
        ? ['unknown']
        : error === 'a process in which nothing moves'
          ? ['failed', 'unknown']
          : ['failed']
    expect(results).toContain(step.outputs['result'])
    expect(emulator.state.counters.create.received).toBe(0)
    if (step.outputs['result'] === 'failed') expect(step.summary).toContain('INTERNAL_ERROR')
  })

  scenario(`A run fails with the job ID set after ${error} while the job runs`, async () => {
    const { step, emulator, messages } = await crash(error, 'Waiting for job')
    const jobId = String(getJobId(emulator))
    expect(step.exitCode, getLog(step)).toBe(1)
    expect(messages).toHaveLength(1)
    const codes = { result: 'unknown', 'error-code': 'INTERNAL_ERROR' }
    expect(step.outputs).toMatchObject({ ...codes, ready: '', 'job-id': jobId })
    expect(step.outputs['error-message']).toMatch(
      error === 'a premature exit' ? /run the workflow again/ : /the next run waits for it/,
    )
    expect(emulator.state.counters.create.received).toBe(1)
    if (error === 'a premature exit') return
    expect(messages[0]).toContain(`Job ${jobId} is still running`)
    expect(step.summary).toContain(jobId)
  })

  if (error === 'a premature exit') continue
  scenario(`A run keeps its result after ${error} once the result is known`, async () => {
    const { step, messages } = await crash(error, 'Result: ', pullRequest())
    expect(step.exitCode, getLog(step)).toBe(0)
    expect(messages).toEqual([])
    expect(step.outputs['result']).toBe('planned')
  })
}

scenario('A cancelled run stays cancelled after an exception in a signal handler', async () => {
  const error = 'an exception in the handler of the signal that cancels'
  const { step, emulator, messages } = await crash(error, 'Waiting for job')
  expect(step.exitCode, getLog(step)).toBe(1)
  expect(messages).toHaveLength(1)
  const outputs = { result: 'cancelled', ready: '', 'error-code': 'CANCELLED' }
  expect(step.outputs).toMatchObject({ ...outputs, 'job-id': getJobId(emulator) })
})
