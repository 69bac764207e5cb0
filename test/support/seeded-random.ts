/** Random values that can be repeated: all of them come from one seed, which the test prints. */

export type SeededRandom = Readonly<{
  /** In [0, 1). */
  random(): number
  /** An integer from `from` to `to`, both included. */
  between(from: number, to: number): number
  oneOf<T>(items: readonly T[]): T
}>

/** The seed in the variable SEED, or a new one. */
export function newSeed(): number {
  const given = process.env['SEED']
  if (given === undefined || given === '') return Date.now() % 2 ** 31
  const seed = Number(given)
  if (!Number.isInteger(seed)) throw new Error(`SEED must be a whole number, not ${given}`)
  return seed
}

/** A generator of random values (mulberry32). */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number): number =>
    from + Math.floor(random() * (to - from + 1))
  return {
    random,
    between,
    oneOf: (items) => {
      const item = items[between(0, items.length - 1)]
      if (item === undefined) throw new Error('There is nothing to choose from')
      return item
    },
  }
}
