/**
 * Starts processes from a small one. To start a child, the system copies the page tables of its parent: tens
 * of milliseconds for one that has as much in memory as a test runner.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import type { ProcessOptions, RunProcess } from '../../emulator/runner/process.ts'
import type { LauncherMessage } from './process-launcher-child.ts'

export type LaunchRequest = Readonly<{ id: number; options: Omit<ProcessOptions, 'onStart'> }>

let launcher: ChildProcess | undefined
let lastId = 0
const pending = new Map<number, (message: LauncherMessage) => void>()

/** The process that starts the others; it ends with this one. */
function getLauncher(): ChildProcess {
  if (launcher !== undefined) return launcher
  const started = fork(fileURLToPath(new URL('process-launcher-child.ts', import.meta.url)), {
    env: {
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      // On Windows few programs start without it.
      SystemRoot: process.env['SystemRoot'],
    },
    execArgv: [],
  })
  started.on('message', (message: LauncherMessage) => pending.get(message.id)?.(message))
  started.once('exit', () => {
    launcher = undefined
    for (const [id, receive] of pending)
      receive({ id, kind: 'error', message: 'the launcher ended' })
  })
  // The launcher does not keep a test runner alive.
  started.unref()
  started.channel?.unref()
  launcher = started
  return started
}

/** Like `runProcess`, as a child of the launcher. */
export const launchProcess: RunProcess = async ({ onStart, ...options }, onLine) => {
  lastId += 1
  const id = lastId
  try {
    return await new Promise<number>((resolve, reject) => {
      pending.set(id, (message) => {
        if (message.kind === 'start') onStart?.(message.pid)
        else if (message.kind === 'line') onLine(message.text, message.stream)
        else if (message.kind === 'exit') resolve(message.code)
        else reject(new Error(message.message))
      })
      getLauncher().send({ id, options } satisfies LaunchRequest)
    })
  } finally {
    pending.delete(id)
  }
}
