/** Removes tokens, secret keys and signatures from what the control interface returns of a request. */
import { isObject } from '../lib/validation.ts'

const hidden = '***'

/** Headers, parameters and members whose values are secret, in lower case. */
const secretNames = new Set([
  'cookie',
  'secretaccesskey',
  'sessiontoken',
  'webidentitytoken',
  'x-amz-security-token',
  'x-amz-signature',
])

/** Secrets inside a text, each with what stays before it. */
const secretTexts: readonly RegExp[] = [
  // JSON Web Tokens.
  /()(?<![\w-])(?=[\w-]*eyJ)[\w-]+\.[\w-]+\.[\w-]*/g,
  /(\bWebIdentityToken=)[^&\s]*/g,
  /(<(?:SecretAccessKey|SessionToken)>)[^<]*/g,
  /(\bSignature=)[\da-f]+/gi,
  // A header with a scheme, other than that of a signature.
  /(^(?:bearer|token|basic)\s+)\S.*/gi,
]

const redactText = (text: string): string =>
  secretTexts.reduce((rest, pattern) => rest.replace(pattern, `$1${hidden}`), text)

/** A copy of a value without secrets. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value)
  if (Array.isArray(value)) return value.map(redact)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      secretNames.has(name.toLowerCase()) ? hidden : redact(member),
    ]),
  )
}
