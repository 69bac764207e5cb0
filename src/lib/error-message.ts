import { sanitizeLine } from './text.ts'

/**
 * One line about a caught value, which can be anything: its name, unless that is just `Error`, and message.
 *
 * @param redact removes secrets, before the line is truncated
 */
export function errorMessage(error: unknown, redact: (text: string) => string): string {
  try {
    if (!(error instanceof Error)) return sanitizeLine(redact(String(error)), 300)
    const name = error.name === 'Error' && error.message !== '' ? '' : `${error.name}: `
    return sanitizeLine(redact(`${name}${error.message}`), 300)
  } catch {
    // An object without a prototype cannot be converted to a string, and a getter can throw.
    return 'an error without a message'
  }
}
