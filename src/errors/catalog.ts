/**
 * The closed list of error codes, one row each.
 *
 * A code is stable: workflows may compare `steps.ID.outputs.error-code` with it. `docs/errors.md` is
 * generated from these rows.
 */

type CatalogEntry = Readonly<{
  /** What happened, in general terms. */
  cause: string
  /** What to do; the advice of an error that has none of its own. */
  remedy: string
}>

export const ERROR_CATALOG = {
  INVALID_INPUT: {
    cause: 'One or more inputs are missing or invalid. No API was called.',
    remedy: 'Fix the inputs listed in the message.',
  },
  UNSUPPORTED_EVENT: {
    cause: '`mode: auto` does not support the event that triggered the workflow.',
    remedy: 'Set `mode: apply` or `mode: plan` for this workflow.',
  },
  NO_IDENTITY_FOR_PULL_REQUEST: {
    cause:
      'A pull request from a fork or by Dependabot was merged, and its run gets neither an OIDC token nor secrets.',
    remedy: 'Trigger the workflow on `push` to the branch that pull requests are merged into.',
  },
  MISSING_ID_TOKEN_PERMISSION: {
    cause: '`role-to-assume` is set, but the job has no permission to request an OIDC token.',
    remedy:
      'Add `permissions: id-token: write` to the job. The permissions of a job replace those of the workflow, and a called workflow gets at most what its caller grants.',
  },
  EMPTY_ROLE: {
    cause:
      '`role-to-assume` is empty and no other credentials are configured, but the job can request an OIDC token. The expression behind the input probably evaluated to an empty string.',
    remedy:
      'Check the secret or variable that `role-to-assume` reads, or configure other credentials.',
  },
  TOKEN_UNAVAILABLE: {
    cause: "GitHub's token service did not issue an OIDC token.",
    remedy:
      'Run the workflow again. If the error persists, check the GitHub status page and the proxy settings.',
  },
  ROLE_REFUSED: {
    cause: 'STS did not allow the workflow to assume the role.',
    remedy:
      "Compare the claims in the message with the role's trust policy, `sub` and `aud` first. Check the account ID and the role name in the ARN.",
  },
  IDENTITY_PROVIDER_MISSING: {
    cause: 'The account of the role has no IAM OIDC provider for the issuer of the token.',
    remedy: 'Create the identity provider in that account, or correct the account ID in the ARN.',
  },
  AUDIENCE_REFUSED: {
    cause: 'The IAM OIDC provider does not list the audience of the token.',
    remedy: 'Set `audience` to a client ID of the provider, or add the audience to the provider.',
  },
  STS_REGION_DISABLED: {
    cause: 'STS is not activated in this region for the account.',
    remedy: 'Activate STS for the region in the IAM account settings.',
  },
  STS_REQUEST_REFUSED: {
    cause:
      'STS rejected the request as invalid, for example because the session duration exceeds the maximum of the role.',
    remedy: 'Read the message from STS. Lower `role-duration-seconds`, or correct the ARN.',
  },
  STS_UNAVAILABLE: {
    cause: 'STS could not be reached, or did not return a usable response, in any attempt.',
    remedy: 'Run the workflow again. If the error persists, check the network path to STS.',
  },
  ACCOUNT_NOT_ALLOWED: {
    cause: 'The credentials belong to an account that is not in `allowed-account-ids`.',
    remedy: 'Correct `role-to-assume` or `allowed-account-ids`.',
  },
  NO_CREDENTIALS: {
    cause: 'No role is set, and the AWS SDK found no credentials.',
    remedy: 'Set `role-to-assume`, or configure credentials in an earlier step.',
  },
  CREDENTIALS_EXPIRED: {
    cause: 'The credentials have expired.',
    remedy:
      'Use `role-to-assume`, whose credentials are refreshed automatically, or configure credentials that last longer.',
  },
  CREDENTIALS_REFUSED: {
    cause: 'The service does not accept the credentials or the signature.',
    remedy:
      'Check the source of the credentials in the log, the region, and the clock of the runner.',
  },
  ACCESS_DENIED: {
    cause: 'The role lacks a permission for the API call in the message.',
    remedy:
      'Add the action in the message to the policy of the role. `docs/permissions.md` shows the complete policy.',
  },
  ENDPOINT_REFUSED: {
    cause:
      'A custom endpoint is configured that is neither a loopback address nor an AWS domain over HTTPS.',
    remedy: 'Remove the endpoint setting. If you need it, set `allow-custom-endpoints: true`.',
  },
  RUNNER_TOO_OLD: {
    cause:
      'A proxy is configured, but the Node.js of the runner (before 24.5) cannot use proxies. Nothing was sent around the proxy.',
    remedy:
      'Update the runner to 2.328.0 or later. If it needs no proxy to reach the host, add the host to `NO_PROXY`.',
  },
  HOST_UNREACHABLE: {
    cause: 'Could not connect to the host: DNS, the network or the proxy failed.',
    remedy:
      'Check the proxy or the custom endpoint in the message, then the spelling of the region, then the network.',
  },
  NO_ANSWER: {
    cause: 'The connection was closed, or no response arrived in time, in every attempt.',
    remedy: 'Run the workflow again. If the error persists, check the network path and the proxy.',
  },
  TLS_FAILED: {
    cause: 'The certificate of the host is not trusted.',
    remedy:
      'For a private certificate authority, set `NODE_EXTRA_CA_CERTS` to its file, or `NODE_USE_SYSTEM_CA=1` if the machine trusts it.',
  },
  NOT_FOUND: {
    cause: 'The service did not find the app or the backend environment.',
    remedy: 'Check `app-id`, `backend-environment-name`, `aws-region` and the account of the role.',
  },
  BAD_REQUEST: {
    cause: 'The service rejected the request as invalid.',
    remedy: "Read the service's message and correct the input that it mentions.",
  },
  REQUEST_REFUSED: {
    cause: 'The service rejected the request with another client error.',
    remedy: "Read the service's message. Give the request ID to AWS Support.",
  },
  THROTTLED: {
    cause: 'The service throttled the request until the attempts or the time ran out.',
    remedy: 'Run fewer jobs at once (`max-parallel`), or raise `max-attempts`.',
  },
  GATEWAY_TIMEOUT: {
    cause: 'The service returned gateway timeouts until the attempts ran out.',
    remedy: 'Run the workflow again later. This is safe, because a run reads the storage first.',
  },
  SERVICE_ERROR: {
    cause: 'The service returned internal errors until the attempts ran out.',
    remedy: 'Run the workflow again later. This is safe, because a run reads the storage first.',
  },
  UNREADABLE_RESPONSE: {
    cause: 'The responses were malformed. A proxy or gateway may have replaced them.',
    remedy:
      'Check the proxies and gateways between the runner and AWS. It is safe to run the workflow again.',
  },
  ENVIRONMENT_NOT_FOUND: {
    cause: 'The app has no backend environment with this name.',
    remedy: 'Use one of the environments in the message, or create the environment first.',
  },
  AUTH_MISSING: {
    cause:
      'The backend environment has no auth resource with an identity pool, which S3 storage requires.',
    remedy: 'Add auth (Amazon Cognito) to the backend environment, then run the workflow again.',
  },
  STORAGE_EXISTS: {
    cause: 'The storage already exists, and `if-exists` is `fail`.',
    remedy: 'Use `if-exists: match` or `if-exists: update`, or remove the step.',
  },
  STORAGE_DIFFERS: {
    cause: 'The storage exists with a different configuration.',
    remedy: 'Correct the inputs, or use `if-exists: update` to change the permissions.',
  },
  BUCKET_FIXED: {
    cause: 'The storage exists with a different bucket, and a bucket cannot be changed later.',
    remedy: 'Set `bucket-name` to the name of the existing bucket, or leave it empty.',
  },
  OTHER_STORAGE: {
    cause:
      'The environment has an S3 storage with a different name. An environment can have only one.',
    remedy: 'Set `resource-name` to the name of the existing storage.',
  },
  STORAGE_IMPORTED: {
    cause: 'The storage was imported into the backend, and imported storage cannot be updated.',
    remedy:
      'Use `if-exists: match`. To change the permissions, change the IAM policies of the imported bucket yourself.',
  },
  CHANGES_FOUND: {
    cause:
      'A run that only plans found that the storage is missing or differs, and `fail-on-changes` is `true`.',
    remedy:
      'Apply the configuration, for example with `mode: apply`, or correct the inputs. Read what differs in the message and in the output `changes`.',
  },
  JOB_FAILED: {
    cause: 'The backend job failed.',
    remedy: "Read the job's error in the message, fix its cause, and run the workflow again.",
  },
  JOB_NOT_FOUND: {
    cause: 'The service does not find the job that it started.',
    remedy:
      'Check the storage with the command in the message. It is safe to run the workflow again, because a run reads the storage first.',
  },
  JOB_LACKS_PERMISSION: {
    cause: 'The backend job failed because the role that deploys lacks a permission.',
    remedy:
      'Add the statement in the message to the policy of the role, then run the workflow again.',
  },
  ENVIRONMENT_LOCKED: {
    cause:
      "A stack policy denies every update of the environment's CloudFormation stacks, as the lock of a migration to Amplify Gen 2 does.",
    remedy:
      'If the app is being migrated to Gen 2, remove this step from the workflow. Otherwise, ask whoever set the stack policy.',
  },
  STORAGE_NOT_SEEN: {
    cause: 'The job was reported as complete, but the storage does not exist.',
    remedy:
      'Check the backend environment in the Amplify console before you run the workflow again.',
  },
  PENDING_JOB: {
    cause: 'Another job of the backend environment was still pending when the time ran out.',
    remedy:
      'Use one `concurrency` group for each app and environment. Check the job in the message.',
  },
  UNKNOWN_OUTCOME: {
    cause: 'A request was sent, but it is not known whether it took effect.',
    remedy:
      'Check the storage with the command in the message. It is safe to run the workflow again, because a run reads the storage first.',
  },
  TIMED_OUT: {
    cause: '`timeout-in-minutes` elapsed. A job that was started continues on AWS.',
    remedy: 'Check the job with the command in the message. The next run waits for it.',
  },
  CANCELLED: {
    cause: 'The run was cancelled. A job that was started continues on AWS.',
    remedy: 'Check the job with the command in the message. It is safe to run the workflow again.',
  },
  INTERNAL_ERROR: {
    cause: 'An unexpected error occurred in the action.',
    remedy:
      'Report it to the repository of the action, with its version, the step of the workflow, and the log of a run that has debug logging enabled. Remove what is private.',
  },
} as const satisfies Record<string, CatalogEntry>

export type ErrorCode = keyof typeof ERROR_CATALOG
