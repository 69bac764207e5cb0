/** The combinations of `strategy.matrix`. */
import { isObject, type JsonObject } from '../../../emulator/lib/validation.ts'

export type Combination = JsonObject

/** Every combination of a matrix, in order; one that is empty where there is no matrix. */
export function combinations(matrix: unknown): readonly Combination[] {
  if (!isObject(matrix)) return [{}]
  const dimensions = Object.entries(matrix).filter(
    ([name]) => name !== 'include' && name !== 'exclude',
  )
  const excluded = objectsIn(matrix['exclude'])
  const crossed = dimensions.length === 0 ? [] : cross(dimensions)
  const kept = crossed.filter((one) => !excluded.some((part) => agrees(one, part)))
  return included(
    kept,
    objectsIn(matrix['include']),
    dimensions.map(([name]) => name),
  )
}

function cross(dimensions: readonly (readonly [string, unknown])[]): Combination[] {
  return dimensions.reduce<Combination[]>(
    (so, [name, values]) =>
      so.flatMap((one) =>
        (Array.isArray(values) ? values : []).map((value: unknown) => ({ ...one, [name]: value })),
      ),
    [{}],
  )
}

/** An `include` adds to every combination whose own values it leaves alone, else it is one by itself. */
function included(
  kept: readonly Combination[],
  includes: readonly Combination[],
  names: readonly string[],
): readonly Combination[] {
  let combined = kept.map((original) => ({ original, now: original }))
  const alone: Combination[] = []
  for (const include of includes) {
    const fits = (original: Combination): boolean =>
      names.every((name) => !(name in include) || same(original[name], include[name]))
    if (combined.some(({ original }) => fits(original)))
      combined = combined.map(({ original, now }) => ({
        original,
        now: fits(original) ? { ...now, ...include } : now,
      }))
    else alone.push(include)
  }
  return [...combined.map(({ now }) => now), ...alone]
}

const objectsIn = (value: unknown): readonly Combination[] =>
  Array.isArray(value) ? value.filter(isObject) : []

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

const agrees = (one: Combination, part: Combination): boolean =>
  Object.entries(part).every(([name, value]) => same(one[name], value))
