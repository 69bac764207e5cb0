/** The summary as `npm run try` prints it in a terminal. */
import { expect, test } from 'vitest'

import { htmlToText, markdownToHtml } from '../../emulator/cli/markdown.ts'

const toText = (markdown: string): string => htmlToText(markdownToHtml(markdown))

test.each([
  ['YAML', 'yaml', 'jobs:\n  storage:\n    - uses: a\n      with:  { b: c }'],
  ['JSON', 'json', '{\n  "Statement": [\n    { "Effect": "Allow & <more>" }\n  ]\n}'],
])('A block of %s keeps its spaces', (_, language, code) => {
  expect(toText(`Add  this:\n\n\`\`\`${language}\n${code}\n\`\`\`\n\nThen   run.`)).toBe(
    `Add this:\n${code}\nThen run.`,
  )
})
