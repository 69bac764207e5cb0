/** The services that give credentials to an instance or a container of AWS, on loopback. */
import { createServer } from 'node:http'

import { listenInTest } from './loopback-server.ts'

export type Keys = Readonly<{
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
}>

export type MetadataService = Readonly<{
  url: string
  /** Method and path of every request, oldest first. */
  requests: readonly string[]
}>

/**
 * Starts the instance metadata service (version 2), with the endpoint for containers under `/credentials`.
 * It stops with the test.
 */
export async function startMetadataService(keys: Keys): Promise<MetadataService> {
  const requests: string[] = []
  const credentials = JSON.stringify({
    Code: 'Success',
    Type: 'AWS-HMAC',
    AccessKeyId: keys.accessKeyId,
    SecretAccessKey: keys.secretAccessKey,
    Token: keys.sessionToken,
    LastUpdated: new Date().toISOString(),
    Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
  })
  const answers: Readonly<Record<string, string>> = {
    'PUT /latest/api/token': 'metadata-token',
    'GET /latest/meta-data/iam/security-credentials/': 'instance-role',
    'GET /latest/meta-data/iam/security-credentials/instance-role': credentials,
    'GET /credentials': credentials,
  }
  const server = createServer((request, response) => {
    const asked = `${request.method ?? ''} ${request.url ?? ''}`
    requests.push(asked)
    const answer = answers[asked]
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(answer)
  })
  const port = await listenInTest(server)
  return { url: `http://127.0.0.1:${port}`, requests }
}
