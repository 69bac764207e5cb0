/**
 * The requests of the action with `wait: false`, in the same order, without any library: the lower bound for
 * the time of a run. It checks nothing, so do not use it in a workflow.
 */
import { createHash, createHmac } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import http from 'node:http'

const env = (name: string): string => process.env[name] ?? ''
const agent = new http.Agent({ keepAlive: true })
const endpoint = new URL(env('AWS_ENDPOINT_URL'))
const region = env('INPUT_AWS-REGION')
const appId = env('INPUT_APP-ID')
const environment = env('INPUT_BACKEND-ENVIRONMENT-NAME')
const resourceName = env('INPUT_RESOURCE-NAME')

type Response = { status: number; text: string }

function call(
  url: URL,
  method: string,
  headers: Record<string, string>,
  body = '',
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, method, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()

type Keys = { id: string; secret: string; token: string }

function callSigned(path: string, body: string, keys: Keys): Promise<Response> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const day = date.slice(0, 8)
  const scope = `${day}/${region}/amplifybackend/aws4_request`
  const headers: Record<string, string> = {
    'content-length': String(Buffer.byteLength(body)),
    'content-type': 'application/json',
    host: endpoint.host,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': date,
    'x-amz-security-token': keys.token,
  }
  const names = Object.keys(headers).join(';')
  const canonical = [
    'POST',
    path,
    '',
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = [day, region, 'amplifybackend', 'aws4_request'].reduce<string | Buffer>(
    (previous, text) => hmac(previous, text),
    `AWS4${keys.secret}`,
  )
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names}, Signature=${hmac(key, toSign).toString('hex')}`
  return call(new URL(path, endpoint), 'POST', { ...headers, authorization }, body)
}

const tokenUrl = new URL(env('ACTIONS_ID_TOKEN_REQUEST_URL'))
tokenUrl.searchParams.set('audience', 'sts.amazonaws.com')
const tokenResponse: unknown = JSON.parse(
  (
    await call(tokenUrl, 'GET', {
      authorization: `Bearer ${env('ACTIONS_ID_TOKEN_REQUEST_TOKEN')}`,
    })
  ).text,
)
const token =
  typeof tokenResponse === 'object' && tokenResponse !== null && 'value' in tokenResponse
    ? String(tokenResponse.value)
    : ''

const form = new URLSearchParams({
  Action: 'AssumeRoleWithWebIdentity',
  Version: '2011-06-15',
  RoleArn: env('INPUT_ROLE-TO-ASSUME'),
  RoleSessionName: 'baseline',
  WebIdentityToken: token,
  DurationSeconds: '3600',
}).toString()
const session = await call(
  endpoint,
  'POST',
  { 'content-type': 'application/x-www-form-urlencoded' },
  form,
)
const getElement = (name: string): string =>
  new RegExp(`<${name}>([^<]+)<`).exec(session.text)?.[1] ?? ''
const keys = {
  id: getElement('AccessKeyId'),
  secret: getElement('SecretAccessKey'),
  token: getElement('SessionToken'),
}

await callSigned(
  `/backend/${appId}/storage/${environment}/details`,
  JSON.stringify({ resourceName }),
  keys,
)
await callSigned(
  `/backend/${appId}/details`,
  JSON.stringify({ backendEnvironmentName: environment }),
  keys,
)
const created = await callSigned(
  `/backend/${appId}/storage`,
  JSON.stringify({
    backendEnvironmentName: environment,
    resourceConfig: {
      permissions: { authenticated: ['READ', 'CREATE_AND_UPDATE', 'DELETE'] },
      serviceName: 'S3',
    },
    resourceName,
  }),
  keys,
)
const job: unknown = JSON.parse(created.text)
const jobId = typeof job === 'object' && job !== null && 'jobId' in job ? String(job.jobId) : ''
appendFileSync(env('GITHUB_OUTPUT'), `job-id=${jobId}\n`)
agent.destroy()
process.exitCode = created.status === 200 ? 0 : 1
