/** The bundle as a runner checks it out: without node_modules, whatever package.json is near it. */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

import { defaults } from '../../../emulator/emulator.ts'
import { runProcess } from '../../../emulator/runner/process.ts'
import { pullRequest } from '../../../emulator/runner/events.ts'
import { INPUTS } from '../../../src/inputs/definitions.ts'
import { credentialSources, runWithSource } from '../../support/ambient-credentials.ts'
import { createHome } from '../../support/home-folder.ts'
import {
  createTestBed,
  runAction,
  runOnce,
  withoutIdToken,
  withoutRole,
} from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const dist = join(root, 'dist')
const files = readdirSync(dist)

const folder = mkdtempSync(join(tmpdir(), 'checkout-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Checks the action out into a folder of its own, by git and with this repository's .gitattributes. */
function checkOut(name: string, ...settings: readonly string[]): string {
  const source = join(folder, `${name}-source`)
  const target = join(folder, name)
  mkdirSync(source)
  for (const file of ['action.yml', '.gitignore', '.gitattributes'])
    copyFileSync(join(root, file), join(source, file))
  cpSync(dist, join(source, 'dist'), { recursive: true })
  const git = (...args: readonly string[]): void => {
    execFileSync('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], {
      cwd: source,
      // Without the configuration of this machine's user.
      env: {
        PATH: process.env['PATH'],
        SystemRoot: process.env['SystemRoot'],
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: join(source, 'none'),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }
  git('init')
  git('add', '--all')
  git('checkout-index', '--all', `--prefix=${target}/`)
  return target
}

const mainFile = (action: string): string => join(action, 'dist', 'index.js')
const bundle = mainFile(checkOut('plain'))

it('action.yml starts dist/index.js', () => {
  expect(readFileSync(join(root, 'action.yml'), 'utf8')).toMatch(/^ {2}main: dist\/index\.js$/m)
})

scenarios<string | undefined>(
  'The checked-out action plans, comments and creates next to any package.json',
  {
    none: undefined,
    CommonJS: '{"type":"commonjs"}',
    'no type': '{"name":"x"}',
  },
  async (manifest, name) => {
    const action = checkOut(name.replaceAll(' ', '-'))
    if (manifest !== undefined) writeFileSync(join(action, 'package.json'), manifest)
    const bed = await createTestBed({ rules: { jobMs: 500 } })
    const plan = await runAction(bed, {
      bundle: mainFile(action),
      event: pullRequest(),
      with: { 'comment-on-pr': 'true' },
    })
    expectSuccess(plan, 'planned')
    expect(bed.emulator.calls('createComment')).toHaveLength(1)
    const created = await runAction(bed, { bundle: mainFile(action) })
    expectSuccess(created, 'created')
    expect([...plan.stderrLines, ...created.stderrLines]).toEqual([])
  },
)

scenarios(
  'The checked-out action finds credentials in every place of the default chain',
  credentialSources,
  async (source) => {
    await runWithSource(source, { bundle })
  },
)

const inProfile = (text: string): Record<string, string> => ({
  AWS_PROFILE: 'p',
  ...createHome({ '.aws/config': text }),
})

// The code behind each of these errors is loaded for that source alone.
scenarios<Readonly<{ env: () => Record<string, string>; detail: RegExp }>>(
  'The checked-out action reports what is wrong with a source of credentials',
  {
    'a session of IAM Identity Center': {
      env: () =>
        inProfile(
          '[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n',
        ),
      detail: /SSO session token/,
    },
    'a login session': {
      env: () => inProfile('[profile p]\nlogin_session = arn:aws:iam::1:user/u\n'),
      detail: /Failed to load token from .*login/,
    },
    'a web identity file': {
      env: () => ({
        AWS_WEB_IDENTITY_TOKEN_FILE: join(createHome({ token: 'no-token' }).HOME, 'token'),
        AWS_ROLE_ARN: defaults.applyRole,
      }),
      detail: /ID Token provided is not a valid JWT/,
    },
    'a profile that assumes another role': {
      env: () =>
        inProfile(
          `[profile p]\nrole_arn = ${defaults.applyRole}\nsource_profile = q\n[profile q]\naws_access_key_id = AKIAEXAMPLE000000000\naws_secret_access_key = no\n`,
        ),
      // The emulator does not know these keys: it received the call.
      detail: /security token included in the request is invalid/,
    },
  },
  async ({ env, detail }) => {
    const { step } = await runOnce({
      bundle,
      with: { ...withoutRole, 'max-attempts': '1' },
      env: { ...withoutIdToken, ...env() },
    })
    expect(step.exitCode, getLog(step)).toBe(1)
    expect(getLog(step)).not.toMatch(/Cannot find (?:module|package)|MODULE_NOT_FOUND/)
    expect(step.outputs['error-message']).toMatch(detail)
  },
)

it('dist contains every file that one of its files loads, and no others', () => {
  const loaded = files.flatMap((file) =>
    [...readFileSync(join(dist, file), 'utf8').matchAll(/\.e\((?:\/\*[^*]*\*\/ ?)?(\d+)\)/g)].map(
      ([, id = '']) => `${id}.index.js`,
    ),
  )
  expect(loaded.length).toBeGreaterThan(2)
  expect([...new Set([...loaded, 'index.js', 'licenses.txt', 'package.json'])].sort()).toEqual(
    files.toSorted(),
  )
})

scenario('A step without any inputs fails before it sends a request', async () => {
  const none = Object.fromEntries(INPUTS.map(({ name }) => [name, undefined]))
  const { step, emulator } = await runOnce({ bundle, with: none })
  expectFailure(step, 'INVALID_INPUT')
  expect(emulator.requests).toEqual([])
})

scenario('The bundle fails with one error when it is started without a runner', async () => {
  const lines: string[] = []
  const code = await runProcess(
    {
      program: process.execPath,
      args: [bundle],
      cwd: folder,
      env: { SystemRoot: process.env['SystemRoot'] ?? '' },
    },
    (line) => lines.push(line),
  )
  expect(code, lines.join('\n')).toBe(1)
  expect(lines.filter((line) => line.startsWith('::error'))).toHaveLength(1)
})

it.each(['core.autocrlf=true', 'core.eol=crlf'])(
  'A checkout with %s has the same bytes as dist',
  (setting) => {
    const checkout = join(checkOut(setting.replace(/\W/g, '-'), setting), 'dist')
    expect(readdirSync(checkout).toSorted()).toEqual(files.toSorted())
    for (const file of files)
      expect(readFileSync(join(checkout, file)).equals(readFileSync(join(dist, file))), file).toBe(
        true,
      )
  },
)

it('dist contains no path of the machine that built it, and refers to no source map', () => {
  for (const file of files) {
    const text = readFileSync(join(dist, file), 'utf8')
    expect(text).not.toContain('\r\n')
    for (const path of [root, homedir()].filter(({ length }) => length > 3))
      expect(text.includes(path), `${path} in ${file}`).toBe(false)
    expect(text).not.toMatch(/sourceMappingURL|sourcemap-register|file:\/\/\/\w/)
  }
})
