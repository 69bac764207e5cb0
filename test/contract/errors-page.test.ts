import { describe, expect, it } from 'vitest'
import { updateErrorsPage } from '../../scripts/docs-errors.ts'
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { read } from '../support/contract/repository-files.ts'

const page = read('docs/errors.md')

describe('docs/errors.md', () => {
  it('The page is current: otherwise, run "npm run docs".', async () => {
    expect(await updateErrorsPage(page)).toBe(page)
  })
})

describe('The generator of the page', () => {
  const section = '## THROTTLED\n\nold cause\n\n**What to do**: old remedy\n\nDetails by hand.\n'

  it('The generator replaces the cause and the remedy, and keeps the details.', async () => {
    const text = (await updateErrorsPage(section))
      .split(/^## /m)
      .find((each) => each.startsWith('THROTTLED\n'))
    expect(text).toContain(ERROR_CATALOG.THROTTLED.cause)
    expect(text).not.toContain('old')
    expect(text).toMatch(/\n\nDetails by hand\.\n\n$/)
  })

  it('The generator fails on details for a code that is not in the catalog.', async () => {
    await expect(updateErrorsPage(section.replace('THROTTLED', 'NO_CODE'))).rejects.toThrow(
      'NO_CODE',
    )
  })
})
