import { describe, expect, test } from 'vitest'
import { findDenyingPolicy } from '../../../../src/storage/permissions/denying-policy.ts'

const ORGANIZATION = 'AWS organization'

describe('the policy that denies a call', () => {
  test.each([
    ['service control policy', ORGANIZATION],
    ['resource control policy', ORGANIZATION],
    ['permissions boundary', 'permissions boundary of the role'],
    ['session policy', 'step that configures the credentials'],
    ['VPC endpoint policy', 'the VPC endpoint'],
    ['resource-based policy', 'policy of that resource'],
  ])('A %s is named, whether it denies the call or does not allow it', (kind, owner) => {
    const explicit = findDenyingPolicy(`x: s3:GetObject with an explicit deny in a ${kind}`)
    const implicit = findDenyingPolicy(`x: s3:GetObject because no ${kind} allows it`)
    expect([explicit?.kind, implicit?.kind]).toEqual([kind, kind])
    for (const policy of [explicit, implicit]) {
      expect(policy?.advice).toContain(kind)
      expect(policy?.advice).toContain(owner)
    }
    expect(explicit?.advice).toContain('explicitly denies')
    expect(implicit?.advice).toContain('does not allow')
  })

  test.each([
    ['with an explicit deny in an identity-based policy', 'identity-based policy'],
    ['with an explicit deny', undefined],
    ['with an explicit deny in something new', undefined],
    [`with an explicit deny. ${'x'.repeat(60)} session policy`, undefined],
    [`with an explicit deny. ${'x'.repeat(60)} identity-based policy`, undefined],
    ['The session policy is fine. x with an explicit deny', undefined],
  ])('The text "%s" denies explicitly, by a policy of the kind %s', (text, kind) => {
    const policy = findDenyingPolicy(text)
    expect(policy).toMatchObject({ kind })
    expect(policy?.advice).toContain('Deny statement')
  })

  test.each([
    'x is not authorized to perform: s3:GetObject',
    'x because no identity-based policy allows the s3:GetObject action',
    `x because no rule does. ${'x'.repeat(60)} session policy`,
    'The session policy is fine, but not x, because no statement allows it',
    'a session policy',
  ])('In the text "%s", a statement on the role can help', (text) => {
    expect(findDenyingPolicy(text)).toBeUndefined()
  })
})
