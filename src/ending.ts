/** How a run ends: exactly one result, green or red. */
import { ActionError, type RedResult } from './errors.ts'
import { jobCommand, storageCommand, type Place } from './explain.ts'
import { jobGoesOn, type Findings } from './findings.ts'
import { wordsOf } from './thrown.ts'

export type Ending =
  | Readonly<{
      result: 'created' | 'updated' | 'unchanged' | 'started'
      /** The storage was seen, and seen to be as asked. */
      seen: boolean
      /** The physical bucket; undefined where it is not known. */
      bucketName: string | undefined
    }>
  | Readonly<{ result: 'planned' }>
  | Readonly<{ result: 'skipped'; why: string }>
  | RedEnding

export type RedEnding = Readonly<{ result: RedResult; error: ActionError }>

export type Result = Ending['result']

/** Every result, the green ones first. */
export const RESULTS = [
  'created',
  'updated',
  'unchanged',
  'planned',
  'started',
  'skipped',
  'failed',
  'unknown',
  'timed-out',
  'cancelled',
] as const satisfies readonly Result[]

export function isRed(ending: Ending): ending is RedEnding {
  return 'error' in ending
}

/**
 * The red end that a thrown value comes to.
 *
 * @param place undefined before the inputs were read
 * @param redact cuts secrets out of a text, since a server may repeat what it was sent
 */
export function redEnding(
  thrown: unknown,
  findings: Findings,
  place: Place | undefined,
  redact: (text: string) => string,
): RedEnding {
  const { result, error } = judge(thrown, findings, place)
  const clean = new ActionError(error.code, redact(error.message), {
    result,
    advice: redact(error.advice),
    requestId: error.requestId,
    cause: error.cause,
  })
  return { result, error: clean }
}

/** The result, and the error that explains it; `redEnding` writes the one into the other. */
function judge(thrown: unknown, findings: Findings, place: Place | undefined): RedEnding {
  const error =
    thrown instanceof ActionError
      ? thrown
      : new ActionError('INTERNAL_ERROR', `Something unforeseen happened: ${wordsOf(thrown)}.`, {
          cause: thrown,
        })
  if (error.result === 'cancelled') return cancelled(error, findings, place)
  if (error.result !== 'failed') return { result: error.result, error }
  if (place === undefined || !(jobGoesOn(findings) || findings.openSend)) {
    return { result: 'failed', error }
  }
  // Whatever went wrong here, the change that was sent may yet come about.
  return { result: 'unknown', error: withAdvice(error, openEnd(findings, place)) }
}

function cancelled(error: ActionError, findings: Findings, place: Place | undefined): RedEnding {
  const open = place !== undefined && (jobGoesOn(findings) || findings.openSend)
  const advice = open
    ? openEnd(findings, place)
    : 'Nothing that this run started is still going on. A re-run is harmless.'
  return {
    result: 'cancelled',
    error: new ActionError('CANCELLED', error.message, { advice }),
  }
}

function openEnd(findings: Findings, place: Place): string {
  return jobGoesOn(findings)
    ? `Job ${findings.jobId} goes on remotely, and a re-run waits for it. Look at it: ${jobCommand(place, findings.jobId)}`
    : `A request was sent whose outcome is not known; a re-run looks first and is harmless. Look at the storage: ${storageCommand(place)}`
}

function withAdvice(error: ActionError, more: string): ActionError {
  // A command at the end of the advice has to stay whole.
  const gap = error.advice.endsWith('.') ? ' ' : '\n'
  return new ActionError(error.code, error.message, {
    advice: `${error.advice}${gap}${more}`,
    requestId: error.requestId,
    cause: error,
  })
}
