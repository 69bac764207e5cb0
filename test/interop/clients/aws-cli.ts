/** Debian's AWS CLI, one process a call. */
import { execFile } from 'node:child_process'

import { isolatedEnv, getKeys, region, type Client, type Request } from './client.ts'

const program = '/usr/bin/aws'

const kebab = (name: string): string => name.replace(/(?<=[a-z\d])(?=[A-Z])/g, '-').toLowerCase()

/** Parameters as the options that a user types. */
const toOptions = (parameters: Request['parameters']): string[] =>
  Object.entries(parameters).flatMap(([name, value]) => [
    `--${kebab(name)}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])

function createEnv(request: Request): Record<string, string> {
  const keys = getKeys(request)
  const { retries } = request
  return {
    ...isolatedEnv,
    AWS_REGION: region,
    ...(retries === undefined ? { AWS_MAX_ATTEMPTS: '1' } : {}),
    ...(retries === undefined || retries === 'default' ? {} : { AWS_RETRY_MODE: retries }),
    ...(keys === undefined
      ? {}
      : { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }),
    ...(keys?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
  }
}

type Ended = { readonly stdout: string; readonly stderr: string; readonly failed: Error | null }

function run(request: Request): Promise<Ended> {
  const options = [
    request.service,
    kebab(request.operation),
    ...toOptions(request.parameters),
    ...['--endpoint-url', request.emulator.url],
    ...['--region', region, '--output', 'json', '--no-cli-pager'],
    ...['--cli-connect-timeout', '10', '--cli-read-timeout', '30'],
  ]
  return new Promise((resolve) => {
    const child = execFile(
      program,
      options,
      { env: createEnv(request), timeout: 90_000, killSignal: 'SIGKILL' },
      (failed, stdout, stderr) => {
        resolve({ stdout, stderr, failed })
      },
    )
    child.stdin?.end()
  })
}

/** The AWS CLI. */
export const awsCli: Client = {
  title: 'the AWS CLI',
  send: async (request) => {
    const { stdout, stderr, failed } = await run(request)
    if (failed === null) return { ok: true, value: JSON.parse(stdout) }
    const error =
      /An error occurred \(([^)]+)\) when calling the (\w+) operation(?: \(reached max retries: \d+\))?: (.*)/s.exec(
        stderr,
      )
    if (error === null)
      throw new Error(`${program} reported no error of the service: ${failed.message}\n${stderr}`)
    const [, name = '', operation, message = ''] = error
    return { ok: false, name, message: message.trim(), details: { operation } }
  },
  stop: () => undefined,
}
