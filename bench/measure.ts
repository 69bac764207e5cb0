/** One process, measured: wall time from outside, CPU time and memory as the system counts them. */
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
 * Wall time of a process in milliseconds, from before its start to its end.
 *
 * @throws Error when it fails
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
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      const took = performance.now() - startedAt
      if (code === 0) resolve(took)
      else reject(new Error(`${command.args.join(' ')} ended with ${String(code)}: ${said}`))
    })
  })
}

/** CPU time and peak memory of a Node process, which it writes down itself when it ends. */
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
      // Linux counts it in KiB (getrusage, ru_maxrss), as libuv reports it everywhere.
      peakMiB: number('maxRSS') / 1024,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The middle value; of an even number, the mean of both middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? NaN
  const high = sorted[Math.floor(middle)] ?? NaN
  return (low + high) / 2
}

/** The files of a folder that a process of Node loads, by name, as its own record of coverage tells. */
export async function findLoadedFiles(
  command: Command,
  folder: string,
): Promise<readonly string[]> {
  const record = mkdtempSync(join(tmpdir(), 'loaded-'))
  try {
    await measureWallMs({ ...command, env: { ...command.env, NODE_V8_COVERAGE: record } })
    const texts = readdirSync(record).map((name) => readFileSync(join(record, name), 'utf8'))
    return readdirSync(folder).filter((name) =>
      texts.some((text) => text.includes(`${pathToFileURL(join(folder, name)).href}"`)),
    )
  } finally {
    rmSync(record, { recursive: true, force: true })
  }
}
