/** How the emulated backend behaves. Each rule can be changed at any time. */
export type Rules = {
  /** Refuse a job while another one is pending for the same app and environment. */
  onePendingJob: boolean
  /** A second storage in an environment ends in a failed job, is refused at once, or is allowed. */
  oneStorage: 'failed-job' | 'refused' | 'off'
  /** Storage needs an auth resource; without one the job fails. */
  authRequired: boolean
  /** An unknown environment is refused; when off, it comes into being as it is named. */
  environmentRequired: boolean
  /** A bucket that is already there, for instance one left by a failed create, fails the job. */
  uniqueBuckets: boolean
  /** Resource and bucket names that the Amplify CLI or S3 would not take fail the job. */
  checkedNames: boolean
  /** How long a job takes. */
  jobMs: number
  /** What a job goes through, in equal shares of its time, before it ends. */
  jobStatuses: string[]
  /** GetBackendJob does not know a job for so long after its start. */
  jobReadableAfterMs: number
  /** ListBackendJobs leaves a job out for so long after its start. */
  jobListedAfterMs: number
  /** When a new storage can be read: once its job has completed, or as soon as it is accepted. */
  storageVisible: 'at-completion' | 'at-once'
  /** How long reads lag behind a storage that is there. */
  storageVisibleAfterMs: number
  /** What GetBackendStorage answers where there is none. */
  absentStorage: 'not-found' | 'empty'
  /** Which name GetBackendStorage gives for the bucket. */
  reportedBucket: 'physical' | 'base'
  /** What GetBackend answers for an unknown environment: 404, or 200 with `error`. */
  unknownEnvironment: 'not-found' | 'error-member'
  /** The names of the 429 and 504 errors: the service model's, or the REST reference's. */
  errorNames: 'model' | 'reference'
  /** A token bucket over all calls of the account; null for none. */
  throttle: { perSecond: number; burst: number } | null
}

/** The rules of a fresh emulator. */
export function defaultRules(): Rules {
  return {
    onePendingJob: true,
    oneStorage: 'failed-job',
    authRequired: true,
    environmentRequired: true,
    uniqueBuckets: true,
    checkedNames: true,
    jobMs: 3000,
    jobStatuses: ['RUNNING'],
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

/** Rules that prevent nothing: what is then counted is what the client alone prevents. */
export const permissiveRules = {
  onePendingJob: false,
  oneStorage: 'off',
  uniqueBuckets: false,
} as const satisfies Partial<Rules>
