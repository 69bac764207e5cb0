/** IAM roles and the names of their sessions. */
import { parseArn, type Arn } from '../lib/arn.ts'
import { invalid, ok, type Parsed } from './parsed.ts'
import { singleToken } from './scalars.ts'
import { lookAlikeProblem } from './suggestions.ts'

const MAX_SESSION_NAME_LENGTH = 64
const EXAMPLE = 'for example `arn:aws:iam::111122223333:role/amplify-storage`'

export type RoleArn = Readonly<{ arn: string; partition: string; accountId: string }>

/**
 * The ARN of an IAM role: 20 to 2048 characters (STS), `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`.
 *
 * @param text trimmed, not empty
 */
export function roleArn(text: string): Parsed<RoleArn> {
  const token = singleToken(text, 2048)
  if ('problem' in token) return token
  const arn = parseArn(text)
  if (arn !== undefined && isRole(arn)) {
    return ok({ arn: text, partition: arn.partition, accountId: arn.accountId })
  }
  return (
    lookAlikeProblem(text) ?? invalid('must be the full ARN of an IAM role', roleArnHint(text, arn))
  )
}

function isRole({ partition, service, region, accountId, resource }: Arn): boolean {
  return (
    /^[a-z][a-z-]{1,30}$/.test(partition) &&
    service === 'iam' &&
    region === '' &&
    /^\d{12}$/.test(accountId) &&
    /^role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/.test(resource)
  )
}

/**
 * The name of a role session as STS accepts it: 2 to 64 of `[A-Za-z0-9_+=,.@-]`.
 *
 * @param text trimmed, not empty
 */
export function sessionName(text: string): Parsed<string> {
  const token = singleToken(text, 1024)
  if ('problem' in token) return token
  if (/^[\w+=,.@-]{2,64}$/.test(text)) return token
  return (
    lookAlikeProblem(text) ??
    invalid(
      'must have 2 to 64 characters, each a letter, a digit or one of `_+=,.@-`',
      'Leave it empty to use a name made from the repository and the run ID.',
    )
  )
}

/**
 * A valid session name that identifies the run: as much of the repository as fits, and the whole run ID,
 * which is enough to find the run.
 *
 * @param repository `OWNER/REPO`, as in `GITHUB_REPOSITORY`
 * @param runId as in `GITHUB_RUN_ID`
 */
export function defaultSessionName(repository: string, runId: string): string {
  const run = replaceIllegalCharacters(runId).slice(-MAX_SESSION_NAME_LENGTH)
  const room = Math.max(0, MAX_SESSION_NAME_LENGTH - run.length - 1)
  const parts = [replaceIllegalCharacters(repository).slice(0, room), run]
  const name = parts.filter((part) => part !== '').join('-')
  return name.length < 2 ? `GitHubActions${name === '' ? '' : '-'}${name}` : name
}

function replaceIllegalCharacters(text: string): string {
  return text.trim().replace(/[^\w+=,.@-]/gu, '-')
}

function roleArnHint(text: string, arn: Arn | undefined): string {
  if (arn?.service === 'sts') {
    return `This is the ARN of a session. Use the ARN of the role, ${EXAMPLE}.`
  }
  if (arn?.service === 'iam' && /^(?!role\/)[\w-]+\//.test(arn.resource)) {
    return `This ARN does not belong to a role. Use the ARN of a role, ${EXAMPLE}.`
  }
  if (!text.startsWith('arn:')) return `The name of a role is not enough. Use its ARN, ${EXAMPLE}.`
  const digits = /^\d+$/.exec(arn?.accountId ?? '')?.[0].length ?? 12
  const account = digits === 12 ? '' : ` Its account ID has ${digits} digits instead of 12.`
  return `Compare it with the format, ${EXAMPLE}.${account}`
}
