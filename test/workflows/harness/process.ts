import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Command = Readonly<{
  program: string
  args: readonly string[]
  cwd: string
  env: Readonly<Record<string, string>>
}>

// Far more than any example takes; it only keeps a hanging one from holding up everything.
const limitMs = 120_000

/** Runs a program with this environment and no other; gives back its exit code, and every line. */
export async function runProcess(command: Command, line: (text: string) => void): Promise<number> {
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  const read = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) line(text)
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal !== null) line(`##[error]The process was ended by ${signal}`)
      resolve(code ?? 1)
    })
  })
  const [code] = await Promise.all([ended, read(child.stdout), read(child.stderr)])
  return code
}
