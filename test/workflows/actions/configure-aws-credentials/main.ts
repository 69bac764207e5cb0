/**
 * Stand-in for aws-actions/configure-aws-credentials: puts a key of the emulator's account into the
 * environment of the steps to come, and its secret into the masks. It refuses to work without a token,
 * as the real one does when it is given a role.
 */
import { appendFileSync } from 'node:fs'

import { isObject } from '../../../../emulator/lib/validation.ts'

const { env } = process
const keys: unknown = JSON.parse(env['STAND_IN_CREDENTIALS'] ?? 'null')
const file = env['GITHUB_ENV']
if (!isObject(keys) || file === undefined) throw new Error('Not run by the harness')
if (env['ACTIONS_ID_TOKEN_REQUEST_URL'] === undefined) {
  console.log('::error::It looks like you might be trying to authenticate with OIDC.')
  process.exit(1)
}
const region = env['INPUT_AWS-REGION'] ?? ''
console.log(
  `Stand-in for aws-actions/configure-aws-credentials: ${env['INPUT_ROLE-TO-ASSUME'] ?? ''}`,
)
console.log(`::add-mask::${String(keys['AWS_SECRET_ACCESS_KEY'])}`)
const variables = { ...keys, AWS_REGION: region, AWS_DEFAULT_REGION: region }
for (const [name, value] of Object.entries(variables)) appendFileSync(file, `${name}=${value}\n`)
