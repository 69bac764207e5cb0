/** The log: timestamped lines and annotations. Nothing in it can be read as a workflow command. */
import type { Clock } from '../lib/clock.ts'
import type { Secrets } from '../lib/secrets.ts'
import { sanitizeLine } from '../lib/text.ts'
import type { AnnotationKind, Toolkit } from './toolkit.ts'

export type Logger = Readonly<{
  /** A line with the seconds since the start of the run; further lines are indented below it. */
  info(text: string): void
  /** Lines without a time, collapsed under the title. */
  group(title: string, lines: readonly string[]): void
  debug(text: string): void
  /** An annotation of the run; repeated annotations are written only once. */
  annotate(kind: AnnotationKind, title: string, text: string): void
}>

const MAX_LINE_LENGTH = 4_000

/** A logger that redacts secrets. The clock starts at its creation. */
export function createLogger(toolkit: Toolkit, secrets: Secrets, clock: Clock): Logger {
  const startedAt = clock.now()
  const annotated = new Set<string>()
  const sanitize = (text: string): string => sanitizeLine(secrets.redact(text), MAX_LINE_LENGTH)
  const sanitizeLines = (text: string): string[] =>
    secrets
      .redact(text)
      .split('\n')
      .map((line) => `${/^ */.exec(line)?.[0] ?? ''}${sanitizeLine(line, MAX_LINE_LENGTH)}`)
  return {
    info: (text) => {
      const [first = '', ...rest] = sanitizeLines(text)
      const seconds = ((clock.now() - startedAt) / 1000).toFixed(1)
      toolkit.info(`${`[${seconds} s]`.padStart(9)} ${first}`)
      for (const line of rest) toolkit.info(`          ${line}`)
    },
    group: (title, lines) => {
      toolkit.startGroup(sanitize(title))
      for (const line of lines) toolkit.info(`  ${sanitize(line)}`)
      toolkit.endGroup()
    },
    debug: (text) => {
      toolkit.debug(sanitize(text))
    },
    annotate: (kind, title, text) => {
      const lines = sanitizeLines(text).join('\n')
      const key = `${kind} ${title} ${lines}`
      if (annotated.has(key)) return
      annotated.add(key)
      toolkit.annotate(kind, sanitize(title), lines)
    },
  }
}
