/** A value that does not have the expected form; the message names the member. */
export class ValidationError extends Error {}

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export type Range = { readonly min?: number; readonly max?: number }

/**
 * Reads the members of a JSON object, each with the type that it must have. Every method throws a
 * ValidationError that names the member and the rule that it breaks.
 */
export class ObjectReader {
  readonly #value: JsonObject
  readonly #where: string
  readonly #known = new Set<string>()

  constructor(value: unknown, where: string) {
    if (!isObject(value)) throw new ValidationError(`${where} must be a JSON object`)
    this.#value = value
    this.#where = where
  }

  #get(name: string): unknown {
    this.#known.add(name)
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined
  }

  #fail(name: string, rule: string): never {
    throw new ValidationError(`${this.#where}.${name} must be ${rule}`)
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.#fail(name, 'a string')
  }

  optionalString(name: string): string | undefined {
    const value = this.#get(name)
    if (value === undefined || typeof value === 'string') return value
    return this.#fail(name, 'a string')
  }

  boolean(name: string): boolean {
    return this.optionalBoolean(name) ?? this.#fail(name, 'true or false')
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.#get(name)
    if (value === undefined || typeof value === 'boolean') return value
    return this.#fail(name, 'true or false')
  }

  integer(name: string, range: Range = {}): number {
    return this.optionalInteger(name, range) ?? this.#fail(name, 'an integer')
  }

  optionalInteger(name: string, { min = 0, max = 2 ** 53 - 1 }: Range = {}): number | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)
      return value
    return this.#fail(name, `an integer from ${min} to ${max}`)
  }

  oneOf<T extends string | number>(name: string, allowed: readonly T[]): T {
    return this.optionalOneOf(name, allowed) ?? this.#fail(name, `one of ${allowed.join(', ')}`)
  }

  optionalOneOf<T extends string | number | boolean>(
    name: string,
    allowed: readonly T[],
  ): T | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    return (
      allowed.find((candidate) => candidate === value) ??
      this.#fail(name, `one of ${allowed.join(', ')}`)
    )
  }

  optionalStrings(name: string): string[] | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
    return this.#fail(name, 'a list of strings')
  }

  optionalList(name: string): readonly unknown[] | undefined {
    const value = this.#get(name)
    return value === undefined || Array.isArray(value) ? value : this.#fail(name, 'a list')
  }

  optionalStringRecord(name: string): Record<string, string> | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    const entries = isObject(value)
      ? Object.entries(value)
      : this.#fail(name, 'an object of strings')
    return Object.fromEntries(
      entries.map(([key, item]) =>
        typeof item === 'string' ? [key, item] : this.#fail(`${name}.${key}`, 'a string'),
      ),
    )
  }

  optionalObject(name: string): ObjectReader | undefined {
    const value = this.#get(name)
    return value === undefined ? undefined : new ObjectReader(value, `${this.#where}.${name}`)
  }

  /** A list of objects; empty if the member is missing. */
  objects(name: string): ObjectReader[] {
    const value = this.#get(name) ?? []
    if (!Array.isArray(value)) return this.#fail(name, 'a list of objects')
    const items: unknown[] = value
    return items.map((item, index) => new ObjectReader(item, `${this.#where}.${name}[${index}]`))
  }

  /** All members by name, each of which must be an object. */
  entries(): [string, ObjectReader][] {
    return Object.keys(this.#value).map((name) => [
      name,
      this.optionalObject(name) ?? this.#fail(name, 'an object'),
    ])
  }

  /** The value of a member, whatever its type. */
  raw(name: string): unknown {
    return this.#get(name)
  }

  /** Call it last: throws a ValidationError if the object has members that nothing has read. */
  rejectUnknown(): void {
    const unknown = Object.keys(this.#value).filter((name) => !this.#known.has(name))
    if (unknown.length > 0)
      throw new ValidationError(
        `${this.#where} has no member ${unknown.join(', ')}. Its members are: ${[...this.#known].join(', ')}`,
      )
  }
}

/** Reads `times`: how many calls or jobs something applies to. */
export const parseTimes = (reader: ObjectReader): number | 'always' | undefined =>
  reader.raw('times') === 'always' ? 'always' : reader.optionalInteger('times', { min: 1 })
