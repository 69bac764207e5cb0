/**
 * The closed list of error codes, one row each.
 *
 * A code is stable: workflows may compare `steps.ID.outputs.error-code` with it. `docs/errors.md` is
 * generated from these rows.
 */
import { REMEDIES } from './remedies.ts'

type CatalogEntry = Readonly<{
  /** What happened, in general terms. */
  cause: string
  /** What to do; the advice of an error that has none of its own. */
  remedy: string
}>

export const ERROR_CATALOG = {
  INVALID_INPUT: {
    cause: 'One or more inputs are missing or invalid. No API was called.',
    remedy: REMEDIES.INVALID_INPUT,
  },
  UNSUPPORTED_EVENT: {
    cause: '`mode: auto` does not support the event that triggered the workflow.',
    remedy: REMEDIES.UNSUPPORTED_EVENT,
  },
  NO_IDENTITY_FOR_PULL_REQUEST: {
    cause:
      'A pull request from a fork or by Dependabot was merged, and its run has neither an OIDC token nor other credentials that it may use.',
    remedy: REMEDIES.NO_IDENTITY_FOR_PULL_REQUEST,
  },
  MISSING_ID_TOKEN_PERMISSION: {
    cause: '`role-to-assume` is set, but the job has no permission to request an OIDC token.',
    remedy: REMEDIES.MISSING_ID_TOKEN_PERMISSION,
  },
  EMPTY_ROLE: {
    cause:
      '`role-to-assume` is empty and no other credentials are configured, but the job can request an OIDC token. The expression behind the input probably evaluated to an empty string.',
    remedy: REMEDIES.EMPTY_ROLE,
  },
  TOKEN_UNAVAILABLE: {
    cause: "GitHub's token service did not issue an OIDC token.",
    remedy: REMEDIES.TOKEN_UNAVAILABLE,
  },
  ROLE_REFUSED: {
    cause: 'STS did not allow the workflow to assume the role.',
    remedy: REMEDIES.ROLE_REFUSED,
  },
  IDENTITY_PROVIDER_MISSING: {
    cause: 'The account of the role has no IAM OIDC provider for the issuer of the token.',
    remedy: REMEDIES.IDENTITY_PROVIDER_MISSING,
  },
  AUDIENCE_REFUSED: {
    cause: 'The IAM OIDC provider does not list the audience of the token.',
    remedy: REMEDIES.AUDIENCE_REFUSED,
  },
  STS_REGION_DISABLED: {
    cause: 'STS is not activated in this region for the account.',
    remedy: REMEDIES.STS_REGION_DISABLED,
  },
  STS_REQUEST_REFUSED: {
    cause:
      'STS rejected the request as invalid, for example because the session duration exceeds the maximum of the role.',
    remedy: REMEDIES.STS_REQUEST_REFUSED,
  },
  STS_UNAVAILABLE: {
    cause: 'STS could not be reached, or did not return a usable response, in any attempt.',
    remedy: REMEDIES.STS_UNAVAILABLE,
  },
  ACCOUNT_NOT_ALLOWED: {
    cause: 'The credentials belong to an account that is not in `allowed-account-ids`.',
    remedy: REMEDIES.ACCOUNT_NOT_ALLOWED,
  },
  NO_CREDENTIALS: {
    cause: 'No role is set, and the AWS SDK found no credentials.',
    remedy: REMEDIES.NO_CREDENTIALS,
  },
  CREDENTIALS_EXPIRED: {
    cause: 'The credentials have expired.',
    remedy: REMEDIES.CREDENTIALS_EXPIRED,
  },
  CREDENTIALS_REFUSED: {
    cause: 'The service does not accept the credentials or the signature.',
    remedy: REMEDIES.CREDENTIALS_REFUSED,
  },
  ACCESS_DENIED: {
    cause: 'The role lacks a permission for the API call in the message.',
    remedy: REMEDIES.ACCESS_DENIED,
  },
  ENDPOINT_REFUSED: {
    cause:
      'A custom endpoint is configured that is neither a loopback address nor an AWS domain over HTTPS.',
    remedy: REMEDIES.ENDPOINT_REFUSED,
  },
  RUNNER_TOO_OLD: {
    cause:
      'A proxy is configured, but the Node.js of the runner (before 24.5) cannot use proxies. Nothing was sent around the proxy.',
    remedy: REMEDIES.RUNNER_TOO_OLD,
  },
  HOST_UNREACHABLE: {
    cause: 'Could not connect to the host: DNS, the network or the proxy failed.',
    remedy: REMEDIES.HOST_UNREACHABLE,
  },
  NO_ANSWER: {
    cause: 'The connection was closed, or no response arrived in time, in every attempt.',
    remedy: REMEDIES.NO_ANSWER,
  },
  TLS_FAILED: {
    cause: 'The certificate of the host is not trusted.',
    remedy: REMEDIES.TLS_FAILED,
  },
  NOT_FOUND: {
    cause: 'The service did not find the app or the backend environment.',
    remedy: REMEDIES.NOT_FOUND,
  },
  BAD_REQUEST: {
    cause: 'The service rejected the request as invalid.',
    remedy: REMEDIES.BAD_REQUEST,
  },
  REQUEST_REFUSED: {
    cause: 'The service rejected the request with another client error.',
    remedy: REMEDIES.REQUEST_REFUSED,
  },
  THROTTLED: {
    cause: 'The service throttled the request until the attempts or the time ran out.',
    remedy: REMEDIES.THROTTLED,
  },
  GATEWAY_TIMEOUT: {
    cause: 'The service returned gateway timeouts until the attempts ran out.',
    remedy: REMEDIES.GATEWAY_TIMEOUT,
  },
  SERVICE_ERROR: {
    cause: 'The service returned internal errors until the attempts ran out.',
    remedy: REMEDIES.SERVICE_ERROR,
  },
  UNREADABLE_RESPONSE: {
    cause: 'The responses were malformed. A proxy or gateway may have replaced them.',
    remedy: REMEDIES.UNREADABLE_RESPONSE,
  },
  ENVIRONMENT_NOT_FOUND: {
    cause: 'The app has no backend environment with this name.',
    remedy: REMEDIES.ENVIRONMENT_NOT_FOUND,
  },
  AUTH_MISSING: {
    cause:
      'The backend environment has no auth resource with an identity pool, which S3 storage requires.',
    remedy: REMEDIES.AUTH_MISSING,
  },
  STORAGE_EXISTS: {
    cause: 'The storage already exists, and `if-exists` is `fail`.',
    remedy: REMEDIES.STORAGE_EXISTS,
  },
  STORAGE_DIFFERS: {
    cause: 'The storage exists with a different configuration.',
    remedy: REMEDIES.STORAGE_DIFFERS,
  },
  BUCKET_FIXED: {
    cause: 'The storage exists with a different bucket, and a bucket cannot be changed later.',
    remedy: REMEDIES.BUCKET_FIXED,
  },
  OTHER_STORAGE: {
    cause:
      'The environment has an S3 storage with a different name. An environment can have only one.',
    remedy: REMEDIES.OTHER_STORAGE,
  },
  STORAGE_IMPORTED: {
    cause: 'The storage was imported into the backend, and imported storage cannot be updated.',
    remedy: REMEDIES.STORAGE_IMPORTED,
  },
  CHANGES_FOUND: {
    cause:
      'A run that only plans found that the storage is missing or differs, and `fail-on-changes` is `true`.',
    remedy: REMEDIES.CHANGES_FOUND,
  },
  JOB_FAILED: {
    cause: 'The backend job failed.',
    remedy: REMEDIES.JOB_FAILED,
  },
  JOB_NOT_FOUND: {
    cause: 'The service does not find the job that it started.',
    remedy: REMEDIES.JOB_NOT_FOUND,
  },
  JOB_LACKS_PERMISSION: {
    cause: 'The backend job failed because the role that deploys lacks a permission.',
    remedy: REMEDIES.JOB_LACKS_PERMISSION,
  },
  ENVIRONMENT_LOCKED: {
    cause:
      "A stack policy denies every update of the environment's CloudFormation stacks, as the lock of a migration to Amplify Gen 2 does.",
    remedy: REMEDIES.ENVIRONMENT_LOCKED,
  },
  STORAGE_NOT_SEEN: {
    cause: 'The job was reported as complete, but the storage does not exist.',
    remedy: REMEDIES.STORAGE_NOT_SEEN,
  },
  PENDING_JOB: {
    cause: 'Another job of the backend environment was still pending when the time ran out.',
    remedy: REMEDIES.PENDING_JOB,
  },
  UNKNOWN_OUTCOME: {
    cause: 'A request was sent, but it is not known whether it took effect.',
    remedy: REMEDIES.UNKNOWN_OUTCOME,
  },
  TIMED_OUT: {
    cause: '`timeout-in-minutes` elapsed. A job that was started continues on AWS.',
    remedy: REMEDIES.TIMED_OUT,
  },
  CANCELLED: {
    cause: 'The run was cancelled. A job that was started continues on AWS.',
    remedy: REMEDIES.CANCELLED,
  },
  INTERNAL_ERROR: {
    cause: 'An unexpected error occurred in the action.',
    remedy: REMEDIES.INTERNAL_ERROR,
  },
} as const satisfies Readonly<Record<ErrorCode, CatalogEntry>>

export type ErrorCode = keyof typeof REMEDIES
