/** Words for what somebody threw, which can be anything. */
import { oneLine } from './text.ts'

export function wordsOf(thrown: unknown): string {
  try {
    return oneLine(thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown))
  } catch {
    // An object without a prototype has no text, and a getter can throw in its turn.
    return 'something without a text'
  }
}
