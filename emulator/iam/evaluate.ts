/** Evaluates policies and their conditions as IAM does. */

/** IAM accepts one string wherever it accepts a list. */
export type OneOrMore = string | string[]

export type Conditions = Record<string, Record<string, OneOrMore>>

export type Statement = {
  Sid?: string | undefined
  Effect: 'Allow' | 'Deny'
  Action?: OneOrMore | undefined
  NotAction?: OneOrMore | undefined
  Resource?: OneOrMore | undefined
  NotResource?: OneOrMore | undefined
  Condition?: Conditions | undefined
}

export type PolicyDocument = { Version?: string | undefined; Statement: Statement[] }

export type TrustStatement = {
  Effect: 'Allow' | 'Deny'
  /** Identity providers, and the roles and users of AWS. */
  Principal: { Federated?: OneOrMore | undefined; AWS?: OneOrMore | undefined }
  Action: OneOrMore
  Condition?: Conditions | undefined
}

export type TrustPolicy = { Version?: string | undefined; Statement: TrustStatement[] }

/** The values of the condition keys of a request, by key in lower case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>

export type Decision = 'allowed' | 'not-allowed' | 'denied'

export const toArray = (value: OneOrMore): readonly string[] =>
  typeof value === 'string' ? [value] : value

/** Matches IAM's wildcards: `*` for any text, `?` for any one character. */
export function matchesWildcard(pattern: string, text: string, ignoreCase = false): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's').test(text)
}

type Compare = (pattern: string, text: string) => boolean

const equal: Compare = (pattern, text) => pattern === text
const equalIgnoringCase: Compare = (pattern, text) => pattern.toLowerCase() === text.toLowerCase()
const like: Compare = (pattern, text) => matchesWildcard(pattern, text)

/** The comparison of each operator; an operator with `Not` negates it. */
const comparisons: ReadonlyMap<string, Compare> = new Map([
  ['StringEquals', equal],
  ['StringEqualsIgnoreCase', equalIgnoringCase],
  ['StringLike', like],
  ['ArnEquals', like],
  ['ArnLike', like],
  ['Bool', equalIgnoringCase],
])

type Operator = Readonly<{
  compare: Compare
  negated: boolean
  /** Whether every value of the request must match; a request without a value matches, too. */
  forAll: boolean
  ifExists: boolean
}>

function parseOperator(text: string): Operator | undefined {
  const [, quantifier, name = '', ifExists] =
    /^(ForAnyValue:|ForAllValues:)?(\w+?)(IfExists)?$/.exec(text) ?? []
  const compare = comparisons.get(name.replace(/^(String|Arn)Not/, '$1'))
  if (compare === undefined) return undefined
  return {
    compare,
    negated: !comparisons.has(name),
    forAll: quantifier === 'ForAllValues:',
    ifExists: ifExists !== undefined,
  }
}

/** Whether the emulator implements a condition operator. */
export const isKnownOperator = (operator: string): boolean =>
  operator === 'Null' || parseOperator(operator) !== undefined

function operatorHolds(
  name: string,
  patterns: readonly string[],
  values: readonly string[] | undefined,
): boolean {
  if (name === 'Null') return patterns.includes(String(values === undefined))
  const operator = parseOperator(name)
  if (operator === undefined) return false
  const { compare, negated, forAll, ifExists } = operator
  if (values === undefined) return ifExists || negated || forAll
  const matches = (value: string): boolean =>
    patterns.some((pattern) => compare(pattern, value)) !== negated
  return forAll || negated ? values.every(matches) : values.some(matches)
}

/** A condition of a policy that does not hold for a request. */
export type FailedCondition = Readonly<{
  operator: string
  key: string
  patterns: readonly string[]
  /** Undefined if the request has no value for the key. */
  values: readonly string[] | undefined
}>

/** The conditions that do not hold. */
export function failedConditions(
  conditions: Conditions | undefined,
  context: ConditionContext,
): readonly FailedCondition[] {
  return Object.entries(conditions ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, patterns]) => ({
        operator,
        key,
        patterns: toArray(patterns),
        values: context.get(key.toLowerCase()),
      })),
    )
    .filter(({ operator, patterns, values }) => !operatorHolds(operator, patterns, values))
}

/** Whether a policy's actions or resources cover one. */
export function isCovered(
  included: OneOrMore | undefined,
  excluded: OneOrMore | undefined,
  text: string,
  ignoreCase: boolean,
): boolean {
  const anyMatch = (patterns: OneOrMore): boolean =>
    toArray(patterns).some((pattern) => matchesWildcard(pattern, text, ignoreCase))
  if (included !== undefined) return anyMatch(included)
  return excluded !== undefined && !anyMatch(excluded)
}

/** Decides whether policies allow an action on a resource; an explicit deny overrides any allow. */
export function evaluatePolicies(
  policies: readonly PolicyDocument[],
  action: string,
  resource: string,
  context: ConditionContext = new Map(),
): Decision {
  const effects = policies
    .flatMap((policy) => policy.Statement)
    .filter(
      (statement) =>
        isCovered(statement.Action, statement.NotAction, action, true) &&
        isCovered(statement.Resource, statement.NotResource, resource, false) &&
        failedConditions(statement.Condition, context).length === 0,
    )
    .map((statement) => statement.Effect)
  if (effects.includes('Deny')) return 'denied'
  return effects.includes('Allow') ? 'allowed' : 'not-allowed'
}
