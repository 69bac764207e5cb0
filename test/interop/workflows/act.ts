/** Runs whole workflows with act, against an emulator of the test. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import {
  defaults,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../emulator/emulator.ts'
import type { WorkflowEvent } from '../../../emulator/runner/events.ts'
import { tokenClaims } from '../../../emulator/runner/github-context.ts'
import { addCleanup } from '../../support/scenario.ts'
import { root, runTool, tool } from '../tools.ts'
import { parseActLog, type ActJob } from './act-log.ts'

/** The repository whose workflows run. Its scripts print their variables. */
export const repositoryFiles = {
  'deploy.sh': '#!/bin/sh\necho "Deployed $APP_ID $ENVIRONMENT with bucket $BUCKET_NAME"\n',
  'pull-backend.sh': '#!/bin/sh\necho "Pulled $APP_ID $ENVIRONMENT"\n',
}

/** Programs that print how they were called, in place of those that would call AWS or GitHub. */
const standIns = {
  'bin/aws': '#!/bin/sh\necho "Called aws $*"\n',
  // The only open issue is the one that the test gives it.
  'bin/gh': `#!/bin/sh
echo "Called gh $*" >&2
[ "$2" != list ] || printf '%s\\n' "$OPEN_ISSUE"
`,
}

const credentialsAction = join(root, 'test', 'interop', 'actions', 'configure-aws-credentials')

/** The labels in `runs-on:` whose jobs run on this machine. */
const labels = ['ubuntu-latest', 'self-hosted', 'linux']

export type ActOptions = Readonly<{
  /** The file below .github/workflows, for example `storage.yml`. */
  file: string
  text: string
  event: WorkflowEvent
  /** The central workflow that it calls, in the repository YOUR-ORG/workflows. */
  central?: Readonly<{ file: string; text: string }>
  /** The folder of the action; the committed bundle when left out. */
  action?: string
  /** Files of the repository, in addition to the workflow and its scripts. */
  files?: Readonly<Record<string, string>>
  /** Other options of act, for example `--var`. */
  args?: readonly string[]
  /** Variables of the runner's own environment. */
  env?: Readonly<Record<string, string>>
  /** The host of a GitHub Enterprise Server. */
  server?: string
}>

export type ActRun = Readonly<{
  result: 'success' | 'failure'
  jobs: readonly ActJob[]
  /** Everything that act printed, for the message of a failed assertion. */
  output: string
}>

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'interop-'))
  addCleanup(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content, { mode: 0o755 })
  }
}

/** Copies the files that users of the two actions run. */
function copyAction(folder: string): string {
  for (const path of ['action.yml', 'dist', 'emulator/action.yml', 'emulator/dist'])
    cpSync(join(root, path), join(folder, path), { recursive: true })
  return folder
}

async function git(cwd: string, ...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runTool('/usr/bin/git', args, {
    cwd,
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  })
  if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}

/** Makes the repository, with one commit and a remote that names it. */
export async function createRepository(
  folder: string,
  files: Readonly<Record<string, string>>,
  server: string,
): Promise<void> {
  writeFiles(folder, files)
  await git(folder, 'init', '--quiet', '--initial-branch=main')
  await git(folder, 'remote', 'add', 'origin', `https://${server}/${defaults.repository}.git`)
  await git(folder, 'add', '--all')
  const author = ['-c', 'user.name=Octocat', '-c', 'user.email=octocat@example.com']
  await git(folder, ...author, 'commit', '--quiet', '--message=The app')
}

/** Starts an emulator that stops with the test, and whose jobs take 0.1 s. */
export async function startForAct(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ rules: { jobMs: 100 }, ...options })
  addCleanup(() => emulator.stop())
  return emulator
}

type Folders = Readonly<{ action: string; central: string }>

/** The local copy of what a `uses:` names; undefined for actions/checkout, which act implements. */
function folderFor(uses: string, { action, central }: Folders): string | undefined {
  if (uses.includes('/amplify-create-backend-storage@')) return action
  if (uses.startsWith('YOUR-ORG/workflows@')) return central
  if (uses.startsWith('aws-actions/configure-aws-credentials@')) return credentialsAction
  if (uses.startsWith('actions/checkout@')) return undefined
  throw new Error(`There is no local copy of ${uses}`)
}

/** The flags that keep act off the network: a folder for every repository that the workflows use. */
function localRepositories(texts: readonly string[], folders: Folders): readonly string[] {
  const found = texts.join('\n').matchAll(/uses: ([\w.-]+\/[\w.-]+)[^@\s]*(@\S+)/g)
  const uses = new Set([...found].map(([, repository = '', ref = '']) => repository + ref))
  return [...uses].flatMap((name) => {
    const folder = folderFor(name, folders)
    return folder === undefined ? [] : ['--local-repository', `${name}=${folder}`]
  })
}

/** Runs a workflow on an event. */
export async function runWithAct(emulator: Emulator, options: ActOptions): Promise<ActRun> {
  const { file, text, event, central, server = 'github.com' } = options
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder, name)
  const folders = { action: options.action ?? copyAction(at('action')), central: at('central') }
  const centralFile = `.github/workflows/${central?.file ?? ''}`
  await createRepository(
    at('repository'),
    { ...repositoryFiles, ...options.files, [`.github/workflows/${file}`]: text },
    server,
  )
  // GitHub gives pull requests of forks and Dependabot no OIDC token.
  const variables = Object.entries({ ...emulator.env, ...options.env })
    .filter(([name]) => event.trusted || !name.startsWith('ACTIONS_ID_TOKEN_'))
    .map(([name, value]) => `${name}=${value}\n`)
  writeFiles(folder, {
    'event.json': JSON.stringify(event.payload),
    'runner.env': variables.join(''),
    'home/.keep': '',
    ...standIns,
    ...(central === undefined ? {} : { [`central/${centralFile}`]: central.text }),
  })
  Object.assign(
    emulator.state.claims,
    tokenClaims(event, {
      file,
      workflow: 'Storage',
      calledWorkflow: central && `YOUR-ORG/workflows/${centralFile}@refs/heads/main`,
    }),
  )
  const { exitCode, stdout, stderr } = await runTool(
    tool('act'),
    [
      event.name,
      ...['--workflows', `.github/workflows/${file}`],
      ...['--eventpath', at('event.json'), '--env-file', at('runner.env')],
      ...['--actor', event.actor, '--github-instance', server],
      ...['--secret', `GITHUB_TOKEN=${emulator.githubToken}`],
      ...labels.flatMap((label) => ['--platform', `${label}=-self-hosted`]),
      ...(options.args ?? []),
      ...localRepositories([text, central?.text ?? ''], folders),
      ...['--action-cache-path', at('cache'), '--no-cache-server', '--pull=false', '--json'],
    ],
    {
      cwd: at('repository'),
      env: {
        PATH: `${at('bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: at('home'),
      },
      timeoutMs: 100_000,
    },
  )
  return {
    result: exitCode === 0 ? 'success' : 'failure',
    jobs: parseActLog(stdout),
    output: stdout + stderr,
  }
}
