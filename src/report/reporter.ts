/**
 * Tells what a run learns: outputs as soon as they are known, then the rest at the end. Nothing here can
 * change the result; what cannot be written is a warning.
 */
import { isRed, type Ending } from '../ending.ts'
import type { Findings } from '../findings.ts'
import type { Log } from '../log.ts'
import type { Secrets } from '../secrets.ts'
import type { Toolkit } from '../toolkit.ts'
import { oneLine } from '../text.ts'
import { earlyOutputs, outputsOf } from './outputs.ts'

export type Reporter = Readonly<{
  /** Sets the outputs that are known by now. */
  early(): void
  /** Sets all outputs and shows the end. */
  end(ending: Ending): void
  /** Writes the job summary. */
  summary(markdown: string): Promise<void>
}>

export function createReporter(
  toolkit: Toolkit,
  log: Log,
  secrets: Secrets,
  findings: Findings,
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
          `The outputs of this step could not be written, so later steps see them empty: ${reason(error)}`,
        )
        return
      }
    }
  }
  return {
    early: () => {
      set(earlyOutputs(findings))
    },
    end: (ending) => {
      const outputs = outputsOf(findings, ending)
      set(outputs)
      log.step(`Result: ${ending.result}.`)
      log.group(
        'Outputs',
        Object.entries(outputs)
          .filter(([, value]) => value !== '')
          .map(([name, value]) => `${name}: ${value}`),
      )
      if (isRed(ending)) {
        const { error } = ending
        log.annotate('error', titleOf(ending), `${error.message}\n${error.advice}`)
      }
    },
    summary: async (markdown) => {
      try {
        await toolkit.writeSummary(markdown)
      } catch (error) {
        log.annotate(
          'warning',
          'Summary not written',
          `The job summary could not be written: ${reason(error)}`,
        )
      }
    },
  }
}

function titleOf({ result, error }: Extract<Ending, { error: unknown }>): string {
  const words = {
    failed: 'Failed',
    unknown: 'Outcome unknown',
    'timed-out': 'Timed out',
    cancelled: 'Cancelled',
  }
  return `${words[result]} (${error.code})`
}

function reason(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error), 300)
}
