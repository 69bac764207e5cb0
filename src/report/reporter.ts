/**
 * Sets the outputs as soon as they are known, and shows the outcome at the end. Nothing here changes
 * the outcome: if something cannot be written, there is a warning.
 */
import type { ActionError } from '../errors/action-error.ts'
import type { Env } from '../lib/env.ts'
import { errorMessage } from '../lib/error-message.ts'
import type { RunContext } from '../run/context.ts'
import { isFailure, type FailedOutcome, type RunOutcome } from '../run/outcome.ts'
import { keepStorageNote } from './changes.ts'
import { buildErrorLinks } from './links.ts'
import { knownOutputs, toOutputs } from './outputs.ts'

export type Reporter = Readonly<{
  /** Sets the outputs that are known so far. */
  setKnownOutputs(): void
  /** Sets all outputs and logs the outcome. */
  finish(outcome: RunOutcome): void
  /** Writes the job summary. */
  writeSummary(markdown: string): Promise<void>
}>

export function createReporter({
  toolkit,
  log,
  secrets,
  state,
  env,
}: Pick<RunContext, 'toolkit' | 'log' | 'secrets' | 'state' | 'env'>): Reporter {
  const written = new Map<string, string>()
  const setOutputs = (outputs: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(outputs)) {
      const value = secrets.redact(text)
      if (written.get(name) === value) continue
      try {
        toolkit.setOutput(name, value)
        written.set(name, value)
      } catch (error) {
        log.annotate(
          'warning',
          'Outputs not written',
          `The outputs of this step could not be written, so later steps see them empty: ${errorMessage(error, secrets.redact)}`,
        )
        return
      }
    }
  }
  return {
    setKnownOutputs: () => {
      setOutputs(knownOutputs(state))
    },
    finish: (outcome) => {
      const outputs = toOutputs(state, outcome)
      setOutputs(outputs)
      const note = keepStorageNote(outcome)
      if (note !== undefined) log.info(note)
      log.info(`Result: ${outcome.result}.`)
      log.group(
        'Outputs',
        Object.entries(outputs)
          .filter(([, value]) => value !== '')
          .map(([name, value]) => `${name}: ${firstLine(value)}`),
      )
      if (isFailure(outcome)) {
        log.annotate('error', failureTitle(outcome), errorText(outcome.error, env))
      }
    },
    writeSummary: async (markdown) => {
      try {
        await toolkit.writeSummary(markdown)
      } catch (error) {
        log.annotate(
          'warning',
          'Summary not written',
          `The job summary could not be written: ${errorMessage(error, secrets.redact)}`,
        )
      }
    },
  }
}

const FAILURE_TITLES = {
  failed: 'Failed',
  unknown: 'Outcome unknown',
  'timed-out': 'Timed out',
  cancelled: 'Cancelled',
} as const satisfies Record<FailedOutcome['result'], string>

function failureTitle({ result, error }: FailedOutcome): string {
  return `${FAILURE_TITLES[result]} (${error.code})`
}

/** The annotation has the other lines of an error with their line breaks. */
function firstLine(text: string): string {
  const [first = '', ...others] = text.split('\n')
  return others.length === 0 ? first : `${first} […]`
}

/** What happened, what to do, and where to read more. */
function errorText({ code, message, advice }: ActionError, env: Env): string {
  const { error, page, report } = buildErrorLinks(env, code)
  const links = [page, error, report].flatMap((link) => (link === undefined ? [] : [link.url]))
  return [message, advice, ...links].join('\n')
}
