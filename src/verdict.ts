/** A process that would end without a verdict must not look like a success. */
import type { Toolkit } from './toolkit.ts'
import { oneLine } from './text.ts'

/**
 * Watches for ends that the run does not know of: a promise that never settles, a rejection or an exception
 * that nobody handles. Each ends red, with an explanation.
 *
 * @returns ends the process with the run's own verdict, when everything written has left it
 */
export function ensureVerdict(toolkit: Toolkit): (exitCode: 0 | 1) => void {
  let verdict = false
  const fail = (what: string): void => {
    if (verdict) return
    verdict = true
    try {
      toolkit.setOutput('result', 'failed')
      toolkit.setOutput('error-code', 'INTERNAL_ERROR')
    } catch {
      // The annotation below says it in any case.
    }
    toolkit.annotate(
      'error',
      'Failed (INTERNAL_ERROR)',
      `${what}\nWhat this run started may go on remotely: look at the storage, then run again, which is harmless. Please report it with the log of a run with debug logging.`,
    )
    leave(1)
  }
  // Until there is a verdict, whatever ends the process ends it red.
  process.exitCode = 1
  process.on('uncaughtException', (error) => {
    fail(`Something unforeseen happened: ${oneLine(`${error.name}: ${error.message}`)}`)
  })
  process.on('unhandledRejection', (reason) => {
    fail(
      `Something unforeseen happened: ${oneLine(reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason))}`,
    )
  })
  process.on('beforeExit', () => {
    fail('The run ended before it came to a result.')
  })
  return (exitCode) => {
    verdict = true
    leave(exitCode)
  }
}

/** Ends the process at once: a connection or a timer that is still there must not keep the step alive. */
function leave(exitCode: 0 | 1): void {
  process.exitCode = exitCode
  // Pipes are written asynchronously on some systems; the process must not be gone before them.
  process.stdout.write('', () => {
    process.stderr.write('', () => {
      process.exit(exitCode)
    })
  })
}
