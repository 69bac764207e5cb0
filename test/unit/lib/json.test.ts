import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { parseArn } from '../../../src/lib/arn.ts'
import { errorMessage } from '../../../src/lib/error-message.ts'
import { unredacted } from '../../support/unit/storage-context.ts'
import {
  getNumber,
  getPath,
  getProperty,
  getString,
  isObject,
  mapTexts,
  nonEmptyString,
  parseJson,
} from '../../../src/lib/json.ts'

test.each([
  ['{"a":1}', { a: 1 }],
  ['[]', []],
  ['null', null],
  ['{', undefined],
  ['', undefined],
])('parseJson of %j returns %j', (text, value) => {
  expect(parseJson(text)).toEqual(value)
})

test.each([null, undefined, 7, 'text', [], [1]])('%j is not an object', (value) => {
  expect(isObject(value)).toBe(false)
  expect(isObject({ value })).toBe(true)
})

test('Every text in objects and arrays is replaced, and nothing else', () => {
  const date = new Date(0)
  const value = { a: 'x', b: ['x', { c: 'x', d: 1, e: null }], f: undefined, date }
  expect(mapTexts(value, (text) => `${text}!`)).toEqual({
    a: 'x!',
    b: ['x!', { c: 'x!', d: 1, e: null }],
    f: undefined,
    date,
  })
  expect(mapTexts('x', (text) => `${text}!`)).toBe('x!')
})

test('A path leads through nested objects and ends at anything else', () => {
  const value = { a: { b: [{ c: 1 }], text: 'x' } }
  expect(getPath(value, 'a', 'text')).toBe('x')
  expect(getPath(value)).toBe(value)
  expect(getPath(value, 'a', 'b', '0')).toBeUndefined()
  expect(getPath(value, 'a', 'text', 'length')).toBeUndefined()
  expect(getPath(value, 'toString')).toBeUndefined()
})

test('A property is found on any object, and a getter that throws is ignored', () => {
  const hostile = {
    get message(): string {
      throw new Error('no')
    },
  }
  expect(getProperty(new RangeError('x'), 'name')).toBe('RangeError')
  expect(getProperty([7], 'length')).toBe(1)
  expect(getProperty(hostile, 'message')).toBeUndefined()
  expect(getProperty(undefined, 'a')).toBeUndefined()
  expect(getProperty('text', 'length')).toBeUndefined()
  expect(getProperty(() => 1, 'length')).toBeUndefined()
})

test('A property of another type counts as absent', () => {
  expect(getString({ a: 'x' }, 'a')).toBe('x')
  expect(getString({ a: 7 }, 'a')).toBeUndefined()
  expect(getNumber({ a: 7 }, 'a')).toBe(7)
  expect(getNumber({ a: '7' }, 'a')).toBeUndefined()
  expect(nonEmptyString('x')).toBe('x')
  expect(nonEmptyString('')).toBeUndefined()
  expect(nonEmptyString(7)).toBeUndefined()
})

test('An ARN is split into its parts, and the resource keeps its colons', () => {
  expect(parseArn('arn:aws-cn:sts::111122223333:assumed-role/r/s:t')).toEqual({
    partition: 'aws-cn',
    service: 'sts',
    region: '',
    accountId: '111122223333',
    resource: 'assumed-role/r/s:t',
  })
})

test.each(['', 'role', 'arn:aws:iam::111122223333', 'xarn:aws:iam::1:role/r', 'ARN:a:b:c:d:e'])(
  '%j is not an ARN',
  (text) => {
    expect(parseArn(text)).toBeUndefined()
  },
)

property.prop([fc.anything({ withNullPrototype: true, withBigInt: true })])(
  'Every thrown value has a message of one line',
  (thrown) => {
    expect(errorMessage(thrown, unredacted)).not.toMatch(/\n/)
  },
)

test('The message of an error starts with its name', () => {
  expect(errorMessage(new TypeError('fetch failed'), unredacted)).toBe('TypeError: fetch failed')
  expect(errorMessage(Object.create(null), unredacted)).toBe('an error without a message')
})
