/** Known texts of failed jobs about the deployment: the states of CloudFormation stacks, locks and limits. */
import { deploymentStateCommand, stackCommand, stackEventsCommand } from './stack-commands.ts'
import type { KnownJobError } from './known-job-errors.ts'

/** Specific texts come before those that accompany them. */
export const STACK_JOB_ERRORS: readonly KnownJobError[] = [
  {
    kind: 'rollback-failed',
    code: 'JOB_FAILED',
    texts: ['update_rollback_failed'],
    cause:
      'a CloudFormation stack of the environment is in the state UPDATE_ROLLBACK_FAILED, in which it cannot be updated',
    advice: (ref, stack) =>
      `Find out what stopped the rollback, and fix it: ${stackEventsCommand(ref, stack)}\nWhen the rollback is complete, run the workflow again. To continue the rollback of the environment's root stack: ${stackCommand(ref, 'continue-update-rollback')}`,
  },
  {
    kind: 'stack-unusable',
    code: 'JOB_FAILED',
    texts: [
      /\bis in (?:rollback_complete|rollback_failed|create_failed|delete_failed|delete_complete|review_in_progress) state/,
    ],
    cause: 'a CloudFormation stack of the environment is in a state in which it cannot be updated',
    advice: (ref, stack) =>
      `Its creation or deletion failed earlier. Find out why in its events, and delete or repair that stack first: ${stackEventsCommand(ref, stack)}`,
  },
  {
    kind: 'stale-lock',
    code: 'JOB_FAILED',
    texts: ['deployment-state.json', 'waiting_for_deployment', 'cannot iteratively rollback'],
    cause: 'the lock of an earlier deployment that was interrupted is still there',
    advice: (ref) =>
      `If no deployment of the environment is running, delete the file deployment-state.json in its deployment bucket and run the workflow again. To find the bucket: ${deploymentStateCommand(ref)}`,
  },
  {
    kind: 'deployment-in-progress',
    code: 'JOB_FAILED',
    texts: [
      /deployment is (?:already )?in progress/,
      'another deployment',
      /_in_progress state and can ?not be updated/,
    ],
    cause: 'another deployment of this environment is running, or its lock was left behind',
    advice: (ref) =>
      `Wait until the other deployment has ended (amplify push, a Hosting build or a migration), then run the workflow again. Only if none is running, delete the stale lock deployment-state.json in the deployment bucket with aws s3 rm. Do not run amplify push --force for this. To look for the lock: ${deploymentStateCommand(ref)}`,
  },
  {
    kind: 'stack-missing',
    code: 'JOB_FAILED',
    texts: [/\bstack (?:with id )?\S{1,200} does not exist/, 'stack does not exist'],
    cause: 'the CloudFormation stack of the environment does not exist, so it was probably deleted',
    advice: () =>
      'Check that backend-environment-name and aws-region are right. An environment without its stack has to be created again.',
  },
  {
    kind: 'session-expired',
    code: 'JOB_FAILED',
    texts: [
      'security token included in the request is expired',
      'expiredtoken',
      'token has expired',
    ],
    cause: 'the credentials with which the job deploys expired before it ended',
    advice: () =>
      'Raise role-duration-seconds (and the maximum session duration of the role), or configure credentials that last longer. Then run the workflow again.',
  },
  {
    kind: 'throttled',
    code: 'JOB_FAILED',
    texts: [
      'rate exceeded',
      'throttling',
      'too many requests',
      'slowdown',
      'reduce your request rate',
    ],
    cause: 'AWS throttled the deployment',
    advice: () => 'Run the workflow again later, with fewer deployments at once in this account.',
  },
  {
    kind: 'limit',
    code: 'JOB_FAILED',
    texts: [
      'limitexceeded',
      'limit exceeded',
      'servicequotaexceeded',
      'quota exceeded',
      'exceed quota',
    ],
    cause: 'the deployment would exceed a limit of the account',
    advice: () =>
      'Request a higher quota for what the text names in Service Quotas, or delete what is no longer needed. Then run the workflow again.',
  },
  {
    kind: 'template',
    code: 'JOB_FAILED',
    texts: [
      'template error',
      'template format error',
      'template validation error',
      'must have values',
      'circular dependency',
    ],
    cause: "the backend's own CloudFormation templates or parameters are invalid, not the inputs",
    advice: () =>
      'Run amplify pull and amplify push in a copy of the app to see the problem, fix the resource that the text names, and run the workflow again.',
  },
  {
    kind: 'nested-failure',
    code: 'JOB_FAILED',
    texts: [
      'resource is not in the state stack',
      /was not successfully (?:created|updated)/,
      'embedded stack',
      'resource(s) failed to',
      'resources failed',
      'resource creation cancelled',
      'resource update cancelled',
      /\b(?:create|update)_failed\b/,
      'rollback_in_progress',
    ],
    cause: 'CloudFormation could not deploy a stack of the environment',
    advice: (ref, stack) =>
      `Fix the oldest failure in the events of the stack, which is the last line that the command below prints, and run the workflow again. Later failures often only say that the rest was cancelled. If the oldest failure is a nested stack, read the events of that stack. To read the events: ${stackEventsCommand(ref, stack)}`,
  },
]
