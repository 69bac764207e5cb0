/** Matchers of parts of texts, with a type that says no more than is known. */
import { expect } from 'vitest'

export const containing = (text: string): unknown => expect.stringContaining(text)

export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

/** A list with an item, among others. */
export const including = (item: unknown): unknown => expect.arrayContaining([item])
