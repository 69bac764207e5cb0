/** Access to data of unknown shape: events, responses, metadata and thrown values. */

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is an object and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses JSON; undefined when the text is malformed. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value at a path of keys in parsed JSON; undefined when a part of the path is missing. */
export function getPath(value: unknown, ...path: readonly string[]): unknown {
  let found = value
  for (const key of path) {
    found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return found
}

/**
 * A property of any object, inherited ones included; undefined when the value has no properties, or when
 * a getter throws.
 */
export function getProperty(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    return Reflect.get(value, key)
  } catch {
    return undefined
  }
}

/** A property that is a string; undefined for every other type. */
export function getString(value: unknown, key: string): string | undefined {
  const found = getProperty(value, key)
  return typeof found === 'string' ? found : undefined
}

/** A property that is a number; undefined for every other type. */
export function getNumber(value: unknown, key: string): number | undefined {
  const found = getProperty(value, key)
  return typeof found === 'number' ? found : undefined
}

/** The value if it is a string with at least one character. */
export function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Replaces every text in a value of objects and arrays; values of other types stay the same. */
export function mapTexts<T>(value: T, replace: (text: string) => string): T
export function mapTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value)
  if (Array.isArray(value)) return value.map((item: unknown) => mapTexts(item, replace))
  if (!isObject(value) || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, replace)]),
  )
}
