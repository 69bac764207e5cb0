/** Every error that the source can make: its code, what it says, and what it advises. */
import { join } from 'node:path'
import ts from 'typescript'
import { CLOSE, createRenderer, OPEN } from './render.ts'

export type ErrorMessage = Readonly<{
  /** One code or several; none where the message goes with an error of any code. */
  codes: readonly string[]
  /** What is said, in every form it can have. */
  texts: readonly string[]
  /** What is advised beside what the catalogue has for the code. */
  advice: readonly string[]
}>

/** What an input or a variable can break: the rule, and how to mend it. */
export type InputRule = Readonly<{ rules: readonly string[]; remedies: readonly string[] }>

/** The source with the types of its expressions. */
export type Source = Readonly<{ program: ts.Program; sources: readonly ts.SourceFile[] }>

/** Where an error is made: the expressions that say how. */
type Site = Readonly<{
  code: ts.Expression | undefined
  message: ts.Expression
  advice: readonly ts.Expression[]
}>

type NamedCall = Readonly<{ call: ts.CallExpression; expression: ts.Identifier }>

/**
 * Reads the errors out of the source: every `new ActionError`, and every call of a function that hands its
 * own parameters on to one.
 *
 * @throws Error where a code cannot be told
 */
export function collectMessages({ program, sources }: Source): readonly ErrorMessage[] {
  const checker = program.getTypeChecker()
  const render = createRenderer(checker)
  let calls: Map<ts.Symbol | undefined, NamedCall[]> | undefined
  return sources
    .flatMap((source) => sitesIn(source))
    .flatMap((site) => tableRows(site) ?? [site])
    .map(({ code, message, advice }) => ({
      codes: code === undefined ? [] : codesOf(code),
      texts: render(message).filter((text) => text !== PASSED_ON),
      advice: [...new Set(advice.flatMap(handedIn).flatMap((each) => render(each)))].filter(
        (text) => !isOpen(text),
      ),
    }))
    .filter(({ codes, texts, advice }) => texts.length > 0 || codes.length * advice.length > 0)

  function sitesIn(source: ts.SourceFile): readonly Site[] {
    const found: Site[] = []
    const visit = (node: ts.Node): void => {
      const site = siteOf(node)
      if (site !== undefined) found.push(...resolved(site))
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found
  }

  function siteOf(node: ts.Node): Site | undefined {
    if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression)) return undefined
    if (node.expression.text !== 'ActionError') return undefined
    const [code, message, details] = node.arguments ?? []
    if (code === undefined || message === undefined) throw new Error(`odd: ${node.getText()}`)
    return { code, message, advice: details === undefined ? [] : adviceIn(details) }
  }

  /** The site, or those of all calls of the function whose parameters it hands on. */
  function resolved(site: Site): readonly Site[] {
    const { message } = site
    const parameter = parameterOf(message)
    if (parameter === undefined) return [site]
    const maker = parameter.parent
    const callers = callsOf(maker).flatMap((call): readonly Site[] => {
      const filled = filledIn(site, maker, call)
      return filled === undefined ? [] : resolved(filled)
    })
    return callers
  }

  function filledIn(
    site: Site,
    maker: ts.SignatureDeclaration,
    call: ts.CallExpression,
  ): Site | undefined {
    const argument = (expression: ts.Expression): ts.Expression | undefined => {
      const parameter = parameterOf(expression)
      if (parameter?.parent !== maker) return expression
      return call.arguments[maker.parameters.indexOf(parameter)]
    }
    const message = argument(site.message)
    // Left out: the message of an error that is there already.
    if (message === undefined) return undefined
    return {
      code: site.code === undefined ? undefined : argument(site.code),
      message,
      advice: [
        ...site.advice.flatMap((each) => {
          const given = argument(each)
          return given === undefined ? [] : adviceOrText(given)
        }),
      ],
    }
  }

  /** The advice itself, or, where it is a parameter, what the callers hand in for it. */
  function handedIn(advice: ts.Expression): readonly ts.Expression[] {
    const parameter = parameterOf(advice)
    if (parameter === undefined) return [advice]
    const index = parameter.parent.parameters.indexOf(parameter)
    return callsOf(parameter.parent).flatMap((call) => {
      const given = call.arguments[index]
      return given === undefined ? [] : adviceOrText(given).flatMap(handedIn)
    })
  }

  /** A site for each row of the table that code and advice come from, as `known.code` does. */
  function tableRows({ code, message, advice }: Site): readonly Site[] | undefined {
    const [from] = advice
    if (code === undefined || from === undefined) return undefined
    if (!ts.isPropertyAccessExpression(code) || !ts.isPropertyAccessExpression(from))
      return undefined
    if (code.expression.getText() !== from.expression.getText()) return undefined
    const found: Site[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isObjectLiteralExpression(node)) {
        const value = (name: string): ts.Expression | undefined =>
          node.properties.filter(ts.isPropertyAssignment).find((each) => isNamed(each.name, name))
            ?.initializer
        const row = { code: value(code.name.text), advice: value(from.name.text) }
        if (row.code !== undefined && row.advice !== undefined) {
          found.push({ code: row.code, message, advice: [row.advice] })
        }
      }
      ts.forEachChild(node, visit)
    }
    visit(code.getSourceFile())
    return found.length > 0 ? found : undefined
  }

  /** An argument that is the details of an error, or its advice itself. */
  function adviceOrText(expression: ts.Expression): readonly ts.Expression[] {
    return ts.isObjectLiteralExpression(expression) ? adviceIn(expression) : [expression]
  }

  /** The values of `advice` in the details of an error, wherever they come from. */
  function adviceIn(details: ts.Expression): readonly ts.Expression[] {
    const found: ts.Expression[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAssignment(node)) {
        if (isNamed(node.name, 'advice')) found.push(node.initializer)
        return
      }
      if (ts.isShorthandPropertyAssignment(node)) {
        if (isNamed(node.name, 'advice')) found.push(node.name)
        return
      }
      if (ts.isSpreadAssignment(node) && ts.isIdentifier(node.expression)) {
        const constant = constantOf(node.expression)
        if (constant !== undefined) visit(constant)
        else if (parameterOf(node.expression) !== undefined) found.push(node.expression)
        return
      }
      if (ts.isIdentifier(node) && node === details) {
        const constant = constantOf(node)
        if (constant !== undefined) visit(constant)
        return
      }
      ts.forEachChild(node, visit)
    }
    visit(details)
    return found
  }

  function constantOf(identifier: ts.Identifier): ts.Expression | undefined {
    const declaration = symbolOf(identifier)?.valueDeclaration
    return declaration !== undefined && ts.isVariableDeclaration(declaration)
      ? declaration.initializer
      : undefined
  }

  /** The parameter that an expression simply is. */
  function parameterOf(expression: ts.Expression): ts.ParameterDeclaration | undefined {
    if (!ts.isIdentifier(expression)) return undefined
    const declaration = symbolOf(expression)?.valueDeclaration
    return declaration !== undefined && ts.isParameter(declaration) ? declaration : undefined
  }

  function callsOf(maker: ts.SignatureDeclaration): readonly ts.CallExpression[] {
    const name = ts.isFunctionDeclaration(maker)
      ? maker.name
      : ts.isVariableDeclaration(maker.parent) && ts.isIdentifier(maker.parent.name)
        ? maker.parent.name
        : undefined
    const wanted = name === undefined ? undefined : symbolOf(name)
    if (wanted === undefined) throw new Error(`nameless: ${maker.getText().slice(0, 80)}`)
    calls ??= Map.groupBy(callsByName(), ({ expression }) => symbolOf(expression))
    return (calls.get(wanted) ?? []).map(({ call }) => call)
  }

  /** Every call of something by its mere name. */
  function callsByName(): readonly NamedCall[] {
    const found: NamedCall[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
        found.push({ call: node, expression: node.expression })
      }
      ts.forEachChild(node, visit)
    }
    sources.forEach(visit)
    return found
  }

  function symbolOf(node: ts.Identifier): ts.Symbol | undefined {
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    return symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
      ? checker.getAliasedSymbol(symbol)
      : symbol
  }

  /** The codes that an expression can be; none where it is that of another error. */
  function codesOf(expression: ts.Expression): readonly string[] {
    if (ts.isIdentifier(expression) || ts.isPropertyAccessExpression(expression)) return []
    const type = checker.getTypeAtLocation(expression)
    const types = type.isUnion() ? type.types : [type]
    return types.flatMap((each) => (each.isStringLiteral() ? [each.value] : []))
  }
}

/** Reads the rules of inputs out of the source: every `bad(rule, remedy)`, and every object that has both. */
export function collectRules({ program, sources }: Source): readonly InputRule[] {
  const render = createRenderer(program.getTypeChecker())
  const found: InputRule[] = []
  const add = (rule: ts.Expression, remedy: ts.Expression): void => {
    const made = { rules: render(rule), remedies: render(remedy) }
    // Where parameters are handed on, the callers are found by themselves.
    if (!made.rules.every(isOpen)) found.push(made)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'bad') {
      const [rule, remedy] = node.arguments
      if (rule !== undefined && remedy !== undefined) add(rule, remedy)
    }
    if (ts.isObjectLiteralExpression(node)) {
      const rule = valueOf(node, 'rule')
      const remedy = valueOf(node, 'remedy')
      if (rule !== undefined && remedy !== undefined) add(rule, remedy)
    }
    ts.forEachChild(node, visit)
  }
  sources.forEach(visit)
  return found
}

/** What a literal object has under a name. */
function valueOf(node: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const property of node.properties) {
    if (ts.isPropertyAssignment(property) && isNamed(property.name, name))
      return property.initializer
    if (ts.isShorthandPropertyAssignment(property) && property.name.text === name)
      return property.name
  }
  return undefined
}

/** The message of an error that is made anew with another end. */
const PASSED_ON = `${OPEN}the message${CLOSE}`

/** Whether a text is nothing but one open part. */
function isOpen(text: string): boolean {
  return text.startsWith(OPEN) && text.indexOf(CLOSE) === text.length - 1
}

function isNamed(name: ts.PropertyName, text: string): boolean {
  return ts.isIdentifier(name) && name.text === text
}

/** Reads what is in `src` below a folder. */
export function readSource(root: string): Source {
  const path = join(root, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as {
    config: unknown
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const src = join(root, 'src')
  const files = ts.sys.readDirectory(src, ['.ts']).toSorted()
  // What others declare has no part in what is said, and takes most of the time.
  const program = ts.createProgram(files, { ...options, noResolve: true, types: [] })
  return {
    program,
    sources: program.getSourceFiles().filter(({ fileName }) => files.includes(fileName)),
  }
}
