import {
  isKnownOperator,
  type Conditions,
  type OneOrMore,
  type PolicyDocument,
  type Statement,
  type TrustPolicy,
  type TrustStatement,
} from './evaluate.ts'
import { isObject, ValidationError } from '../lib/validation.ts'

function parseOneOrMore(value: unknown, where: string): OneOrMore {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new ValidationError(`${where} must be a string or a list of strings`)
}

const parseOptional = (value: unknown, where: string): OneOrMore | undefined =>
  value === undefined ? undefined : parseOneOrMore(value, where)

function parseConditions(value: unknown): Conditions | undefined {
  if (value === undefined) return undefined
  if (!isObject(value)) throw new ValidationError('Condition must be an object')
  return Object.fromEntries(
    Object.entries(value).map(([operator, keys]) => {
      if (!isKnownOperator(operator))
        throw new ValidationError(
          `The emulator does not support the condition operator ${operator}`,
        )
      if (!isObject(keys)) throw new ValidationError(`Condition ${operator} must be an object`)
      const patterns = Object.entries(keys).map(([key, value]) => [key, parseOneOrMore(value, key)])
      return [operator, Object.fromEntries(patterns)]
    }),
  )
}

function parseEffect(value: unknown): 'Allow' | 'Deny' {
  if (value === 'Allow' || value === 'Deny') return value
  throw new ValidationError('Effect must be Allow or Deny')
}

function parseStatements(document: unknown): {
  version: string | undefined
  statements: unknown[]
} {
  if (!isObject(document)) throw new ValidationError('The policy is not a JSON object')
  const version = document['Version']
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17')
    throw new ValidationError('The policy must contain a valid version string')
  const statement = document['Statement']
  if (statement === undefined) throw new ValidationError('Missing required field Statement')
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
  if (!isObject(value)) throw new ValidationError('A statement is not a JSON object')
  const unknown = Object.keys(value).find((name) => !memberNames.has(name))
  if (unknown !== undefined) throw new ValidationError(`Has prohibited field ${unknown}`)
  const action = parseOptional(value['Action'], 'Action')
  const notAction = parseOptional(value['NotAction'], 'NotAction')
  const resource = parseOptional(value['Resource'], 'Resource')
  const notResource = parseOptional(value['NotResource'], 'NotResource')
  if ((action === undefined) === (notAction === undefined))
    throw new ValidationError('Policy statement must contain actions')
  if ((resource === undefined) === (notResource === undefined))
    throw new ValidationError('Policy statement must contain resources')
  return {
    Effect: parseEffect(value['Effect']),
    Action: action,
    NotAction: notAction,
    Resource: resource,
    NotResource: notResource,
    Condition: parseConditions(value['Condition']),
  }
}

/**
 * Parses the policy of a role, a user or a session.
 *
 * @throws ValidationError if it is not a valid policy
 */
export function parsePolicy(document: unknown): PolicyDocument {
  const { version, statements } = parseStatements(document)
  return { Version: version, Statement: statements.map(parseStatement) }
}

/** Undefined for a statement about principals that are neither federated nor of AWS. */
function parseTrustStatement(value: unknown): TrustStatement | undefined {
  if (!isObject(value)) throw new ValidationError('A statement is not a JSON object')
  const effect = parseEffect(value['Effect'])
  const principal = value['Principal']
  if (principal === '*' || value['NotPrincipal'] !== undefined) return undefined
  if (!isObject(principal) || Object.keys(principal).length === 0)
    throw new ValidationError('Principal must be an object')
  const federated = parseOptional(principal['Federated'], 'Principal.Federated')
  const aws = parseOptional(principal['AWS'], 'Principal.AWS')
  if (federated === undefined && aws === undefined) return undefined
  return {
    Effect: effect,
    Principal: {
      ...(federated === undefined ? {} : { Federated: federated }),
      ...(aws === undefined ? {} : { AWS: aws }),
    },
    Action: parseOneOrMore(value['Action'], 'Action'),
    Condition: parseConditions(value['Condition']),
  }
}

/**
 * Parses the trust policy of a role; leaves out the statements for principals of other kinds.
 *
 * @throws ValidationError if it is not a valid trust policy
 */
export function parseTrustPolicy(document: unknown): TrustPolicy {
  const { version, statements } = parseStatements(document)
  return {
    Version: version,
    Statement: statements.flatMap((statement) => parseTrustStatement(statement) ?? []),
  }
}
