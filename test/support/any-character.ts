import fc from 'fast-check'

/**
 * Any character except half of a surrogate pair, as the unit of a string. The unit `binary` of fast-check is
 * the same, but first builds a map of a million characters.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10f7ff })
  .map((number) => String.fromCodePoint(number < 0xd800 ? number : number + 0x800))
