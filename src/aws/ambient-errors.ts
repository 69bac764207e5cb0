/** Why the default chain of the SDK found no credentials, as errors for people. */
import { ActionError, type ErrorDetails } from '../errors/action-error.ts'
import { formatDuration } from '../lib/clock.ts'
import { readVariable, type Env } from '../lib/env.ts'
import { quote, sanitizeLine } from '../lib/text.ts'
import { networkAdvice } from '../network/advice.ts'
import { formatFailure, toApiFailure, type ApiFailure, type Redact } from '../network/failure.ts'
import type { Exchange } from './endpoint-guard.ts'

/** The latest search of the default chain. */
export type Search = {
  readonly env: Env
  /** The chain's log messages, which say what happened to each source. */
  readonly messages: string[]
  /** The latest request of a client that the chain created. */
  exchange: Exchange | undefined
  /** Removes secrets from a text, before it is truncated. */
  readonly redact: Redact
}

/** What precedes the command line and the output of a `credential_process`, either of which can be secret. */
const PROCESS_FAILED = 'Command failed: '
const PROCESS_NOTE = 'the credential_process failed'

/** A message of the chain without what a `credential_process` printed. */
export function withoutProcessOutput(message: string): string {
  const end = message.indexOf(PROCESS_FAILED)
  return end === -1 ? message : `${message.slice(0, end)}${PROCESS_NOTE}`
}

/** The SDK's messages about sources that are not configured. */
const NOT_CONFIGURED =
  /skipping|not specified|metadata service access disabled|V1_DISABLED not set|Unable to find environment variable|(?:profile: \[default\]|Profile default) /i

/** The error for a search that failed. */
export function toNoCredentialsError(error: unknown, search: Search): unknown {
  const { messages, exchange, env, redact } = search
  if (error instanceof ActionError) return error
  if (exchange?.error instanceof ActionError) return exchange.error
  const message = error instanceof Error ? error.message : 'no reason given'
  if (messages.some((line) => line.endsWith(PROCESS_NOTE))) return processFailed(env)
  const detail = sanitizeLine(redact(message), 300)
  // The error only says that no source is left; the messages say why each source failed.
  const reasons = messages.flatMap((line) => {
    const reason = sanitizeLine(redact(/ -> (.+)$/s.exec(line)?.[1] ?? ''), 200)
    return reason === '' || reason === detail || NOT_CONFIGURED.test(reason) ? [] : [reason]
  })
  if (reasons.length === 0 && messages.some((line) => line.endsWith('::fromInstanceMetadata'))) {
    return noInstanceRole(env, !messages.includes(NO_METADATA_TOKEN))
  }
  const attempts = reasons.length === 0 ? '' : ` (${[...new Set(reasons)].slice(0, 6).join(' ')})`
  return noCredentials(
    env,
    `No role-to-assume is set, and the AWS SDK found no usable credentials: ${detail}${attempts}`,
    { cause: error, advice: getNetworkAdvice(exchange) },
    // Whole words only: a host name can contain one of them.
    /\bexpired\b|\bSSO session\b/i.test(detail) ? 'CREDENTIALS_EXPIRED' : 'NO_CREDENTIALS',
  )
}

/** The error for a token file that the SDK could wait for without end. */
export function tokenFileIsPipe(path: string): ActionError {
  return new ActionError(
    'NO_CREDENTIALS',
    `AWS_WEB_IDENTITY_TOKEN_FILE is ${quote(path)}: it must be the path of a regular file, not of a named pipe.`,
    { advice: 'Set AWS_WEB_IDENTITY_TOKEN_FILE to a regular file, or unset it.' },
  )
}

/** The error for a search that found nothing within the time limit. */
export function searchTimedOut({ env, messages }: Search, timeoutMs: number): ActionError {
  const duration = formatDuration(timeoutMs)
  const variable = CONTAINER_VARIABLES.find((name) => readVariable(env, name) !== '')
  const isContainer = messages.some((message) => message.includes('fromContainerMetadata'))
  if (!isContainer || variable === undefined) {
    return noCredentials(env, `The AWS SDK found no credentials within ${duration}.`)
  }
  return noCredentials(
    env,
    `The service for container credentials in ${variable} (${quote(readVariable(env, variable))}) did not respond within ${duration}.`,
    {
      advice: `Check ${variable} and whether its service is running, or unset it. To use the workflow's own identity, set role-to-assume.`,
    },
  )
}

/** In the SDK's order. */
const CONTAINER_VARIABLES = [
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
] as const

function processFailed(env: Env): ActionError {
  const profile = readVariable(env, 'AWS_PROFILE') || 'default'
  return noCredentials(
    env,
    `The credential_process of the profile ${quote(profile)} failed; its output is not shown, because it can be secret.`,
    {
      advice:
        'Run the command of credential_process in the shared AWS configuration on this runner, and correct what it reports.',
    },
  )
}

/** What the SDK logs when the metadata service did not issue a token, and only then. */
const NO_METADATA_TOKEN = 'AWS SDK Instance Metadata'

function noInstanceRole(env: Env, hasResponded: boolean): ActionError {
  const variable = 'AWS_EC2_METADATA_SERVICE_ENDPOINT'
  const endpoint = readVariable(env, variable)
  const host = endpoint === '' ? '169.254.169.254' : `${quote(endpoint)} from ${variable}`
  return noCredentials(
    env,
    `No role-to-assume and no other credentials are set, and the instance metadata service (${host}) ${hasResponded ? 'has no role' : 'did not respond'}.`,
    { advice: `${SET_ROLE} ${hasResponded ? ATTACH_ROLE : RAISE_HOP_LIMIT}` },
  )
}

const SET_ROLE = 'Usually: set role-to-assume, and give the job the permission `id-token: write`.'
const ATTACH_ROLE = 'To use the role of this EC2 instance, attach an instance profile to it.'
const RAISE_HOP_LIMIT =
  'If this job runs in a container on EC2 and should use the role of the instance, raise the hop limit to 2: aws ec2 modify-instance-metadata-options --instance-id YOUR-INSTANCE-ID --http-put-response-hop-limit 2'

function noCredentials(
  env: Env,
  message: string,
  details: ErrorDetails = {},
  code: 'NO_CREDENTIALS' | 'CREDENTIALS_EXPIRED' = 'NO_CREDENTIALS',
): ActionError {
  const overridesKeys =
    readVariable(env, 'AWS_PROFILE') !== '' && readVariable(env, 'AWS_ACCESS_KEY_ID') !== ''
  if (!overridesKeys) return new ActionError(code, message, details)
  return new ActionError(code, message, {
    ...details,
    advice: `AWS_PROFILE overrides the keys in AWS_ACCESS_KEY_ID. Unset AWS_PROFILE to use the keys, or correct the profile.`,
  })
}

function getNetworkAdvice(exchange: Exchange | undefined): string | undefined {
  if (exchange?.error === undefined) return undefined
  const operation = 'The search for credentials'
  const { error, route } = exchange
  // The advice contains no text of the error.
  const redact = (text: string): string => text
  return networkAdvice(
    toApiFailure(error, { operation, connected: undefined, head: undefined, route, redact }),
  )
}

/** The error when `allowed-account-ids` is set and the account cannot be determined. */
export function unknownAccount(source: string, failure: ApiFailure): ActionError {
  return new ActionError(
    'STS_UNAVAILABLE',
    `Could not determine the account of ${source}, which allowed-account-ids requires: ${formatFailure(failure)}.`,
    { requestId: failure.requestId, advice: networkAdvice(failure) },
  )
}

export function emptyRoleError(readOnly: boolean): ActionError {
  const inputs = readOnly
    ? '`plan-role-to-assume` and `role-to-assume` are empty'
    : '`role-to-assume` is empty'
  return new ActionError(
    'EMPTY_ROLE',
    `${inputs}, but this job can request an OIDC token and has no other credentials: probably an expression evaluated to an empty string.`,
    {
      advice:
        "Check the secret or variable that the input uses: environment secrets need `environment:` on the job, and a called workflow gets only the secrets that are passed to it. To use the instance's own role, remove `id-token: write` from the job.",
    },
  )
}
