import { describe, expect, it } from 'vitest'
import { createSecrets } from '../../../src/lib/secrets.ts'
import { createLogger, type Logger } from '../../../src/workflow/logger.ts'
import type { Toolkit } from '../../../src/workflow/toolkit.ts'
import { virtualClock, type VirtualClock } from '../../support/unit/virtual/virtual-clock.ts'

function createTestLogger(): { log: Logger; lines: string[]; clock: VirtualClock } {
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
  secrets.add('s3cret-value')
  return { log: createLogger(toolkit, secrets, clock), lines, clock }
}

describe('The log', () => {
  it('A line starts with the seconds since the start of the run.', async () => {
    const { log, lines, clock } = createTestLogger()
    log.info('first')
    await clock.run(clock.sleep(61_250, new AbortController().signal))
    log.info('second')
    expect(lines).toEqual(['  [0.0 s] first', ' [61.3 s] second'])
  })

  it('Further lines of a text are indented below the first.', () => {
    const { log, lines } = createTestLogger()
    log.info('The changes:\n  one\n    two')
    expect(lines).toEqual(['  [0.0 s] The changes:', '            one', '              two'])
  })

  it('An annotation is written once, however often it is repeated.', () => {
    const { log, lines } = createTestLogger()
    log.annotate('warning', 'Title', 'text')
    log.annotate('warning', 'Title', 'text')
    log.annotate('error', 'Title', 'text')
    log.annotate('warning', 'Other', 'text')
    expect(lines).toEqual(['warning Title: text', 'error Title: text', 'warning Other: text'])
  })

  it('An annotation keeps its lines.', () => {
    const { log, lines } = createTestLogger()
    log.annotate('error', 'Title', 'one\n  two')
    expect(lines).toEqual(['error Title: one\n  two'])
  })
})

describe.each(['info', 'group', 'debug', 'annotate'] as const)('The method %s', (method) => {
  /** What is written of a text. */
  function write(text: string): readonly string[] {
    const { log, lines } = createTestLogger()
    if (method === 'group') log.group(text, [text])
    else if (method === 'annotate') log.annotate('error', text, text)
    else log[method](text)
    return lines
  }

  it('It redacts secrets.', () => {
    const text = write('it is s3cret-value here').join('\n')
    expect(text).not.toContain('s3cret-value')
    expect(text).toContain('it is *** here')
  })

  it.each(['::error::forged', '##[error]forged', 'a\u001B[31mb', 'a\u202Eb'])(
    'It writes neither workflow commands nor invisible characters: %j.',
    (text) => {
      expect(write(text).join('\n')).not.toContain(text)
    },
  )

  it('It truncates very long texts.', () => {
    const lengths = write('x'.repeat(100_000)).map((line) => line.length)
    expect(Math.max(...lengths)).toBeLessThan(10_000)
  })
})
