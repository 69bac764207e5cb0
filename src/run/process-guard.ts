/** A process that would end without a verdict must not look like a success. */
import type { Cancellation } from './cancellation.ts'
import { ActionError } from '../errors/action-error.ts'
import { errorMessage } from '../lib/error-message.ts'
import type { Toolkit } from '../workflow/toolkit.ts'

/** After something unforeseen the run has so long to report by itself. */
const EXIT_GRACE_MS = 3_000

/**
 * Watches for what the run cannot know of: a promise that never settles, a rejection or an exception that
 * nobody handles. The run is ended by it and reports it as its result, or as a warning where the result
 * stood already. A process that comes to its end even so, without a verdict, ends red and says why.
 *
 * @returns ends the process with the run's own verdict, when everything written has left it
 */
export function installProcessGuard(
  toolkit: Toolkit,
  cancellation: Cancellation,
): (exitCode: 0 | 1) => void {
  let unexpectedError: ActionError | undefined
  let finished = false
  const abandon = (error: ActionError): void => {
    if (unexpectedError !== undefined) return
    unexpectedError = error
    cancellation.abandon(error)
    setTimeout(() => {
      process.exit(1)
    }, EXIT_GRACE_MS)
  }
  // Until there is a verdict, whatever ends the process ends it red.
  process.exitCode = 1
  process.on('uncaughtException', (error) => {
    abandon(toInternalError(error))
  })
  process.on('unhandledRejection', (reason) => {
    abandon(toInternalError(reason))
  })
  process.on('beforeExit', () => {
    abandon(missingResultError())
  })
  process.on('exit', () => {
    if (finished) return
    process.exitCode = 1
    reportUnknownOutcome(toolkit, unexpectedError ?? missingResultError())
  })
  return (exitCode) => {
    finished = true
    if (unexpectedError !== undefined && exitCode === 0) {
      toolkit.annotate('warning', 'Report incomplete', unexpectedError.message)
    }
    exitAfterFlush(exitCode)
  }
}

function toInternalError(error: unknown): ActionError {
  return new ActionError(
    'INTERNAL_ERROR',
    `Something unforeseen happened: ${errorMessage(error)}.`,
    {
      cause: error,
    },
  )
}

function missingResultError(): ActionError {
  return new ActionError('INTERNAL_ERROR', 'The run ended before it came to a result.')
}

/** What can still be said by a process that is about to be gone. */
function reportUnknownOutcome(toolkit: Toolkit, error: ActionError): void {
  // Whether anything was sent is not known here.
  const outputs = {
    ready: '',
    changed: '',
    result: 'unknown',
    'error-code': error.code,
    'error-message': error.message,
  }
  try {
    for (const [name, value] of Object.entries(outputs)) toolkit.setOutput(name, value)
  } catch {
    // The annotation below says it in any case.
  }
  toolkit.annotate(
    'error',
    `Outcome unknown (${error.code})`,
    `${error.message}\nWhat this run started may go on remotely: look at the storage, then run again, which is harmless. ${error.advice}`,
  )
}

/** Ends the process at once: a connection or a timer that is still there must not keep the step alive. */
function exitAfterFlush(exitCode: 0 | 1): void {
  process.exitCode = exitCode
  // Pipes are written asynchronously on some systems; the process must not be gone before them.
  process.stdout.write('', () => {
    process.stderr.write('', () => {
      process.exit(exitCode)
    })
  })
}
