/** What AWS says about a call that a role or a user may not make, in each of the known wordings. */
import { parseArn, type Arn } from '../../lib/arn.ts'
import { findIamAction } from './iam-actions.ts'

export type AccessDenial = Readonly<{
  /** For example `s3:CreateBucket`; undefined if the text names none that is known. */
  action: string | undefined
  /** What the text calls the operation, if that is not its IAM action. */
  operation: string | undefined
  /** As in the text: an ARN, or for example `role NAME`. */
  resource: string | undefined
  /** The role's session or the user. */
  principal: Arn | undefined
}>

const NOTHING_NAMED: AccessDenial = {
  action: undefined,
  operation: undefined,
  resource: undefined,
  principal: undefined,
}

const NOT_AUTHORIZED = 'is not authorized to perform'

/** The first denial in a text; undefined if there is none. */
export function findAccessDenial(text: string): AccessDenial | undefined {
  return findIamSentence(text) ?? findDeniedOperation(text) ?? findUnnamedDenial(text)
}

/** IAM's sentence: "User: ARN is not authorized to perform: s3:CreateBucket on resource: ARN because …". */
function findIamSentence(text: string): AccessDenial | undefined {
  const index = text.indexOf(NOT_AUTHORIZED)
  if (index < 0) return undefined
  const rest = text.slice(index + NOT_AUTHORIZED.length)
  const named = /^:? ([a-z0-9-]{1,64}:[A-Za-z0-9]{1,128})/.exec(rest)
  if (named === null) return NOTHING_NAMED
  const principal = /User: (arn:\S{1,2000}) $/.exec(text.slice(0, index))?.[1]
  return {
    action: named[1],
    operation: undefined,
    resource: findResource(rest.slice(named[0].length)),
    principal: principal === undefined ? undefined : parseArn(principal),
  }
}

function findResource(rest: string): string | undefined {
  const [, quoted, named, plain] =
    /^ on resource:? (?:"([^"\n]{1,2048})"|((?:role|user|group|policy|instance profile) [\w+=,.@/-]{1,128})|(\S{1,2048}))/.exec(
      rest,
    ) ?? []
  // The sentence may end right after the resource.
  return quoted ?? (named ?? plain)?.replace(/[.,;:)]{1,3}$/, '')
}

/** Texts that name the operation of an API, which is not always the action of a policy. */
const DENIED_OPERATIONS: readonly RegExp[] = [
  // CloudFormation: "API: s3:PutPublicAccessBlock Access Denied".
  /\bAPI: ([a-z0-9-]{1,40}):([A-Za-z0-9]{1,80}) (?:Access ?Denied|You are not authorized)/,
  // Amplify: "The user does not have permissions to call lambda createFunction."
  /does not have permissions? to call ([a-z0-9-]{1,40})[ .:]([A-Za-z][A-Za-z0-9]{0,80})/,
  // The SDKs: "(AccessDenied) when calling the PutBucketPolicy operation".
  /\(AccessDenied(?:Exception)?\) when calling the ()([A-Za-z0-9]{1,80}) operation/,
]

function findDeniedOperation(text: string): AccessDenial | undefined {
  for (const pattern of DENIED_OPERATIONS) {
    const [, service = '', operation = ''] = pattern.exec(text) ?? []
    if (operation !== '') {
      const known = findIamAction(service, operation)
      return {
        ...NOTHING_NAMED,
        action: known?.action,
        resource: known?.resource,
        operation: service === '' ? operation : `${service}:${operation}`,
      }
    }
  }
  return undefined
}

/** For example S3's "Access Denied (Service: S3, Status Code: 403, …)". */
function findUnnamedDenial(text: string): AccessDenial | undefined {
  return /\baccess ?denied|\bnot authorized to perform|\bUnauthorizedOperation\b/i.test(text)
    ? NOTHING_NAMED
    : undefined
}
