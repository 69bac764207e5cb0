/** Evaluates expressions with GitHub's own evaluator (`@actions/expressions`) on plain values. */
import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import type { FunctionDefinition } from '@actions/expressions/funcs/info'
import { TokenType, type Token } from '@actions/expressions/lexer'

/** The contexts of an expression, for example `github` and `steps`, as plain values. */
export type Contexts = Readonly<Record<string, unknown>>

/** An expression needs a value that only a run of the whole workflow has; the message names it. */
export class UnknownValueError extends Error {}

/** Values of which the names that it does not have are unknown, rather than empty as on GitHub. */
export class PartialContext {
  readonly values: Readonly<Record<string, unknown>>
  /** The error for an unknown name. */
  readonly toError: (name: string) => Error

  constructor(values: Readonly<Record<string, unknown>>, toError: (name: string) => Error) {
    this.values = values
    this.toError = toError
  }
}

type Pair = ReturnType<data.Dictionary['pairs']>[number]

class PartialDictionary extends data.Dictionary {
  readonly #toError: (name: string) => Error

  constructor({ values, toError }: PartialContext) {
    super(...toPairs(values))
    this.#toError = toError
  }

  override get(key: string): data.ExpressionData {
    const value = super.get(key)
    if (value === undefined) throw this.#toError(key)
    return value
  }

  override values(): data.ExpressionData[] {
    throw this.#toError('*')
  }

  override pairs(): Pair[] {
    throw this.#toError('*')
  }
}

/** Converts a plain value to a value of the evaluator. */
function toData(value: unknown): data.ExpressionData {
  if (typeof value === 'string') return new data.StringData(value)
  if (typeof value === 'number') return new data.NumberData(value)
  if (typeof value === 'boolean') return new data.BooleanData(value)
  if (Array.isArray(value)) return new data.Array(...value.map(toData))
  if (value instanceof PartialContext) return new PartialDictionary(value)
  if (typeof value === 'object' && value !== null) return new data.Dictionary(...toPairs(value))
  return new data.Null()
}

const toPairs = (value: object): Pair[] =>
  Object.entries(value).map(([key, member]: [string, unknown]) => ({ key, value: toData(member) }))

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

/** Functions of conditions, at a step before which nothing has failed. */
const statusFunctions = { success: true, always: true, failure: false, cancelled: false }

const functions: readonly FunctionDefinition[] = [
  ...Object.entries(statusFunctions).map(([name, result]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(result),
  })),
  {
    name: 'hashFiles',
    minArgs: 1,
    maxArgs: 255,
    call: () => {
      throw new UnknownValueError('hashFiles needs the files of the job')
    },
  },
]

const functionsByName = new Map(functions.map((each) => [each.name.toLowerCase(), each]))

/**
 * Evaluates an expression, without the surrounding `${{ }}`.
 *
 * @throws an error of the parser or evaluator, for instance for an unknown context
 */
function evaluate(expression: string, contexts: Contexts): unknown {
  const tokens = new Lexer(expression).lex().tokens.map(unescapeString)
  const parser = new Parser(tokens, Object.keys(contexts), [...functions])
  const context = new data.Dictionary(...toPairs(contexts))
  return fromData(new Evaluator(parser.parse(), context, functionsByName).evaluate())
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
function interpolate(text: string, contexts: Contexts): string {
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

/** The expression that a text consists of; undefined if it has anything else. */
function wholeExpression(text: string): string | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith('${{')) return undefined
  const end = findEnd(trimmed, 3)
  return end === trimmed.length - 2 ? trimmed.slice(3, end) : undefined
}

/**
 * Evaluates the expressions in a value of a workflow. A text that is one expression gets its value, which
 * can be an object or a list.
 *
 * @throws an error if an expression cannot be evaluated
 */
export function evaluateValue(value: unknown, contexts: Contexts): unknown {
  if (typeof value === 'string') {
    const expression = wholeExpression(value)
    return expression === undefined ? interpolate(value, contexts) : evaluate(expression, contexts)
  }
  if (Array.isArray(value)) return value.map((item) => evaluateValue(item, contexts))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, member]: [string, unknown]) => [
        name,
        evaluateValue(member, contexts),
      ]),
    )
  return value
}

/**
 * Whether the condition of an `if:` holds; true if there is none.
 *
 * @throws an error if it cannot be evaluated
 */
export function conditionHolds(condition: unknown, contexts: Contexts): boolean {
  if (condition === undefined) return true
  const text = toText(condition)
  const value = text.includes('${{') ? evaluateValue(text, contexts) : evaluate(text, contexts)
  return Boolean(value)
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
