/** The error for a job that failed with a text. */
import type { ActionError } from '../../../../src/errors/action-error.ts'
import { sanitizeLine } from '../../../../src/lib/text.ts'
import type { StorageRef } from '../../../../src/storage/api.ts'
import {
  explainJobError,
  type JobErrorExplanation,
} from '../../../../src/storage/jobs/explain-job-error.ts'
import { toJobError } from '../../../../src/storage/jobs/job-errors.ts'
import { STORAGE_REF } from '../../../support/unit/storage-context.ts'

export const failed = (error: string | undefined, ref: Partial<StorageRef> = {}): ActionError =>
  toJobError(
    { jobId: 'job-1', status: 'FAILED', operation: undefined, createdAt: undefined, error },
    'job-1',
    { ...STORAGE_REF, ...ref },
  )

export const explained = (text: string): JobErrorExplanation =>
  explainJobError(sanitizeLine(text), 'job-1', STORAGE_REF)

export const kindOf = (text: string): string => explained(text).kind
