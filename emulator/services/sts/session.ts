/** The session of a role: what STS creates for whoever may assume it. */
import { randomBytes } from 'node:crypto'

import { createSecretKey, createUniqueId } from '../../lib/random.ts'
import type { Credential, Role } from '../../state/account.ts'
import type { State } from '../../state/state.ts'
import { StsServiceError } from './errors.ts'
import type { RoleRequest } from './requests.ts'

/** The members of a response that describe a session. */
export type SessionMembers = Readonly<{
  Credentials: Readonly<Record<string, string>>
  AssumedRoleUser: Readonly<Record<string, string>>
}>

/** @throws StsServiceError if the session would last longer than the role allows */
export function checkDuration({ seconds }: RoleRequest, { maxSessionSeconds }: Role): void {
  if (seconds > maxSessionSeconds)
    throw new StsServiceError(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
}

/** Creates a session, whose key is valid from now on. */
export function createSession(
  state: State,
  request: RoleRequest,
  role: Role,
  now: number,
): SessionMembers {
  const [, partition = '', , , accountId = ''] = role.arn.split(':')
  const roleName = role.arn.slice(role.arn.lastIndexOf('/') + 1)
  const expiresAt = now + request.seconds * 1000
  const sessionToken = randomBytes(180).toString('base64')
  const session: Credential = {
    accessKeyId: createUniqueId('ASIA'),
    secretAccessKey: createSecretKey(),
    sessionToken,
    expiresAt,
    arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${request.sessionName}`,
    userId: `${createUniqueId('AROA')}:${request.sessionName}`,
    accountId,
    roleArn: role.arn,
    policies: [],
    sessionPolicy: request.policy,
  }
  state.credentials.set(session.accessKeyId, session)
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(expiresAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    },
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
  }
}
