/** Which known word was probably meant. */

// Longer words are not misspelt names, and the table of distances grows with their length.
const MAX_LENGTH = 64

/**
 * The known word nearest to the given one, or undefined where none is near: at most a fifth of its
 * letters (and always two) inserted, left out, changed or swapped with their neighbour, or one a part
 * of the other.
 */
export function closestMatch(word: string, known: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 5)) + 1
  for (const candidate of known) {
    const edits = distance(word, candidate)
    if (edits < least && edits < candidate.length / 2) {
      best = candidate
      least = edits
    }
  }
  return best ?? partOf(word, known)
}

function partOf(word: string, known: readonly string[]): string | undefined {
  if (word.length < 4) return undefined
  return known.find((candidate) => candidate.includes(word) || word.includes(candidate))
}

/** Optimal string alignment distance, in UTF-16 code units. */
function distance(a: string, b: string): number {
  let before: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          at(last, j) + 1,
          at(row, j - 1) + 1,
          at(last, j - 1) + (same ? 0 : 1),
          swapped ? at(before, j - 2) + 1 : Infinity,
        ),
      )
    }
    before = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
