/** Roles and the names of their sessions. */

import { falseHyphen } from './hyphens.ts'
import { invalid, ok } from './parsed.ts'
import type { Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'

const MAX_SESSION_NAME_LENGTH = 64
const EXAMPLE = 'for example `arn:aws:iam::111122223333:role/amplify-storage`'

export type RoleArn = Readonly<{ arn: string; partition: string; accountId: string }>

/**
 * The ARN of an IAM role: 20 to 2048 characters (STS), `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
 *
 * @param text trimmed, not empty
 */
export function roleArn(text: string): Parsed<RoleArn> {
  const one = singleToken(text, 2048)
  if ('flaw' in one) return one
  const parts = /^arn:([a-z][a-z-]{1,30}):iam::(\d{12}):role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/.exec(
    text,
  )
  const [arn, partition, accountId] = parts ?? []
  if (arn !== undefined && partition !== undefined && accountId !== undefined) {
    return ok({ arn, partition, accountId })
  }
  return falseHyphen(text) ?? invalid('must be the whole ARN of an IAM role', roleArnHint(text))
}

/**
 * The name of a session as STS takes it: 2 to 64 of `[A-Za-z0-9_+=,.@-]`.
 *
 * @param text trimmed, not empty
 */
export function sessionName(text: string): Parsed<string> {
  const one = singleToken(text, 1024)
  if ('flaw' in one) return one
  if (/^[\w+=,.@-]{2,64}$/.test(text)) return one
  return (
    falseHyphen(text) ??
    invalid(
      'must have 2 to 64 characters, each a letter, a digit or one of `_+=,.@-`',
      'Leave it out to have it made of the repository and the run id.',
    )
  )
}

/**
 * A legal session name that leads to the run: the repository, as much of it as fits, and the whole run
 * id, which alone finds the run.
 *
 * @param repository `OWNER/REPO`, as in `GITHUB_REPOSITORY`
 * @param runId as in `GITHUB_RUN_ID`
 */
export function defaultSessionName(repository: string, runId: string): string {
  const run = replaceIllegalCharacters(runId).slice(-MAX_SESSION_NAME_LENGTH)
  const room = Math.max(0, MAX_SESSION_NAME_LENGTH - run.length - 1)
  const parts = [replaceIllegalCharacters(repository).slice(0, room), run].filter(
    (part) => part !== '',
  )
  const name = parts.join('-')
  return name.length < 2 ? `GitHubActions${name === '' ? '' : '-'}${name}` : name
}

function replaceIllegalCharacters(text: string): string {
  return text.trim().replace(/[^\w+=,.@-]/gu, '-')
}

function roleArnHint(text: string): string {
  if (/^arn:[\w-]+:sts:/.test(text))
    return `This is the ARN of a session; give the role's, ${EXAMPLE}.`
  if (/^arn:[\w-]+:iam::[^:]*:[\w-]+\//.test(text) && !text.includes(':role/')) {
    return `This ARN is of something else than a role; give a role's, ${EXAMPLE}.`
  }
  if (!text.startsWith('arn:')) return `A role's name is not enough; give its ARN, ${EXAMPLE}.`
  return `Compare it with the form, ${EXAMPLE}; the account id has 12 digits.`
}
