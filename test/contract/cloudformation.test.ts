/** The CloudFormation template makes the roles that the documentation describes, to the letter. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, type CollectionTag, type ScalarTag } from 'yaml'

import { isObject } from '../../emulator/lib/validation.ts'
import { readPage, root } from '../support/contract/pages.ts'
import { readPolicy } from '../support/contract/documented-policies.ts'

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

/** The default of a parameter; undefined where it has to be given. */
const presetOf = (parameter: unknown): string | undefined => {
  const preset = mapping(parameter)['Default']
  return typeof preset === 'string' ? preset : undefined
}

type Given = Readonly<Record<string, string>>

const usual: Given = { Repository: 'YOUR-ORG/YOUR-REPO', AppId: 'd1a2b3c4d5e6f7' }

/** The stack that CloudFormation would make of the template with these parameters. */
function deploy(given: Given = usual): {
  resource: (name: string) => Mapping | undefined
  outputs: Mapping
} {
  const values: ReadonlyMap<string, string> = new Map([
    ...Object.entries(parameters).map(([name, value]): [string, string] => [
      name,
      presetOf(value) ?? '',
    ]),
    ...Object.entries(given),
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
        return evaluate(holds(String(first)) ? second : third)
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
          if (typeof found !== 'string') throw new Error(`What is ${key}?`)
          return found
        })
      }
      default:
        throw new Error(`What is !${name}?`)
    }
  }

  const holds = (condition: string): boolean =>
    evaluate(mapping(template['Conditions'])[condition]) === true

  return {
    resource: (name) => {
      const resource = mapping(mapping(template['Resources'])[name])
      const condition = resource['Condition']
      if (typeof condition === 'string' && !holds(condition)) return undefined
      return mapping(evaluate(resource['Properties']))
    },
    outputs: mapping(evaluate(template['Outputs'])),
  }
}

describe('the template', () => {
  it.each([
    ['ApplyRole', 'trust: apply'],
    ['PlanRole', 'trust: plan'],
  ])('gives %s the trust of the documentation (%s)', (role, mark) => {
    expect(deploy().resource(role)?.['AssumeRolePolicyDocument']).toEqual(readPolicy(mark))
  })

  it('gives it that of the newer subjects, for a repository with ids', () => {
    const stack = deploy({ ...usual, Repository: 'YOUR-ORG@ORG_ID/YOUR-REPO@REPO_ID' })
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
  ])('makes %s of the documentation’s %s', (name, mark, role, given) => {
    const stack = deploy({ ...usual, ...given })
    const policy = stack.resource(name)
    expect(policy?.['PolicyDocument']).toEqual(readPolicy(mark))
    const owner = String(policy?.['RoleName'])
    expect(stack.resource(owner)?.['RoleName']).toBe(role)
  })

  it('lets the roles do no more than the least when nothing is said', () => {
    const stack = deploy()
    expect(stack.resource('UpdatePolicy')).toBeUndefined()
    expect(stack.resource('DeployPolicy')).toBeUndefined()
    const policies = Object.entries(mapping(template['Resources']))
      .filter(([, value]) => mapping(value)['Type'] === 'AWS::IAM::RolePolicy')
      .map(([name]) => name)
    expect(policies).toEqual(['ApplyPolicy', 'UpdatePolicy', 'DeployPolicy', 'PlanPolicy'])
  })

  it('adds the workflow of a fleet to both roles', () => {
    const WorkflowRef = 'YOUR-ORG/workflows/.github/workflows/reusable.yml@refs/heads/main'
    const stack = deploy({ ...usual, WorkflowRef })
    for (const role of ['ApplyRole', 'PlanRole']) {
      const document = JSON.stringify(stack.resource(role)?.['AssumeRolePolicyDocument'])
      expect(document).toContain(
        `"token.actions.githubusercontent.com:job_workflow_ref":"${WorkflowRef}"`,
      )
    }
  })

  it('makes the provider, unless it is there', () => {
    expect(deploy().resource('Provider')).toEqual({
      Url: 'https://token.actions.githubusercontent.com',
      ClientIdList: ['sts.amazonaws.com'],
    })
    expect(deploy({ ...usual, CreateProvider: 'false' }).resource('Provider')).toBeUndefined()
  })

  it('prints the two ARNs under the names of the inputs', () => {
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
  ])('takes %s as a repository: %s', (repository, expected) => {
    const pattern = String(mapping(parameters['Repository'])['AllowedPattern'])
    expect(new RegExp(`^(?:${pattern})$`).test(repository)).toBe(expected)
  })

  it('has its parameters and their defaults in the table of setup.md', () => {
    const { text } = readPage('docs/setup.md')
    const rows = [...text.matchAll(/^\| ((?:`[A-Z]\w+`(?:, )?)+) *\| (.*?) *\|/gm)]
    const shown = rows.flatMap(([, names = '', defaults = '']) => {
      const presets = defaults.split(', ')
      return names
        .split(', ')
        .map((name, index) => [name.replaceAll('`', ''), presets[index]?.replaceAll('`', '')])
    })
    const expected = Object.entries(parameters).map(([name, value]) => {
      const preset = presetOf(value)
      return [name, preset === '' ? 'empty' : (preset ?? '')]
    })
    expect(shown).toEqual(expected)
  })
})
