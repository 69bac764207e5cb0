/** With a role, nothing but that role is used, whatever the settings of the AWS SDK ask for. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

import { createSessionKeys, getSigners } from '../../support/ambient-credentials.ts'
import { createHome, toProfile } from '../../support/home-folder.ts'
import { createTestBed, runAction } from '../../support/run-action.ts'
import { scenarios } from '../../support/scenario.ts'
import { startMetadataService } from '../../support/servers/metadata-service.ts'
import { expectSuccess } from '../../support/step-result.ts'

type Settings = Readonly<{
  env?: Readonly<Record<string, string>>
  /** The start of the shared configuration, up to the profile in use. */
  config?: string
}>

scenarios<Settings>(
  'A run with a role asks no other source for credentials and signs with no other keys',
  {
    'no setting': {},
    'a preferred signature': { env: { AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a' } },
    'a preferred signature for a set of regions': {
      env: { AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a,sigv4', AWS_SIGV4A_SIGNING_REGION_SET: '*' },
    },
    'a preferred signature in the shared configuration': {
      config: '[default]\nauth_scheme_preference = sigv4a\nsigv4a_signing_region_set = *\n',
    },
    'a preferred signature in a profile': {
      env: { AWS_PROFILE: 'trap' },
      config: '[profile trap]\nauth_scheme_preference = sigv4\n',
    },
    'defaults that depend on the region of the machine': { env: { AWS_DEFAULTS_MODE: 'auto' } },
    'defaults of that kind in the shared configuration': {
      config: '[default]\ndefaults_mode = auto\nregion = us-west-2\n',
    },
    'keys of the environment': {
      env: {
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEOTHER0000',
        AWS_SECRET_ACCESS_KEY: 'example-secret-of-another-user',
        AWS_CREDENTIAL_SCOPE: 'us-west-2',
        AWS_ACCOUNT_ID: '444455556666',
        AWS_ACCOUNT_ID_ENDPOINT_MODE: 'required',
        AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
      },
    },
    'a web identity file': {
      env: {
        AWS_ROLE_ARN: 'arn:aws:iam::444455556666:role/other',
        AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token',
        AWS_ROLE_SESSION_NAME: 'other',
        AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
      },
    },
  },
  async ({ env = {}, config = '[default]\n' }) => {
    const bed = await createTestBed()
    const keys = createSessionKeys(bed)
    const metadata = await startMetadataService(keys)
    const marker = join(createHome().HOME, 'process-was-run')
    const step = await runAction(bed, {
      with: { wait: 'false' },
      env: {
        ...createHome({
          '.aws/config': `${config}credential_process = touch "${marker}"\n`,
          '.aws/credentials': toProfile(keys, 'other'),
        }),
        AWS_EC2_METADATA_DISABLED: undefined,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/credentials`,
        ...env,
      },
    })
    expectSuccess(step, 'started')
    const { emulator } = bed
    const requests = emulator.calls('AssumeRoleWithWebIdentity')
    expect(requests.map(({ headers }) => headers['authorization'])).toEqual([undefined])
    const sessions = [...emulator.state.credentials.keys()].filter((id) => id !== keys.accessKeyId)
    expect(getSigners(bed).every((id) => id !== undefined && sessions.includes(id))).toBe(true)
    const [call] = emulator.calls('CreateBackendStorage')
    expect(call?.headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=\w+\/\d{8}\/eu-west-1\/amplifybackend\//,
    )
    expect(metadata.requests).toEqual([])
    expect(existsSync(marker)).toBe(false)
    expect(step.stderrLines).toEqual([])
  },
)
