/** Evaluates expressions with GitHub's own evaluator (`@actions/expressions`) on plain values. */
import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import { TokenType, type Token } from '@actions/expressions/lexer'

/** The contexts of an expression, for example `github` and `steps`, as plain values. */
export type Contexts = Readonly<Record<string, unknown>>

/** Converts a plain value to a value of the evaluator. */
function toData(value: unknown): data.ExpressionData {
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

/** Converts a value of the evaluator to a plain one. */
export function fromData(value: data.ExpressionData): unknown {
  if (value instanceof data.Null) return null
  if (value instanceof data.Array) return value.values().map(fromData)
  if (value instanceof data.Dictionary)
    return Object.fromEntries(value.pairs().map((pair) => [pair.key, fromData(pair.value)]))
  return value.value
}

/** Converts a value to text as GitHub does: null to nothing, an object to `Object`. */
export const toText = (value: unknown): string => toData(value).coerceString()

/**
 * Evaluates an expression, without the surrounding `${{ }}`.
 *
 * @throws an error of the parser or evaluator, for instance for an unknown context
 */
function evaluate(expression: string, contexts: Contexts): unknown {
  const tokens = new Lexer(expression).lex().tokens.map(unescapeString)
  const parser = new Parser(tokens, Object.keys(contexts), [])
  return fromData(new Evaluator(parser.parse(), dictionary(contexts)).evaluate())
}

// The lexer (0.3.61) unescapes only the first `''` of a string.
const unescapeString = (token: Token): Token =>
  token.type === TokenType.STRING
    ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") }
    : token

/**
 * Replaces every `${{ }}` in a text with its value.
 *
 * @throws an error if an expression has no end or cannot be evaluated
 */
export function interpolate(text: string, contexts: Contexts): string {
  let result = ''
  let at = 0
  for (;;) {
    const open = text.indexOf('${{', at)
    if (open < 0) return result + text.slice(at)
    const close = findEnd(text, open + 3)
    result += text.slice(at, open) + toText(evaluate(text.slice(open + 3, close), contexts))
    at = close + 2
  }
}

/** The index of the `}}` that ends an expression; inside quotes it is part of the expression. */
function findEnd(text: string, from: number): number {
  let quoted = false
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted
    else if (!quoted && text.startsWith('}}', at)) return at
  }
  throw new Error(`An expression is not closed: ${text.slice(from - 3)}`)
}
