/** The runner's files for outputs and summaries, when they cannot be written. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'

import { OUTPUTS } from '../../../src/report/outputs.ts'
import { getJobId } from '../../support/emulator-state.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectSuccess, getAnnotations, getLog } from '../../support/step-result.ts'

const folder = mkdtempSync(join(tmpdir(), 'report-files-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Windows has no FIFOs. */
const fifos: Readonly<Record<string, string>> =
  process.platform === 'win32' ? {} : { 'a FIFO that nobody reads': createFifo() }

function createFifo(): string {
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  return path
}

const unwritable: Readonly<Record<string, string>> = {
  'a missing folder': join(folder, 'missing', 'file'),
  'a folder': folder,
  ...fifos,
  ...(process.platform === 'linux'
    ? { 'a full disk': '/dev/full', 'a file of the system': '/proc/version' }
    : {}),
}

scenarios(
  'A run whose outputs cannot be written succeeds with a warning, and logs its job',
  unwritable,
  async (path) => {
    const { step, emulator } = await runOnce({ env: { GITHUB_OUTPUT: path } })
    expect(step.exitCode, getLog(step)).toBe(0)
    const jobId = String(getJobId(emulator))
    expect(getLog(step)).toContain(`job-id: ${jobId}`)
    expect(step.summary).toContain(jobId)
    expect(step.annotations).toMatchObject([{ level: 'warning', title: 'Outputs not written' }])
    expect(emulator.calls('CreateBackendStorage')).toHaveLength(1)
  },
)

scenario('A run that fails and cannot write its outputs has one error', async () => {
  const { step } = await runOnce({
    env: { GITHUB_OUTPUT: folder },
    job: { error: 'The stack is broken' },
  })
  expect(step.exitCode, getLog(step)).toBe(1)
  expect(getAnnotations(step, 'error')).toHaveLength(1)
  expect(getLog(step)).toContain('The stack is broken')
})

scenarios(
  'A run whose summary cannot be written succeeds with all outputs and a warning',
  unwritable,
  async (path) => {
    const { step } = await runOnce({ env: { GITHUB_STEP_SUMMARY: path } })
    expectSuccess(step, 'created', { ready: 'true' })
    expect(step.annotations).toMatchObject([{ level: 'warning', title: 'Summary not written' }])
  },
)

scenarios(
  'A run whose event file cannot be read ends with a warning',
  { 'a folder': folder, ...fifos },
  async (path) => {
    const { step } = await runOnce({ env: { GITHUB_EVENT_PATH: path } })
    // Without the event, the default branch is not known.
    expect(step.outputs['result'], getLog(step)).toBe('planned')
    expect(getAnnotations(step, 'warning')).not.toEqual([])
  },
)

scenario('A summary that would exceed the limit of the runner is not written', async () => {
  const path = join(folder, 'full')
  const before = 'x'.repeat(1024 * 1024 - 10)
  writeFileSync(path, before)
  const { step } = await runOnce({ env: { GITHUB_STEP_SUMMARY: path } })
  expect(step.annotations).toMatchObject([{ level: 'warning', title: 'Summary not written' }])
  expect(readFileSync(path, 'utf8')).toBe(before)
})

scenario('A summary is appended to the summary of another step', async () => {
  const path = join(folder, 'shared')
  const before = `${'x'.repeat(900_000)}\n`
  writeFileSync(path, before)
  const { step } = await runOnce({ env: { GITHUB_STEP_SUMMARY: path } })
  expectSuccess(step, 'created')
  expect(step.annotations).toEqual([])
  const after = readFileSync(path, 'utf8')
  expect(after.startsWith(before)).toBe(true)
  expect(after).toContain('created')
})

scenario('A run on a runner without summaries succeeds without a warning', async () => {
  const { step } = await runOnce({ env: { GITHUB_STEP_SUMMARY: undefined } })
  expectSuccess(step, 'created', { ready: 'true' })
  expect(step.annotations).toEqual([])
})

scenarios(
  'A run on a runner without an output file sets its outputs by escaped commands',
  { 'not set': undefined, empty: '' },
  async (path) => {
    const { step, emulator } = await runOnce({
      env: { GITHUB_OUTPUT: path },
      job: { error: 'first\n::set-output name=ready::true' },
    })
    expect(step.exitCode, getLog(step)).toBe(1)
    const commands = step.rawLines.filter((line) => line.startsWith('::set-output'))
    expect(commands).toContain(`::set-output name=job-id::${String(getJobId(emulator))}`)
    const names = commands.map((line) => /^::set-output name=([a-z-]+)::/.exec(line)?.[1])
    expect(new Set(names)).toEqual(new Set(OUTPUTS))
    expect(commands).not.toContain('::set-output name=ready::true')
  },
)

scenarios(
  'A malformed job id is never used or shown',
  {
    'no object': '{}',
    'a path': { jobId: '../../admin' },
    'an output': { jobId: 'j\r\nstatus=evil' },
    'a long text': { jobId: 'x'.repeat(999) },
  },
  async (response) => {
    const body =
      typeof response === 'string' ? response : JSON.stringify({ ...response, status: 'RUNNING' })
    const { step, emulator } = await runOnce({
      rules: { jobListedAfterMs: 600_000_000 },
      faults: [{ operation: 'CreateBackendStorage', kind: 'body', body, when: 'after' }],
    })
    expectSuccess(step, 'created', { ready: 'true', 'job-id': '' })
    expect(Object.values(step.outputs).join('\n')).not.toContain('evil')
    expect(emulator.calls('GetBackendJob')).toEqual([])
    expect(emulator.requests.filter(({ operation }) => operation === undefined)).toEqual([])
  },
)

scenario('A status of several lines sets no other output', async () => {
  const { step } = await runOnce({
    job: { statuses: ['A\nready=true\r\n', 'a\nghadelimiter_x'] },
  })
  expectSuccess(step, 'created', { status: 'COMPLETED' })
  expect(step.rawLines.filter((line) => line.startsWith('ready='))).toEqual([])
})
