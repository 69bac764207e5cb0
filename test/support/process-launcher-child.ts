/** The process of launch.ts: does what it is told, and ends when nobody is left to tell it. */
import { runProcess } from '../../emulator/runner/process.ts'
import type { LaunchRequest } from './process-launcher.ts'

export type Report = Readonly<{ order: number }> &
  (
    | Readonly<{ kind: 'start'; pid: number }>
    | Readonly<{ kind: 'line'; text: string; stream: 'stdout' | 'stderr' }>
    | Readonly<{ kind: 'end'; code: number }>
    | Readonly<{ kind: 'error'; message: string }>
  )

const report = (what: Report): void => {
  process.send?.(what)
}

process.on('message', ({ order, command }: LaunchRequest) => {
  const onStart = (pid: number): void => {
    report({ order, kind: 'start', pid })
  }
  runProcess({ ...command, onStart }, (text, stream) => {
    report({ order, kind: 'line', text, stream })
  }).then(
    (code) => {
      report({ order, kind: 'end', code })
    },
    (error: unknown) => {
      report({ order, kind: 'error', message: String(error) })
    },
  )
})
process.once('disconnect', () => process.exit())
