/** The CloudFormation template creates exactly the documented roles. */
import { describe, expect, it } from 'vitest'
import { parse, type CollectionTag, type ScalarTag } from 'yaml'

import { isObject } from '../../emulator/lib/validation.ts'
import { readPolicy } from '../support/contract/documented-policies.ts'
import { readPage } from '../support/contract/pages.ts'
import { at, entries, list, read, text } from '../support/contract/repository-files.ts'

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping => (isObject(value) ? value : {})

const source = read('docs/cloudformation/roles.yml')
const template: unknown = parse(source, { logLevel: 'silent' })

/** The parameters with their defaults; undefined if a parameter is required. */
const parameters = entries(at(template, 'Parameters')).map(
  ([name, parameter]): [string, unknown] => [name, at(parameter, 'Default')],
)

type ParameterValues = Readonly<Record<string, string>>

type Deployment = Readonly<{
  resource: (name: string) => Mapping | undefined
  /** The trust policy of a role, which the template has as text. */
  trust: (role: string) => unknown
  resources: ReturnType<typeof entries>
  outputs: ReturnType<typeof entries>
  /** The descriptions of the assertions that do not hold. */
  problems: readonly string[]
}>

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
    Condition: (name) => conditions[name],
  }
  const ofList: Readonly<Record<string, (items: readonly unknown[]) => unknown>> = {
    Sub: ([text, own]) => substitute(text, mapping(own)),
    If: ([condition, met, otherwise]) => (conditions[String(condition)] === true ? met : otherwise),
    Equals: ([first, second]) => first === second,
    And: (items) => items.every((item) => item === true),
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
function deploy(parameterValues: ParameterValues = required): Deployment {
  const values: Mapping = {
    ...Object.fromEntries(parameters),
    ...parameterValues,
    'AWS::Partition': 'aws',
    'AWS::Region': 'eu-west-1',
    'AWS::AccountId': '111122223333',
  }
  const simple = mapping(evaluate(values)['Conditions'])
  // A condition may name another one.
  const conditions = mapping(evaluate(values, simple)['Conditions'])
  const { Resources, Outputs, Rules } = evaluate(values, conditions)
  const resource = (name: string): Mapping | undefined => {
    const { Condition, Properties } = mapping(mapping(Resources)[name])
    const isCreated = typeof Condition !== 'string' || conditions[Condition] === true
    return isCreated ? mapping(Properties) : undefined
  }
  return {
    resource,
    trust: (role) => {
      const policy: unknown = JSON.parse(String(resource(role)?.['AssumeRolePolicyDocument']))
      return policy
    },
    resources: entries(Resources),
    outputs: entries(Outputs),
    problems: entries(Rules)
      .filter(([, rule]) => at(rule, 'RuleCondition') === true)
      .flatMap(([, rule]) => list(at(rule, 'Assertions')))
      .filter((assertion) => at(assertion, 'Assert') !== true)
      .map((assertion) => text(at(assertion, 'AssertDescription'))),
  }
}

const workflow = 'YOUR-ORG/workflows/.github/workflows/reusable.yml@refs/heads/main'
const fleet: ParameterValues = {
  AppId: 'd1a2b3c4d5e6f7',
  Organization: 'YOUR-ORG@ORG_ID',
  WorkflowRef: workflow,
}

describe('docs/cloudformation/roles.yml', () => {
  it.each<[title: string, parameters: ParameterValues, apply: string, plan?: string]>([
    ['a repository', required, 'apply', 'plan'],
    ['a fleet', fleet, 'fleet', 'fleet-plan'],
    [
      'a repository with ids',
      { ...required, Repository: 'YOUR-ORG@ORG_ID/YOUR-REPO@REPO_ID' },
      'apply-with-ids',
    ],
    [
      'GitHub Enterprise Server',
      { ...required, Issuer: 'HOST/_services/token' },
      'apply-enterprise',
    ],
  ])('The trust policies for %s are the documented ones', (_, parameterValues, apply, plan) => {
    const stack = deploy(parameterValues)
    expect(stack.problems).toEqual([])
    expect(stack.trust('ApplyRole')).toEqual(readPolicy(`trust: ${apply}`))
    if (plan !== undefined) expect(stack.trust('PlanRole')).toEqual(readPolicy(`trust: ${plan}`))
  })

  it('Every trust policy names the issuer of GHE.com in its principal and in its conditions', () => {
    const Issuer = 'token.actions.acme.ghe.com'
    for (const role of ['ApplyRole', 'PlanRole']) {
      const document = JSON.stringify(deploy({ ...required, Issuer }).trust(role))
      expect(document).toContain(`:oidc-provider/${Issuer}"`)
      expect(document).toContain(`"${Issuer}:sub"`)
      expect(document).not.toContain('githubusercontent')
    }
  })

  it('Branch is the branch that the role of applies trusts', () => {
    const stack = deploy({ ...required, Branch: 'master' })
    expect(JSON.stringify(stack.trust('ApplyRole'))).toContain(':ref:refs/heads/master"')
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
    const stack = deploy({ ...required, WorkflowRef: workflow })
    for (const role of ['ApplyRole', 'PlanRole'])
      expect(JSON.stringify(stack.trust(role))).toContain(
        `"token.actions.githubusercontent.com:job_workflow_ref":"${workflow}"`,
      )
  })

  it.each<[title: string, parameters: ParameterValues]>([
    ['neither a repository nor an organization', { ...required, Repository: '' }],
    ['both a repository and an organization', { ...fleet, ...required }],
    ['a fleet without its workflow', { ...fleet, WorkflowRef: '' }],
  ])('The template rejects %s', (_, parameterValues) => {
    expect(deploy(parameterValues).problems).toHaveLength(1)
  })

  it('The provider has the issuer, the audience and the thumbprint', () => {
    const Thumbprint = '0123456789abcdef0123456789abcdef01234567'
    const stack = deploy({ ...required, Issuer: 'HOST/_services/token', Thumbprint })
    expect(stack.resource('Provider')).toEqual({
      Url: 'https://HOST/_services/token',
      ClientIdList: ['sts.amazonaws.com'],
      ThumbprintList: [Thumbprint],
    })
    expect(deploy().resource('Provider')?.['Url']).toBe(
      'https://token.actions.githubusercontent.com',
    )
  })

  it.each(['CreateProvider: false', 'AdditionalApp: true'])(
    'With %s, no provider is created',
    (parameter) => {
      const [name = '', value = ''] = parameter.split(': ')
      expect(deploy({ ...required, [name]: value }).resource('Provider')).toBeUndefined()
    },
  )

  it('The roles of an additional app have names of their own', () => {
    const names = (values: ParameterValues): readonly unknown[] =>
      ['ApplyRole', 'PlanRole'].map((role) => deploy(values).resource(role)?.['RoleName'])
    expect(names(required)).toEqual(['amplify-storage-apply', 'amplify-storage-plan'])
    expect(names({ ...required, AppId: 'd7f6e5c4b3a2d1', AdditionalApp: 'true' })).toEqual([
      'amplify-storage-apply-d7f6e5c4b3a2d1',
      'amplify-storage-plan-d7f6e5c4b3a2d1',
    ])
  })

  it('The outputs are the ARNs of both roles, named after the inputs', () => {
    const values = deploy().outputs.map(([name, output]) => [name, mapping(output)['Value']])
    expect(values).toEqual([
      ['RoleToAssume', 'ApplyRole.Arn'],
      ['PlanRoleToAssume', 'PlanRole.Arn'],
    ])
  })

  it.each([
    ['Repository', 'octo-org/octo-app', true],
    ['Repository', 'octo-org@12345/octo-app@456789', true],
    ['Repository', 'octo-org', false],
    ['Repository', 'octo-org/*', false],
    ['Repository', 'repo:octo-org/octo-app', false],
    ['Repository', 'octo-org/octo-app:ref:refs/heads/x', false],
    ['Organization', 'octo-org@12345', true],
    ['Organization', 'octo-org', false],
    ['Organization', '*@12345', false],
    ['Branch', 'release/2', true],
    ['Branch', '*', false],
    ['WorkflowRef', workflow, true],
    ['WorkflowRef', 'YOUR-ORG/*', false],
    ['Issuer', 'HOST/_services/token', true],
    ['Issuer', 'https://HOST/_services/token', false],
    ['Thumbprint', 'f'.repeat(40), true],
    ['Thumbprint', 'f'.repeat(39), false],
  ])('The pattern of %s, given %s, matches: %s', (parameter, value, expected) => {
    const pattern = String(at(template, 'Parameters', parameter, 'AllowedPattern'))
    expect(new RegExp(`^(?:${pattern})$`).test(value)).toBe(expected)
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
