/** AWS CLI commands about the CloudFormation stacks of an environment, for people to copy. */
import type { StorageRef } from '../api.ts'
import { quoteForShell } from '../cli-commands.ts'

/** The shell command that reads or changes the root stack of the environment. */
export function stackCommand(ref: StorageRef, command: string): string {
  return `aws cloudformation ${command} --region ${ref.region} --stack-name ${backendProperty(ref, 'stackName')}`
}

/**
 * The shell command that shows why CloudFormation failed.
 *
 * @param stack the ARN of a stack; by default the root stack of the environment
 */
export function stackEventsCommand(ref: StorageRef, stack: string | undefined): string {
  const name = stack === undefined ? backendProperty(ref, 'stackName') : quoteForShell(stack)
  return `aws cloudformation describe-stack-events --region ${ref.region} --stack-name ${name} --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[Timestamp, LogicalResourceId, ResourceStatusReason]" --output text`
}

/** The shell command that looks for the lock of a deployment. */
export function deploymentStateCommand(ref: StorageRef): string {
  return `aws s3 ls s3://${backendProperty(ref, 'deploymentArtifacts')}/deployment-state.json`
}

/** A property of the environment in Amplify, as a substitution of the shell. */
function backendProperty(
  { region, appId, backendEnvironmentName }: StorageRef,
  property: string,
): string {
  return `"$(aws amplify get-backend-environment --region ${region} --app-id ${quoteForShell(appId)} --environment-name ${quoteForShell(backendEnvironmentName)} --query backendEnvironment.${property} --output text)"`
}
