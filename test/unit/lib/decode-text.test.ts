/** The encodings that are undone before a secret is looked for. */
import { describe, expect, it } from 'vitest'

import { decodeText } from '../../../src/lib/decode-text.ts'

const NAMED_REFERENCES = {
  ...{ amp: '&', apos: "'", ast: '*', bsol: '\\', colon: ':', comma: ',', commat: '@' },
  ...{ dollar: '$', equals: '=', excl: '!', grave: '`', gt: '>', hat: '^', lbrace: '{' },
  ...{ lbrack: '[', lcub: '{', lowbar: '_', lpar: '(', lsqb: '[', lt: '<', num: '#' },
  ...{ percnt: '%', period: '.', plus: '+', quest: '?', quot: '"', rbrace: '}', rbrack: ']' },
  ...{ rcub: '}', rpar: ')', rsqb: ']', semi: ';', sol: '/', verbar: '|', vert: '|' },
}

describe('decodeText', () => {
  it.each(Object.entries(NAMED_REFERENCES))('The reference &%s; is %s', (name, character) => {
    expect(decodeText(`a&${name};`).text).toBe(`a${character}`)
    expect(decodeText(`a&${name.toUpperCase()};`).text).toBe(`a${character}`)
  })

  it.each([
    ['%41', 'A'],
    ['%e2%82%AC', '€'],
    ['%C3%28', '%C3('],
    ['%c0%80', '%c0%80'],
    ['&#65;', 'A'],
    ['&#65', 'A'],
    ['&#x41;', 'A'],
    ['&#x1f600;', '😀'],
    ['&#x110000;', '&#x110000;'],
    ['&nosuch;', '&nosuch;'],
    [String.raw`\u0041\x42`, 'AB'],
    [String.raw`a\b\f\n\r\t\vb`, 'ab'],
    [String.raw`\/\q`, '/q'],
    ['a <wbr>\t\r\n<br />b', 'ab'],
    ['a<wbr id="b">', 'a<wbrid="b">'],
    ['\u200b\u00ad', ''],
    ['é\u3000\u2800', 'é\u2800'],
  ])('The text %j is decoded to %j', (text, decoded) => {
    expect(decodeText(text).text).toBe(decoded)
  })

  it('Four layers of an encoding are undone, and no more', () => {
    expect(decodeText('%25252541').text).toBe('A')
    expect(decodeText('%2525252541').text).toBe('%41')
  })

  it.each([
    ['plain', 'plain', 0, 5],
    ['x%2541y', 'A', 1, 6],
    ['a b&amp;#67;d', 'bC', 2, 12],
    ['é %41&#66;', 'AB', 2, 10],
  ])('In %j, the position of %j is from %i to %i', (text, found, start, end) => {
    const decoded = decodeText(text)
    const index = decoded.text.indexOf(found)
    expect(decoded.toSource(index, index + found.length)).toEqual({ start, end })
    // The positions are kept.
    expect(decoded.toSource(index, index + found.length)).toEqual({ start, end })
  })
})
