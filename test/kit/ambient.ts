/** Where the AWS SDK finds credentials when no role is set, one setting for each place. */
import type { Stage } from './action.ts'
import { home, profile } from './home.ts'
import { startMetadata, type Keys } from './metadata.ts'

export const withoutRole = {
  'role-to-assume': '',
  'plan-role-to-assume': '',
  wait: 'false',
} as const

export const withoutToken = {
  ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined,
}

/** A session of the account's user, as machines and containers hold. */
export function sessionKeys({ emulator }: Stage): Keys {
  const keys = {
    accessKeyId: 'ASIAEXAMPLEMACHINE00',
    secretAccessKey: 'example-secret-of-the-machine',
    sessionToken: 'example-session-token-of-the-machine',
  }
  emulator.world.credentials.set(keys.accessKeyId, { ...emulator.world.user, ...keys })
  return keys
}

/** Who signed the calls of the Amplify API. */
export const signers = ({ emulator }: Stage): readonly (string | undefined)[] => [
  ...new Set(
    emulator.received
      .filter(({ service }) => service === 'amplifybackend')
      .map(({ accessKeyId }) => accessKeyId),
  ),
]

/** Prints the file in the shell that the SDK runs a process with. */
const printKeys =
  process.platform === 'win32' ? 'type "%USERPROFILE%\\keys.json"' : 'cat "$HOME/keys.json"'

export type Source = Readonly<{
  /** As the log names it. */
  source: string
  env: (keys: Keys) => Promise<Readonly<Record<string, string | undefined>>>
}>

export const sources: Readonly<Record<string, Source>> = {
  'keys in the environment': {
    source: 'the credentials in AWS_ACCESS_KEY_ID',
    env: (keys) =>
      Promise.resolve({
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_SESSION_TOKEN: keys.sessionToken,
      }),
  },
  'a profile': {
    source: 'a profile of the shared AWS configuration',
    env: (keys) =>
      Promise.resolve({
        AWS_PROFILE: 'deploy',
        ...home({ '.aws/credentials': profile(keys, 'deploy') }),
      }),
  },
  'a process': {
    source: 'a profile of the shared AWS configuration',
    env: (keys) =>
      Promise.resolve({
        AWS_PROFILE: 'deploy',
        ...home({
          'keys.json': JSON.stringify({
            Version: 1,
            AccessKeyId: keys.accessKeyId,
            SecretAccessKey: keys.secretAccessKey,
            SessionToken: keys.sessionToken,
          }),
          '.aws/config': `[profile deploy]\ncredential_process = ${printKeys}\n`,
        }),
      }),
  },
  'a container': {
    source: "the container's credentials",
    env: async (keys) => {
      const metadata = await startMetadata(keys)
      return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/credentials` }
    },
  },
  'the machine': {
    source: "the instance's own role",
    env: async (keys) => {
      const metadata = await startMetadata(keys)
      return {
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
      }
    },
  },
}
