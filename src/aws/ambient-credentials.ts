/** Credentials from the SDK's default chain: variables, profiles, container and instance roles. */
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types'
import { ActionError } from '../errors/action-error.ts'
import { formatDuration } from '../lib/clock.ts'
import { getProperty } from '../lib/json.ts'
import { sanitizeLine } from '../lib/text.ts'
import { TimeoutError, withTimeout } from '../lib/timeout.ts'
import { networkAdvice } from '../network/advice.ts'
import { formatFailure, toApiFailure, type ApiFailure } from '../network/failure.ts'
import { retry, type RetryPolicy } from '../network/retry.ts'
import { getCallerIdentity } from './assume-role.ts'
import {
  asMemoized,
  checkAccount,
  maskCredentials,
  type CredentialDeps,
  type CredentialOptions,
  type Credentials,
} from './credentials.ts'
import { createEndpointGuard, type Exchange } from './endpoint-guard.ts'
import { clientConfiguration } from './sdk-client.ts'

/** Longer than any source of credentials takes; the metadata service of an instance responds immediately. */
const AMBIENT_TIMEOUT_MS = 30_000

/**
 * Finds credentials in the environment of the job, and checks their account.
 *
 * @throws ActionError when there are none, or when their account is not allowed; the signal's reason when
 *   aborted
 */
export async function ambientCredentials(
  { allowedAccountIds, readOnly }: CredentialOptions,
  deps: CredentialDeps,
): Promise<Credentials> {
  const { available, settings, secrets, trace } = deps
  if (available.canRequestIdToken && !available.hasAmbientCredentials) {
    throw emptyRoleError(readOnly)
  }
  const search: Search = { messages: [], exchange: undefined }
  const chain = createChain(deps, search)
  let forceRefresh = false
  const provider = asMemoized(async () => {
    search.messages.length = 0
    search.exchange = undefined
    const found = await chain(forceRefresh ? { forceRefresh } : {}).catch((error: unknown) => {
      throw toNoCredentialsError(error, search)
    })
    forceRefresh = false
    maskCredentials(secrets, found)
    return found
  })
  const policy: RetryPolicy = {
    ...deps.retryPolicy,
    invalidateCredentials: () => {
      forceRefresh = true
    },
  }
  const found = await findWithTimeout(provider, policy)
  const source = describeSource(found, search)
  deps.log(`Using ${source}, because role-to-assume is empty.`)
  if (allowedAccountIds.length > 0) {
    const result = await retry(policy, () => getCallerIdentity(found, settings, policy, trace))
    if (!result.ok) throw unknownAccount(source, result.failure)
    checkAccount(result.value.accountId, result.value.arn, allowedAccountIds)
  }
  return { provider, invalidate: policy.invalidateCredentials }
}

/** The latest search of the default chain. */
type Search = {
  /** Its log messages, which say what happened to each source. */
  readonly messages: string[]
  /** The latest request of a client that the chain created. */
  exchange: Exchange | undefined
}

function createChain({ settings, trace }: CredentialDeps, search: Search) {
  // By default, some of these messages go to the console.
  const log = (message: unknown): void => {
    if (typeof message !== 'string') return
    search.messages.push(message)
    trace(message)
  }
  const { region, ...configuration } = clientConfiguration(settings)
  return defaultProvider({
    clientConfig: {
      ...configuration,
      // These calls are not in our retry layer.
      maxAttempts: 3,
      extensions: [
        createEndpointGuard(settings, (exchange) => {
          search.exchange = exchange
        }),
      ],
    },
    // Only a default: a login of IAM Identity Center has a region of its own.
    parentClientConfig: { region },
    logger: { debug: log, info: log, warn: log, error: log },
  })
}

async function findWithTimeout(
  provider: AwsCredentialIdentityProvider,
  { clock, signal, deadline }: RetryPolicy,
): Promise<AwsCredentialIdentity> {
  const timeoutMs = Math.max(1, Math.min(AMBIENT_TIMEOUT_MS, deadline - clock.now()))
  try {
    return await withTimeout({ clock, signal, timeoutMs }, () => provider())
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new ActionError(
      'NO_CREDENTIALS',
      `The AWS SDK found no credentials within ${formatDuration(AMBIENT_TIMEOUT_MS)}.`,
    )
  }
}

/** The SDK's feature flags for sources of credentials, the more specific ones first. */
const SOURCES: readonly (readonly [flag: string, description: string])[] = [
  ['CREDENTIALS_PROFILE', 'a profile of the shared AWS configuration'],
  [
    'CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN',
    'the role and the token file in AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE',
  ],
  ['CREDENTIALS_ENV_VARS', 'the credentials in AWS_ACCESS_KEY_ID'],
  ['CREDENTIALS_SSO', 'IAM Identity Center'],
  ['CREDENTIALS_PROCESS', 'the credential_process of the shared AWS configuration'],
  ['CREDENTIALS_LOGIN', 'a login session of the shared AWS configuration'],
  ['CREDENTIALS_HTTP', "the container's credentials"],
]

/** Where the SDK found the credentials, by the feature flags that it sets, or by its log messages. */
function describeSource(found: AwsCredentialIdentity, { messages }: Search): string {
  const flags = Object.keys(getProperty(found, '$source') ?? {})
  const source = SOURCES.find(([prefix]) => flags.some((flag) => flag.startsWith(prefix)))
  if (source !== undefined) return source[1]
  return messages.some((message) => message.endsWith('::fromInstanceMetadata'))
    ? "the instance's own role"
    : 'credentials from the default chain of the AWS SDK'
}

/** The SDK's messages about sources that are not configured. */
const NOT_CONFIGURED = /skipping|not specified|metadata service access disabled/i

function toNoCredentialsError(error: unknown, { messages, exchange }: Search): unknown {
  if (error instanceof ActionError) return error
  if (exchange?.error instanceof ActionError) return exchange.error
  const detail = error instanceof Error ? sanitizeLine(error.message, 300) : 'no reason given'
  // The error only says that no source is left; the messages say why each source failed.
  const reasons = messages.flatMap((message) => {
    const reason = sanitizeLine(/ -> (.+)$/s.exec(message)?.[1] ?? '', 200)
    return reason === '' || reason === detail || NOT_CONFIGURED.test(reason) ? [] : [reason]
  })
  const attempts = reasons.length === 0 ? '' : ` (${[...new Set(reasons)].slice(0, 6).join(' ')})`
  return new ActionError(
    // Whole words only: a host name can contain one of them.
    /\bexpired\b|\bSSO session\b/i.test(detail) ? 'CREDENTIALS_EXPIRED' : 'NO_CREDENTIALS',
    `No role is set, and the AWS SDK found no usable credentials: ${detail}${attempts}`,
    { cause: error, advice: adviceFor(exchange) },
  )
}

function adviceFor(exchange: Exchange | undefined): string | undefined {
  if (exchange?.error === undefined) return undefined
  const operation = 'The search for credentials'
  const { error, route } = exchange
  // The advice contains no text of the error.
  const redact = (text: string): string => text
  return networkAdvice(
    toApiFailure(error, { operation, connected: undefined, head: undefined, route, redact }),
  )
}

function unknownAccount(source: string, failure: ApiFailure): ActionError {
  return new ActionError(
    'STS_UNAVAILABLE',
    `Could not determine the account of ${source}, which allowed-account-ids requires: ${formatFailure(failure)}.`,
    { requestId: failure.requestId, advice: networkAdvice(failure) },
  )
}

function emptyRoleError(readOnly: boolean): ActionError {
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
