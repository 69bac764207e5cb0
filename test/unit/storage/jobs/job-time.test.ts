import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { parseTime } from '../../../../src/storage/jobs/job.ts'
import { TIME_STYLES } from '../../../support/unit/virtual/virtual-amplify-types.ts'

const NOON = Date.UTC(2026, 0, 15, 12)

describe('the creation time of a job', () => {
  test.each([
    ['1625670294153', 1625670294153],
    [1625670294153, 1625670294153],
    [' 1625670294153 ', 1625670294153],
    ['162567029415', 162567029415],
    ['16256702941530', 16256702941530],
    ['1625670294', 1625670294000],
    ['162567029', 162567029000],
    ['16256702941', 16256702941000],
    [1625670294.5, 1625670294500],
    ['1625670294.1537', 1625670294154],
    ['2026-01-15T12:00:00Z', NOON],
    ['2026-01-15T12:00:00.250Z', NOON + 250],
    ['2026-01-15T13:00:00+01:00', NOON],
    [new Date(NOON), NOON],
  ])('The time %j is parsed', (value, time) => {
    expect(parseTime(value)).toBe(time)
  })

  test.each([
    ...['', 'soon', '12345678', '162567029415300', '1625670294153.5', '-1625670294153'],
    ...['1625670294153x', 'x1625670294153', '1625670294x', '1625670294.', 'x1625670294'],
    ...['2026-01-15', '2026-01-15T99:00:00Z', 'x2026-01-15T12:00:00Z', '+012026-01-15T12:00:00Z'],
    ...['Thu, 15 Jan 2026 12:00:00 GMT', undefined, null, true, {}, NaN, Infinity, new Date(NaN)],
  ])('%j is not a time', (value) => {
    expect(parseTime(value)).toBeUndefined()
  })

  property.prop([
    fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2050, 0) }),
    fc.constantFrom(
      ...(['milliseconds', 'millisecondsAsNumber', 'fractionOfSeconds', 'iso', 'date'] as const),
    ),
  ])(
    'A time is the same in every format, but for less than a second in whole seconds',
    (ms, style) => {
      expect(parseTime(TIME_STYLES[style](ms))).toBe(ms)
      expect(parseTime(TIME_STYLES.seconds(ms))).toBe(ms - (ms % 1000))
    },
  )

  property.prop([fc.anything({ withDate: true, withBigInt: true })])(
    'A time is a number or absent, whatever the service sends',
    (value) => {
      expect(['number', 'undefined']).toContain(typeof parseTime(value))
    },
  )
})
