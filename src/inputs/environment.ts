/** Environment variables that affect connections and credentials. */
import { readVariable, type Env } from '../lib/env.ts'
import { classifyEndpoint, ENDPOINT_VARIABLES } from '../network/endpoints.ts'
import { parseProxyUrl, PROXY_VARIABLES } from '../network/proxy.ts'
import { formatInput } from './format.ts'
import type { InputProblem } from './parsed.ts'

const NOT_SHOWN = '(not shown)'

export type AvailableCredentials = Readonly<{
  /** The job may request an OIDC token from GitHub. */
  canRequestIdToken: boolean
  /** AWS credentials are configured in the environment. */
  hasAmbientCredentials: boolean
}>

/**
 * The credentials that the job can use; empty variables count as unset. The runner sets both
 * ACTIONS_ID_TOKEN_* variables only for jobs with `id-token: write`.
 */
export function detectCredentials(env: Env): AvailableCredentials {
  const isSet = (name: string): boolean => readVariable(env, name) !== ''
  return {
    canRequestIdToken:
      isSet('ACTIONS_ID_TOKEN_REQUEST_URL') && isSet('ACTIONS_ID_TOKEN_REQUEST_TOKEN'),
    hasAmbientCredentials: [
      'AWS_ACCESS_KEY_ID',
      'AWS_PROFILE',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ].some(isSet),
  }
}

/**
 * The problems of the variables that decide where requests go and which certificates are trusted.
 *
 * @param allowCustomEndpoints the input of that name
 */
export function environmentProblems(
  env: Env,
  allowCustomEndpoints: boolean,
): readonly InputProblem[] {
  return [
    ...endpointProblems(env, allowCustomEndpoints),
    ...proxyProblems(env),
    ...certificateProblems(env),
  ]
}

/**
 * The problems of the shared AWS configuration. The SDK reads it in every run, with a role for its endpoints.
 * Its read of a named pipe that nobody writes to never ends, and keeps even `process.exit` from ending the process.
 */
export function sharedFileProblems(
  env: Env,
  isNamedPipe: (path: string) => boolean,
): readonly InputProblem[] {
  return ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'].flatMap((input) => {
    const path = env[input] ?? ''
    if (path === '' || !isNamedPipe(path)) return []
    return [
      {
        input,
        value: formatInput(path),
        rule: 'must be the path of a regular file, not of a named pipe',
        remedy: `Set ${input} to a regular file, or unset it.`,
      },
    ]
  })
}

/** `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` turns the variables off; the SDK accepts `true` in lowercase only. */
function endpointProblems(env: Env, allowCustom: boolean): readonly InputProblem[] {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return []
  const endpoints = ENDPOINT_VARIABLES.filter((name) => (env[name] ?? '') !== '')
  return [
    ...endpoints.flatMap((name) => endpointProblem(name, env[name] ?? '', allowCustom) ?? []),
    ...variantProblems(env, endpoints),
  ]
}

/** The SDK refuses to combine these variants of the default endpoint with a configured endpoint. */
function variantProblems(env: Env, endpoints: readonly string[]): readonly InputProblem[] {
  if (endpoints.length === 0) return []
  return ['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'].flatMap((input) =>
    env[input] === 'true'
      ? [
          {
            input,
            value: '"true"',
            rule: `must not be set together with an endpoint (${endpoints.join(', ')})`,
            remedy: `Unset ${input}, or unset ${endpoints.join(' and ')}.`,
          },
        ]
      : [],
  )
}

function endpointProblem(
  input: string,
  value: string,
  allowCustom: boolean,
): InputProblem | undefined {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return {
      input,
      value: value.includes('@') ? NOT_SHOWN : formatInput(value),
      rule: 'must be a URL that starts with `http://` or `https://`',
      remedy: 'Set it to a URL such as `http://127.0.0.1:4566`, or unset it.',
    }
  }
  if (url.username !== '' || url.password !== '') {
    return {
      input,
      value: NOT_SHOWN,
      rule: 'must not contain a user name or a password',
      remedy: 'Remove the part before `@`.',
    }
  }
  if (classifyEndpoint(url, allowCustom) !== 'refused') return undefined
  return {
    input,
    value: formatInput(url.origin),
    rule: 'must be a loopback address, or an AWS domain over HTTPS',
    remedy:
      'Unset the variable if you do not need it. To send tokens and requests to this host, set `allow-custom-endpoints: true`.',
  }
}

/** Without this check, Node.js silently ignores a SOCKS proxy, and crashes on a malformed address. */
function proxyProblems(env: Env): readonly InputProblem[] {
  return PROXY_VARIABLES.flatMap((input) => {
    const text = readVariable(env, input)
    if (text === '' || parseProxyUrl(text) !== undefined) return []
    const hasCredentials = text.includes('@')
    return [
      {
        input,
        value: hasCredentials ? NOT_SHOWN : formatInput(text),
        rule: 'must be the address of an HTTP proxy',
        remedy: hasCredentials
          ? 'Percent-encode special characters in the user name and the password, for example `#` as `%23`. SOCKS is not supported.'
          : 'Set it to an address such as `http://proxy.example.com:3128`. SOCKS is not supported.',
      },
    ]
  })
}

/** Tokens and signed requests must not reach a host that only pretends to be the right one. */
function certificateProblems(env: Env): readonly InputProblem[] {
  // Node recognizes no other value (tls.connect).
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return []
  return [
    {
      input: 'NODE_TLS_REJECT_UNAUTHORIZED',
      value: '"0"',
      rule: 'must not disable the verification of certificates',
      remedy:
        'Unset it, or set it to `1` in the `env` of this step. To trust a private certificate authority, set `NODE_EXTRA_CA_CERTS` to its file.',
    },
  ]
}
