/** The process behind process-launcher.ts; it ends when the test runner does. */
import { runProcess } from '../../emulator/runner/process.ts'
import type { LaunchRequest } from './process-launcher.ts'

export type LauncherMessage = Readonly<{ id: number }> &
  (
    | Readonly<{ kind: 'start'; pid: number }>
    | Readonly<{ kind: 'line'; text: string; stream: 'stdout' | 'stderr' }>
    | Readonly<{ kind: 'exit'; code: number }>
    | Readonly<{ kind: 'error'; message: string }>
  )

const send = (message: LauncherMessage): void => {
  process.send?.(message)
}

process.on('message', ({ id, options }: LaunchRequest) => {
  const onStart = (pid: number): void => {
    send({ id, kind: 'start', pid })
  }
  runProcess({ ...options, onStart }, (text, stream) => {
    send({ id, kind: 'line', text, stream })
  }).then(
    (code) => {
      send({ id, kind: 'exit', code })
    },
    (error: unknown) => {
      send({ id, kind: 'error', message: String(error) })
    },
  )
})
process.once('disconnect', () => process.exit())
