/** A process that would end without a verdict must not look like a success. */
import type { Cancellation } from './cancellation.ts'
import { ActionError } from './errors.ts'
import { oneLine } from './text.ts'
import type { Toolkit } from './toolkit.ts'

/** After something unforeseen the run reports by itself; if it cannot, the process ends without it. */
const LAST_WORDS_MS = 3_000

/**
 * Watches for what the run cannot know of: a promise that never settles, a rejection or an exception that
 * nobody handles. The run is ended by it, and reports it as its result, or as a warning where the result
 * stood already. If not even that comes to an end, the process ends red with an explanation.
 *
 * @returns ends the process with the run's own verdict, when everything written has left it
 */
export function ensureVerdict(
  toolkit: Toolkit,
  cancellation: Cancellation,
): (exitCode: 0 | 1) => void {
  let unforeseen: Error | undefined
  let verdict = false
  const fail = (): void => {
    if (verdict) return
    verdict = true
    const outputs = { ready: '', changed: '', result: 'failed', 'error-code': 'INTERNAL_ERROR' }
    try {
      for (const [name, value] of Object.entries(outputs)) toolkit.setOutput(name, value)
    } catch {
      // The annotation below says it in any case.
    }
    toolkit.annotate(
      'error',
      'Failed (INTERNAL_ERROR)',
      `${unforeseen?.message ?? ''}\nWhat this run started may go on remotely: look at the storage, then run again, which is harmless. Please report it with the log of a run with debug logging.`,
    )
    leave(1)
  }
  const stop = (error: Error): void => {
    if (unforeseen !== undefined) return
    unforeseen = error
    cancellation.abandon(error)
    setTimeout(fail, LAST_WORDS_MS)
  }
  // Until there is a verdict, whatever ends the process ends it red.
  process.exitCode = 1
  process.on('uncaughtException', (error) => {
    stop(unforeseenBy(error))
  })
  process.on('unhandledRejection', (reason) => {
    stop(unforeseenBy(reason))
  })
  process.on('beforeExit', () => {
    stop(new ActionError('INTERNAL_ERROR', 'The run ended before it came to a result.'))
  })
  return (exitCode) => {
    if (verdict) return
    verdict = true
    if (unforeseen !== undefined && exitCode === 0) {
      toolkit.annotate('warning', 'Report incomplete', unforeseen.message)
    }
    leave(exitCode)
  }
}

function unforeseenBy(thrown: unknown): ActionError {
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new ActionError('INTERNAL_ERROR', `Something unforeseen happened: ${oneLine(what)}`, {
    cause: thrown,
  })
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
