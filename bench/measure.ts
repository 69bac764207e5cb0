/** Measures a process: wall time from outside, CPU time and memory from the operating system. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type Command = Readonly<{
  program: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
}>

export type Usage = Readonly<{ cpuMs: number; peakMiB: number }>

const TIMEOUT_MS = 60_000

/**
 * Wall time of a process in milliseconds, from its start to its exit.
 *
 * @throws Error if it exits with another code than 0
 */
export function measureWallMs(command: Command): Promise<number> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args, {
      env: command.env,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      const durationMs = performance.now() - startedAt
      if (code === 0) resolve(durationMs)
      else reject(new Error(`${command.args.join(' ')} exited with ${String(code)}: ${stderr}`))
    })
  })
}

/** CPU time and peak memory of a Node process, which a preloaded module writes to a file at exit. */
export async function measureNodeUsage(command: Command): Promise<Usage> {
  const folder = mkdtempSync(join(tmpdir(), 'usage-'))
  const preload = join(folder, 'usage.mjs')
  const file = join(folder, 'usage.json')
  writeFileSync(
    preload,
    `import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.resourceUsage())))`,
  )
  try {
    await measureWallMs({ ...command, args: ['--import', preload, ...command.args] })
    const usage: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const number = (name: string): number => {
      const value: unknown =
        typeof usage === 'object' && usage !== null ? Reflect.get(usage, name) : undefined
      return typeof value === 'number' ? value : NaN
    }
    return {
      cpuMs: (number('userCPUTime') + number('systemCPUTime')) / 1000,
      // libuv reports KiB on every system.
      peakMiB: number('maxRSS') / 1024,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? NaN
  const high = sorted[Math.floor(middle)] ?? NaN
  return (low + high) / 2
}

/** The names of the files in a folder that a Node process loads, from its coverage report. */
export async function findLoadedFiles(
  command: Command,
  folder: string,
): Promise<readonly string[]> {
  const coverage = mkdtempSync(join(tmpdir(), 'loaded-'))
  try {
    await measureWallMs({ ...command, env: { ...command.env, NODE_V8_COVERAGE: coverage } })
    const texts = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'))
    return readdirSync(folder).filter((name) =>
      texts.some((text) => text.includes(`${pathToFileURL(join(folder, name)).href}"`)),
    )
  } finally {
    rmSync(coverage, { recursive: true, force: true })
  }
}
