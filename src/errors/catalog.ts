/**
 * The one kind of error this action reports, and the closed list of its codes.
 *
 * A code is stable: workflows may compare `steps.ID.outputs.error-code` with it, and every code has a
 * row in the documentation (`docs/errors.md`, generated from `CATALOGUE`).
 */

import { collapsePeriods } from '../lib/text.ts'

/** How a red run ends; the other results are green. */
export type FailureResult = 'failed' | 'unknown' | 'timed-out' | 'cancelled'

type Entry = Readonly<{ cause: string; remedy: string }>

/** Every error code with what brings it about and what to do, as the documentation shows it. */
export const ERROR_CATALOG = {
  INVALID_INPUT: {
    cause: 'One or more inputs are missing or break a rule. No call was made.',
    remedy: 'Mend what the message names; every problem that was found is in it.',
  },
  UNSUPPORTED_EVENT: {
    cause: '`mode: auto` does not know what this event asks for.',
    remedy: 'Set `mode: apply` or `mode: plan` for this workflow.',
  },
  NO_IDENTITY_FOR_PULL_REQUEST: {
    cause:
      'A pull request from a fork or by Dependabot was merged, and its run gets neither an OIDC token nor secrets.',
    remedy: 'Trigger the workflow on `push` to the branch that pull requests are merged into.',
  },
  MISSING_ID_TOKEN_PERMISSION: {
    cause: '`role-to-assume` is set and the job may not mint an OIDC token.',
    remedy:
      'Give the job `permissions: id-token: write`; permissions of a job replace those of the workflow, and a called workflow gets at most what its caller grants.',
  },
  EMPTY_ROLE: {
    cause:
      'The job may mint an OIDC token, `role-to-assume` is empty, and no other credentials are set: an expression probably came out empty.',
    remedy: 'Check the secret or variable behind `role-to-assume`, or set credentials explicitly.',
  },
  TOKEN_UNAVAILABLE: {
    cause: "GitHub's token service did not hand out an OIDC token.",
    remedy: 'Run the job again; if it persists, look at the GitHub status page and the proxy.',
  },
  ROLE_REFUSED: {
    cause: 'STS refused to let the workflow assume the role.',
    remedy:
      "Compare the claims in the message with the role's trust policy, `sub` and `aud` first; check the account id and the name in the ARN.",
  },
  IDENTITY_PROVIDER_MISSING: {
    cause: "The role's account has no IAM OIDC provider for the token's issuer.",
    remedy: 'Create the identity provider in that account, or correct the account id in the ARN.',
  },
  AUDIENCE_REFUSED: {
    cause: "The token's audience is not one that the IAM OIDC provider lists.",
    remedy: 'Set `audience` to a client id of the provider, or add the audience to the provider.',
  },
  STS_REGION_DISABLED: {
    cause: 'STS is not activated in this region for the account.',
    remedy: 'Activate STS for the region in the account settings of IAM.',
  },
  STS_REQUEST_REFUSED: {
    cause: 'STS found the request itself invalid, for example a duration above the role’s maximum.',
    remedy: 'Read the message of STS; lower `role-duration-seconds` or correct the ARN.',
  },
  STS_UNAVAILABLE: {
    cause: 'STS could not be asked, or did not give a usable answer, within the attempts.',
    remedy: 'Run the job again; if it persists, check the network path to STS.',
  },
  ACCOUNT_NOT_ALLOWED: {
    cause: 'The credentials belong to an account that `allowed-account-ids` does not list.',
    remedy: 'Correct `role-to-assume` or `allowed-account-ids`.',
  },
  NO_CREDENTIALS: {
    cause: 'No role is set and no credentials were found where the AWS SDK looks for them.',
    remedy: 'Set `role-to-assume`, or configure credentials in an earlier step.',
  },
  CREDENTIALS_EXPIRED: {
    cause: 'The credentials have expired.',
    remedy: 'Use `role-to-assume` so that they are renewed, or configure longer-lived ones.',
  },
  CREDENTIALS_REFUSED: {
    cause: 'The service does not accept the credentials or the signature.',
    remedy: 'Check which credentials the log names, the region, and the clock of the runner.',
  },
  ACCESS_DENIED: {
    cause: 'The role lacks a permission for the call that the message names.',
    remedy: 'Add the named action to the role; `docs/permissions.md` has the whole policy.',
  },
  ENDPOINT_REFUSED: {
    cause:
      'A custom endpoint is configured that is neither loopback nor a domain of AWS reached over https.',
    remedy:
      'Remove the leftover endpoint setting, or set `allow-custom-endpoints: true` if it is meant.',
  },
  HOST_UNREACHABLE: {
    cause: 'No connection to the host came about: its name, the network or the proxy failed.',
    remedy:
      'Check the proxy or the custom endpoint that the message names, else the region’s spelling; then the network.',
  },
  NO_ANSWER: {
    cause: 'The connection broke, or no answer came within the time limit, in every attempt.',
    remedy: 'Run the job again; if it persists, check the network path and the proxy.',
  },
  TLS_FAILED: {
    cause: "The host's certificate could not be trusted.",
    remedy: 'For a private certificate authority set `NODE_EXTRA_CA_CERTS` for the step.',
  },
  NOT_FOUND: {
    cause: 'The service does not know the app or the backend environment.',
    remedy: 'Check `app-id`, `backend-environment-name`, `aws-region` and the account of the role.',
  },
  BAD_REQUEST: {
    cause: 'The service refused the request as invalid.',
    remedy: 'Read the service’s text in the message and correct the input it speaks of.',
  },
  REQUEST_REFUSED: {
    cause: 'The service refused the request with another client error.',
    remedy: 'Read the service’s text in the message; quote the request id to AWS support.',
  },
  THROTTLED: {
    cause: 'The service answered "too many requests" until the attempts or the time were used up.',
    remedy: 'Run fewer jobs at once (`max-parallel`), or raise `max-attempts`.',
  },
  GATEWAY_TIMEOUT: {
    cause: 'The service answered with a gateway time-out until the attempts were used up.',
    remedy: 'Run the job again later; a re-run is harmless.',
  },
  SERVICE_ERROR: {
    cause: 'The service answered with an internal error until the attempts were used up.',
    remedy: 'Run the job again later; a re-run is harmless.',
  },
  UNREADABLE_RESPONSE: {
    cause: 'The answers could not be understood; something between may have replaced them.',
    remedy: 'Check proxies and gateways on the way; a re-run is harmless.',
  },
  ENVIRONMENT_NOT_FOUND: {
    cause: 'The app has no backend environment of that name.',
    remedy: 'Use one of the environments that the message lists, or create it first.',
  },
  AUTH_MISSING: {
    cause: 'The backend environment has no auth resource, which S3 storage needs.',
    remedy: 'Add auth (Cognito) to the backend environment, then run again.',
  },
  STORAGE_EXISTS: {
    cause: 'The storage exists already and `if-exists` is `fail`.',
    remedy: 'Use `if-exists: match` or `update`, or remove the step.',
  },
  STORAGE_DIFFERS: {
    cause: 'The storage exists with other settings than asked for.',
    remedy: 'Correct the inputs, or use `if-exists: update` to change the permissions.',
  },
  BUCKET_FIXED: {
    cause: 'The storage exists with another bucket, and a bucket cannot be changed later.',
    remedy: 'Set `bucket-name` to the name of the existing bucket, or leave it empty.',
  },
  OTHER_STORAGE: {
    cause:
      'The environment has an S3 storage of another name, and there can be only one in an environment.',
    remedy: 'Set `resource-name` to the existing storage.',
  },
  JOB_FAILED: {
    cause: 'The backend job ended as failed.',
    remedy: 'Read the job’s error in the message, mend its cause, and run again.',
  },
  JOB_NOT_FOUND: {
    cause: 'The service does not know the job that it started, or knows it no more.',
    remedy: 'Look at the storage as the message says; a re-run looks first and is harmless.',
  },
  JOB_LACKS_PERMISSION: {
    cause: 'The backend job failed because the deploying role lacks a permission.',
    remedy: 'Add the statement that the message shows to the role, then run again.',
  },
  STORAGE_NOT_SEEN: {
    cause: 'The job was reported complete and the storage is not there.',
    remedy: 'Look at the backend environment in the Amplify console before running again.',
  },
  PENDING_JOB: {
    cause: 'Another job of the backend environment was still pending when the time ran out.',
    remedy: 'Use one `concurrency:` group for each app and environment; look at the named job.',
  },
  UNKNOWN_OUTCOME: {
    cause: 'The request was sent and whether it took effect could not be established.',
    remedy: 'Look at the storage as the message says; a re-run looks first and is harmless.',
  },
  TIMED_OUT: {
    cause: '`timeout-in-minutes` ran out; a job that was started goes on remotely.',
    remedy: 'Look at the job as the message says; a re-run waits for it.',
  },
  CANCELLED: {
    cause: 'The run was cancelled; a job that was started goes on remotely.',
    remedy: 'Look at the job as the message says; a re-run is harmless.',
  },
  INTERNAL_ERROR: {
    cause: 'The action met a situation that it does not know.',
    remedy: 'Please report it with the log of a run with debug logging.',
  },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof ERROR_CATALOG

export type ErrorDetails = Readonly<{
  /** What to do next; the catalogue's remedy where the place that throws knows nothing better. */
  advice?: string | undefined
  /** How the run ends; `failed` where nothing else is said. */
  result?: FailureResult
  /** The request id of the refused call, for AWS support. */
  requestId?: string | undefined
  cause?: unknown
}>

/** An error for people: a stable code, one plain sentence, and what to do next. */
export class ActionError extends Error {
  override readonly name = 'ActionError'
  readonly code: ErrorCode
  readonly advice: string
  readonly result: FailureResult
  readonly requestId: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(
      collapsePeriods(message),
      details.cause === undefined ? undefined : { cause: details.cause },
    )
    this.code = code
    this.advice = details.advice ?? ERROR_CATALOG[code].remedy
    this.result = details.result ?? 'failed'
    this.requestId = details.requestId
  }
}
