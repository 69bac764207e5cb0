/** How the emulated backend behaves; every rule can be changed at any time. */
export type Rules = {
  /** Reject a job while another one is pending for the same app and environment. */
  onePendingJob: boolean
  /** What happens to a second storage in an environment: its job fails, it is rejected, or it is allowed. */
  oneStorage: 'failed-job' | 'refused' | 'off'
  /** Fail the job of a create if the environment has no auth resource. */
  authRequired: boolean
  /** Reject an unknown environment; if false, a request that names one creates it. */
  environmentRequired: boolean
  /** Fail the job if the bucket exists already, for instance because a failed create left it behind. */
  uniqueBuckets: boolean
  /** Fail the job if the Amplify CLI or S3 does not accept the resource name or the bucket name. */
  checkedNames: boolean
  /** The duration of a job in milliseconds. */
  jobMs: number
  /** The statuses of a job before its last one, each for an equal part of its duration; PENDING for at most 5 s. */
  jobStatuses: string[]
  /** For this long after its start, GetBackendJob does not find a job. */
  jobReadableAfterMs: number
  /** For this long after its start, ListBackendJobs does not return a job. */
  jobListedAfterMs: number
  /** When a job takes effect: at its end, or when it is accepted. */
  storageVisible: 'at-completion' | 'at-once'
  /** For this long after a job took effect, reads do not return a new storage. */
  storageVisibleAfterMs: number
  /** What GetBackendStorage returns if there is no storage: 404, or 200 without a configuration. */
  absentStorage: 'not-found' | 'empty'
  /** Which bucket name GetBackendStorage returns: the one in S3, or the one of the request. */
  reportedBucket: 'physical' | 'base'
  /** What GetBackend returns for an unknown environment: 404, or 200 with `error`. */
  unknownEnvironment: 'not-found' | 'error-member'
  /** The names of the errors 429 and 504: those of the service model, or of the REST reference. */
  errorNames: 'model' | 'reference'
  /** A token bucket for all calls of the account; null for no limit. */
  throttle: { perSecond: number; burst: number } | null
}

/** The rules of a new emulator. */
export function defaultRules(): Rules {
  return {
    onePendingJob: true,
    oneStorage: 'failed-job',
    authRequired: true,
    environmentRequired: true,
    uniqueBuckets: true,
    checkedNames: true,
    jobMs: 3000,
    jobStatuses: ['PENDING', 'RUNNING'],
    jobReadableAfterMs: 0,
    jobListedAfterMs: 0,
    storageVisible: 'at-completion',
    storageVisibleAfterMs: 0,
    absentStorage: 'not-found',
    reportedBucket: 'physical',
    unknownEnvironment: 'not-found',
    errorNames: 'model',
    throttle: null,
  }
}

/** Rules without protection against duplicates, so that the counters show what the client prevents. */
export const permissiveRules = {
  onePendingJob: false,
  oneStorage: 'off',
  uniqueBuckets: false,
} as const satisfies Partial<Rules>
