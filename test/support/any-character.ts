import fc from 'fast-check'

/**
 * Any character but half a pair, as the unit of a string. fast-check's own `binary` is the same, but makes
 * a map of all million of them before the first one.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10f7ff })
  .map((number) => String.fromCodePoint(number < 0xd800 ? number : number + 0x800))
