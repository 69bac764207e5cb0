/** GitHub's own expression language (`@actions/expressions`) on plain values. */
import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { TokenType, type Token } from '@actions/expressions/lexer'
import { truthy } from '@actions/expressions/result'

/** What an expression may name: `github`, `steps` and so on, each a plain value. */
export type Contexts = Readonly<Record<string, unknown>>

export type { FunctionDefinition }

/** A plain value as the evaluator takes it. */
export function toData(value: unknown): data.ExpressionData {
  if (typeof value === 'string') return new data.StringData(value)
  if (typeof value === 'number') return new data.NumberData(value)
  if (typeof value === 'boolean') return new data.BooleanData(value)
  if (Array.isArray(value)) return new data.Array(...value.map(toData))
  if (typeof value === 'object' && value !== null) return dictionary(value)
  return new data.Null()
}

function dictionary(value: object): data.Dictionary {
  return new data.Dictionary(
    ...Object.entries(value).map(([key, member]: [string, unknown]) => ({
      key,
      value: toData(member),
    })),
  )
}

/** A value of the evaluator as a plain one. */
export function fromData(value: data.ExpressionData): unknown {
  if (value instanceof data.Null) return null
  if (value instanceof data.Array) return value.values().map(fromData)
  if (value instanceof data.Dictionary)
    return Object.fromEntries(value.pairs().map((pair) => [pair.key, fromData(pair.value)]))
  return value.value
}

/** A value as GitHub writes it into a text: nothing for null, `true`, `Object`. */
export const textOf = (value: unknown): string => toData(value).coerceString()

/** Whether a value counts as true in an `if:`; every text but the empty one does. */
export const isTruthy = (value: unknown): boolean => truthy(toData(value))

/**
 * The value of an expression, given without its `${{ }}`.
 *
 * @throws an error of the parser or evaluator, for instance for a context that is not given
 */
export function evaluate(
  expression: string,
  contexts: Contexts,
  functions: readonly FunctionDefinition[] = [],
): unknown {
  const tokens = new Lexer(expression).lex().tokens.map(unescaped)
  const parser = new Parser(tokens, Object.keys(contexts), [...functions])
  const known = new Map(functions.map((one) => [one.name.toLowerCase(), one]))
  return fromData(new Evaluator(parser.parse(), dictionary(contexts), known).evaluate())
}

// Of several `''` in one text the lexer (0.3.61) makes a quote only of the first.
const unescaped = (token: Token): Token =>
  token.type === TokenType.STRING
    ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") }
    : token

/** A text with the value of every `${{ }}` in its place. */
export function interpolate(text: string, contexts: Contexts): string {
  let written = ''
  let at = 0
  for (;;) {
    const open = text.indexOf('${{', at)
    if (open < 0) return written + text.slice(at)
    const close = findEnd(text, open + 3)
    written += text.slice(at, open) + textOf(evaluate(text.slice(open + 3, close), contexts))
    at = close + 2
  }
}

/** Where the `}}` is; one inside quotes belongs to the expression. */
function findEnd(text: string, from: number): number {
  let quoted = false
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted
    else if (!quoted && text.startsWith('}}', at)) return at
  }
  throw new Error(`An expression has no end: ${text.slice(from - 3)}`)
}
