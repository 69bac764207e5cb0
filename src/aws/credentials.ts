/**
 * Whose rights a run has: a role taken with the workflow's OIDC token and nothing else, or, when no role
 * is given, what the SDK's default chain finds.
 */
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types'
import { formatDuration } from '../lib/clock.ts'
import { ActionError } from '../errors/action-error.ts'
import type { AvailableCredentials } from '../workflow/decide.ts'
import { networkAdvice } from '../storage/errors.ts'
import { toApiFailure, type ApiFailure } from '../network/failure.ts'
import type { Env } from '../lib/env.ts'
import { requestIdToken, getIdTokenEndpoint } from './id-token.ts'
import { formatFailure, retry, type RetryPolicy } from '../network/retry.ts'
import {
  clientConfiguration,
  endpointGuardExtension,
  type ClientSettings,
  type FailedRequest,
  type Trace,
} from './sdk-client.ts'
import type { Secrets } from '../lib/secrets.ts'
import {
  assumeRole,
  getCallerIdentity,
  PLAN_SESSION_POLICY,
  type RoleSession,
} from './assume-role.ts'
import { sanitizeLine, quote } from '../lib/text.ts'

/** What the inputs say about whose rights the run has. */
export type CredentialOptions = Readonly<{
  /** ARN of the role; undefined for ambient credentials. */
  roleArn: string | undefined
  sessionName: string
  durationSeconds: number
  audience: string
  /** 12 digits each; none means any account. */
  allowedAccountIds: readonly string[]
  /** True when the session must not be able to write. */
  readOnly: boolean
  /** A token that was asked for before, for the first attempt. */
  prefetchedToken: Promise<string> | undefined
}>

export type CredentialDeps = Readonly<{
  env: Env
  available: AvailableCredentials
  settings: ClientSettings
  secrets: Secrets
  patience: Omit<RetryPolicy, 'refreshCredentials'>
  trace: Trace
  log(text: string): void
}>

/** Credentials that live inside this process only, and renew themselves. */
export type Credentials = Readonly<{
  provider: AwsCredentialIdentityProvider
  /** Lets go of what is there, so that the next call gets fresh ones. */
  refresh(): void
}>

/** Renewed this long before their end, so that no call starts with credentials about to expire. */
const REFRESH_MARGIN_MS = 120_000

/**
 * Credentials as the inputs ask for, found and masked, of an allowed account.
 *
 * @throws ActionError with what is missing or was refused; the signal's reason when aborted
 */
export function authenticate(
  options: CredentialOptions,
  deps: CredentialDeps,
): Promise<Credentials> {
  return options.roleArn === undefined
    ? ambientCredentials(options, deps)
    : roleCredentials(options, options.roleArn, deps)
}

async function roleCredentials(
  options: CredentialOptions,
  roleArn: string,
  deps: CredentialDeps,
): Promise<Credentials> {
  const { env, settings, secrets, trace, log } = deps
  const policy: RetryPolicy = { ...deps.patience, refreshCredentials: () => undefined }
  const { clock } = policy
  const service = getIdTokenEndpoint(env)
  if (service === undefined) throw missingIdTokenPermission(roleArn)
  const request = {
    roleArn,
    sessionName: options.sessionName,
    durationSeconds: options.durationSeconds,
    sessionPolicy: options.readOnly ? PLAN_SESSION_POLICY : undefined,
  }
  let { prefetchedToken } = options
  const getIdToken = (): Promise<string> => {
    const early = prefetchedToken
    prefetchedToken = undefined
    return early ?? requestIdToken(service, options.audience, settings.agents, secrets, policy)
  }

  const assume = async (): Promise<AssumedSession> => {
    const session = await assumeRole(request, settings, getIdToken, policy, trace)
    mask(secrets, session.credentials)
    checkAccount(session.accountId, session.arn, options.allowedAccountIds)
    const endsAt = clock.now() + session.lifetimeMs
    // A short session must not be renewed at every call.
    return {
      session,
      endsAt,
      refreshAt: endsAt - Math.min(REFRESH_MARGIN_MS, session.lifetimeMs / 4),
    }
  }

  let taken = await assume()
  log(
    `Took the role ${quote(roleArn)} as ${quote(options.sessionName)}${options.readOnly ? ', by a session that cannot write' : ''}.`,
  )
  let renewing: Promise<AssumedSession> | undefined
  const renew = async (): Promise<AssumedSession> => {
    try {
      const renewed = await assume()
      log('Renewed the session of the role.')
      return renewed
    } catch (error) {
      if (policy.signal.aborted || clock.now() >= taken.endsAt) throw error
      // What is there still serves; the next call tries again.
      log(
        `The session of the role could not be renewed yet, and lasts for another ${formatDuration(taken.endsAt - clock.now())}: ${error instanceof Error ? sanitizeLine(error.message) : 'unknown'}`,
      )
      return { ...taken, refreshAt: clock.now() + (taken.endsAt - clock.now()) / 2 }
    }
  }
  return {
    provider: asMemoized(async () => {
      if (clock.now() >= taken.refreshAt) {
        renewing ??= renew().finally(() => {
          renewing = undefined
        })
        taken = await renewing
      }
      return taken.session.credentials
    }),
    refresh: () => {
      taken = { ...taken, refreshAt: 0, endsAt: 0 }
    },
  }
}

type AssumedSession = Readonly<{ session: RoleSession; endsAt: number; refreshAt: number }>

async function ambientCredentials(
  options: CredentialOptions,
  deps: CredentialDeps,
): Promise<Credentials> {
  const { available, settings, secrets, trace, log } = deps
  if (available.canRequestIdToken && !available.hasAmbientCredentials)
    throw emptyRoleError(options.readOnly)
  const trail: string[] = []
  // Its advice is for the debug log; by default it goes to the console.
  const note = (text: unknown): void => {
    if (typeof text !== 'string') return
    trail.push(text)
    trace(text)
  }
  let lost: FailedRequest | undefined
  const { region, ...configuration } = clientConfiguration(settings)
  const chain = defaultProvider({
    clientConfig: {
      ...configuration,
      // No retry of ours is around these calls.
      maxAttempts: 3,
      extensions: [
        endpointGuardExtension(settings, (latest) => {
          lost = latest
        }),
      ],
    },
    // Not of every client: a login of IAM Identity Center has a region of its own.
    parentClientConfig: { region },
    logger: { debug: note, info: note, warn: note, error: note },
  })
  let fresh = false
  const provider = asMemoized(async () => {
    trail.length = 0
    lost = undefined
    const found = await chain(fresh ? { forceRefresh: true } : {}).catch((error: unknown) => {
      throw toNoCredentialsError(error, trail, lost)
    })
    fresh = false
    mask(secrets, found)
    return found
  })
  const policy: RetryPolicy = {
    ...deps.patience,
    refreshCredentials: () => {
      fresh = true
    },
  }
  const found = await bounded(provider(), policy)
  const named = describeSource(found, trail)
  log(`Uses ${named}, since no role is set.`)
  if (options.allowedAccountIds.length > 0) {
    const answer = await retry(policy, () => getCallerIdentity(found, settings, policy, trace))
    if (!answer.ok) {
      throw new ActionError(
        'STS_UNAVAILABLE',
        `The account of ${named} could not be found out, and allowed-account-ids is set: ${formatFailure(answer.failure)}.`,
        { requestId: answer.failure.requestId, advice: networkAdvice(answer.failure) },
      )
    }
    checkAccount(answer.value.accountId, answer.value.arn, options.allowedAccountIds)
  }
  return { provider, refresh: policy.refreshCredentials }
}

/** Marks a provider as one that remembers by itself, or the SDK would keep its results for longer. */
export function asMemoized(
  provide: () => Promise<AwsCredentialIdentity>,
): AwsCredentialIdentityProvider {
  return Object.assign(provide, { memoized: true })
}

function mask(secrets: Secrets, credentials: AwsCredentialIdentity): void {
  secrets.add(credentials.accessKeyId)
  secrets.add(credentials.secretAccessKey)
  if (credentials.sessionToken !== undefined) secrets.add(credentials.sessionToken)
}

function checkAccount(accountId: string, arn: string, allowed: readonly string[]): void {
  if (allowed.length === 0 || allowed.includes(accountId)) return
  throw new ActionError(
    'ACCOUNT_NOT_ALLOWED',
    `The credentials are of account ${accountId} (${quote(arn)}), and allowed-account-ids lists ${allowed.join(', ')}.`,
  )
}

/** Longer than this no source of credentials takes; an instance's metadata service answers at once. */
const AMBIENT_TIMEOUT_MS = 30_000

async function bounded<T>(task: Promise<T>, { clock, signal, deadline }: RetryPolicy): Promise<T> {
  const ended = new AbortController()
  const limit = clock
    .sleep(
      Math.max(1, Math.min(AMBIENT_TIMEOUT_MS, deadline - clock.now())),
      AbortSignal.any([signal, ended.signal]),
    )
    .then(() => {
      throw new ActionError(
        'NO_CREDENTIALS',
        `The search for credentials took longer than ${formatDuration(AMBIENT_TIMEOUT_MS)}.`,
      )
    })
  try {
    return await Promise.race([task, limit])
  } finally {
    ended.abort()
    limit.catch(() => undefined)
  }
}

/** The SDK's feature flags of credentials, the more specific ones first. */
const SOURCES: readonly (readonly [flag: string, words: string])[] = [
  ['CREDENTIALS_PROFILE', 'a profile of the shared AWS configuration'],
  [
    'CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN',
    'the role and token file of AWS_WEB_IDENTITY_TOKEN_FILE',
  ],
  ['CREDENTIALS_ENV_VARS', 'the credentials in AWS_ACCESS_KEY_ID'],
  ['CREDENTIALS_SSO', 'IAM Identity Center'],
  ['CREDENTIALS_PROCESS', 'the credential_process of the shared AWS configuration'],
  ['CREDENTIALS_LOGIN', 'a login session of the shared AWS configuration'],
  ['CREDENTIALS_HTTP', "the container's credentials"],
]

/** Where the SDK found them, by the feature flags that it leaves on most, else by the way it went. */
function describeSource(found: AwsCredentialIdentity, trail: readonly string[]): string {
  const flags: unknown = Reflect.get(found, '$source')
  const keys = typeof flags === 'object' && flags !== null ? Object.keys(flags) : []
  const source = SOURCES.find(([flag]) => keys.some((key) => key.startsWith(flag)))
  if (source !== undefined) return source[1]
  return trail.some((line) => line.endsWith('::fromInstanceMetadata'))
    ? "the instance's own role"
    : "credentials that the SDK's default chain found"
}

/** What the SDK says of sources that nobody has set up. */
const NOT_SET_UP = /skipping|not specified|metadata service access disabled/i

function toNoCredentialsError(
  error: unknown,
  trail: readonly string[],
  lost: FailedRequest | undefined,
): unknown {
  if (error instanceof ActionError) return error
  if (lost?.error instanceof ActionError) return lost.error
  const said = error instanceof Error ? sanitizeLine(error.message, 300) : 'no reason given'
  // The chain's own error only says that it came to its end; why each source failed, it says on its way.
  const reasons = trail.flatMap((line) => {
    const reason = sanitizeLine(/ -> (.+)$/s.exec(line)?.[1] ?? '', 200)
    return reason === '' || reason === said || NOT_SET_UP.test(reason) ? [] : [reason]
  })
  const tried = reasons.length === 0 ? '' : ` (${[...new Set(reasons)].slice(0, 6).join(' ')})`
  return new ActionError(
    // The name of a host can have the word in it.
    /\bexpired\b|\bSSO session\b/i.test(said) ? 'CREDENTIALS_EXPIRED' : 'NO_CREDENTIALS',
    `No role is set, and the AWS SDK found no usable credentials: ${said}${tried}`,
    { cause: error, advice: lost === undefined ? undefined : networkAdvice(failureOf(lost)) },
  )
}

function failureOf({ error, route }: FailedRequest): ApiFailure {
  const operation = 'the search for credentials'
  return toApiFailure(error, { operation, connected: true, head: undefined, route })
}

function missingIdTokenPermission(roleArn: string): ActionError {
  return new ActionError(
    'MISSING_ID_TOKEN_PERMISSION',
    `The role ${quote(roleArn)} is to be assumed, and this job may not mint an OIDC token: it lacks "permissions: id-token: write".`,
    {
      advice: [
        'Add this to the job:',
        '    permissions:',
        '      id-token: write',
        "A job's permissions replace those of the workflow, so name them all. A called workflow (workflow_call) gets at most what the calling job grants: add it there too. Pull requests from forks and by Dependabot get no token in any case.",
      ].join('\n'),
    },
  )
}

function emptyRoleError(readOnly: boolean): ActionError {
  const input = readOnly ? 'Neither plan-role-to-assume nor role-to-assume' : 'No role-to-assume'
  return new ActionError(
    'EMPTY_ROLE',
    `${input} arrived, although this job may mint an OIDC token, and no other credentials are configured: an expression probably came out empty.`,
    {
      advice:
        'Check the secret or variable behind the input: secrets of an environment need "environment:" on the job, and a called workflow gets secrets only when they are passed on. For the instance\'s own role remove "id-token: write" from the job.',
    },
  )
}
