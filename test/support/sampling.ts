/**
 * How much is tried of what has more cases than anybody waits for: a share of them in `npm test`, all in
 * `npm run test:thorough`, whose vitest.thorough.config.ts sets THOROUGH.
 */
const isThorough = process.env['THOROUGH'] !== undefined

/** A number of random cases. */
export const caseCount = (usual: number, thorough: number): number =>
  isThorough ? thorough : usual

/** All variants of a case while they are few, else every other one. */
export const sampleCases = <T>(variants: readonly T[]): readonly T[] =>
  variants.length <= MAX_CASES_WITHOUT_SAMPLING ? variants : sampleTable([variants], 2)

const MAX_CASES_WITHOUT_SAMPLING = 4

/**
 * Every cell of a table, or one of `step` along each row and each column, so that all of these have their
 * share.
 *
 * @param offset which share; another one for another table of the same cells
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
