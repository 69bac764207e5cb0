/** The programs that install.sh has installed, and how the tests run them. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The path of a program of the virtual environment. */
export const tool = (name: string): string => join(root, 'build', 'interop', 'bin', name)

export type ToolOptions = Readonly<{
  /** The repository when left out. */
  cwd?: string
  /** Everything that the program finds in its environment. */
  env?: Readonly<Record<string, string>>
  timeoutMs?: number
}>

export type ToolResult = Readonly<{ exitCode: number; stdout: string; stderr: string }>

/**
 * Runs a program in a process group of its own, so that no process that it starts outlives it.
 *
 * @throws Error when it does not end in time
 */
export async function runTool(
  program: string,
  args: readonly string[],
  { cwd = root, env = {}, timeoutMs = 60_000 }: ToolOptions = {},
): Promise<ToolResult> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const { pid } = child
  const killGroup = (): void => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // Every process of the group has ended.
    }
  }
  const timeout = AbortSignal.timeout(timeoutMs)
  timeout.addEventListener('abort', killGroup)
  try {
    const [exitCode, stdout, stderr] = await Promise.all([
      new Promise<number>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (code) => {
          resolve(code ?? 1)
        })
      }),
      text(child.stdout),
      text(child.stderr),
    ])
    if (timeout.aborted)
      throw new Error(`${program} did not end within ${timeoutMs} ms\n${stdout}${stderr}`)
    return { exitCode, stdout, stderr }
  } finally {
    timeout.removeEventListener('abort', killGroup)
    killGroup()
  }
}
