/** What docs/emulator.md shows works on the emulator. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { operationNames } from '../../emulator/operations.ts'
import { readPage } from './kit/markdown.ts'

const page = readPage('docs/emulator.md')

type Call = Readonly<{ method: string; path: string; body: string | undefined }>

/** Every call of curl on the page, with its body. */
const calls: readonly Call[] = page.blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => [
    ...text.matchAll(
      /^curl (?:-X (\w+) )?"\$AWS_ENDPOINT_URL([^"]*)"(?:[\s\\]+--data '([^']*)')?$/gm,
    ),
  ])
  .map(([, method, path = '', body]) => ({
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    path,
    body,
  }))

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.stop())

describe('docs/emulator.md', () => {
  it('shows every kind of call', () => {
    const curls = page.text.match(/^curl /gm) ?? []
    expect(calls).toHaveLength(curls.length)
    expect(calls.filter(({ body }) => body !== undefined).length).toBeGreaterThan(3)
  })

  it.each(calls)(
    'shows a call that is understood: $method $path',
    async ({ method, path, body }) => {
      const answer = await fetch(`${emulator.url}${path}`, { method, ...(body && { body }) })
      const text = await answer.text()
      // The text, so that a failure shows what was wrong.
      expect(answer.ok ? '' : text).toBe('')
    },
  )

  it('names operations and kinds of faults that exist', async () => {
    const lines = page.text.split('\n')
    const named = (label: string): readonly string[] => {
      const from = lines.findIndex((line) => line.startsWith(`- \`${label}\``))
      const item = [lines[from] ?? '', ...lines.slice(from + 1)]
      const end = item.findIndex((line, index) => index > 0 && !line.startsWith('  '))
      return [
        ...item
          .slice(0, end)
          .join(' ')
          .matchAll(/`(\w+)`/g),
      ].map(([, name = '']) => name)
    }
    const [, ...operations] = named('operation')
    expect(operations.length).toBeGreaterThan(8)
    expect(operations.filter((name) => !operationNames.some((known) => known === name))).toEqual([])
    const [, ...kinds] = named('kind')
    expect(kinds.length).toBeGreaterThan(10)
    for (const kind of kinds) {
      const body = JSON.stringify({ operation: 'GetBackend', kind, ...NEEDS[kind] })
      const answer = await fetch(`${emulator.url}/_emulator/faults`, { method: 'POST', body })
      expect({ kind, status: answer.status }).toEqual({ kind, status: 201 })
    }
  })

  /** What some kinds cannot do without. */
  const NEEDS: Readonly<Record<string, object>> = {
    status: { status: 500 },
    body: { body: '{}' },
    delay: { ms: 1 },
    slow: { ms: 1 },
  }
})
