/** Explains why a job failed. */
import type { ErrorCode } from '../../errors/catalog.ts'
import { quote } from '../../lib/text.ts'
import type { StorageRef } from '../api.ts'
import { jobCommand } from '../cli-commands.ts'
import { findAccessDenial } from '../permissions/access-denial.ts'
import { findDenyingPolicy } from '../permissions/denying-policy.ts'
import { describeDenial, permissionAdvice } from '../permissions/permission-advice.ts'
import { LOCKED_ENVIRONMENT, STORAGE_JOB_ERRORS, type KnownJobError } from './known-job-errors.ts'
import { findLeftoverBucket, type LeftoverBucket } from './leftover-bucket.ts'
import { stackEventsCommand } from './stack-commands.ts'
import { STACK_JOB_ERRORS } from './stack-job-errors.ts'

export type JobErrorExplanation = Readonly<{
  /** Which of the known kinds it is. */
  kind: string
  code: ErrorCode
  /** Follows "because"; undefined if the text is not known. */
  cause: string | undefined
  advice: string
  /** Where the text says so; undefined if it is not known. */
  position?: number | undefined
}>

/**
 * The cause of a failed job and what to do next.
 *
 * @param text the text of the job in one line of limited length
 */
export function explainJobError(text: string, jobId: string, ref: StorageRef): JobErrorExplanation {
  if (text === '') return explainNoText(ref)
  return (
    explainByTable([LOCKED_ENVIRONMENT], text, ref) ??
    explainDenial(text, ref) ??
    explainByTable(STORAGE_JOB_ERRORS, text, ref) ??
    explainLeftover(findLeftoverBucket(text, ref.backendEnvironmentName)) ??
    explainByTable(STACK_JOB_ERRORS, text, ref) ?? {
      kind: 'unknown',
      code: 'JOB_FAILED',
      cause: undefined,
      advice: `This action does not know the text of the job. Read it and the events of CloudFormation, fix the cause in the project of the app (amplify pull, fix, amplify push), then run the workflow again. To read the whole text: ${jobCommand(ref, jobId)}\nTo read what CloudFormation reports: ${stackEventsCommand(ref, findStack(text))}`,
    }
  )
}

function explainNoText(ref: StorageRef): JobErrorExplanation {
  return {
    kind: 'no-text',
    code: 'JOB_FAILED',
    cause: undefined,
    advice: `Look for the reason in the Amplify console, under the backend environment ${quote(ref.backendEnvironmentName)}, or in the events of its CloudFormation stack. Then run the workflow again. To read the events: ${stackEventsCommand(ref, undefined)}`,
  }
}

function explainDenial(text: string, ref: StorageRef): JobErrorExplanation | undefined {
  const denial = findAccessDenial(text)
  if (denial === undefined) return undefined
  const policy = findDenyingPolicy(text)
  return {
    kind: policy === undefined ? 'missing-permission' : 'denied-by-policy',
    code: 'JOB_LACKS_PERMISSION',
    cause: describeDenial(denial, policy, ref),
    position: text.search(/not authorized|access ?denied|permission/i),
    advice: permissionAdvice(denial, policy, ref),
  }
}

function explainLeftover(bucket: LeftoverBucket | undefined): JobErrorExplanation | undefined {
  if (bucket === undefined) return undefined
  const { bucketName, position } = bucket
  const name = bucketName === undefined ? 'a bucket of this name' : `the bucket ${bucketName}`
  const command = bucketName === undefined ? '' : `: aws s3 rb s3://${bucketName}`
  return {
    kind: 'leftover-bucket',
    code: 'JOB_FAILED',
    position,
    cause: `${name} already exists, probably left by an earlier storage (buckets are retained)`,
    advice: `If you need the files in the bucket, import it instead (amplify import storage), or choose another bucket-name. If it is yours, empty and no longer needed, delete it and run the workflow again${command}`,
  }
}

function explainByTable(
  table: readonly KnownJobError[],
  text: string,
  ref: StorageRef,
): JobErrorExplanation | undefined {
  const lower = text.toLowerCase()
  for (const row of table) {
    const position = findPosition(row, lower)
    if (position !== undefined) return { ...explain(row, text, ref), position }
  }
  return undefined
}

/** Where the text has one of the known parts. */
function findPosition({ texts }: KnownJobError, lower: string): number | undefined {
  return texts
    .map((part) => (typeof part === 'string' ? lower.indexOf(part) : lower.search(part)))
    .find((position) => position >= 0)
}

function explain(
  { kind, code, cause, advice }: KnownJobError,
  text: string,
  ref: StorageRef,
): JobErrorExplanation {
  return { kind, code, cause, advice: advice(ref, findStack(text)) }
}

/** The ARN of a stack in the text, first of all of the storage's nested stack. */
function findStack(text: string): string | undefined {
  const arns = text.match(
    /arn:[a-z-]{3,12}:cloudformation:[a-z0-9-]{4,20}:\d{12}:stack\/[A-Za-z0-9-]{1,128}(?:\/[0-9a-f-]{8,36})?/g,
  )
  return arns?.find((arn) => arn.includes('storage')) ?? arns?.[0]
}
