/** What to do about a permission that a deployment lacks. A statement is suggested only for one resource. */
import { getPartition } from '../../lib/aws-partitions.ts'
import { parseArn, type Arn } from '../../lib/arn.ts'
import { sanitizeLine } from '../../lib/text.ts'
import type { StorageRef } from '../api.ts'
import type { AccessDenial } from './access-denial.ts'
import type { DenyingPolicy } from './denying-policy.ts'

/** What actions on IAM roles allow, for those who have to approve them. */
const ROLE_ACTIONS: Readonly<Record<string, string>> = {
  'iam:AttachRolePolicy': 'to attach any managed policy to ROLE',
  'iam:CreateRole': 'to create ROLE',
  'iam:DeleteRolePolicy': 'to delete inline policies of ROLE',
  'iam:DetachRolePolicy': 'to detach managed policies from ROLE',
  'iam:PassRole': 'to hand ROLE to an AWS service',
  'iam:PutRolePolicy': 'to give ROLE any permission in an inline policy',
  'iam:UpdateAssumeRolePolicy': 'to decide who may assume ROLE',
}

/** What the missing permission is, as a clause: "the role "r" may not call s3:CreateBucket". */
export function describeDenial(
  denial: AccessDenial,
  policy: DenyingPolicy | undefined,
  ref: StorageRef,
): string {
  const principal = describePrincipal(denial.principal, ref)
  const { action, operation } = denial
  const call = operation ?? action
  const note = isOtherName(operation, action) ? ` (the IAM action is ${action})` : ''
  const denied =
    call === undefined
      ? `AWS denied a call of ${principal}, and the text of the job does not name the action`
      : `${principal} may not call ${call}${note}`
  if (policy === undefined) return denied
  return policy.kind === undefined ? `${denied} (explicit deny)` : `${denied} (${policy.kind})`
}

/** Who lacks the permission: the user or role that AWS names. */
function describePrincipal(principal: Arn | undefined, { accountId }: StorageRef): string {
  const { resource = '' } = principal ?? {}
  const role = /^assumed-role\/([^/]+)/.exec(resource)?.[1]
  if (role !== undefined) return `the role ${sanitizeLine(role, 64)}`
  const user = /^user\/(?:.*\/)?([^/]+)/.exec(resource)?.[1]
  if (user !== undefined) return `the IAM user ${sanitizeLine(user, 64)}`
  // The account is known only if the run assumed a role.
  return accountId === undefined ? 'the role or user of this run' : 'the role of this run'
}

/** How to get the permission. */
export function permissionAdvice(
  denial: AccessDenial,
  policy: DenyingPolicy | undefined,
  ref: StorageRef,
): string {
  if (policy !== undefined) return policy.advice
  const { action } = denial
  const principal = describePrincipal(denial.principal, ref)
  const deploys = `The service deploys with the permissions of ${principal}.`
  if (action === undefined) {
    const missing =
      denial.operation === undefined
        ? `Find the action in the CloudTrail event history of ${ref.region}: an event with the error code AccessDenied at the time of this run`
        : `Find the IAM action of ${denial.operation} in the Service Authorization Reference`
    return `${deploys} ${missing}. Then add the action to the policy of ${principal}: docs/permissions.md lists what a deployment needs. A bucket policy or a policy of the organization can also deny a call.`
  }
  const resource = toResourceArn(denial, ref)
  const meaning = ROLE_ACTIONS[action]
  const note =
    meaning === undefined
      ? ''
      : ` This is a permission ${meaning.replace('ROLE', () => describeRole(resource))}.`
  if (resource === undefined) {
    return `${deploys} Allow ${action} for ${principal}. The text names no resource: the Service Authorization Reference shows to which ones the action can be restricted.${note}`
  }
  const statement = JSON.stringify({ Effect: 'Allow', Action: action, Resource: resource })
  const names = resource.match(/\bYOUR-[A-Z-]+/g)?.join(' and ')
  const placeholder = names === undefined ? '' : `, with the real value for ${names}`
  return `${deploys} Add this statement to its policy${placeholder}, then run the workflow again. Other actions can be missing, too: docs/permissions.md lists what a deployment needs.${note} ${statement}`
}

/** Whether an API calls an operation otherwise than IAM calls its action; case does not matter. */
function isOtherName(operation: string | undefined, action: string | undefined): boolean {
  return (
    operation?.includes(':') === true &&
    action !== undefined &&
    operation.toLowerCase() !== action.toLowerCase()
  )
}

/** Its name is at the end of its ARN. */
function describeRole(arn: string | undefined): string {
  return arn === undefined ? 'a role' : `the role ${sanitizeLine(arn.replace(/^.*[/:]/, ''), 64)}`
}

/** The ARN of a resource in IAM's words; undefined for `*` and for what no ARN can be made of. */
function toResourceArn({ resource, principal }: AccessDenial, ref: StorageRef): string | undefined {
  if (resource === undefined) return undefined
  const partition = getPartition(ref.region).id
  const accountId = principal?.accountId ?? ref.accountId ?? 'YOUR-ACCOUNT-ID'
  if (/^(?:role|user|group|policy|instance profile) \S+$/.test(resource)) {
    const path = resource.replace('instance profile', 'instance-profile').replace(' ', '/')
    return `arn:${partition}:iam::${accountId}:${path}`
  }
  const values: Readonly<Record<string, string>> = {
    PARTITION: partition,
    REGION: ref.region,
    ACCOUNT: accountId,
    APP: ref.appId,
    ENVIRONMENT: ref.backendEnvironmentName,
  }
  const arn = resource.replace(
    /\{([A-Z]+)\}/g,
    (placeholder, name: string) => values[name] ?? placeholder,
  )
  return isSpecific(arn) ? arn : undefined
}

/** Whether a text is the ARN of less than everything. */
function isSpecific(text: string): boolean {
  const arn = parseArn(text)
  return (
    arn !== undefined &&
    !/^[*:/?]*$/.test(arn.resource) &&
    /^[!-~]+$/.test(text) &&
    text.length <= 512
  )
}
