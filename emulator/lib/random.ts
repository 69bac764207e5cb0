import { randomBytes } from 'node:crypto'

/** Random text of this many characters of an alphabet. */
export const randomText = (length: number, alphabet: string): string =>
  Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join('')

const keyAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A random id in AWS's format, such as `AROA…` for the prefix `AROA`. */
export const createUniqueId = (prefix: string): string => prefix + randomText(16, keyAlphabet)

/** A random secret access key. */
export const createSecretKey = (): string => randomBytes(30).toString('base64')
