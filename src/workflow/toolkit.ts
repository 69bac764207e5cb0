/**
 * GitHub's toolkit: the only module that writes to the log, the outputs and the job summary. The summary is
 * written without the toolkit, most of whose class builds HTML and would be loaded in every run.
 */
import {
  debug,
  endGroup,
  error,
  info,
  notice,
  setOutput,
  setSecret,
  startGroup,
  warning,
} from '@actions/core'
import { readFileSync, statSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { EOL } from 'node:os'

export type AnnotationKind = 'notice' | 'warning' | 'error'

/** The functions of the toolkit that a run uses. */
export type Toolkit = Readonly<{
  /** Writes one line to the log unchanged: the text must already be sanitized. */
  info(line: string): void
  /** Writes a line that is shown only if debug logging is enabled. */
  debug(line: string): void
  startGroup(title: string): void
  endGroup(): void
  annotate(kind: AnnotationKind, title: string, text: string): void
  setSecret(value: string): void
  /** @throws if the runner's file cannot be written */
  setOutput(name: string, value: string): void
  /** Adds Markdown to the job summary. @throws if the runner's file cannot be written */
  writeSummary(markdown: string): Promise<void>
}>

/** GitHub rejects a larger file as a whole, and shows an error for it. */
const MAX_SUMMARY_FILE_BYTES = 1024 * 1024

const annotations = { notice, warning, error }

/** The toolkit of the runner that started this process. */
export const runnerToolkit: Toolkit = {
  info,
  debug,
  startGroup,
  endGroup,
  annotate: (kind, title, text) => {
    annotations[kind](text, { title })
  },
  setSecret,
  setOutput: (name, value) => {
    checkRunnerFile(process.env['GITHUB_OUTPUT'] ?? '')
    setOutput(name, value)
  },
  writeSummary: async (markdown) => {
    const path = process.env['GITHUB_STEP_SUMMARY'] ?? ''
    const size = checkRunnerFile(path)
    if (size + Buffer.byteLength(markdown) > MAX_SUMMARY_FILE_BYTES) {
      throw new Error('the file would exceed the 1 MiB that GitHub accepts')
    }
    await appendFile(path, `${markdown}${EOL}`)
  },
}

/** Reads a file of the runner. @throws if it cannot be read */
export function readRunnerFile(path: string): string {
  checkRunnerFile(path)
  return readFileSync(path, 'utf8')
}

/**
 * Opening anything else, such as a FIFO that nobody reads, can block this process forever.
 *
 * @returns the size of the file in bytes, 0 if there is none
 * @throws if the path is neither a regular file nor a character device
 */
function checkRunnerFile(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || stats.isFile() || stats.isCharacterDevice()) return stats?.size ?? 0
  throw new Error('it is neither a regular file nor a character device')
}
