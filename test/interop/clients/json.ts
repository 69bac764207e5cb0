/** Reading JSON that others wrote, without trusting its form. */
export type Json = Readonly<Record<string, unknown>>

/** A JSON object; anything else is an error that names the place. */
export function object(value: unknown, where = 'value'): Json {
  if (isObject(value)) return value
  throw new Error(`${where} is not an object: ${JSON.stringify(value)}`)
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list; a missing one is empty. */
export function list(value: unknown, where = 'value'): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw new Error(`${where} is not a list: ${JSON.stringify(value)}`)
}

export function string(value: unknown, where = 'value'): string {
  if (typeof value === 'string') return value
  throw new Error(`${where} is not a string: ${JSON.stringify(value)}`)
}

export function optionalString(value: unknown, where = 'value'): string | undefined {
  return value === undefined || value === null ? undefined : string(value, where)
}

export function optionalNumber(value: unknown, where = 'value'): number | undefined {
  if (value === undefined || typeof value === 'number') return value
  throw new Error(`${where} is not a number: ${JSON.stringify(value)}`)
}
