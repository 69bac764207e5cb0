/** What is compared: the action, the same requests without any library, and other AWS clients. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Emulator } from '../emulator/emulator.ts'
import { push } from '../emulator/runner/events.ts'
import { githubVariables } from '../emulator/runner/github-context.ts'
import type { Command } from './measure.ts'

export type Candidate = Readonly<{ name: string; label: string; isNode: boolean; command: Command }>

const fileAt = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** The clients that test/interop/install.sh installs. */
const AWS_CLI = '/usr/bin/aws'
const PYTHON = fileAt('build/interop/bin/python')

const RESOURCE_CONFIG =
  '{"Permissions":{"Authenticated":["READ","CREATE_AND_UPDATE","DELETE"]},"ServiceName":"S3"}'

/**
 * The candidates that are installed.
 *
 * @param folder where the files of the runs are written
 */
export function createCandidates(emulator: Emulator, folder: string): readonly Candidate[] {
  return [
    ...createNodeCandidates(emulator, folder),
    ...createClientCandidates(emulator, folder),
  ].filter(({ command }) => existsSync(command.program))
}

function writeTo(folder: string, name: string, text = ''): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** The environment of a step of a job. */
function createStepEnv(emulator: Emulator, folder: string): Record<string, string> {
  const event = push()
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    ...githubVariables(event, {
      serverUrl: 'https://github.com',
      apiUrl: 'https://api.github.com',
      graphqlUrl: 'https://api.github.com/graphql',
      file: 'storage.yml',
      workflow: 'Storage',
      job: 'storage',
    }),
    GITHUB_EVENT_PATH: writeTo(folder, 'event.json', JSON.stringify(event.payload)),
    GITHUB_OUTPUT: writeTo(folder, 'output'),
    GITHUB_STEP_SUMMARY: writeTo(folder, 'summary'),
    GITHUB_STATE: writeTo(folder, 'state'),
    GITHUB_ENV: writeTo(folder, 'env'),
    ...emulator.env,
    'INPUT_APP-ID': 'd1a2b3c4d5e6f7',
    'INPUT_BACKEND-ENVIRONMENT-NAME': 'prod',
    'INPUT_RESOURCE-NAME': 'media',
    'INPUT_AUTHENTICATED-PERMISSIONS': 'READ, CREATE_AND_UPDATE, DELETE',
    'INPUT_AWS-REGION': 'eu-west-1',
    'INPUT_ROLE-TO-ASSUME': 'arn:aws:iam::111122223333:role/amplify-storage-apply',
  }
}

function createNodeCandidates(emulator: Emulator, folder: string): readonly Candidate[] {
  // Otherwise Node would strip the types in every run.
  const baseline = writeTo(
    folder,
    'baseline.mjs',
    stripTypeScriptTypes(readFileSync(fileAt('bench/baseline.ts'), 'utf8')),
  )
  const program = process.execPath
  const env = createStepEnv(emulator, folder)
  return [
    {
      name: 'node',
      label: 'Node 24 without a script',
      isNode: true,
      command: { program, args: ['-e', '0'], env },
    },
    {
      name: 'baseline',
      label: 'a script without libraries, same five requests',
      isNode: true,
      command: { program, args: [baseline], env },
    },
    {
      name: 'action',
      label: 'the action, `wait: false`',
      isNode: true,
      command: {
        program,
        args: [fileAt('dist/index.js')],
        env: { ...env, INPUT_WAIT: 'false' },
      },
    },
  ]
}

function createClientCandidates(emulator: Emulator, folder: string): readonly Candidate[] {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    ...emulator.ambientEnv,
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_PAGER: '',
  }
  return [
    {
      name: 'aws',
      label: 'the AWS CLI, only the create',
      isNode: false,
      command: {
        program: AWS_CLI,
        args: [
          ...['amplifybackend', 'create-backend-storage', '--endpoint-url', emulator.url],
          ...['--app-id', 'd1a2b3c4d5e6f7', '--backend-environment-name', 'prod'],
          ...['--resource-name', 'media', '--resource-config', RESOURCE_CONFIG],
        ],
        env,
      },
    },
    {
      name: 'boto3',
      label: 'boto3, only the create',
      isNode: false,
      command: {
        program: PYTHON,
        args: [
          '-c',
          `import boto3, json
boto3.client('amplifybackend', endpoint_url='${emulator.url}').create_backend_storage(
    AppId='d1a2b3c4d5e6f7', BackendEnvironmentName='prod', ResourceName='media',
    ResourceConfig=json.loads('${RESOURCE_CONFIG}'))`,
        ],
        env,
      },
    },
  ]
}

export const createTempFolder = (): string =>
  mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'bench-'))
