/**
 * The runner's files that cannot be written: what the step has done does not change by that, and the job
 * id stands in the log.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

import { OUTPUTS } from '../../src/report/outputs.ts'
import { FAST_SCALE, runAction } from '../support/run-action.ts'
import { getAnnotations, getLog } from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'

const stages = createEmulatorPool(FAST_SCALE)
const folder = mkdtempSync(join(tmpdir(), 'report-files-'))
const readOnly = join(folder, 'read-only')
writeFileSync(readOnly, '', { mode: 0o444 })
afterAll(async () => {
  await stages.stop()
  rmSync(folder, { recursive: true, force: true })
})

const unwritable: readonly Readonly<{ name: string; path: string }>[] = [
  { name: 'a path that does not exist', path: join(folder, 'nowhere', 'file') },
  { name: 'a directory', path: folder },
  // A full disk is a device only where there are such devices, and the superuser can write anything.
  ...(process.platform === 'linux'
    ? [
        { name: 'a full disk', path: '/dev/full' },
        { name: "the system's own", path: '/proc/version' },
      ]
    : []),
  ...(process.getuid?.() === 0 ? [] : [{ name: 'a read-only file', path: readOnly }]),
]

describe.concurrent.each(unwritable)('P03: a file for the outputs that is $name', ({ path }) => {
  it('leaves a green run green, with its job id in the log, and a warning', () =>
    stages.use({}, async (stage) => {
      const end = await runAction(stage, { env: { GITHUB_OUTPUT: path } })

      expect(end.exitCode, getLog(end)).toBe(0)
      const jobId = String(stage.emulator.environment().jobs[0]?.jobId)
      expect(getLog(end)).toContain(`job-id: ${jobId}`)
      expect(getLog(end)).toContain('Result: created')
      expect(getAnnotations(end, 'warning').map(({ title }) => title)).toEqual([
        'Outputs not written',
      ])
      expect(getAnnotations(end, 'error')).toEqual([])
      expect(end.summary).toContain(jobId)
      expect(stage.emulator.calls('CreateBackendStorage')).toHaveLength(1)
    }))

  it('leaves a red run red, with the one error that it has', () =>
    stages.use({}, async (stage) => {
      stage.emulator.planJob({ error: 'The stack is broken' })
      const end = await runAction(stage, { env: { GITHUB_OUTPUT: path } })

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(getAnnotations(end, 'error')).toHaveLength(1)
      expect(getLog(end)).toContain('The stack is broken')
    }))
})

describe.concurrent.each(unwritable)('M02: a file for the summary that is $name', ({ path }) => {
  it('leaves a green run green, with all its outputs, and a warning', () =>
    stages.use({}, async (stage) => {
      const end = await runAction(stage, { env: { GITHUB_STEP_SUMMARY: path } })

      expect(end.exitCode, getLog(end)).toBe(0)
      expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
      expect(getAnnotations(end, 'warning').map(({ title }) => title)).toEqual([
        'Summary not written',
      ])
    }))
})

describe.concurrent('a file for the summary that is almost full', () => {
  it('M01: is left as it is, since a runner would drop all of it', () =>
    stages.use({}, async (stage) => {
      const path = join(folder, 'full')
      const before = 'x'.repeat(1024 * 1024 - 10)
      writeFileSync(path, before)
      const end = await runAction(stage, { env: { GITHUB_STEP_SUMMARY: path } })

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', ready: 'true' })
      expect(end.exitCode).toBe(0)
      expect(getAnnotations(end, 'warning')).toMatchObject([{ title: 'Summary not written' }])
      expect(readFileSync(path, 'utf8')).toBe(before)
    }))

  it('M01: is added to where there is room', () =>
    stages.use({}, async (stage) => {
      const path = join(folder, 'roomy')
      const before = `${'x'.repeat(900_000)}\n`
      writeFileSync(path, before)
      const end = await runAction(stage, { env: { GITHUB_STEP_SUMMARY: path } })

      expect(end.exitCode, getLog(end)).toBe(0)
      expect(end.annotations).toEqual([])
      const after = readFileSync(path, 'utf8')
      expect(after.startsWith(before)).toBe(true)
      expect(after).toContain('created')
    }))
})

describe.concurrent('a runner that knows no', () => {
  it('M02: summaries gets none, and no warning', () =>
    stages.use({}, async (stage) => {
      const end = await runAction(stage, { env: { GITHUB_STEP_SUMMARY: undefined } })

      expect(end.exitCode, getLog(end)).toBe(0)
      expect(end.outputs).toMatchObject({ result: 'created', ready: 'true' })
      expect(end.annotations).toEqual([])
    }))

  it.each(['none', 'an empty one'] as const)(
    'P02: files for outputs (%s) is told them by its older commands, each value escaped',
    (path) =>
      stages.use({}, async (stage) => {
        stage.emulator.planJob({ error: 'first\n::set-output name=ready::true' })
        const env = { GITHUB_OUTPUT: path === 'none' ? undefined : '' }
        const end = await runAction(stage, { env })

        expect(end.exitCode, getLog(end)).toBe(1)
        const commands = end.rawLines.filter((line) => line.startsWith('::set-output'))
        const jobId = String(stage.emulator.environment().jobs[0]?.jobId)
        expect(commands).toContain(`::set-output name=job-id::${jobId}`)
        const names = commands.map((line) => /^::set-output name=([a-z-]+)::/.exec(line)?.[1])
        expect(new Set(names)).toEqual(new Set(OUTPUTS))
        expect(commands).not.toContain('::set-output name=ready::true')
      }),
  )
})

describe.concurrent('P01, I06: a value from the service that would end an output early', () => {
  it.each([
    'j\r\nstatus=evil',
    'a\nghadelimiter_x',
    '../../admin',
    '..',
    ' '.repeat(5),
    'x'.repeat(999),
  ])('is no job id: %j', (jobId) =>
    stages.use({ jobListedAfterMs: 600_000_000 }, async (stage) => {
      stage.emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'body',
        body: JSON.stringify({ appId: 'd1', backendEnvironmentName: 'prod', jobId, status: 'R' }),
        when: 'after',
      })
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', 'job-id': '' })
      expect(Object.values(end.outputs).join('\n')).not.toContain('evil')
    }),
  )

  it('is one line of the status at most', () =>
    stages.use({}, async (stage) => {
      stage.emulator.planJob({ statuses: ['A\nready=true\r\n', 'a\nghadelimiter_x'] })
      stage.emulator.state.rules.jobMs = 20_000
      const end = await runAction(stage)

      expect(end.outputs, getLog(end)).toMatchObject({ result: 'created', status: 'COMPLETED' })
      expect(end.rawLines.filter((line) => line.startsWith('ready='))).toEqual([])
    }))
})
