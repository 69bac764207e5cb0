import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { bulletList, code, link, renderBlocks, renderText } from '../../../src/report/markdown.ts'
import { sanitizeLine } from '../../../src/lib/text.ts'
import { hostileText } from '../../support/hostile-text.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'

const foreign = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: hostileText },
      { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          ...[
            ' ',
            ' ',
            '`',
            '``',
            '"',
            "'",
            '.',
            ':',
            '_',
            '*',
            '-',
            '+ ',
            '= ',
            '1. ',
            '2) ',
            '(',
            ')',
          ],
          ...[
            '**',
            '~~',
            '](x)',
            '|',
            '\n',
            '# ',
            '- ',
            'http://x.y',
            '&amp;',
            'www.x.y',
            'gh-7',
            'abc',
          ],
          ...['arn:aws:iam::1:role/x', '`code`', 'aws amplifybackend x --y z', '{"a":"b"}', '   '],
        ),
      },
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** A text as a page shows it: white space is one space. */
const toShown = (text: string): string => text.replace(/\s+/gu, ' ').trim()

/** A text without the backticks that mark code. */
const withoutBackticks = (text: string): string => toShown(text.replaceAll('`', ''))

const count = (text: string, part: string): number => text.split(part).length - 1

describe('Foreign text', () => {
  property.prop([foreign])('Foreign text renders as it is and never as markup', (text) => {
    const markdown = renderText(text, [], 100_000)
    const { elements, links, prose, ...shown } = renderMarkdown(`x ${markdown} y`)
    expect(withoutBackticks(shown.text)).toBe(
      `x ${withoutBackticks(sanitizeLine(text, 100_000))} y`.replace(/ +/g, ' '),
    )
    expect(elements.filter((name) => name !== 'p' && name !== 'code')).toEqual([])
    expect(links).toEqual([])
    expect(prose).not.toMatch(/@\w|#\d|\bgh-\d/i)
  })

  property.prop([foreign])(
    'Foreign text at the start of a block or an item starts no other block',
    (text) => {
      const item = renderText(text, [], 100_000)
      for (const markdown of [item, `- ${item}`, `- x\n- ${item}`, `<b>x</b>: ${item}`]) {
        const { elements } = renderMarkdown(markdown)
        const own = new Set(['p', 'code', 'b', 'ul', 'li'])
        expect(elements.filter((name) => !own.has(name))).toEqual([])
      }
    },
  )

  property.prop([foreign, fc.array(foreign, { maxLength: 3 }), foreign])(
    'A value of an input stands in the Markdown exactly as often as on the page',
    (before, values, after) => {
      const lines = values
        .map((value) => toShown(sanitizeLine(value, 1_000)))
        .filter((value) => value !== '')
      const text = [before, ...lines, after].join(' ')
      const markdown = renderText(text, lines, 2_000)
      const { text: shown } = renderMarkdown(markdown)
      for (const value of lines)
        expect(count(markdown, value)).toBeGreaterThanOrEqual(count(shown, value))
      // Masked as the runner does it, the longest first, no value is left on the page.
      const masked = lines
        .toSorted((one, other) => other.length - one.length)
        .reduce((all, value) => all.replaceAll(value, '\u2588'), markdown)
      const left = renderMarkdown(masked).text
      for (const value of lines) expect(left).not.toContain(value)
    },
  )

  it.each([
    ['The role arn:aws:iam::1:role/x is refused.', 'The role `arn:aws:iam::1:role/x` is refused.'],
    [
      'eu-west-1 and CREATE_AND_UPDATE, 100 % (or "none")',
      'eu-west-1 and CREATE_AND_UPDATE, 100 % (or "none")',
    ],
    ['for "a:b", see #7!', 'for "`a:b`", see `#7`!'],
    ['1. x', '`1`. x'],
    ['Set `mode: plan`, then run.', 'Set `mode: plan`, then run.'],
    ['a ` b', 'a `` ` `` b'],
    ['from @octocat <b> to you', 'from `@octocat <b>` to you'],
    ['', ''],
  ])('Only what is active in %j becomes code', (text, markdown) => {
    expect(renderText(text)).toBe(markdown)
  })

  it.each([
    ['a b*c d', ['b*c d'], 'a `b*c d`'],
    ['The storage "acme media" exists', ['acme media'], 'The storage "acme media" exists'],
    ['x*acme media:', ['acme media'], '`x*acme media`:'],
    ['say `a b` now', ['say `a', 'b` now'], '``say `a b` now``'],
  ])('In %j, the values %j stay whole', (text, values, markdown) => {
    expect(renderText(text, values)).toBe(markdown)
  })

  it('A value is not cut in two', () => {
    const value = 'arn:aws:iam::1:role/secret'
    expect(renderText(`The role ${value} is refused.`, [value], 20)).toBe('The role …')
    expect(renderText(`The role ${value} is refused.`, [], 20)).toBe('The role `arn:aws:ia…`')
  })
})

describe('Our own text', () => {
  it('Commands and policy statements render as code, ready to be copied', () => {
    const events =
      'aws cloudformation describe-stack-events --stack-name "$(aws amplify x)" --query "a[?b].[C, D]"'
    expect(renderText(`Read **x**: ${events}`)).toContain(`\`${events}\``)
    const job = 'aws amplifybackend get-backend-job --region eu-west-1 --job-id j.1'
    expect(renderText(`Look: ${job}. Or add {"Effect":"Allow"}`)).toBe(
      `Look: \`${job}\`. Or add \`{"Effect":"Allow"}\``,
    )
  })

  it.each(["'a b'", "'$(x)'", String.raw`'it'\''s'`, 'arn:aws:x', "'a;b'"])(
    'A command stays whole with the value %s',
    (value) => {
      const command = `aws amplifybackend get-backend-job --app-id ${value} --job-id j-1`
      expect(renderText(`Look: ${command}. Then run again.`)).toContain(`\`${command}\`.`)
    },
  )

  it('Indented lines keep their line breaks, as one block of code', () => {
    const text = 'Add this:\n  permissions:\n    id-token: write\nThen run again.\n  x ``` y'
    expect(renderBlocks(text, [], 500)).toEqual([
      'Add this:',
      '```\npermissions:\n  id-token: write\n```',
      'Then run again.',
      '````\nx ``` y\n````',
    ])
  })

  it('Indented lines that are longer than the screen of a phone become code that wraps', () => {
    const long = 'x'.repeat(50)
    expect(
      renderBlocks(`Claims:\n    sub = ${long}\n    aud = y\nThen:\n  {"a":"${long}"}`, [], 500),
    ).toEqual(['Claims:', `- \`sub = ${long}\`\n- \`aud = y\``, 'Then:', `\`{"a":"${long}"}\``])
  })
})

describe('A value as code', () => {
  property.prop([foreign])('A value is shown as it is or not at all', (value) => {
    const made = code(value)
    const { text, elements } = renderMarkdown(bulletList([`a ${made}`]))
    if (made !== '(not shown)') {
      expect(made).toContain(value)
      expect(toShown(text)).toBe(`a ${toShown(value)}`)
    }
    expect(elements).toEqual(made === '(not shown)' ? ['li', 'ul'] : ['code', 'li', 'ul'])
  })

  it.each(['', 'a\nb', 'a  b', 'a\u200bb', 'x'.repeat(301), ' a'])('%j is not shown', (value) => {
    expect(code(value)).toBe('(not shown)')
  })
})

describe('A link', () => {
  it('A link leads to its address', () => {
    const made = link('#7', 'https://github.com/o/r/pull/7?a=1&b=2')
    expect(renderMarkdown(made)).toMatchObject({
      text: '#7',
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
