import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { createSecrets, type Secrets } from '../../../src/lib/secrets.ts'

function secretsOf(...values: readonly string[]): { secrets: Secrets; masked: string[] } {
  const masked: string[] = []
  const secrets = createSecrets((secret) => masked.push(secret))
  for (const value of values) secrets.add(value)
  return { secrets, masked }
}

test('A secret is masked once, as soon as it is added', () => {
  const { masked } = secretsOf('ASIAEXAMPLE', 'ASIAEXAMPLE', 'other-secret')
  expect(masked).toEqual(['ASIAEXAMPLE', 'other-secret'])
})

test('A value of less than six characters is not a secret', () => {
  const { secrets, masked } = secretsOf('', 'a', 'token', 'sixsix')
  expect(masked).toEqual(['sixsix'])
  expect(secrets.redact('a token is sixsix')).toBe('a token is ***')
})

test('Every occurrence of a secret is redacted, special characters included', () => {
  const { secrets } = secretsOf('s3cr3t$&')
  expect(secrets.redact('s3cr3t$&, again s3cr3t$&s3cr3t$&')).toBe('***, again ******')
  expect(secrets.redact('nothing here')).toBe('nothing here')
})

property.prop([
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 12, maxLength: 20 }),
  fc.array(fc.tuple(fc.nat(8), fc.integer({ min: 6, max: 20 })), { minLength: 1, maxLength: 6 }),
  fc.string({ unit: fc.constantFrom('x', 'y', ' ') }),
])('No part of a secret remains, whatever other secrets there are', (whole, parts, between) => {
  const values = parts
    .map(([start, length]) => whole.slice(start, start + length))
    .filter((value) => value.length >= 6)
  const { secrets } = secretsOf(...values)
  expect(secrets.redact(values.join(` ${between} `))).not.toMatch(/[abc]/)
})
