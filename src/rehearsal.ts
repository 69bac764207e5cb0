/**
 * The SDK's code is slow the first time that it runs. Where a run waits for STS with nothing to do, it goes
 * through two reads as they will come, a storage that is not there and a backend that is; they leave nothing
 * of this process, since what would send them answers by itself.
 */
import { Readable } from 'node:stream'
import {
  AmplifyBackendClient,
  GetBackendCommand,
  GetBackendStorageCommand,
} from '@aws-sdk/client-amplifybackend'
import type { HttpRequest } from '@smithy/types'

/** By then the request to STS is under way; where its answer is quicker, there is nothing to win. */
const PAUSE_MS = 25

/**
 * Rehearses once, a moment after the token has come.
 *
 * @param token settles when the token is there
 * @returns calls the rehearsal off, if it has not begun
 */
export function rehearseAfter(token: Promise<unknown>, region: string): () => void {
  let isOff = false
  let timer: NodeJS.Timeout | undefined
  const begin = (): void => {
    if (!isOff) timer = setTimeout(() => void rehearse(region), PAUSE_MS)
  }
  token.then(begin, () => undefined)
  return () => {
    isOff = true
    clearTimeout(timer)
  }
}

/** Never rejects: whatever goes wrong here, a real call will say. */
export async function rehearse(region: string): Promise<void> {
  const client = new AmplifyBackendClient({
    region,
    maxAttempts: 1,
    credentials: { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
    requestHandler: {
      handle: ({ path }: HttpRequest) => Promise.resolve({ response: answerTo(path) }),
    },
  })
  const AppId = 'rehearsal'
  const BackendEnvironmentName = 'rehearsal'
  const ResourceName = 'rehearsal'
  await client
    .send(new GetBackendStorageCommand({ AppId, BackendEnvironmentName, ResourceName }))
    .catch(() => undefined)
  await client.send(new GetBackendCommand({ AppId, BackendEnvironmentName })).catch(() => undefined)
}

function answerTo(path: string): object {
  const isThere = !path.includes('/storage/')
  return {
    statusCode: isThere ? 200 : 404,
    headers: {
      'content-type': 'application/json',
      ...(isThere ? {} : { 'x-amzn-errortype': 'NotFoundException' }),
    },
    body: Readable.from([Buffer.from(isThere ? '{"appId":"rehearsal"}' : '{"message":""}')]),
  }
}
