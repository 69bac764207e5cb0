/** The sources in which the AWS SDK finds credentials when no role is set. */
import { expect } from 'vitest'

import type { StepResult } from '../../emulator/runner/step.ts'
import { createHome, toProfile } from './home-folder.ts'
import {
  createTestBed,
  runAction,
  withoutIdToken,
  withoutRole,
  type RunActionOptions,
  type TestBed,
} from './run-action.ts'
import { startMetadataService, type Keys } from './servers/metadata-service.ts'
import { expectSuccess, getLog } from './step-result.ts'

/** Adds the keys of a session, as a machine or a container has them. */
export function createSessionKeys({ emulator }: TestBed): Keys {
  const keys = {
    accessKeyId: 'ASIAEXAMPLEMACHINE00',
    secretAccessKey: 'example-secret-of-the-machine',
    sessionToken: 'example-session-token-of-the-machine',
  }
  emulator.state.credentials.set(keys.accessKeyId, { ...emulator.state.user, ...keys })
  return keys
}

export const getSigners = ({ emulator }: TestBed): readonly (string | undefined)[] => [
  ...new Set(
    emulator.requests
      .filter(({ service }) => service === 'amplifybackend')
      .map(({ accessKeyId }) => accessKeyId),
  ),
]

const printKeys =
  process.platform === 'win32' ? 'type "%USERPROFILE%\\keys.json"' : 'cat "$HOME/keys.json"'

type Env = Readonly<Record<string, string | undefined>>

export type CredentialSource = Readonly<{
  /** As the log names it. */
  source: string
  env: (keys: Keys) => Env | Promise<Env>
}>

export const credentialSources: Readonly<Record<string, CredentialSource>> = {
  'keys in the environment': {
    source: 'the credentials in AWS_ACCESS_KEY_ID',
    env: (keys) => ({
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
    }),
  },
  'a profile': {
    source: 'a profile of the shared AWS configuration',
    env: (keys) => ({
      AWS_PROFILE: 'deploy',
      ...createHome({ '.aws/credentials': toProfile(keys, 'deploy') }),
    }),
  },
  'a process': {
    source: 'a profile of the shared AWS configuration',
    env: (keys) => ({
      AWS_PROFILE: 'deploy',
      ...createHome({
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
      const { url } = await startMetadataService(keys)
      return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials` }
    },
  },
  'the machine': {
    source: "the instance's own role",
    env: async (keys) => {
      const { url } = await startMetadataService(keys)
      return { AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url }
    },
  },
}

/** Runs the action without a role; it names this source, and signs with the keys that it finds there. */
export async function runWithSource(
  { source, env }: CredentialSource,
  options: Pick<RunActionOptions, 'bundle'> = {},
): Promise<Readonly<{ bed: TestBed; step: StepResult; keys: Keys }>> {
  // The SDK waits one second for the metadata service.
  const bed = await createTestBed({ scale: 1 })
  const keys = createSessionKeys(bed)
  const step = await runAction(bed, {
    ...options,
    with: { ...withoutRole, wait: 'false' },
    env: { ...withoutIdToken, ...(await env(keys)) },
  })
  expectSuccess(step, 'started')
  expect(getLog(step)).toContain(source)
  expect(getSigners(bed)).toEqual([keys.accessKeyId])
  return { bed, step, keys }
}
