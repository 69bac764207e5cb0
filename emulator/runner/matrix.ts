/** The combinations of a matrix, as GitHub makes them. */
import { isObject, type JsonObject } from '../lib/validation.ts'

export type Combination = Readonly<Record<string, unknown>>

const toList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const isEqual = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** Whether a combination has all values of an entry. */
const hasAll = (combination: Combination, entry: JsonObject): boolean =>
  Object.entries(entry).every(([name, value]) => isEqual(combination[name], value))

function product(dimensions: readonly (readonly [string, readonly unknown[]])[]): Combination[] {
  return dimensions.reduce<Combination[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  )
}

/** Adds an entry of `include` to the combinations that it fits, or as a combination of its own. */
function include(
  combinations: readonly Combination[],
  entry: JsonObject,
  dimensions: readonly string[],
): readonly Combination[] {
  const own = Object.fromEntries(
    Object.entries(entry).filter(([name]) => dimensions.includes(name)),
  )
  const fits = (each: Combination): boolean =>
    dimensions.length > 0 && dimensions.some((name) => name in each) && hasAll(each, own)
  return combinations.some(fits)
    ? combinations.map((each) => (fits(each) ? { ...each, ...entry } : each))
    : [...combinations, entry]
}

const toMatrixText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** Whether a combination has all of these values, written as text. */
export const hasValues = (
  combination: Combination,
  values: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(values).every(
    ([name, value]) => name in combination && toMatrixText(combination[name]) === value,
  )

/** All combinations of an evaluated matrix; one without values if there is no matrix. */
export function matrixCombinations(matrix: unknown): readonly Combination[] {
  if (!isObject(matrix)) return [{}]
  const { include: included, exclude: excluded, ...others } = matrix
  const dimensions = Object.entries(others).map(([name, values]) => [name, toList(values)] as const)
  const excludes = toList(excluded).filter(isObject)
  const kept = (dimensions.length > 0 ? product(dimensions) : []).filter(
    (each) => !excludes.some((entry) => hasAll(each, entry)),
  )
  const names = dimensions.map(([name]) => name)
  return toList(included)
    .filter(isObject)
    .reduce<readonly Combination[]>((all, entry) => include(all, entry, names), kept)
}
