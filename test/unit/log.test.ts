import { describe, expect, it } from 'vitest'

import { createLogger, type Logger } from '../../src/workflow/logger.ts'
import { createSecrets } from '../../src/lib/secrets.ts'
import type { Toolkit } from '../../src/workflow/toolkit.ts'
import { virtualClock } from '../support/unit/virtual-clock.ts'

type Written = {
  log: Logger
  lines: string[]
  at: (ms: number) => Promise<void>
  hide: (text: string) => void
}

function newLog(): Written {
  const lines: string[] = []
  const toolkit: Toolkit = {
    info: (line) => lines.push(line),
    debug: (line) => lines.push(`debug ${line}`),
    startGroup: (title) => lines.push(`group ${title}`),
    endGroup: () => lines.push('end'),
    annotate: (kind, title, text) => lines.push(`${kind} ${title}: ${text}`),
    setSecret: () => undefined,
    setOutput: () => undefined,
    writeSummary: () => Promise.resolve(),
  }
  const clock = virtualClock(5_000)
  const secrets = createSecrets(() => undefined)
  return {
    log: createLogger(toolkit, secrets, clock),
    lines,
    at: async (ms) => {
      await clock.run(clock.sleep(ms, new AbortController().signal))
    },
    hide: secrets.add,
  }
}

describe('a step of the log', () => {
  it('begins with the seconds since the start of the run', async () => {
    const { log, lines, at } = newLog()
    log.info('first')
    await at(61_250)
    log.info('second')
    expect(lines).toEqual(['  [0.0 s] first', ' [61.3 s] second'])
  })

  it('has its further lines below, with their indentation', () => {
    const { log, lines } = newLog()
    log.info('The difference:\n  one\n    two')
    expect(lines).toEqual(['  [0.0 s] The difference:', '            one', '              two'])
  })
})

describe.each(['info', 'group', 'debug', 'annotate'] as const)('a text in %s', (kind) => {
  const write = (log: Logger, text: string): void => {
    if (kind === 'group') log.group(text, [text])
    else if (kind === 'annotate') log.annotate('error', text, text)
    else log[kind](text)
  }

  it('holds no secret', () => {
    const { log, lines, hide } = newLog()
    hide('s3cret-value')
    write(log, 'it is s3cret-value here')
    expect(lines.join('\n')).not.toContain('s3cret-value')
    expect(lines.join('\n')).toContain('it is *** here')
  })

  it.each(['::error::forged', '##[error]forged', 'a\u001B[31mb', 'a\u202Eb'])(
    'is no command, and hides nothing: %j',
    (text) => {
      const { log, lines } = newLog()
      write(log, text)
      expect(lines.join('\n')).not.toContain(text)
    },
  )

  it('is not endless', () => {
    const { log, lines } = newLog()
    write(log, 'x'.repeat(100_000))
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(10_000)
  })
})

describe('an annotation', () => {
  it('is written once, however often it is asked for', () => {
    const { log, lines } = newLog()
    log.annotate('warning', 'Title', 'text')
    log.annotate('warning', 'Title', 'text')
    log.annotate('error', 'Title', 'text')
    log.annotate('warning', 'Other', 'text')
    expect(lines).toEqual(['warning Title: text', 'error Title: text', 'warning Other: text'])
  })

  it('keeps its lines', () => {
    const { log, lines } = newLog()
    log.annotate('error', 'Title', 'one\n  two')
    expect(lines).toEqual(['error Title: one\n  two'])
  })
})
