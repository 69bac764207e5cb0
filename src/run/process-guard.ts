/** Makes sure that a process that ends without a result does not look like a success. */
import { ActionError } from '../errors/action-error.ts'
import type { Toolkit } from '../workflow/toolkit.ts'
import type { Cancellation } from './cancellation.ts'

/** How long the run may take to report after an unexpected error, in milliseconds. */
const REPORT_GRACE_MS = 3_000

/**
 * Watches for what the run itself cannot see: a promise that never settles, a rejection or an exception
 * that nothing handles. Such an error ends the run and becomes its result, or a warning if the result is
 * already known. If the process still ends without a result, it exits with code 1 and an error annotation.
 *
 * @returns ends the process with the exit code of the run, once everything written has been flushed
 */
export function installProcessGuard(
  toolkit: Toolkit,
  cancellation: Cancellation,
): (exitCode: 0 | 1) => void {
  let unexpectedError: ActionError | undefined
  let finished = false
  const abandon = (cause: unknown): void => {
    if (unexpectedError !== undefined) return
    // The run redacts the cause itself. What is reported here names no cause, since nothing redacts it.
    unexpectedError =
      cause instanceof ActionError
        ? cause
        : new ActionError('INTERNAL_ERROR', 'An unexpected error occurred.', { cause })
    cancellation.abandon(cause instanceof Error ? cause : unexpectedError)
    setTimeout(() => {
      process.exit(1)
    }, REPORT_GRACE_MS)
  }
  // Until the run has a result, the process fails however it ends.
  process.exitCode = 1
  process.on('uncaughtException', (error) => {
    abandon(error)
  })
  process.on('unhandledRejection', (reason) => {
    abandon(reason)
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

/** What to do when it is not known whether the run changed anything. */
const NEXT_STEP = 'Check the storage, then run the workflow again, which is safe.'

function missingResultError(): ActionError {
  return new ActionError('INTERNAL_ERROR', 'The run ended without a result.')
}

/** Synchronous: the process is about to exit. */
function reportUnknownOutcome(toolkit: Toolkit, error: ActionError): void {
  // Whether a request was sent is not known here.
  const outputs = {
    ready: '',
    changed: '',
    result: 'unknown',
    'error-code': error.code,
    'error-message': `${error.message} ${NEXT_STEP}`,
  }
  try {
    for (const [name, value] of Object.entries(outputs)) toolkit.setOutput(name, value)
  } catch {
    // The annotation below is shown in any case.
  }
  toolkit.annotate(
    'error',
    `Outcome unknown (${error.code})`,
    `${error.message}\nA job that this run started may still be running. ${NEXT_STEP} ${error.advice}`,
  )
}

/** Exits although connections or timers may still be open: they must not keep the step running. */
function exitAfterFlush(exitCode: 0 | 1): void {
  process.exitCode = exitCode
  // On some systems pipes are written asynchronously, and a process that exits loses what is pending.
  process.stdout.write('', () => {
    process.stderr.write('', () => {
      process.exit(exitCode)
    })
  })
}
