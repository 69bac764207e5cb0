/** The result of parsing one value: the value, perhaps with warnings, or the rule that it breaks. */

type Problem = Readonly<{
  /** What the value must be, as the end of "app-id is "a/b": it ...". */
  rule: string
  /** How to fix it, as whole sentences. */
  remedy: string
}>

export type Parsed<T> =
  Readonly<{ value: T; warnings: readonly string[] }> | Readonly<{ problem: Problem }>

export function ok<T>(value: T, warnings: readonly string[] = []): Parsed<T> {
  return { value, warnings }
}

export function invalid(rule: string, remedy: string): Parsed<never> {
  return { problem: { rule, remedy } }
}

/** A problem together with the input that has it, ready to be shown. */
export type InputProblem = Problem &
  Readonly<{
    /** The input as action.yml spells it, or the environment variable that the value came from. */
    input: string
    /**
     * The value as it may be shown: quoted, truncated, invisible characters as `\u{...}`; `empty` for
     * an empty value and `(not shown)` for one that could be a secret.
     */
    value: string
  }>
