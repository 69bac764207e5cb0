/** The environment variables that name proxies, as curl and GitHub's own toolkit read them. */

import type { InputProblem } from '../inputs/parsed.ts'
import { formatInput } from '../inputs/format.ts'
import type { Env } from '../lib/env.ts'

/** In either case, as everywhere. */
export const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'] as const

/**
 * The address of an HTTP proxy; undefined where the text names none. `proxy.example.com:3128` is taken
 * for http, and a percent sign that escapes nothing for itself.
 */
export function parseProxyUrl(text: string): URL | undefined {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  // A user or a password with a character in it that ends the address before its host.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) return undefined
  if (tryDecode(url.username) === undefined) url.username = url.username.replaceAll('%', '%25')
  if (tryDecode(url.password) === undefined) url.password = url.password.replaceAll('%', '%25')
  return url
}

/**
 * What is wrong with the configured proxies. Node would leave a SOCKS proxy aside in silence, and end the
 * process over one that is malformed.
 */
export function proxyProblems(env: Env): readonly InputProblem[] {
  return PROXY_VARIABLES.flatMap((input) => {
    const text = env[input]?.trim() ?? ''
    if (text === '' || parseProxyUrl(text) !== undefined) return []
    return [
      {
        input,
        value: text.includes('@') ? '(not shown)' : formatInput(text),
        rule: 'must be the address of an HTTP proxy',
        remedy: text.includes('@')
          ? 'Percent-encode special characters of user and password, for example `#` as `%23`; SOCKS is not supported.'
          : 'Write for example `http://proxy.example.com:3128`; SOCKS is not supported.',
      },
    ]
  })
}

/** The text without its escapes; undefined where they are malformed. */
export function tryDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
