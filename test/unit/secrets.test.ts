import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { createSecrets, type Secrets } from '../../src/lib/secrets.ts'

function secretsWithMasks(): { secrets: Secrets; masks: string[] } {
  const masks: string[] = []
  return { secrets: createSecrets((secret) => masks.push(secret)), masks }
}

describe('a secret', () => {
  test('is masked as soon as it is added, once', () => {
    const { secrets, masks } = secretsWithMasks()
    secrets.add('ASIAEXAMPLE')
    secrets.add('ASIAEXAMPLE')
    secrets.add('other-secret')
    expect(masks).toEqual(['ASIAEXAMPLE', 'other-secret'])
  })

  test('has six characters at least: a shorter value would blank ordinary words', () => {
    const { secrets, masks } = secretsWithMasks()
    for (const short of ['', 'a', 'token']) secrets.add(short)
    secrets.add('sixsix')
    expect(masks).toEqual(['sixsix'])
    expect(secrets.redact('a token is sixsix')).toBe('a token is ***')
  })

  test('is cut out of a text wherever it stands', () => {
    const { secrets } = secretsWithMasks()
    secrets.add('s3cr3t$&')
    expect(secrets.redact('s3cr3t$&, again s3cr3t$&s3cr3t$&')).toBe('***, again ******')
    expect(secrets.redact('nothing here')).toBe('nothing here')
  })

  test('is cut out whole, although a part of it is a secret that was added before', () => {
    const { secrets } = secretsWithMasks()
    secrets.add('header')
    secrets.add('header.payload.signature')
    secrets.add('payload')
    expect(secrets.redact('token header.payload.signature')).toBe('token ***')
  })

  property.prop([
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 12, maxLength: 20 }),
    fc.array(fc.tuple(fc.nat(8), fc.integer({ min: 6, max: 20 })), { minLength: 1, maxLength: 6 }),
    fc.string({ unit: fc.constantFrom('x', 'y', ' ') }),
  ])('is never left over in part, whatever others there are', (whole, parts, between) => {
    const { secrets } = secretsWithMasks()
    const values = parts
      .map(([start, length]) => whole.slice(start, start + length))
      .filter((value) => value.length >= 6)
    for (const value of values) secrets.add(value)
    expect(secrets.redact(values.join(` ${between} `))).not.toMatch(/[abc]/)
  })
})
