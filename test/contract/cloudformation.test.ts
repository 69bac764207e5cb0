/** The CloudFormation template creates exactly the documented roles. */
import { describe, expect, it } from 'vitest'
import { parse, type CollectionTag, type ScalarTag } from 'yaml'

import { isObject } from '../../emulator/lib/validation.ts'
import { readPolicy } from '../support/contract/documented-policies.ts'
import { readPage } from '../support/contract/pages.ts'
import { at, entries, list, read } from '../support/contract/repository-files.ts'

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping => (isObject(value) ? value : {})

const source = read('docs/cloudformation/roles.yml')
const template: unknown = parse(source, { logLevel: 'silent' })

/** The parameters with their defaults; undefined if a parameter is required. */
const parameters = entries(at(template, 'Parameters')).map(
  ([name, parameter]): [string, unknown] => [name, at(parameter, 'Default')],
)

type ParameterValues = Readonly<Record<string, string>>

const required: ParameterValues = { Repository: 'YOUR-ORG/YOUR-REPO', AppId: 'd1a2b3c4d5e6f7' }

/** The template with the results of its intrinsic functions, such as `!Sub`. */
function evaluate(values: Mapping, conditions: Mapping = {}): Mapping {
  const substitute = (text: unknown, own: Mapping): string =>
    String(text).replace(/\$\{([\w:]+)\}/g, (_, key: string) => {
      const found = own[key] ?? values[key]
      if (typeof found !== 'string') throw new Error(`Unknown variable ${key}`)
      return found
    })
  const ofText: Readonly<Record<string, (text: string) => unknown>> = {
    Ref: (name) => values[name] ?? name,
    GetAtt: (name) => name,
    Sub: (text) => substitute(text, {}),
  }
  const ofList: Readonly<Record<string, (items: readonly unknown[]) => unknown>> = {
    Sub: ([text, own]) => substitute(text, mapping(own)),
    If: ([condition, met, otherwise]) => (conditions[String(condition)] === true ? met : otherwise),
    Equals: ([first, second]) => first === second,
    Not: ([value]) => value !== true,
    Select: ([index, items]) => list(items)[Number(index)] ?? '',
    Split: ([separator, text]) => String(text).split(String(separator)),
  }
  const customTags = [
    ...Object.entries(ofText).map(([name, call]): ScalarTag => ({
      tag: `!${name}`,
      resolve: call,
    })),
    ...Object.entries(ofList).map(([name, call]): CollectionTag => ({
      tag: `!${name}`,
      collection: 'seq',
      resolve: (sequence) => call(list(sequence.toJSON())),
    })),
  ]
  const withoutNoValue = (_: unknown, value: unknown): unknown =>
    value === 'AWS::NoValue' ? undefined : value
  return mapping(parse(source, withoutNoValue, { customTags }))
}

/** The resources and outputs of a stack with these parameters. */
function deploy(parameterValues: ParameterValues = required): {
  resource: (name: string) => Mapping | undefined
  resources: ReturnType<typeof entries>
  outputs: ReturnType<typeof entries>
} {
  const values: Mapping = {
    ...Object.fromEntries(parameters),
    ...parameterValues,
    'AWS::Partition': 'aws',
    'AWS::Region': 'eu-west-1',
    'AWS::AccountId': '111122223333',
  }
  const conditions = mapping(evaluate(values)['Conditions'])
  const { Resources, Outputs } = evaluate(values, conditions)
  return {
    resource: (name) => {
      const { Condition, Properties } = mapping(mapping(Resources)[name])
      const isCreated = typeof Condition !== 'string' || conditions[Condition] === true
      return isCreated ? mapping(Properties) : undefined
    },
    resources: entries(Resources),
    outputs: entries(Outputs),
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
    const policies = stack.resources
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
    const values = deploy().outputs.map(([name, output]) => [name, mapping(output)['Value']])
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
    const pattern = String(at(template, 'Parameters', 'Repository', 'AllowedPattern'))
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
    expect(shown).toEqual(
      parameters.map(([name, value]) => [name, value === '' ? 'empty' : (value ?? '')]),
    )
  })
})
