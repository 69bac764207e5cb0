import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import {
  breakableCode,
  code,
  link,
  escapeMarkdown,
  renderText,
  table,
} from '../../src/report/markdown.ts'
import { sanitizeLine } from '../../src/lib/text.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'

const foreign = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom('<b>', '`', '**', '~~', '](x)', '|', '\n', '# ', '- ', 'http://x.y', '&amp;'),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''))

/** A text as a page shows it: white space is one space. */
const shown = (text: string): string => sanitizeLine(text, 10_000).replace(/\s+/gu, ' ').trim()

describe('text from outside', () => {
  property.prop([foreign])('reads as it is, and is no markup', (text) => {
    const read = renderMarkdown(`x${escapeMarkdown(text)}y`)
    expect(read.text.replace(/\s+/gu, ' ')).toBe(`x${shown(text)}y`)
    expect(read).toMatchObject({ elements: ['p'], links: [] })
  })

  property.prop([foreign])('reads as it is in code, broken or not', (text) => {
    for (const made of [code(text), breakableCode(text)]) {
      expect(renderMarkdown(`x${made}y`).text.replace(/\s+/gu, ' ')).toBe(`x${shown(text)}y`)
    }
  })

  it('keeps hyphens and underscores in names as they are, so that names can be searched for', () => {
    expect(escapeMarkdown('eu-west-1 CREATE_AND_UPDATE')).toBe('eu-west-1 CREATE_AND_UPDATE')
  })
})

describe('our own prose', () => {
  it('shows what stands in backticks as code', () => {
    expect(renderText('Set `mode: plan`, then run.')).toBe(
      'Set <code>mode&#58; plan</code>, then run&#46;',
    )
  })

  it('shows commands and policy statements as code, since they are there to be copied', () => {
    const job = 'aws amplifybackend get-backend-job --region eu-west-1 --job-id j.1'
    const made = renderText(`Look: ${job} — or add {"Effect":"Allow"}`)
    expect(made.match(/<code>/g)).toHaveLength(2)
    expect(renderMarkdown(made).text).toBe(`Look: ${job} — or add {"Effect":"Allow"}`)
  })

  it('leaves the full stop of a sentence out of a command', () => {
    const made = renderText(
      'Look: aws amplifybackend get-backend-job --job-id j.1-a. Then run again.',
    )
    expect(made).toContain('j&#46;1-a</code>&#46; Then')
  })

  it.each(["'a b'", "'$(x)'", String.raw`'it'\''s'`, 'arn:aws:x', "'a;b'"])(
    'keeps a command whole that has %s in it',
    (value) => {
      const command = `aws amplifybackend get-backend-job --app-id ${value} --job-id j-1`
      const made = renderText(`Look: ${command}. Then run again.`)
      expect(made.match(/<code>/g)).toHaveLength(1)
      const [, shown = ''] = /<code>(.*)<\/code>/.exec(made) ?? []
      expect(renderMarkdown(shown).text).toBe(command)
    },
  )

  it('leaves a lone backtick alone', () => {
    expect(renderMarkdown(renderText('a ` b')).text).toBe('a ` b')
  })
})

describe('code in a table', () => {
  it('can be broken after hyphens and the like, and within what is long', () => {
    expect(breakableCode('acme-media')).toBe('<code>acme&#45;<wbr>media</code>')
    expect(breakableCode('a'.repeat(30))).toBe(
      `<code>${['a'.repeat(12), 'a'.repeat(12), 'a'.repeat(6)].join('<wbr>')}</code>`,
    )
  })
})

describe('a table', () => {
  it('has its headings and its rows', () => {
    expect(renderMarkdown(table(['', 'Now'], [['Guests', code('READ')]])).text).toBe(
      '| Now\nGuests | READ',
    )
  })
})

describe('a link', () => {
  it('leads where it says, whatever its text', () => {
    const made = link('<b>#7', 'https://github.com/o/r/pull/7?a=1&b=2')
    expect(renderMarkdown(made)).toEqual({
      text: '<b>#7',
      elements: ['a', 'p'],
      links: ['https://github.com/o/r/pull/7?a=1&b=2'],
    })
  })

  it('has no address that ends its markup', () => {
    expect(link('x', 'https://a.b/"><script>')).toBe(
      '<a href="https://a.b/%22%3E%3Cscript%3E">x</a>',
    )
  })
})
