import { sanitizeLine } from './text.ts'

/** One line that describes a thrown value of any type: `TypeError: fetch failed`. Never throws. */
export function errorMessage(error: unknown): string {
  try {
    return sanitizeLine(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  } catch {
    // `String` fails on an object without a prototype, and a getter can throw.
    return 'an error without a message'
  }
}
