import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

import thorough from '../../vitest.thorough.config.ts'
import { root } from '../support/contract/pages.ts'

/** Where a test gets less in `npm test` than there is. */
const SHARES = /from '(?:\.\.\/)+kit\/(?:thorough|variants)\.ts'|from '\.\/cell\.ts'/

it('what npm test tries a share of, npm run test:thorough tries in full, and nothing else', () => {
  const sharing = globSync('test/**/*.test.ts', { cwd: root }).filter((file) =>
    SHARES.test(readFileSync(`${root}${file}`, 'utf8')),
  )
  const inFull = globSync(thorough.test?.include ?? [], { cwd: root })
  expect(sharing.length).toBeGreaterThan(10)
  expect(inFull.toSorted()).toEqual(sharing.toSorted())
})
