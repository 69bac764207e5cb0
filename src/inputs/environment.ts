/** The environment variables that redirect AWS clients, as every AWS SDK reads them. */

import { classifyEndpoint, ENDPOINT_VARIABLES } from '../network/endpoints.ts'
import { parseProxyUrl, PROXY_VARIABLES } from '../network/proxy.ts'
import type { InputProblem } from './parsed.ts'
import { formatInput } from './format.ts'
import type { Env } from '../lib/env.ts'

/**
 * What is wrong with the configured endpoints. None is judged where
 * `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`, which AWS SDKs take in lower case only.
 */
export function endpointProblems(env: Env, allowCustom: boolean): readonly InputProblem[] {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return []
  return ENDPOINT_VARIABLES.flatMap((name) => {
    const value = env[name] ?? ''
    if (value === '') return []
    const problem = judge(name, value, allowCustom)
    return problem === undefined ? [] : [problem]
  })
}

function judge(input: string, value: string, allowCustom: boolean): InputProblem | undefined {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return {
      input,
      value: value.includes('@') ? '(not shown)' : formatInput(value),
      rule: 'must be a URL that begins with `http://` or `https://`',
      remedy: 'Write for example `http://127.0.0.1:4566`, or unset the variable.',
    }
  }
  if (url.username !== '' || url.password !== '') {
    return {
      input,
      value: '(not shown)',
      rule: 'must not hold a user name or a password',
      remedy: 'Remove the part before `@`.',
    }
  }
  if (classifyEndpoint(url, allowCustom) !== 'refused') return undefined
  return {
    input,
    value: formatInput(url.origin),
    rule: 'must be loopback, or a domain of AWS reached by https',
    remedy:
      'Unset the variable if it is left over; set `allow-custom-endpoints: true` if tokens and requests are meant to go to this host.',
  }
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
