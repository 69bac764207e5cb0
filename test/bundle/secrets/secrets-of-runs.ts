/** The secrets that a run meets. */
import type { Emulator } from '../../../emulator/emulator.ts'
import { isObject } from '../../../emulator/lib/validation.ts'

export const getRequestToken = ({ env }: Emulator): string =>
  env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''

/** Every secret that an emulator has handed out. */
export function getSecrets(emulator: Emulator): readonly string[] {
  const tokens = emulator.calls('token').flatMap(({ responseBody }) => {
    const parsed: unknown = JSON.parse(responseBody ?? '{}')
    return isObject(parsed) && typeof parsed['value'] === 'string' ? [parsed['value']] : []
  })
  const sessions = [...emulator.state.credentials.values()].filter(
    ({ roleArn }) => roleArn !== undefined,
  )
  return [
    getRequestToken(emulator),
    ...tokens,
    ...sessions.flatMap(({ accessKeyId, secretAccessKey, sessionToken = '' }) => [
      accessKeyId,
      secretAccessKey,
      sessionToken,
    ]),
  ]
}

export const earlierKeys = {
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE12',
  AWS_SECRET_ACCESS_KEY: 'a-secret-of-an-earlier-step',
  AWS_SESSION_TOKEN: 'a-session-of-an-earlier-step',
  AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a-token-for-a-container',
}
