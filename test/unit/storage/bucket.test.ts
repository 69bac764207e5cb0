import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  findBucketNameViolation,
  isBucketOf,
  physicalBucket,
  type BucketNaming,
} from '../../../src/storage/bucket.ts'

const unknownSuffix: BucketNaming = { backendEnvironmentName: 'prod', suffix: undefined }
const knownSuffix: BucketNaming = { backendEnvironmentName: 'prod', suffix: '14a5e' }

describe('the bucket that a base name becomes', () => {
  test.each([
    ['photos', 'photos'],
    ['photos', 'photos-prod'],
    ['photos', 'photos14a5e-prod'],
    ['photos', 'photos145580-prod'],
    ['photos-prod', 'photos-prod'],
    ['photos-prod', 'photos-prod14a5e-prod'],
    ['a.b', 'a.b00000-prod'],
  ])('The base name %s can become %s', (base, bucket) => {
    expect(isBucketOf(base, bucket, unknownSuffix)).toBe(true)
  })

  test.each([
    ...['', 'videos', 'photos2', 'photos14a5e', 'photos14a5e-dev', 'photos14a5e-prod-prod'],
    ...['photos1234-prod', 'photos1234567-prod', 'photos14A5E-prod', 'photos-14a5-prod'],
    ...['photos14a5eprod', 'xphotos14a5e-prod', 'photo14a5e-prod'],
  ])('The base name photos cannot become %s', (bucket) => {
    expect(isBucketOf('photos', bucket, unknownSuffix)).toBe(false)
    expect(isBucketOf('photos-prod', 'photos-pro', unknownSuffix)).toBe(false)
  })

  test.each([
    ['photos14a5e-prod', true],
    ['photos99999-prod', false],
    ['photos14a5e1-prod', false],
    ['photos-prod', true],
    ['photos', true],
  ])('With the suffix 14a5e, whether photos can become %s is %j', (bucket, expected) => {
    expect(isBucketOf('photos', bucket, knownSuffix)).toBe(expected)
  })

  test.each([
    ['a-b', true],
    ['aa-b', false],
    ['a-', false],
  ])('In the environment b, whether %s can become a-b is %j', (base, expected) => {
    expect(isBucketOf(base, 'a-b', { backendEnvironmentName: 'b', suffix: undefined })).toBe(
      expected,
    )
  })

  property.prop([
    fc.stringMatching(/^[a-z0-9-]{3,47}$/),
    fc.stringMatching(/^[a-z0-9]{5,6}$/),
    fc.stringMatching(/^[a-z]{2,10}$/),
  ])('The name that the Amplify CLI builds is recognized', (base, suffix, environment) => {
    const naming = { backendEnvironmentName: environment, suffix: undefined }
    const bucket = `${base}${suffix}-${environment}`
    expect(isBucketOf(base, bucket, naming)).toBe(true)
    expect(isBucketOf(base, bucket, { ...naming, suffix })).toBe(true)
    expect(physicalBucket(bucket, base, naming)).toBe(bucket)
    expect(physicalBucket(bucket, undefined, naming)).toBe(bucket)
  })
})

describe('the physical bucket', () => {
  test.each<readonly [string | undefined, string | undefined, BucketNaming]>([
    ['photos14a5e-prod', 'photos', unknownSuffix],
    ['photos-prod', 'photos', unknownSuffix],
    ['photos14a5e-prod', undefined, unknownSuffix],
    ['photos14a5e-prod', undefined, knownSuffix],
  ])('The returned name %j is physical where the base name is %j (%j)', (name, base, naming) => {
    expect(physicalBucket(name, base, naming)).toBe(name)
  })

  test.each<readonly [string | undefined, string | undefined, BucketNaming]>([
    ['photos', 'photos', unknownSuffix],
    ['photos-prod', 'photos-prod', unknownSuffix],
    ['photos14a5e-prod', 'photos14a5e-prod', knownSuffix],
    [undefined, undefined, unknownSuffix],
    [undefined, 'photos', unknownSuffix],
    ['photos', undefined, unknownSuffix],
    ['pho-prod', undefined, unknownSuffix],
    ['photos14a5e-dev', undefined, unknownSuffix],
    ['photos99999-prod', undefined, knownSuffix],
    ['14a5e-photos-prod', undefined, knownSuffix],
    ['videos14a5e-prod', 'photos', unknownSuffix],
    ['photos-14a5-prod', undefined, unknownSuffix],
  ])('The returned name %j is not certain where the base name is %j (%j)', (name, base, naming) => {
    expect(physicalBucket(name, base, naming)).toBeUndefined()
  })
})

describe('the rules for base names', () => {
  test.each([
    ['a', 'prod'],
    ['0photos', 'prod'],
    ['my.photos-2', undefined],
    ['1.2.3', 'prod'],
    ['1.2.3.4.5', 'prod'],
    ['1.2.3.4567', 'prod'],
    ['axn--photos', 'prod'],
    ['x'.repeat(58), 'prod'],
    ['x'.repeat(60), undefined],
  ])('%s breaks no rule in the environment %j', (base, environment) => {
    expect(findBucketNameViolation(base, environment)).toBeUndefined()
  })

  test.each([
    ['Photos', { rule: 'uppercase' }],
    ['my.Photos-2', { rule: 'uppercase' }],
    ['my_Photos', { rule: 'character' }],
    ['my photos', { rule: 'character' }],
    ['', { rule: 'start' }],
    ['-photos', { rule: 'start' }],
    ['.photos', { rule: 'start' }],
    ['my..photos', { rule: 'two-dots' }],
    ['192.168.1.1', { rule: 'ip-address' }],
    ['xn--photos', { rule: 'reserved-prefix', prefix: 'xn--' }],
    ['sthree-photos', { rule: 'reserved-prefix', prefix: 'sthree-' }],
    ['amzn-s3-demo-photos', { rule: 'reserved-prefix', prefix: 'amzn-s3-demo-' }],
    ['x'.repeat(59), { rule: 'length', maxLength: 58 }],
  ])('%s breaks the rule %j', (base, violation) => {
    expect(findBucketNameViolation(base, 'prod')).toEqual(violation)
  })

  test.each([
    [undefined, 61, 60],
    ['e'.repeat(70), 1, 0],
  ])(
    'In the environment %j, a name of %i characters is longer than %i',
    (environment, length, maxLength) => {
      const violation = findBucketNameViolation('x'.repeat(length), environment)
      expect(violation).toEqual({ rule: 'length', maxLength })
    },
  )
})
