/** What reading one value comes to: the value, perhaps with warnings, or the rule that it breaks. */

export type Flaw = Readonly<{
  /** What the value must be, as the end of "app-id is "a/b": it ...". */
  rule: string
  /** How to mend it, as whole sentences. */
  remedy: string
}>

export type Parsed<T> =
  Readonly<{ value: T; warnings: readonly string[] }> | Readonly<{ flaw: Flaw }>

export function ok<T>(value: T, warnings: readonly string[] = []): Parsed<T> {
  return { value, warnings }
}

export function invalid(rule: string, remedy: string): Parsed<never> {
  return { flaw: { rule, remedy } }
}

/** A whole input that was refused, ready to be shown. */
export type InputProblem = Readonly<{
  /** The input as action.yml spells it, or the environment variable that the value came from. */
  input: string
  /**
   * The value as it may be shown: quoted, cut, invisible characters as `\u{...}`; `empty` for an empty
   * one and `(not shown)` for one that could be a secret.
   */
  value: string
  rule: string
  remedy: string
}>
