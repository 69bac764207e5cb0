/** Matchers of parts of texts, with a type that says no more than is known. */
import { expect } from 'vitest'

export const containing = (text: string): unknown => expect.stringContaining(text)

export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
