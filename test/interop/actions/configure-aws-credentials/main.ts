/**
 * Does what the examples need of aws-actions/configure-aws-credentials, which no package registry has: it
 * assumes the role with a token of the job, and puts the session into the environment of the job.
 */
import { appendFileSync } from 'node:fs'

function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set`)
  return value
}

async function request(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })
  const body = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${body}`)
  return body
}

function element(xml: string, name: string): string {
  const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml) ?? []
  if (value === undefined) throw new Error(`STS returned no ${name}`)
  return value
}

const answer: unknown = JSON.parse(
  await request(`${variable('ACTIONS_ID_TOKEN_REQUEST_URL')}&audience=sts.amazonaws.com`, {
    headers: { authorization: `Bearer ${variable('ACTIONS_ID_TOKEN_REQUEST_TOKEN')}` },
  }),
)
const session = await request(variable('AWS_ENDPOINT_URL'), {
  method: 'POST',
  body: new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: variable('INPUT_ROLE-TO-ASSUME'),
    RoleSessionName: 'GitHubActions',
    WebIdentityToken: String(Reflect.get(Object(answer), 'value')),
  }),
})
const region = variable('INPUT_AWS-REGION')
const credentials = {
  AWS_ACCESS_KEY_ID: element(session, 'AccessKeyId'),
  AWS_SECRET_ACCESS_KEY: element(session, 'SecretAccessKey'),
  AWS_SESSION_TOKEN: element(session, 'SessionToken'),
}
for (const secret of Object.values(credentials)) console.log(`::add-mask::${secret}`)
for (const [name, value] of Object.entries({
  ...credentials,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
}))
  appendFileSync(variable('GITHUB_ENV'), `${name}=${value}\n`)
