/** The log as people read it: one line a step, with the time since the start; nothing in it is a command. */
import type { Clock } from './clock.ts'
import type { Secrets } from './secrets.ts'
import { oneLine } from './text.ts'
import type { AnnotationKind, Toolkit } from './toolkit.ts'

export type Log = Readonly<{
  /** A step of the run. */
  step(text: string): void
  /** Lines without a time; the title folds them away. */
  group(title: string, lines: readonly string[]): void
  debug(text: string): void
  /** An annotation of the run; each once, however often it is asked for. */
  annotate(kind: AnnotationKind, title: string, text: string): void
}>

const LINE_LIMIT = 4_000

export function createLog(toolkit: Toolkit, secrets: Secrets, clock: Clock): Log {
  const startedAt = clock.now()
  const annotated = new Set<string>()
  const clean = (text: string): string => oneLine(secrets.redact(text), LINE_LIMIT)
  const cleanLines = (text: string): string[] =>
    secrets
      .redact(text)
      .split('\n')
      .map((line) => `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line, LINE_LIMIT)}`)
  return {
    step: (text) => {
      const [first, ...rest] = cleanLines(text)
      const seconds = ((clock.now() - startedAt) / 1000).toFixed(1)
      toolkit.info(`${`[${seconds} s]`.padStart(9)} ${first ?? ''}`)
      for (const line of rest) toolkit.info(`          ${line}`)
    },
    group: (title, lines) => {
      toolkit.startGroup(clean(title))
      for (const line of lines) toolkit.info(`  ${clean(line)}`)
      toolkit.endGroup()
    },
    debug: (text) => {
      toolkit.debug(clean(text))
    },
    annotate: (kind, title, text) => {
      const lines = cleanLines(text).join('\n')
      const key = `${kind} ${title} ${lines}`
      if (annotated.has(key)) return
      annotated.add(key)
      toolkit.annotate(kind, clean(title), lines)
    },
  }
}
