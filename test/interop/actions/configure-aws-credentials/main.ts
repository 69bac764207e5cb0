/**
 * Does what the examples need of aws-actions/configure-aws-credentials, which no package registry has: it
 * assumes the role with a token or the session of the job, and puts the new session into the environment of the job.
 */
import { createHash, createHmac } from 'node:crypto'
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
  return value.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}

const endpoint = variable('AWS_ENDPOINT_URL')
const region = variable('INPUT_AWS-REGION')
const role = {
  Version: '2011-06-15',
  RoleArn: variable('INPUT_ROLE-TO-ASSUME'),
  RoleSessionName: 'GitHubActions',
}

async function assumeWithToken(): Promise<string> {
  const answer: unknown = JSON.parse(
    await request(`${variable('ACTIONS_ID_TOKEN_REQUEST_URL')}&audience=sts.amazonaws.com`, {
      headers: { authorization: `Bearer ${variable('ACTIONS_ID_TOKEN_REQUEST_TOKEN')}` },
    }),
  )
  const token = String(Reflect.get(Object(answer), 'value'))
  const form = { ...role, Action: 'AssumeRoleWithWebIdentity', WebIdentityToken: token }
  return request(endpoint, { method: 'POST', body: new URLSearchParams(form) })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The headers of a request that is signed with the session in the environment (Signature Version 4). */
function signedHeaders(body: string): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = [date.slice(0, 8), region, 'sts', 'aws4_request']
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    host: new URL(endpoint).host,
    'x-amz-date': date,
    'x-amz-security-token': variable('AWS_SESSION_TOKEN'),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
  const names = Object.keys(headers).join(';')
  const canonical = ['POST', '/', '', lines.join(''), names, sha256(body)].join('\n')
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')
  const sign = (key: string | Buffer, part: string): Buffer =>
    createHmac('sha256', key).update(part).digest()
  const key = scope.reduce(sign, Buffer.from(`AWS4${variable('AWS_SECRET_ACCESS_KEY')}`))
  const credential = `${variable('AWS_ACCESS_KEY_ID')}/${scope.join('/')}`
  const signature = sign(key, text).toString('hex')
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  return headers
}

async function assumeWithSession(): Promise<string> {
  const body = new URLSearchParams({ ...role, Action: 'AssumeRole' }).toString()
  return request(endpoint, { method: 'POST', headers: signedHeaders(body), body })
}

const isChaining = process.env['INPUT_ROLE-CHAINING'] === 'true'
const session = await (isChaining ? assumeWithSession() : assumeWithToken())
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
