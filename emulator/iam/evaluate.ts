/** Evaluates permission policies and trust policies as IAM does. */

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
  Principal: { Federated: OneOrMore }
  Action: OneOrMore
  Condition?: Conditions | undefined
}

export type TrustPolicy = { Version?: string | undefined; Statement: TrustStatement[] }

/** The values of the condition keys of a request. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>

export type Decision = 'allowed' | 'not-allowed' | 'denied'

const toArray = (value: OneOrMore): readonly string[] =>
  typeof value === 'string' ? [value] : value

/** Matches IAM's wildcards: `*` for any text, `?` for any one character. */
function matchesWildcard(pattern: string, text: string, ignoreCase = false): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's').test(text)
}

type Comparison = { readonly negated: boolean; equal(pattern: string, text: string): boolean }

const comparisons: ReadonlyMap<string, Comparison> = new Map(
  Object.entries({
    StringEquals: { negated: false, equal: (a: string, b: string) => a === b },
    StringNotEquals: { negated: true, equal: (a: string, b: string) => a === b },
    StringEqualsIgnoreCase: {
      negated: false,
      equal: (a: string, b: string) => a.toLowerCase() === b.toLowerCase(),
    },
    StringLike: { negated: false, equal: (a: string, b: string) => matchesWildcard(a, b) },
    StringNotLike: { negated: true, equal: (a: string, b: string) => matchesWildcard(a, b) },
  }),
)

const operatorName = (operator: string): string =>
  operator.replace(/^ForAnyValue:/, '').replace(/IfExists$/, '')

/** Whether the emulator implements a condition operator. */
export const isKnownOperator = (operator: string): boolean =>
  comparisons.has(operatorName(operator))

function operatorHolds(
  operator: string,
  key: string,
  patterns: OneOrMore,
  context: ConditionContext,
): boolean {
  const comparison = comparisons.get(operatorName(operator))
  if (comparison === undefined) return false
  const values = context.get(key)
  if (values === undefined) return operator.endsWith('IfExists') || comparison.negated
  const anyEqual = values.some((value) =>
    toArray(patterns).some((pattern) => comparison.equal(pattern, value)),
  )
  return anyEqual !== comparison.negated
}

function conditionsHold(conditions: Conditions | undefined, context: ConditionContext): boolean {
  return Object.entries(conditions ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, patterns]) =>
      operatorHolds(operator, key, patterns, context),
    ),
  )
}

function isCovered(
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
        conditionsHold(statement.Condition, context),
    )
    .map((statement) => statement.Effect)
  if (effects.includes('Deny')) return 'denied'
  return effects.includes('Allow') ? 'allowed' : 'not-allowed'
}

/** Whether a trust policy allows a federated principal to assume the role. */
export function trustPolicyAllows(
  policy: TrustPolicy,
  provider: string,
  action: string,
  context: ConditionContext,
): boolean {
  const effects = policy.Statement.filter(
    (statement) =>
      toArray(statement.Principal.Federated).includes(provider) &&
      isCovered(statement.Action, undefined, action, true) &&
      conditionsHold(statement.Condition, context),
  ).map((statement) => statement.Effect)
  return effects.includes('Allow') && !effects.includes('Deny')
}
