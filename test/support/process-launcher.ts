/**
 * Starts processes by way of a small one. To start a child, the system copies the page tables of the parent:
 * tens of milliseconds for one that has as much in memory as a test runner.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import type { ProcessOptions, RunProcess } from '../../emulator/runner/process.ts'
import type { Report } from './process-launcher-child.ts'

let launcher: ChildProcess | undefined
let requests = 0
const pending = new Map<number, (report: Report) => void>()

/** The process that starts the others, which ends with this one. */
function getLauncher(): ChildProcess {
  if (launcher !== undefined) return launcher
  const started = fork(fileURLToPath(new URL('launcher.ts', import.meta.url)), {
    env: {
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      // Windows starts little without it.
      SystemRoot: process.env['SystemRoot'],
    },
    execArgv: [],
  })
  started.on('message', (report: Report) => pending.get(report.order)?.(report))
  started.once('exit', () => {
    launcher = undefined
    for (const [order, tell] of pending)
      tell({ order, kind: 'error', message: 'the launcher ended' })
  })
  // A test that waits for nothing else is over.
  started.unref()
  started.channel?.unref()
  launcher = started
  return started
}

/** As `runProcess`, whose child it is elsewhere. */
export const launchProcess: RunProcess = async ({ onStart, ...command }, line) => {
  requests += 1
  const order = requests
  try {
    return await new Promise<number>((resolve, reject) => {
      pending.set(order, (report) => {
        if (report.kind === 'start') onStart?.(report.pid)
        else if (report.kind === 'line') line(report.text, report.stream)
        else if (report.kind === 'end') resolve(report.code)
        else reject(new Error(report.message))
      })
      getLauncher().send({ order, command } satisfies LaunchRequest)
    })
  } finally {
    pending.delete(order)
  }
}

export type LaunchRequest = Readonly<{ order: number; command: Omit<ProcessOptions, 'onStart'> }>
