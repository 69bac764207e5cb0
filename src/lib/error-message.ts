/** Words for what somebody threw, which can be anything. */
import { sanitizeLine } from './text.ts'

export function errorMessage(error: unknown): string {
  try {
    return sanitizeLine(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  } catch {
    // An object without a prototype has no text, and a getter can throw in its turn.
    return 'something without a text'
  }
}
