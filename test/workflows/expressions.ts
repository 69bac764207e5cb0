/** What an expression names, and what it compares that with. */
import { Lexer, Parser, type Expr } from '@actions/expressions'
import {
  Binary,
  ContextAccess,
  FunctionCall,
  Grouping,
  IndexAccess,
  Literal,
  Logical,
  Unary,
} from '@actions/expressions/ast'
import { TokenType } from '@actions/expressions/lexer'

import { fromData } from '../../emulator/runner/expressions.ts'

export type Reference = Readonly<{
  /** For example `steps`, `storage`, `outputs`, `ready`. */
  path: readonly string[]
  /** The literal that it is compared with by `==` or `!=`, where there is one. */
  comparedWith: unknown
}>

const contexts = ['env', 'github', 'inputs', 'job', 'jobs', 'matrix', 'needs', 'runner', 'secrets']
const allContexts = [...contexts, 'steps', 'strategy', 'vars']

const functions = ['success', 'failure', 'always', 'cancelled', 'hashfiles'].map((name) => ({
  name,
  minArgs: 0,
  maxArgs: 255,
}))

/** Everything that an expression names; throws where it is none. */
export const referencesIn = (expression: string): readonly Reference[] =>
  walk(new Parser(new Lexer(expression).lex().tokens, allContexts, functions).parse())

function walk(expr: Expr, comparedWith?: unknown): readonly Reference[] {
  if (expr instanceof ContextAccess || expr instanceof IndexAccess) {
    const path = pathOf(expr)
    return path === undefined ? [] : [{ path, comparedWith }]
  }
  if (expr instanceof Binary) {
    const compares =
      expr.operator.type === TokenType.EQUAL_EQUAL || expr.operator.type === TokenType.BANG_EQUAL
    const literalOf = (side: Expr): unknown =>
      compares && side instanceof Literal ? fromData(side.literal) : undefined
    return [...walk(expr.left, literalOf(expr.right)), ...walk(expr.right, literalOf(expr.left))]
  }
  if (expr instanceof Unary) return walk(expr.expr)
  if (expr instanceof Grouping) return walk(expr.group, comparedWith)
  if (expr instanceof Logical || expr instanceof FunctionCall)
    return expr.args.flatMap((argument) => walk(argument))
  return []
}

function pathOf(expr: Expr): readonly string[] | undefined {
  if (expr instanceof ContextAccess) return [expr.name.lexeme]
  if (!(expr instanceof IndexAccess) || !(expr.index instanceof Literal)) return undefined
  const outer = pathOf(expr.expr)
  return outer === undefined ? undefined : [...outer, expr.index.literal.coerceString()]
}
