/**
 * Tells what a run learns: outputs as soon as they are known, then the rest at the end. Nothing here can
 * change the result; what cannot be written is a warning.
 */
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import type { Logger } from '../workflow/logger.ts'
import type { Secrets } from '../lib/secrets.ts'
import type { Toolkit } from '../workflow/toolkit.ts'
import { sanitizeLine } from '../lib/text.ts'
import { knownOutputs, toOutputs } from './outputs.ts'

export type Reporter = Readonly<{
  /** Sets the outputs that are known by now. */
  setKnownOutputs(): void
  /** Sets all outputs and shows the end. */
  finish(ending: RunOutcome): void
  /** Writes the job summary. */
  writeSummary(markdown: string): Promise<void>
}>

export function createReporter(
  toolkit: Toolkit,
  log: Logger,
  secrets: Secrets,
  state: RunState,
): Reporter {
  const written = new Map<string, string>()
  const set = (outputs: Readonly<Record<string, string>>): void => {
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
          `The outputs of this step could not be written, so later steps see them empty: ${describeError(error)}`,
        )
        return
      }
    }
  }
  return {
    setKnownOutputs: () => {
      set(knownOutputs(state))
    },
    finish: (outcome) => {
      const outputs = toOutputs(state, outcome)
      set(outputs)
      log.info(`Result: ${outcome.result}.`)
      log.group(
        'Outputs',
        Object.entries(outputs)
          .filter(([, value]) => value !== '')
          .map(([name, value]) => `${name}: ${value}`),
      )
      if (isFailure(outcome)) {
        const { error } = outcome
        log.annotate('error', failureTitle(outcome), `${error.message}\n${error.advice}`)
      }
    },
    writeSummary: async (markdown) => {
      try {
        await toolkit.writeSummary(markdown)
      } catch (error) {
        log.annotate(
          'warning',
          'Summary not written',
          `The job summary could not be written: ${describeError(error)}`,
        )
      }
    },
  }
}

function failureTitle({ result, error }: Extract<RunOutcome, { error: unknown }>): string {
  const words = {
    failed: 'Failed',
    unknown: 'Outcome unknown',
    'timed-out': 'Timed out',
    cancelled: 'Cancelled',
  }
  return `${words[result]} (${error.code})`
}

function describeError(error: unknown): string {
  return sanitizeLine(error instanceof Error ? error.message : String(error), 300)
}
