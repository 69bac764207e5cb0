/**
 * What to do after an error with each code, unless the error has advice of its own. In a file of its own because
 * every run loads it; the rest of the catalog is needed only for comments and for some failed jobs.
 */
export const REMEDIES = {
  INVALID_INPUT: 'Correct what the message lists, then run the workflow again.',
  UNSUPPORTED_EVENT: 'Set `mode: apply` or `mode: plan` for this workflow.',
  NO_IDENTITY_FOR_PULL_REQUEST:
    'Trigger the workflow on `push` to the branch that pull requests are merged into.',
  MISSING_ID_TOKEN_PERMISSION:
    'Add `permissions: id-token: write` to the job. The permissions of a job replace those of the workflow, and a called workflow gets at most what its caller grants.',
  EMPTY_ROLE:
    'Check the secret or variable that `role-to-assume` reads, or configure other credentials.',
  TOKEN_UNAVAILABLE:
    'Run the workflow again. If the error persists, check the GitHub status page and the proxy settings.',
  ROLE_REFUSED:
    "Compare the claims in the message with the role's trust policy, `sub` and `aud` first. Check the account ID and the role name in the ARN.",
  IDENTITY_PROVIDER_MISSING:
    'Create the identity provider in that account, or correct the account ID in the ARN.',
  AUDIENCE_REFUSED:
    'Set `audience` to a client ID of the provider, or add the audience to the provider.',
  STS_REGION_DISABLED: 'Activate STS for the region in the IAM account settings.',
  STS_REQUEST_REFUSED:
    'Read the message from STS. Lower `role-duration-seconds`, or correct the ARN.',
  STS_UNAVAILABLE: 'Run the workflow again. If the error persists, check the network path to STS.',
  ACCOUNT_NOT_ALLOWED:
    'Use a role or credentials of an account in `allowed-account-ids`, or correct that list.',
  NO_CREDENTIALS: 'Set `role-to-assume`, or configure credentials in an earlier step.',
  CREDENTIALS_EXPIRED:
    'Use `role-to-assume`, whose credentials are refreshed automatically, or get new credentials in an earlier step of the same job.',
  CREDENTIALS_REFUSED:
    'Check the source of the credentials in the log, the region, and the clock of the runner.',
  ACCESS_DENIED:
    'Add the action in the message to the policy of the role. `docs/permissions.md` shows the complete policy.',
  ENDPOINT_REFUSED:
    'Remove the endpoint setting. If you need it, set `allow-custom-endpoints: true`.',
  RUNNER_TOO_OLD:
    'Update the runner to 2.328.0 or later. If the runner needs no proxy to reach AWS, add the host in the message to `NO_PROXY`.',
  HOST_UNREACHABLE:
    'Check the proxy or the custom endpoint in the message, then the spelling of the region, then the network.',
  NO_ANSWER: 'Run the workflow again. If the error persists, check the network path and the proxy.',
  TLS_FAILED:
    'For a private certificate authority, set `NODE_EXTRA_CA_CERTS` to its file, or `NODE_USE_SYSTEM_CA=1` if the machine trusts it.',
  NOT_FOUND:
    'Check `app-id`, `backend-environment-name`, `aws-region` and the account of the role.',
  BAD_REQUEST: "Read the service's message and correct the input that it mentions.",
  REQUEST_REFUSED: "Read the service's message. Give the request ID to AWS Support.",
  THROTTLED:
    'Run fewer jobs at once (`strategy.max-parallel` of the job), or raise the input `max-attempts`.',
  GATEWAY_TIMEOUT:
    'Run the workflow again later. This is safe, because a run reads the storage first.',
  SERVICE_ERROR:
    'Run the workflow again later. This is safe, because a run reads the storage first.',
  UNREADABLE_RESPONSE:
    'Check the proxies and gateways between the runner and AWS. It is safe to run the workflow again.',
  ENVIRONMENT_NOT_FOUND: 'Use one of the existing environments, or create this one first.',
  AUTH_MISSING:
    'Add auth (Amazon Cognito) to the backend environment, then run the workflow again.',
  STORAGE_EXISTS: 'Use `if-exists: match` or `if-exists: update`, or remove the step.',
  STORAGE_DIFFERS: 'Correct the inputs, or use `if-exists: update` to change the permissions.',
  BUCKET_FIXED: 'Set `bucket-name` to the name of the existing bucket, or leave it empty.',
  OTHER_STORAGE: 'Set `resource-name` to the name of the existing storage.',
  STORAGE_IMPORTED:
    'Set `if-exists: match`; for imported storage the permissions are not compared. To change who has access, change the IAM policies of the roles for signed-in users and guests yourself.',
  CHANGES_FOUND:
    'Apply the configuration, for example with `mode: apply`, or correct the inputs. Read what differs in the message and in the output `changes`.',
  JOB_FAILED: "Read the job's error in the message, fix its cause, and run the workflow again.",
  JOB_NOT_FOUND:
    'Check the storage with the command in the message. It is safe to run the workflow again, because a run reads the storage first.',
  JOB_LACKS_PERMISSION:
    'Add the statement in the message to the policy of the role, then run the workflow again.',
  ENVIRONMENT_LOCKED:
    'If the app is being migrated to Gen 2, remove this step from the workflow. Otherwise, ask whoever set the stack policy.',
  STORAGE_NOT_SEEN:
    'Check the backend environment in the Amplify console before you run the workflow again.',
  PENDING_JOB:
    'Use one `concurrency` group for each app and environment. Check the job in the message.',
  UNKNOWN_OUTCOME:
    'Check the storage with the command in the message. It is safe to run the workflow again, because a run reads the storage first.',
  TIMED_OUT: 'Check the job with the command in the message. The next run waits for it.',
  CANCELLED: 'Check the job with the command in the message. It is safe to run the workflow again.',
  INTERNAL_ERROR:
    'Report it to the repository of the action, with its version, the step of the workflow, and the log of a run that has debug logging enabled. Remove what is private.',
} as const
