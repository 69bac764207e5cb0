import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import {
  breakableCode,
  code,
  link,
  escapeMarkdown,
  renderText,
} from '../../../src/report/markdown.ts'
import { sanitizeLine } from '../../../src/lib/text.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'

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

describe('Foreign text', () => {
  property.prop([foreign])('Foreign text renders as it is and never as markup', (text) => {
    const read = renderMarkdown(`x${escapeMarkdown(text)}y`)
    expect(read.text.replace(/\s+/gu, ' ')).toBe(`x${shown(text)}y`)
    expect(read).toMatchObject({ elements: ['p'], links: [] })
  })

  property.prop([foreign])(
    'Foreign text in code renders as it is, with or without line breaks',
    (text) => {
      for (const made of [code(text), breakableCode(text)]) {
        expect(renderMarkdown(`x${made}y`).text.replace(/\s+/gu, ' ')).toBe(`x${shown(text)}y`)
      }
    },
  )

  it('Hyphens and underscores in names stay as they are, so that names can be searched for', () => {
    expect(escapeMarkdown('eu-west-1 CREATE_AND_UPDATE')).toBe('eu-west-1 CREATE_AND_UPDATE')
  })
})

describe('Our own text', () => {
  it('Text in backticks renders as code', () => {
    expect(renderText('Set `mode: plan`, then run.')).toBe(
      'Set <code>mode&#58; plan</code>, then run&#46;',
    )
  })

  it('Commands and policy statements render as code, ready to be copied', () => {
    const job = 'aws amplifybackend get-backend-job --region eu-west-1 --job-id j.1'
    const made = renderText(`Look: ${job} — or add {"Effect":"Allow"}`)
    expect(made.match(/<code>/g)).toHaveLength(2)
    expect(renderMarkdown(made).text).toBe(`Look: ${job} — or add {"Effect":"Allow"}`)
  })

  it.each(["'a b'", "'$(x)'", String.raw`'it'\''s'`, 'arn:aws:x', "'a;b'"])(
    'A command stays whole with the value %s',
    (value) => {
      const command = `aws amplifybackend get-backend-job --app-id ${value} --job-id j-1`
      const made = renderText(`Look: ${command}. Then run again.`)
      expect(made.match(/<code>/g)).toHaveLength(1)
      const [, shown = ''] = /<code>(.*)<\/code>/.exec(made) ?? []
      expect(renderMarkdown(shown).text).toBe(command)
    },
  )

  it('A single backtick stays as it is', () => {
    expect(renderMarkdown(renderText('a ` b')).text).toBe('a ` b')
  })
})

describe('Code in a table', () => {
  it('Code in a table can break after hyphens and within long words', () => {
    expect(breakableCode('acme-media')).toBe('<code>acme&#45;<wbr>media</code>')
    expect(breakableCode('a'.repeat(30))).toBe(
      `<code>${['a'.repeat(12), 'a'.repeat(12), 'a'.repeat(6)].join('<wbr>')}</code>`,
    )
  })
})

describe('A link', () => {
  it('A link leads to its address, whatever its text', () => {
    const made = link('<b>#7', 'https://github.com/o/r/pull/7?a=1&b=2')
    expect(renderMarkdown(made)).toEqual({
      text: '<b>#7',
      elements: ['a', 'p'],
      links: ['https://github.com/o/r/pull/7?a=1&b=2'],
    })
  })

  it('The address of a link cannot end its markup', () => {
    expect(link('x', 'https://a.b/"><script>')).toBe(
      '<a href="https://a.b/%22%3E%3Cscript%3E">x</a>',
    )
  })
})
