/** What reading one value comes to: the value, perhaps with warnings, or the rule that it breaks. */

export type Flaw = Readonly<{
  /** What the value must be, as the end of "app-id is "a/b": it ...". */
  rule: string
  /** How to mend it, as whole sentences. */
  remedy: string
}>

export type Outcome<T> =
  Readonly<{ value: T; warnings: readonly string[] }> | Readonly<{ flaw: Flaw }>

export function good<T>(value: T, warnings: readonly string[] = []): Outcome<T> {
  return { value, warnings }
}

export function bad(rule: string, remedy: string): Outcome<never> {
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
