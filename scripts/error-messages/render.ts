/** Expressions of the source that make a text, as the texts that they can make. */
import ts from 'typescript'

/** Stand around what is known at run time only. */
export const OPEN = '\uE000'
export const CLOSE = '\uE001'

/** More texts from one expression help nobody; its varying parts are then left open. */
const MOST = 12
const DEEPEST = 6

/** Functions whose result is best described, and not by what it can be. */
const DESCRIBED: Readonly<Record<string, string>> = {
  describe: 'what went wrong',
  describeChanges: 'the differences',
  describeValue: 'value',
  duration: 'time',
  jobCommand: 'the command that shows the job',
  nearest: 'word',
  safeLength: 'number',
  shown: 'value',
  storageCommand: 'the command that shows the storage',
  subjectHint: 'what its subject means',
  wordsOf: 'what went wrong',
}

const NAMES: Readonly<Record<string, string>> = {
  said: 'what went wrong',
  text: 'what was said',
  refusal: 'what went wrong',
  why: 'reason',
  id: 'partition',
  where: 'region',
  found: 'character',
  others: 'entries',
  wrong: 'entries',
  lower: 'the value in lower case',
  zone: 'region',
  meant: 'word',
  choices: 'words',
  room: 'number',
  limit: 'number',
  least: 'number',
  most: 'number',
  arn: 'ARN',
  aud: 'audience',
  iss: 'issuer',
  endpoint: 'endpoint setting',
  variable: 'proxy variable',
  sub: 'what its subject means',
  roleArn: 'role',
  named: 'the source of the credentials',
  allowed: 'account ids',
  known: 'names',
  kept: 'what was said',
  shown: 'claims',
  by: 'signal',
  lines: 'the input, its value, the rule that it breaks, and how to mend it',
  numbered: 'each input, its value, the rule that it breaks, and how to mend it, a line for each',
  reasons: 'what each source said',
  statement: 'the statement',
  message: 'the message',
}

/** Functions that only make a text harmless. */
const CLEANING = new Set(['oneLine', 'cut', 'named'])

export type Renderer = (expression: ts.Expression) => readonly string[]

/** @returns gives every text that an expression can make, open parts between OPEN and CLOSE */
export function createRenderer(checker: ts.TypeChecker): Renderer {
  return (expression) => render(expression, 0)

  function render(expression: ts.Expression, depth: number): readonly string[] {
    const exact = depth > DEEPEST ? undefined : exactly(expression, depth)
    return exact === undefined || exact.length > MOST ? [open(expression)] : exact
  }

  /** The texts, or undefined where the expression makes something that only a run knows. */
  function exactly(given: ts.Expression, depth: number): readonly string[] | undefined {
    const expression = bare(given)
    if (ts.isStringLiteralLike(expression) || ts.isNumericLiteral(expression)) {
      return [expression.text]
    }
    if (ts.isTemplateExpression(expression)) {
      return joined([
        [expression.head.text],
        ...expression.templateSpans.map((span) =>
          joined([render(span.expression, depth + 1), [span.literal.text]]),
        ),
      ])
    }
    if (ts.isConditionalExpression(expression)) {
      const branches = [expression.whenTrue, expression.whenFalse].filter(
        (each) => !isNothing(each),
      )
      return unique(branches.flatMap((each) => render(each, depth + 1)))
    }
    if (ts.isBinaryExpression(expression) && isFallback(expression)) {
      const first = exactly(expression.left, depth + 1)
      return first && unique([...first, ...render(expression.right, depth + 1)])
    }
    if (ts.isCallExpression(expression)) return ofCall(expression, depth)
    if (ts.isIdentifier(expression)) {
      const initial = initializerOf(expression)
      return initial === undefined ? undefined : exactly(initial, depth + 1)
    }
    return undefined
  }

  function ofCall(call: ts.CallExpression, depth: number): readonly string[] | undefined {
    const { expression: callee } = call
    const [first] = call.arguments
    if (ts.isPropertyAccessExpression(callee) && callee.name.text === 'join') {
      const list = arrayOf(callee.expression)
      const separator = first !== undefined && ts.isStringLiteralLike(first) ? first.text : ''
      return list === undefined
        ? undefined
        : joined(
            list.flatMap((element, index) => [
              ...(index === 0 ? [] : [[separator]]),
              ts.isSpreadElement(element) ? [open(element.expression)] : render(element, depth + 1),
            ]),
          )
    }
    if (!ts.isIdentifier(callee) || callee.text in DESCRIBED || CLEANING.has(callee.text)) {
      return undefined
    }
    if (callee.text === 'quoted' && first !== undefined) return [`"${open(first)}"`]
    return returnsOf(callee)?.flatMap((returned) => render(returned, depth + 1))
  }

  function arrayOf(expression: ts.Expression): readonly ts.Expression[] | undefined {
    const list = ts.isIdentifier(expression) ? initializerOf(expression) : expression
    return list !== undefined && ts.isArrayLiteralExpression(list) ? list.elements : undefined
  }

  /** What a constant was set to. */
  function initializerOf(identifier: ts.Identifier): ts.Expression | undefined {
    const symbol = ts.isShorthandPropertyAssignment(identifier.parent)
      ? checker.getShorthandAssignmentValueSymbol(identifier.parent)
      : checker.getSymbolAtLocation(identifier)
    const declaration = symbol?.valueDeclaration
    return declaration !== undefined &&
      ts.isVariableDeclaration(declaration) &&
      (declaration.parent.flags & ts.NodeFlags.Const) !== 0
      ? declaration.initializer
      : undefined
  }

  /** What a function of the source can return; undefined where one of it is no text. */
  function returnsOf(callee: ts.Identifier): readonly ts.Expression[] | undefined {
    const symbol = checker.getSymbolAtLocation(callee)
    const target =
      symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
        ? checker.getAliasedSymbol(symbol)
        : symbol
    const declaration = target?.valueDeclaration
    if (declaration === undefined || !ts.isFunctionDeclaration(declaration)) return undefined
    const found: ts.Expression[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && node !== declaration) return
      if (ts.isReturnStatement(node) && node.expression !== undefined) {
        if (!isNothing(node.expression)) found.push(node.expression)
      }
      ts.forEachChild(node, visit)
    }
    visit(declaration)
    const isText = (type: ts.Type): boolean =>
      type.isUnion()
        ? type.types.every(isText)
        : (type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.Undefined)) !== 0
    return found.length > 0 && found.every((each) => isText(checker.getTypeAtLocation(each)))
      ? found
      : undefined
  }
}

function isFallback({ operatorToken }: ts.BinaryExpression): boolean {
  return operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken
}

function isNothing(expression: ts.Expression): boolean {
  return ts.isIdentifier(expression) && expression.text === 'undefined'
}

function bare(expression: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(expression) || ts.isAsExpression(expression)
    ? bare(expression.expression)
    : expression
}

/** Every way to take one of each, in order. */
function joined(parts: readonly (readonly string[])[]): readonly string[] {
  return parts.reduce<readonly string[]>(
    (made, part) => unique(made.flatMap((start) => part.map((end) => start + end))),
    [''],
  )
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

/** An open part, described by the name that the source has for it. */
function open(expression: ts.Expression): string {
  return `${OPEN}${described(bare(expression))}${CLOSE}`
}

function described(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return NAMES[expression.text] ?? words(expression.text)
  if (ts.isPropertyAccessExpression(expression)) {
    return isCount(expression) ? 'number' : described(expression.name)
  }
  if (ts.isArrayLiteralExpression(expression)) {
    const [first] = expression.elements
    return first === undefined
      ? 'value'
      : described(ts.isSpreadElement(first) ? first.expression : first)
  }
  if (ts.isNewExpression(expression)) {
    const [first] = expression.arguments ?? []
    return first === undefined ? 'value' : described(first)
  }
  if (ts.isBinaryExpression(expression)) return described(bare(expression.left))
  if (ts.isConditionalExpression(expression)) return described(bare(expression.whenFalse))
  if (ts.isElementAccessExpression(expression)) return described(bare(expression.expression))
  if (ts.isTemplateExpression(expression)) {
    return described(bare(expression.templateSpans[0]?.expression ?? expression))
  }
  if (!ts.isCallExpression(expression)) return 'value'
  const { expression: callee } = expression
  const known = ts.isIdentifier(callee) ? DESCRIBED[callee.text] : undefined
  if (known !== undefined) return known
  if (ts.isPropertyAccessExpression(callee)) return described(callee.expression)
  const [first] = expression.arguments
  return first === undefined ? described(callee) : described(bare(first))
}

function isCount({ name }: ts.PropertyAccessExpression): boolean {
  return name.text === 'length' || name.text === 'size'
}

/** `backendEnvironmentName` as `backend environment name`. */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}
