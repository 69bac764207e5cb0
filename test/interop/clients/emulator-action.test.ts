/** The AWS CLI uses the emulator that the action of a job has started. */
import { describe, expect } from 'vitest'

import { defaults } from '../../../emulator/emulator.ts'
import { isObject } from '../../../emulator/lib/validation.ts'
import { startAction, stopAction } from '../../support/emulator-action.ts'
import { scenario } from '../../support/scenario.ts'
import { runTool, type ToolResult } from '../tools.ts'

type Variables = Readonly<Record<string, string>>

/** Runs the CLI. Debian's version is older than AWS_ENDPOINT_URL. */
const aws = (variables: Variables, ...args: readonly string[]): Promise<ToolResult> =>
  runTool('/usr/bin/aws', [...args, '--endpoint-url', variables['AWS_ENDPOINT_URL'] ?? ''], {
    env: { ...variables, AWS_EC2_METADATA_DISABLED: 'true', AWS_PAGER: '' },
  })

const getBackend = ['amplifybackend', 'get-backend', '--app-id', defaults.appId] as const

async function requestToken(variables: Variables): Promise<string> {
  const url = `${variables['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''}&audience=sts.amazonaws.com`
  const authorization = `Bearer ${variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''}`
  const body: unknown = await (await fetch(url, { headers: { authorization } })).json()
  return isObject(body) ? String(body['value']) : ''
}

describe('the AWS CLI on the emulator of the action', () => {
  scenario("It works with the key of the account's user", async () => {
    const { outputs, variables } = await startAction()
    const { stdout, stderr } = await aws(
      {
        ...variables,
        AWS_ACCESS_KEY_ID: outputs['access-key-id'] ?? '',
        AWS_SECRET_ACCESS_KEY: outputs['secret-access-key'] ?? '',
      },
      ...getBackend,
    )
    expect(stdout, stderr).toContain('"dev"')
  })

  scenario('It works with a session of any role, which the post step logs', async () => {
    const started = await startAction()
    const { variables } = started
    const role = 'arn:aws:iam::222233334444:role/mine'
    const token = await requestToken(variables)
    const session = await aws(
      variables,
      ...['sts', 'assume-role-with-web-identity', '--role-arn', role],
      ...['--role-session-name', 'cli', '--web-identity-token', token],
      ...['--output', 'text', '--query'],
      'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]',
    )
    const [id = '', secret = '', sessionToken = ''] = session.stdout.trim().split(/\s+/)
    const keys = {
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: sessionToken,
    }
    const { stdout, stderr } = await aws({ ...variables, ...keys }, ...getBackend)
    expect(stdout, stderr + session.stderr).toContain('"dev"')
    const { log } = await stopAction(started)
    expect(log.join('\n')).toContain(`amplifybackend GetBackend 200 as ${role}`)
  })
})
