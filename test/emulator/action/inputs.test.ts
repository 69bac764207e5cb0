/** The inputs of the emulator's action. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { InputError, readInputs, type ActionInputs } from '../../../emulator/action/inputs.ts'
import { audiencesIn, issuersIn } from '../../../emulator/action/roles.ts'
import { allowPolicy, githubTrustPolicy, readActions } from '../../../emulator/emulator.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inputs-'))
  const own = githubTrustPolicy(['repo:octo-org/octo-app:*'], { audience: 'custom' })
  const enterprise = githubTrustPolicy(['a'], {
    issuer: 'https://token.actions.githubusercontent.com/octo-corp',
  })
  const others = ['arn:aws:iam::111122223333:root', '*'].map((principal) => ({
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: principal },
    Action: 'sts:AssumeRole',
  }))
  const files = {
    'trust.json': { ...own, Statement: [...own.Statement, ...enterprise.Statement, ...others] },
    'permissions.json': allowPolicy(readActions),
    'invalid.json': { Statement: [{ Effect: 'Maybe' }] },
    'operator.json': {
      Statement: [
        {
          Effect: 'Allow',
          Action: '*',
          Resource: '*',
          Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '1' } },
        },
      ],
    },
  }
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(content))
  writeFileSync(join(folder, 'text.json'), 'no JSON')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const read = (inputs: Readonly<Record<string, string>>): ActionInputs =>
  readInputs({
    GITHUB_WORKSPACE: folder,
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
  })

const role = 'arn:aws:iam::111122223333:role/storage'

describe('the inputs of the action', () => {
  test('Without values, jobs take three seconds, and there are no apps, policies and claims', () => {
    const none = { every: undefined, byRole: new Map() }
    expect(read({})).toEqual({
      jobMs: 3000,
      apps: {},
      state: undefined,
      trust: none,
      permissions: none,
      claims: {},
    })
  })

  test('A trust policy gives the issuers and audiences, and a statement for everybody is left out', () => {
    const { trust } = read({ 'trust-policy': 'trust.json' })
    expect(trust.every?.Statement).toHaveLength(3)
    expect(issuersIn(trust)).toEqual([
      'https://token.actions.githubusercontent.com',
      'https://token.actions.githubusercontent.com/octo-corp',
    ])
    expect(audiencesIn(trust)).toEqual(['custom', 'sts.amazonaws.com'])
  })

  test('A line for each role names its policy', () => {
    const other = role.replace('storage', 'team/plan')
    const { trust } = read({ 'trust-policy': `${role}=trust.json\n ${other} = trust.json\n` })
    expect([...trust.byRole.keys()]).toEqual([role, other])
    expect(trust.every).toBe(undefined)
  })

  test('A role cannot trust a provider of another account', () => {
    const foreign = role.replace('111122223333', '999999999999')
    const { trust } = read({ 'trust-policy': `${foreign}=trust.json` })
    expect(() => issuersIn(trust)).toThrow(
      'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com, which is in another account',
    )
  })

  test('A role must be in both inputs if both list roles', () => {
    const other = role.replace('storage', 'other')
    const both = `${role}=trust.json\n${other}=trust.json`
    const readBoth = (trust: string, permissions: string): ActionInputs =>
      read({ 'trust-policy': trust, 'permissions-policy': permissions })
    const one = `${role}=permissions.json`
    expect(() => readBoth(both, one)).toThrow(`permissions-policy lacks ${other}`)
    expect(() => readBoth(`${other}=trust.json`, one)).toThrow(`trust-policy lacks ${role}`)
    expect(readBoth(`${role}=trust.json`, one).trust.byRole.size).toBe(1)
    expect(readBoth(both, 'permissions.json').permissions.byRole.size).toBe(0)
  })

  test.each([
    ['job-seconds', 'soon', 'job-seconds must be a number'],
    ['job-seconds', '86401', 'job-seconds must be a number'],
    ['apps', 'dfirst', 'apps must have lines of'],
    ['apps', 'dfirst: ,', 'apps must have lines of'],
    ['claims', 'environment', 'claims must have lines of NAME=VALUE'],
    ['state', '{', 'state is not JSON'],
    ['trust-policy', 'missing.json', 'trust-policy names missing.json, which cannot be read'],
    ['trust-policy', 'text.json', 'trust-policy: text.json is not JSON'],
    ['trust-policy', 'invalid.json', 'not a valid policy: Effect must be Allow or Deny'],
    ['permissions-policy', 'operator.json', 'does not support the condition operator Numeric'],
    ['permissions-policy', 'arn:aws:s3:::a=b', '"arn:aws:s3:::a" is not the ARN of a role'],
    ['trust-policy', `${role}: trust.json`, 'trust-policy must have lines of ROLE_ARN=PATH, not'],
    ['permissions-policy', 'a\nb', 'permissions-policy must be one path'],
  ])('The input %s with the value %j is rejected with "%s"', (name, value, message) => {
    expect(() => read({ [name]: value })).toThrow(InputError)
    expect(() => read({ [name]: value })).toThrow(message)
  })
})
