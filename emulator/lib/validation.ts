/** A value that is not what was asked for; the message names the place. */
export class ValidationError extends Error {}

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export type Range = { readonly min?: number; readonly max?: number }

/** Reads the members of a JSON object, each once, and complains about what it does not know. */
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

  has(name: string): boolean {
    return this.#get(name) !== undefined
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
    return this.optionalInteger(name, range) ?? this.#fail(name, 'a whole number')
  }

  optionalInteger(name: string, { min = 0, max = 2 ** 53 - 1 }: Range = {}): number | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)
      return value
    return this.#fail(name, `a whole number from ${min} to ${max}`)
  }

  oneOf<T extends string | number>(name: string, allowed: readonly T[]): T {
    return this.optionalOneOf(name, allowed) ?? this.#fail(name, `one of ${allowed.join(', ')}`)
  }

  optionalOneOf<T extends string | number>(name: string, allowed: readonly T[]): T | undefined {
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

  /** A list of objects; empty when left out. */
  objects(name: string): ObjectReader[] {
    const value = this.#get(name) ?? []
    if (!Array.isArray(value)) return this.#fail(name, 'a list of objects')
    const items: unknown[] = value
    return items.map((item, index) => new ObjectReader(item, `${this.#where}.${name}[${index}]`))
  }

  /** Each member as an object of its own. */
  entries(): [string, ObjectReader][] {
    return Object.keys(this.#value).map((name) => [
      name,
      this.optionalObject(name) ?? this.#fail(name, 'an object'),
    ])
  }

  /** The value as it is. */
  raw(name: string): unknown {
    return this.#get(name)
  }

  /** Whatever the value is made of must have been read by now. */
  rejectUnknown(): void {
    const unknown = Object.keys(this.#value).filter((name) => !this.#known.has(name))
    if (unknown.length > 0)
      throw new ValidationError(
        `${this.#where} has no member ${unknown.join(', ')}; it knows ${[...this.#known].join(', ')}`,
      )
  }
}
