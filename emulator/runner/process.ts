import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type ProcessOptions = Readonly<{
  program: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
  /** Ends a process that hangs, in milliseconds. */
  timeoutMs?: number | undefined
  /** Told of the process once it runs. */
  onStart?: ((pid: number) => void) | undefined
}>

/** Gives back the exit code, after every line of what the program writes. */
export type RunProcess = (
  command: ProcessOptions,
  line: (text: string, stream: 'stdout' | 'stderr') => void,
) => Promise<number>

// Far more than any step takes; it only keeps a hanging one from holding up everything.
const defaultTimeoutMs = 120_000

/** Runs a program with this environment and no other. */
export const runProcess: RunProcess = async (command, line) => {
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: command.timeoutMs ?? defaultTimeoutMs,
    killSignal: 'SIGKILL',
  })
  if (child.pid !== undefined) command.onStart?.(child.pid)
  const read = async (name: 'stdout' | 'stderr'): Promise<void> => {
    const lines = createInterface({ input: child[name], crlfDelay: Infinity })
    for await (const text of lines) line(text, name)
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal !== null) line(`##[error]The process was ended by ${signal}`, 'stdout')
      resolve(code ?? 1)
    })
  })
  const [code] = await Promise.all([ended, read('stdout'), read('stderr')])
  return code
}
