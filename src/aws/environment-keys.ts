/** The keys of the environment: what can be known about them before any call. */
import type { AwsCredentialIdentity } from '@smithy/types'
import { ActionError } from '../errors/action-error.ts'
import { readVariable, type Env } from '../lib/env.ts'

const KEY_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const

export type EnvironmentKeys = Readonly<{
  /** The keys without the white space around them, which the SDK would keep; undefined without any. */
  trimmed: AwsCredentialIdentity | undefined
  /** What happens to the keys, for the log. */
  note: string | undefined
}>

/**
 * Checks the keys of the environment, for a run that uses the SDK's default chain.
 *
 * @throws ActionError NO_CREDENTIALS when they cannot work
 */
export function checkEnvironmentKeys(env: Env): EnvironmentKeys {
  const isSet = KEY_VARIABLES.slice(0, 2).filter((name) => (env[name] ?? '') !== '')
  const none = { trimmed: undefined, note: undefined }
  if (isSet.length === 0) return none
  if (readVariable(env, 'AWS_PROFILE') !== '') {
    return {
      ...none,
      note: `AWS_PROFILE is set, so the keys in ${isSet.join(' and ')} are not used.`,
    }
  }
  const [id, secret, token] = KEY_VARIABLES
  const missing = [id, secret].filter((name) => readVariable(env, name) === '')
  if (missing.length > 0) throw halfPair(missing)
  if (readVariable(env, id).startsWith('ASIA') && readVariable(env, token) === '') {
    throw missingToken()
  }
  const malformed = KEY_VARIABLES.find((name) => /[^!-~]/.test(readVariable(env, name)))
  if (malformed !== undefined) throw malformedKey(malformed)
  const untrimmed = KEY_VARIABLES.filter((name) => readVariable(env, name) !== (env[name] ?? ''))
  if (untrimmed.length === 0) return none
  return {
    trimmed: toCredentials(env),
    note: `Ignored the white space around the value of ${untrimmed.join(' and ')}.`,
  }
}

function toCredentials(env: Env): AwsCredentialIdentity {
  const [accessKeyId, secretAccessKey, sessionToken] = KEY_VARIABLES.map((name) =>
    readVariable(env, name),
  )
  return {
    accessKeyId: accessKeyId ?? '',
    secretAccessKey: secretAccessKey ?? '',
    ...(sessionToken === '' || sessionToken === undefined ? {} : { sessionToken }),
  }
}

function halfPair(missing: readonly string[]): ActionError {
  const names = missing.join(' and ')
  return new ActionError(
    'NO_CREDENTIALS',
    missing.length === 1
      ? `The environment has one half of a pair of keys: ${names} is empty.`
      : `The keys in ${names} are blank.`,
    {
      advice: `Set ${names}, for example from a secret that exists for this event and environment, or remove both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and set role-to-assume.`,
    },
  )
}

function missingToken(): ActionError {
  return new ActionError(
    'NO_CREDENTIALS',
    'AWS_ACCESS_KEY_ID is a temporary key (ASIA...), but AWS_SESSION_TOKEN is empty. AWS accepts such a key only with its session token.',
    {
      advice:
        'Set AWS_SESSION_TOKEN to the session token that was issued with the key, or set role-to-assume.',
    },
  )
}

function malformedKey(name: string): ActionError {
  return new ActionError(
    'NO_CREDENTIALS',
    `The value of ${name} contains a blank, a line end or another character that no key contains.`,
    { advice: `Copy the value of ${name} again, without quotes and line ends.` },
  )
}
