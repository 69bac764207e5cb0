/** Credentials from the SDK's default chain: variables, profiles, container and instance roles. */
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types'
import { readVariable, type Env } from '../lib/env.ts'
import { getProperty, getString, parseJson } from '../lib/json.ts'
import { isNamedPipe } from '../lib/named-pipe.ts'
import type { Secrets } from '../lib/secrets.ts'
import { TimeoutError, withTimeout } from '../lib/timeout.ts'
import { retry, type RetryPolicy } from '../network/retry.ts'
import {
  emptyRoleError,
  searchTimedOut,
  tokenFileIsPipe,
  toNoCredentialsError,
  unknownAccount,
  withoutProcessOutput,
  type Search,
} from './ambient-errors.ts'
import { getCallerIdentity } from './assume-role.ts'
import {
  asMemoized,
  checkAccount,
  maskCredentials,
  type CredentialDeps,
  type CredentialOptions,
  type Credentials,
} from './credentials.ts'
import { createEndpointGuard } from './endpoint-guard.ts'
import { checkEnvironmentKeys } from './environment-keys.ts'
import { clientConfiguration, type Trace } from './sdk-client.ts'

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
  const { available, settings, secrets, trace, env } = deps
  const { trimmed, note } = checkEnvironmentKeys(env)
  checkTokenFile(env)
  if (note !== undefined) deps.log(note)
  if (available.canRequestIdToken && !available.hasAmbientCredentials) {
    throw emptyRoleError(readOnly)
  }
  const search: Search = { env, messages: [], exchange: undefined, redact: secrets.redact }
  const chain = trimmed === undefined ? createChain(deps, search) : () => Promise.resolve(trimmed)
  let forceRefresh = false
  const provider = asMemoized(async () => {
    search.messages.length = 0
    search.exchange = undefined
    const found = await withQuietConsole(trace, () =>
      chain(forceRefresh ? { forceRefresh } : {}),
    ).catch((error: unknown) => {
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
  const found = await findWithTimeout(provider, policy, search)
  const source = trimmed === undefined ? describeSource(found, search) : KEYS
  deps.log(`Using ${source}, because role-to-assume is empty.`)
  if (allowedAccountIds.length > 0) {
    const result = await retry(policy, () => getCallerIdentity(found, settings, policy, trace))
    if (!result.ok) throw unknownAccount(source, result.failure)
    checkAccount(result.value.accountId, result.value.arn, allowedAccountIds)
  }
  return { provider, invalidate: policy.invalidateCredentials }
}

/**
 * The SDK reads this file synchronously, so a named pipe that nobody writes to would block the whole process:
 * neither a time limit nor a signal could end it. Keys in the environment take precedence over the file.
 */
function checkTokenFile(env: Env): void {
  const path = env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? ''
  if (path === '' || readVariable(env, 'AWS_ACCESS_KEY_ID') !== '') return
  if (isNamedPipe(path)) throw tokenFileIsPipe(path)
}

function createChain({ settings, trace, secrets }: CredentialDeps, search: Search) {
  // By default, some of these messages go to the console.
  const log = (message: unknown): void => {
    if (typeof message !== 'string') return
    const line = withoutProcessOutput(message)
    search.messages.push(line)
    trace(line)
  }
  const { region, ...configuration } = clientConfiguration(settings)
  return defaultProvider({
    clientConfig: {
      ...configuration,
      // These calls are not in our retry layer.
      maxAttempts: 3,
      extensions: [
        createEndpointGuard(settings, (exchange, request) => {
          search.exchange = exchange
          maskSentTokens(request, secrets)
        }),
      ],
    },
    // Only a default: a login of IAM Identity Center has a region of its own.
    parentClientConfig: { region },
    logger: { debug: log, info: log, warn: log, error: log },
  })
}

/** The chain reads these tokens itself, and a service may repeat what it was sent. */
function maskSentTokens(request: unknown, secrets: Secrets): void {
  const headers = getProperty(request, 'headers')
  const body = getString(request, 'body') ?? ''
  const json = parseJson(body)
  for (const token of [
    getString(headers, 'x-amz-security-token'),
    getString(headers, 'x-amz-sso_bearer_token'),
    new URLSearchParams(body).get('WebIdentityToken'),
    getString(json, 'clientSecret'),
    getString(json, 'refreshToken'),
  ]) {
    secrets.add(token ?? '')
  }
}

/** The HTTP handler for container credentials has no logger, and warns on the console. */
async function withQuietConsole<T>(trace: Trace, task: () => Promise<T>): Promise<T> {
  const { warn } = console
  Object.assign(console, {
    warn: (message: unknown) => {
      trace(String(message))
    },
  })
  try {
    return await task()
  } finally {
    Object.assign(console, { warn })
  }
}

async function findWithTimeout(
  provider: AwsCredentialIdentityProvider,
  { clock, signal, deadline }: RetryPolicy,
  search: Search,
): Promise<AwsCredentialIdentity> {
  const timeoutMs = Math.max(1, Math.min(AMBIENT_TIMEOUT_MS, deadline - clock.now()))
  try {
    return await withTimeout({ clock, signal, timeoutMs }, () => provider())
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw searchTimedOut(search, AMBIENT_TIMEOUT_MS)
  }
}

const KEYS = 'the credentials in AWS_ACCESS_KEY_ID'

/** The SDK's feature flags for sources of credentials, the more specific ones first. */
const SOURCES: readonly (readonly [flag: string, description: string])[] = [
  ['CREDENTIALS_PROFILE', 'a profile of the shared AWS configuration'],
  [
    'CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN',
    'the role and the token file in AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE',
  ],
  ['CREDENTIALS_ENV_VARS', KEYS],
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
