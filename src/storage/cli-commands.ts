/** ARNs and AWS CLI commands that errors show, for people to copy. */
import { getPartition } from '../lib/aws-partitions.ts'
import type { StorageRef } from './api.ts'

/** The resource of a policy statement that allows calls on the backend. */
export function backendArn({ region, appId, accountId }: StorageRef): string {
  const account = accountId ?? 'YOUR-ACCOUNT-ID'
  return `arn:${getPartition(region).id}:amplifybackend:${region}:${account}:/backend/${appId}/*`
}

/** The shell command that shows a job. */
export function jobCommand(ref: StorageRef, jobId: string): string {
  return `aws amplifybackend get-backend-job ${environmentOptions(ref)} --job-id ${quoteForShell(jobId)}`
}

/** The shell command that shows the storage. */
export function storageCommand(ref: StorageRef): string {
  return `aws amplifybackend get-backend-storage ${environmentOptions(ref)} --resource-name ${quoteForShell(ref.resourceName)}`
}

function environmentOptions({ region, appId, backendEnvironmentName }: StorageRef): string {
  return `--region ${region} --app-id ${quoteForShell(appId)} --backend-environment-name ${quoteForShell(backendEnvironmentName)}`
}

/** Quotes a name that an expression may have made hostile, so that the copied command runs nothing else. */
export function quoteForShell(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
