/** The static check that every regular expression of the product takes linear time. */
import { ESLint, Linter } from 'eslint'
import { expect, test } from 'vitest'

import { root } from '../support/contract/pages.ts'

const RULE = 'redos/no-vulnerable'

/** The messages of the check, as it is configured for a file, about a module with one expression. */
async function check(file: string, expression: string): Promise<readonly string[]> {
  const config: unknown = await new ESLint({ cwd: root }).calculateConfigForFile(file)
  const { plugins, rules } = config as Linter.Config
  const setting = rules?.[RULE]
  expect([setting, plugins?.['redos']]).not.toContain(undefined)
  const redos = plugins?.['redos'] ?? {}
  return new Linter()
    .verify(`export const expression = ${expression}\n`, [
      { plugins: { redos }, rules: { [RULE]: setting } },
    ])
    .map(({ ruleId }) => ruleId ?? 'no rule')
}

const files = ['src/lib/text.ts', 'emulator/server/redact.ts', 'scripts/docs-errors.ts']

test.each([
  String.raw`/\s*x$/`,
  String.raw`/\s+$/`,
  '/(?:a+)+$/',
  '/retrieve.*key/',
  '/^(?:a|a)*$/',
])('The expression %s is rejected, because it is slower than linear', async (expression) => {
  for (const file of files) expect(await check(file, expression)).toEqual([RULE])
})

test.each([String.raw`/^\s*x$/`, '/ {2,}/g', '/<[^<]*>/', String.raw`/^[\w.-]+$/`])(
  'The expression %s is accepted, because it is linear',
  async (expression) => {
    for (const file of files) expect(await check(file, expression)).toEqual([])
  },
)
