import {
  knowsOperator,
  type Conditions,
  type OneOrMore,
  type PolicyDocument,
  type Statement,
  type TrustPolicy,
  type TrustStatement,
} from './iam.ts'
import { isObject, ShapeError } from './shape.ts'

function oneOrMore(value: unknown, where: string): OneOrMore {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new ShapeError(`${where} must be a string or a list of strings`)
}

const optional = (value: unknown, where: string): OneOrMore | undefined =>
  value === undefined ? undefined : oneOrMore(value, where)

function parseConditions(value: unknown): Conditions | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) throw new ShapeError('Condition must be an object')
  return Object.fromEntries(
    Object.entries(value).map(([operator, keys]) => {
      if (!knowsOperator(operator))
        throw new ShapeError(`The emulator does not know the condition operator ${operator}`)
      if (!isObject(keys)) throw new ShapeError(`Condition ${operator} must be an object`)
      const patterns = Object.entries(keys).map(([key, value]) => [key, oneOrMore(value, key)])
      return [operator, Object.fromEntries(patterns)]
    }),
  )
}

function effectOf(value: unknown): 'Allow' | 'Deny' {
  if (value === 'Allow' || value === 'Deny') return value
  throw new ShapeError('Effect must be Allow or Deny')
}

function statementsOf(document: unknown): { version: string | undefined; statements: unknown[] } {
  if (!isObject(document)) throw new ShapeError('The policy is not a JSON object')
  const version = document['Version']
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17')
    throw new ShapeError('The policy must contain a valid version string')
  const statement = document['Statement']
  if (statement === undefined) throw new ShapeError('Missing required field Statement')
  return { version, statements: Array.isArray(statement) ? statement : [statement] }
}

const memberNames = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

function parseStatement(value: unknown): Statement {
  if (!isObject(value)) throw new ShapeError('A statement is not a JSON object')
  const strange = Object.keys(value).find((name) => !memberNames.has(name))
  if (strange !== undefined) throw new ShapeError(`Has prohibited field ${strange}`)
  const action = optional(value['Action'], 'Action')
  const notAction = optional(value['NotAction'], 'NotAction')
  const resource = optional(value['Resource'], 'Resource')
  const notResource = optional(value['NotResource'], 'NotResource')
  if ((action === undefined) === (notAction === undefined))
    throw new ShapeError('Policy statement must contain actions')
  if ((resource === undefined) === (notResource === undefined))
    throw new ShapeError('Policy statement must contain resources')
  return {
    Effect: effectOf(value['Effect']),
    Action: action,
    NotAction: notAction,
    Resource: resource,
    NotResource: notResource,
    Condition: parseConditions(value['Condition']),
  }
}

/** A policy of a role, a user or a session; throws a ShapeError that says what is wrong. */
export function parsePolicy(document: unknown): PolicyDocument {
  const { version, statements } = statementsOf(document)
  return { Version: version, Statement: statements.map(parseStatement) }
}

function parseTrustStatement(value: unknown): TrustStatement {
  if (!isObject(value)) throw new ShapeError('A statement is not a JSON object')
  const principal = value['Principal']
  if (!isObject(principal)) throw new ShapeError('Principal must be an object')
  return {
    Effect: effectOf(value['Effect']),
    Principal: { Federated: oneOrMore(principal['Federated'], 'Principal.Federated') },
    Action: oneOrMore(value['Action'], 'Action'),
    Condition: parseConditions(value['Condition']),
  }
}

/** A role's trust policy; throws a ShapeError that says what is wrong. */
export function parseTrustPolicy(document: unknown): TrustPolicy {
  const { version, statements } = statementsOf(document)
  return { Version: version, Statement: statements.map(parseTrustStatement) }
}
