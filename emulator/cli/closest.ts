/** How many characters differ between two words: inserted, deleted or replaced. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let index = 0; index < one.length; index++) {
    const next = [index + 1]
    for (let at = 0; at < other.length; at++) {
      const replaced = (row[at] ?? 0) + (one[index] === other[at] ? 0 : 1)
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** The known word that somebody probably meant; undefined if none is similar. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, differs: distance(word.slice(0, 100), candidate) }))
    .sort((one, other) => one.differs - other.differs)
  const limit = Math.max(2, Math.floor(word.length / 3))
  return best !== undefined && best.differs <= limit ? best.candidate : undefined
}
