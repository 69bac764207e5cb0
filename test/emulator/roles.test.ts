/** Compares the default roles of the emulator with the policies in the documentation. */
import { describe, expect, test } from 'vitest'

import { defaults, type PolicyDocument } from '../../emulator/emulator.ts'
import type { OneOrMore, TrustPolicy } from '../../emulator/iam/evaluate.ts'
import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { applyRoleTrust, planRoleTrust } from '../../emulator/iam/trust.ts'
import { readPolicyForEmulator } from '../support/contract/documented-policies.ts'
import { start } from '../support/emulator-requests.ts'

const list = (value: OneOrMore | undefined): readonly string[] => [value ?? []].flat()

/** The conditions of a trust policy, with subjects in the format without ids only. */
function conditionsOf({ Statement }: TrustPolicy): unknown {
  return Statement.map(({ Condition = {}, ...rest }) => ({
    ...rest,
    asks: Object.entries(Condition).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => [
        operator,
        key,
        list(values).filter((value) => !value.includes('@')),
      ]),
    ),
  }))
}

const subjectsOf = ({ Statement }: TrustPolicy): readonly string[] =>
  Statement.flatMap(({ Condition = {} }) =>
    Object.values(Condition).flatMap((keys) =>
      Object.entries(keys).flatMap(([key, values]) => (key.endsWith(':sub') ? list(values) : [])),
    ),
  )

describe.each([
  ['apply', applyRoleTrust(defaults.issuer)],
  ['plan', planRoleTrust(defaults.issuer)],
])('the trust policy %s', (mark, trust) => {
  test('The trust policy has the conditions of the documented one', () => {
    expect(conditionsOf(trust)).toEqual(
      conditionsOf(parseTrustPolicy(readPolicyForEmulator(`trust: ${mark}`))),
    )
  })

  test('The trust policy trusts each subject with ids, too', () => {
    const withIds = (subject: string): string =>
      subject.replace('octo-org/octo-app', 'octo-org@12345/octo-app@456789')
    const subjects = subjectsOf(trust)
    const older = subjects.filter((subject) => !subject.includes('@'))
    expect(older.length).toBeGreaterThan(0)
    expect(new Set(subjects)).toEqual(new Set([...older, ...older.map(withIds)]))
  })
})

test('A new emulator has the two documented roles', async () => {
  const { roles } = (await start()).state
  const actionsOf = (policies: readonly PolicyDocument[] = []): readonly string[] =>
    policies.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => list(Action))).sort()
  const documented = (...marks: readonly string[]): readonly string[] =>
    actionsOf(marks.map((mark) => parsePolicy(readPolicyForEmulator(`policy: ${mark}`))))
  const apply = roles.get(defaults.applyRole)
  const plan = roles.get(defaults.planRole)
  expect([...roles.keys()]).toEqual([defaults.applyRole, defaults.planRole])
  expect(apply?.trust).toEqual(applyRoleTrust(defaults.issuer))
  expect(plan?.trust).toEqual(planRoleTrust(defaults.issuer))
  // Including the action that `if-exists: update` needs.
  expect(actionsOf(apply?.policies)).toEqual(documented('apply', 'update'))
  expect(actionsOf(plan?.policies)).toEqual(documented('plan'))
})
