import { describe, expect, it } from 'vitest'
import { updateErrorsPage } from '../../scripts/docs-errors.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { read } from '../support/contract/repository-files.ts'

const page = read('docs/errors.md')

describe('docs/errors.md', () => {
  it('The page is current: otherwise, run "npm run docs".', async () => {
    expect(await updateErrorsPage(page)).toBe(page)
  })

  it.each(Object.keys(ERROR_CATALOG))('The section of %s says why, and what to do', (code) => {
    const section = page.split(/^## /m).find((each) => each.startsWith(`${code}\n`)) ?? ''
    const starts = section.split('\n\n').map((paragraph) => /^\*\*(.+?)\*\*:/.exec(paragraph)?.[1])
    expect(starts.slice(2, 4)).toEqual(['Why', 'What to do'])
  })
})

describe('The generator of the page', () => {
  const section =
    '## THROTTLED\n\nold cause\n\n**Why**: By hand.\n\n**What to do**: old remedy\n\nDetails by hand.\n\n'
  const next = '## Next\n\nBy hand, too.\n'

  it('The generator replaces the cause and the remedy, and keeps the rest.', async () => {
    const sections = (await updateErrorsPage(section + next)).split(/^(?=## )/m)
    const { cause, remedy } = ERROR_CATALOG.THROTTLED
    expect(sections.find((each) => each.startsWith('## THROTTLED\n'))).toBe(
      section.replace('old cause', cause).replace('old remedy', remedy),
    )
    expect(sections.at(-1)).toBe(next)
  })

  it('The generator fails on a section for a code that is not in the catalog.', async () => {
    await expect(updateErrorsPage(section.replace('THROTTLED', 'NO_CODE'))).rejects.toThrow(
      'NO_CODE',
    )
  })
})
