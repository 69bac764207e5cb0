import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type ProcessOptions = Readonly<{
  program: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  /** Milliseconds after which the process is killed; two minutes by default. */
  timeoutMs?: number | undefined
  /** Called when the process has started. */
  onStart?: ((pid: number) => void) | undefined
}>

/** Runs a program and passes on every line that it prints; resolves with its exit code. */
export type RunProcess = (
  options: ProcessOptions,
  onLine: (text: string, stream: 'stdout' | 'stderr') => void,
) => Promise<number>

// Much longer than any step takes, so that the timeout only ends a step that hangs.
const defaultTimeoutMs = 120_000

/** Runs a program with these environment variables and no others. */
export const runProcess: RunProcess = async (options, onLine) => {
  const child = spawn(options.program, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? defaultTimeoutMs,
    killSignal: 'SIGKILL',
  })
  if (child.pid !== undefined) options.onStart?.(child.pid)
  const read = async (name: 'stdout' | 'stderr'): Promise<void> => {
    const lines = createInterface({ input: child[name], crlfDelay: Infinity })
    for await (const text of lines) onLine(text, name)
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal !== null) onLine(`##[error]The process was ended by ${signal}`, 'stdout')
      resolve(code ?? 1)
    })
  })
  const [code] = await Promise.all([ended, read('stdout'), read('stderr')])
  return code
}
