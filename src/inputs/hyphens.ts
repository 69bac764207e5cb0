/** What looks like a hyphen and is none: documents and chats put it in a hyphen's place. */

import { invalid } from './parsed.ts'
import type { Parsed } from './parsed.ts'

const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '\u2010': 'a typographic hyphen (U+2010)',
  '\u2011': 'a non-breaking hyphen (U+2011)',
  '\u2012': 'a figure dash (U+2012)',
  '\u2013': 'an en dash (U+2013)',
  '\u2014': 'an em dash (U+2014)',
  '\u2015': 'a horizontal bar (U+2015)',
  '\u2212': 'a minus sign (U+2212)',
  '\uFE63': 'a small hyphen (U+FE63)',
  '\uFF0D': 'a full-width hyphen (U+FF0D)',
}

/** The flaw of a text that holds a look-alike; for values that allow hyphens and nothing like them. */
export function falseHyphen(text: string): Parsed<never> | undefined {
  const dash = lookAlike(text)
  if (dash === undefined) return undefined
  return invalid(
    `has ${dash} where a hyphen belongs`,
    'Type `-` in its place; documents and chats turn hyphens into dashes.',
  )
}

/** The same as the end of a warning; empty where the text holds none. */
export function hyphenHint(text: string): string {
  const dash = lookAlike(text)
  return dash === undefined ? '' : ` It has ${dash}, which is not a hyphen.`
}

/** The name of the first look-alike in the text. */
function lookAlike(text: string): string | undefined {
  for (const character of text) {
    const name = LOOK_ALIKES[character]
    if (name !== undefined) return name
  }
  return undefined
}
