/**
 * How many cases a test tries: a sample in `npm test`, all of them in `npm run test:thorough`, whose project in
 * vitest.config.ts sets THOROUGH.
 */
const isThorough = process.env['THOROUGH'] !== undefined

export const caseCount = (sampled: number, thorough: number): number =>
  isThorough ? thorough : sampled

/** All cases, or every other one of more than four. */
export const sampleCases = <T>(cases: readonly T[]): readonly T[] =>
  cases.length <= 4 ? cases : sampleTable([cases], 2)

/**
 * All cells of a table, or one of `step` along each row and each column, so that every row and every column is
 * tried.
 *
 * @param offset which of the samples; another one for another table of the same cells
 */
export function sampleTable<T>(
  rows: readonly (readonly T[])[],
  step: number,
  offset = 0,
): readonly T[] {
  return rows.flatMap((row, at) =>
    row.filter((_, column) => isThorough || (at + column + offset) % step === 0),
  )
}
