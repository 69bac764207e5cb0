/** The CloudFormation template creates exactly the documented roles. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, type CollectionTag, type ScalarTag } from 'yaml'

import { isObject } from '../../emulator/lib/validation.ts'
import { readPolicy } from '../support/contract/documented-policies.ts'
import { readPage, root } from '../support/contract/pages.ts'

/** An intrinsic function, such as `!Sub`, with its argument. */
class Intrinsic {
  readonly name: string
  readonly argument: unknown

  constructor(name: string, argument: unknown) {
    this.name = name
    this.argument = argument
  }
}

const tags = ['Ref', 'Sub', 'If', 'GetAtt', 'Equals', 'Not', 'Select', 'Split'].flatMap(
  (name): [ScalarTag, CollectionTag] => [
    { tag: `!${name}`, resolve: (text) => new Intrinsic(name, text) },
    {
      tag: `!${name}`,
      collection: 'seq',
      resolve: (sequence) => new Intrinsic(name, sequence.toJSON()),
    },
  ],
)

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping => (isObject(value) ? value : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

const template = mapping(
  parse(readFileSync(join(root, 'docs/cloudformation/roles.yml'), 'utf8'), { customTags: tags }),
)
const parameters = mapping(template['Parameters'])

/** The default of a parameter; undefined if the parameter is required. */
const getDefault = (parameter: unknown): string | undefined => {
  const defaultValue = mapping(parameter)['Default']
  return typeof defaultValue === 'string' ? defaultValue : undefined
}

type ParameterValues = Readonly<Record<string, string>>

const required: ParameterValues = { Repository: 'YOUR-ORG/YOUR-REPO', AppId: 'd1a2b3c4d5e6f7' }

/** The resources and outputs of a stack with these parameters. */
function deploy(parameterValues: ParameterValues = required): {
  resource: (name: string) => Mapping | undefined
  outputs: Mapping
} {
  const values: ReadonlyMap<string, string> = new Map([
    ...Object.entries(parameters).map(([name, value]): [string, string] => [
      name,
      getDefault(value) ?? '',
    ]),
    ...Object.entries(parameterValues),
    ['AWS::Partition', 'aws'],
    ['AWS::Region', 'eu-west-1'],
    ['AWS::AccountId', '111122223333'],
  ])

  function evaluate(value: unknown): unknown {
    if (value instanceof Intrinsic) return call(value)
    if (Array.isArray(value)) return value.map(evaluate)
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, inner]): [string, unknown] => [key, evaluate(inner)])
        .filter(([, inner]) => inner !== undefined),
    )
  }

  function call({ name, argument }: Intrinsic): unknown {
    const [first, second, third] = list(argument)
    switch (name) {
      case 'Ref':
        return argument === 'AWS::NoValue' ? undefined : (values.get(String(argument)) ?? argument)
      case 'GetAtt':
        return argument
      case 'If':
        return evaluate(isMet(String(first)) ? second : third)
      case 'Equals':
        return evaluate(first) === evaluate(second)
      case 'Not':
        return evaluate(first) !== true
      case 'Select':
        return list(evaluate(second))[Number(first)]
      case 'Split':
        return String(evaluate(second)).split(String(first))
      case 'Sub': {
        const own = mapping(evaluate(second))
        return String(first).replace(/\$\{([\w:]+)\}/g, (_, key: string) => {
          const found = own[key] ?? values.get(key)
          if (typeof found !== 'string') throw new Error(`Unknown variable ${key}`)
          return found
        })
      }
      default:
        throw new Error(`Unknown function !${name}`)
    }
  }

  const isMet = (condition: string): boolean =>
    evaluate(mapping(template['Conditions'])[condition]) === true

  return {
    resource: (name) => {
      const resource = mapping(mapping(template['Resources'])[name])
      const condition = resource['Condition']
      if (typeof condition === 'string' && !isMet(condition)) return undefined
      return mapping(evaluate(resource['Properties']))
    },
    outputs: mapping(evaluate(template['Outputs'])),
  }
}

describe('docs/cloudformation/roles.yml', () => {
  it.each([
    ['ApplyRole', 'trust: apply'],
    ['PlanRole', 'trust: plan'],
  ])('%s has the trust policy with the mark "%s"', (role, mark) => {
    expect(deploy().resource(role)?.['AssumeRolePolicyDocument']).toEqual(readPolicy(mark))
  })

  it('The trust policy of a repository with ids has a subject with ids', () => {
    const stack = deploy({ ...required, Repository: 'YOUR-ORG@ORG_ID/YOUR-REPO@REPO_ID' })
    expect(stack.resource('ApplyRole')?.['AssumeRolePolicyDocument']).toEqual(
      readPolicy('trust: apply-with-ids'),
    )
  })

  it.each([
    ['ApplyPolicy', 'policy: apply', 'amplify-storage-apply', {}],
    ['PlanPolicy', 'policy: plan', 'amplify-storage-plan', {}],
    ['UpdatePolicy', 'policy: update', 'amplify-storage-apply', { AllowUpdate: 'true' }],
    [
      'DeployPolicy',
      'policy: deploy',
      'amplify-storage-apply',
      { DeploymentStack: 'amplify-octoapp-prod-9c04b' },
    ],
  ])(
    '%s is the policy with the mark "%s" and belongs to the role %s',
    (name, mark, role, parameterValues) => {
      const stack = deploy({ ...required, ...parameterValues })
      const policy = stack.resource(name)
      expect(policy?.['PolicyDocument']).toEqual(readPolicy(mark))
      const owner = String(policy?.['RoleName'])
      expect(stack.resource(owner)?.['RoleName']).toBe(role)
    },
  )

  it('With the default parameters, the roles have no optional policies', () => {
    const stack = deploy()
    expect(stack.resource('UpdatePolicy')).toBeUndefined()
    expect(stack.resource('DeployPolicy')).toBeUndefined()
    const policies = Object.entries(mapping(template['Resources']))
      .filter(([, value]) => mapping(value)['Type'] === 'AWS::IAM::RolePolicy')
      .map(([name]) => name)
    expect(policies).toEqual(['ApplyPolicy', 'UpdatePolicy', 'DeployPolicy', 'PlanPolicy'])
  })

  it('WorkflowRef adds the called workflow to the trust policies of both roles', () => {
    const WorkflowRef = 'YOUR-ORG/workflows/.github/workflows/reusable.yml@refs/heads/main'
    const stack = deploy({ ...required, WorkflowRef })
    for (const role of ['ApplyRole', 'PlanRole']) {
      const document = JSON.stringify(stack.resource(role)?.['AssumeRolePolicyDocument'])
      expect(document).toContain(
        `"token.actions.githubusercontent.com:job_workflow_ref":"${WorkflowRef}"`,
      )
    }
  })

  it('The provider is created unless CreateProvider is false', () => {
    expect(deploy().resource('Provider')).toEqual({
      Url: 'https://token.actions.githubusercontent.com',
      ClientIdList: ['sts.amazonaws.com'],
    })
    expect(deploy({ ...required, CreateProvider: 'false' }).resource('Provider')).toBeUndefined()
  })

  it('The outputs are the ARNs of both roles, named after the inputs', () => {
    const values = Object.entries(deploy().outputs).map(([name, output]) => [
      name,
      mapping(output)['Value'],
    ])
    expect(values).toEqual([
      ['RoleToAssume', 'ApplyRole.Arn'],
      ['PlanRoleToAssume', 'PlanRole.Arn'],
    ])
  })

  it.each([
    ['octo-org/octo-app', true],
    ['octo-org@12345/octo-app@456789', true],
    ['octo-org', false],
    ['octo-org/*', false],
    ['repo:octo-org/octo-app', false],
    ['octo-org/octo-app:ref:refs/heads/x', false],
  ])('The pattern of Repository, given %s, matches: %s', (repository, expected) => {
    const pattern = String(mapping(parameters['Repository'])['AllowedPattern'])
    expect(new RegExp(`^(?:${pattern})$`).test(repository)).toBe(expected)
  })

  it('docs/setup.md lists every parameter with its default', () => {
    const { text } = readPage('docs/setup.md')
    const rows = [...text.matchAll(/^\| ((?:`[A-Z]\w+`(?:, )?)+) *\| (.*?) *\|/gm)]
    const shown = rows.flatMap(([, names = '', shownDefaults = '']) => {
      const defaults = shownDefaults.split(', ')
      return names
        .split(', ')
        .map((name, index) => [name.replaceAll('`', ''), defaults[index]?.replaceAll('`', '')])
    })
    const expected = Object.entries(parameters).map(([name, value]) => {
      const defaultValue = getDefault(value)
      return [name, defaultValue === '' ? 'empty' : (defaultValue ?? '')]
    })
    expect(shown).toEqual(expected)
  })
})
