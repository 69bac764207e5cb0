/**
 * The bundle as a runner has it: what git keeps of this repository's action, alone in a folder, without
 * node_modules, whatever package.json lies beside it.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
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
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { defaults } from '../../emulator/emulator.ts'
import { runProcess } from '../../emulator/runner/process.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import { pullRequest } from '../../emulator/runner/events.ts'
import { INPUTS } from '../../src/inputs/definitions.ts'
import { FAST_SCALE, runAction, createTestBed } from '../support/run-action.ts'
import {
  createSessionKeys,
  getSigners,
  credentialSources,
  withoutRole,
  withoutToken,
} from '../support/ambient-credentials.ts'
import { expectSuccess, expectFailure, getLog } from '../support/expect-result.ts'
import { createHome } from '../support/home-folder.ts'
import { scenario } from '../support/scenario.ts'
import { forEachCase } from '../support/for-each-case.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
const files = readdirSync(dist)

const folder = mkdtempSync(join(tmpdir(), 'alone-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Takes the action through git, with what this repository tells git, into a folder of its own. */
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
      // Neither the settings of this machine's user nor a repository around count.
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

/** The file that action.yml names. */
function mainOf(action: string): string {
  const parsed: unknown = parse(readFileSync(join(action, 'action.yml'), 'utf8'))
  const runs = isObject(parsed) ? parsed['runs'] : undefined
  const main = isObject(runs) ? runs['main'] : undefined
  if (typeof main !== 'string') throw new Error('action.yml names no file')
  return join(action, main)
}

const bundle = mainOf(checkOut('usual'))

describe('B01, B03, B04: the bundle alone in a folder', () => {
  scenario('plans, comments and creates, whatever kind of package lies around it', async () => {
    await forEachCase<string | undefined>(
      {
        'no package': undefined,
        'a package of CommonJS': '{"type":"commonjs"}',
        'a package of ES modules': '{"type":"module"}',
        'a package of no kind': '{"name":"x"}',
      },
      async (manifest, name) => {
        const action = checkOut(name.replaceAll(' ', '-'))
        if (manifest !== undefined) writeFileSync(join(action, 'package.json'), manifest)
        const world = await createTestBed({ rules: { jobMs: 2_000 } }, FAST_SCALE)
        const plan = await runAction(world, {
          bundle: mainOf(action),
          event: pullRequest(),
          with: { 'comment-on-pr': 'true' },
        })
        expectSuccess(plan, 'planned')
        expect(plan.stderrLines).toEqual([])
        expect(world.emulator.calls('createComment')).toHaveLength(1)
        const created = await runAction(world, { bundle: mainOf(action) })
        expectSuccess(created, 'created')
        expect(created.stderrLines).toEqual([])
      },
    )
  })
})

describe('B02: the bundle alone finds credentials', () => {
  scenario('in the places where keys are to be had', async () => {
    await forEachCase(credentialSources, async ({ source, env }) => {
      const world = await createTestBed()
      const keys = createSessionKeys(world)
      const end = await runAction(world, {
        bundle,
        with: withoutRole,
        env: { ...withoutToken, ...(await env(keys)) },
      })
      expectSuccess(end, 'started')
      expect(getLog(end)).toContain(source)
      expect(getSigners(world)).toEqual([keys.accessKeyId])
    })
  })

  // The words of each error come from code that is loaded for that place alone.
  scenario('or says what is wrong with what it finds there', async () => {
    const startUrl = 'https://example.awsapps.com/start'
    const login = createHash('sha1').update(startUrl).digest('hex')
    const loggedIn = `[profile p]\nsso_start_url = ${startUrl}\nsso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = r\n`
    const session = `[profile p]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n[sso-session s]\nsso_start_url = ${startUrl}\nsso_region = eu-west-1\n`
    const cached = JSON.stringify({ accessToken: 'a', expiresAt: '2020-01-01T00:00:00Z' })
    const withProfile = (given: Record<string, string>): Record<string, string> => ({
      AWS_PROFILE: 'p',
      ...createHome(given),
    })
    await forEachCase<{ env: () => Record<string, string>; says: RegExp }>(
      {
        'a profile with IAM Identity Center': {
          env: () =>
            withProfile({ '.aws/config': loggedIn, [`.aws/sso/cache/${login}.json`]: cached }),
          says: /SSO session associated with this profile has expired/,
        },
        'a session of IAM Identity Center': {
          env: () => withProfile({ '.aws/config': session }),
          says: /SSO session token/,
        },
        'a login': {
          env: () =>
            withProfile({ '.aws/config': '[profile p]\nlogin_session = arn:aws:iam::1:user/u\n' }),
          says: /Failed to load token from .*login/,
        },
        'a web identity file': {
          env: () => {
            const folder = createHome({ token: 'no-token' })
            return {
              ...folder,
              AWS_WEB_IDENTITY_TOKEN_FILE: join(folder.HOME, 'token'),
              AWS_ROLE_ARN: defaults.applyRole,
            }
          },
          says: /ID Token provided is not a valid JWT/,
        },
        'a profile with another role': {
          env: () =>
            withProfile({
              '.aws/config': `[profile p]\nrole_arn = ${defaults.applyRole}\nsource_profile = q\n[profile q]\naws_access_key_id = AKIAEXAMPLE000000000\naws_secret_access_key = no\n`,
            }),
          // The emulator knows no AssumeRole, so it was asked.
          says: /requested operation is not known/,
        },
      },
      async ({ env, says }) => {
        const world = await createTestBed()
        const end = await runAction(world, {
          bundle,
          with: { ...withoutRole, 'max-attempts': '1' },
          env: { ...withoutToken, ...env() },
        })
        expect(end.exitCode, getLog(end)).toBe(1)
        expect(getLog(end)).not.toMatch(/Cannot find (?:module|package)|MODULE_NOT_FOUND/)
        expect(end.outputs['error-message']).toMatch(says)
      },
    )
  })

  it('and has every file that one of its files asks for, and no other', () => {
    const asked = files.flatMap((file) =>
      [...readFileSync(join(dist, file), 'utf8').matchAll(/\.e\((?:\/\*[^*]*\*\/ ?)?(\d+)\)/g)].map(
        ([, id = '']) => `${id}.index.js`,
      ),
    )
    expect(asked.length).toBeGreaterThan(2)
    expect([...new Set([...asked, 'index.js', 'licenses.txt', 'package.json'])].sort()).toEqual(
      files.toSorted(),
    )
  })
})

describe('B05: the bundle always does something', () => {
  it('and is red without any inputs', async () => {
    const world = await createTestBed()
    const none = Object.fromEntries(INPUTS.map(({ name }) => [name, undefined]))
    expectFailure(await runAction(world, { bundle, with: none }), 'INVALID_INPUT')
    expect(world.emulator.requests).toEqual([])
  })

  it('and is red without anything at all, even a runner', async () => {
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
})

describe('B06: the bundle is the same everywhere', () => {
  it.each(['core.autocrlf=true', 'core.eol=crlf'])(
    'byte by byte, also where git turns line ends (%s)',
    (setting) => {
      const there = join(checkOut(setting.replace(/\W/g, '-'), setting), 'dist')
      expect(readdirSync(there).toSorted()).toEqual(files.toSorted())
      for (const file of files) {
        expect(readFileSync(join(there, file)).equals(readFileSync(join(dist, file))), file).toBe(
          true,
        )
      }
    },
  )

  it('with nothing in it of the machine that built it, nor a source map to miss (B03)', () => {
    for (const file of files) {
      const text = readFileSync(join(dist, file), 'utf8')
      expect(text).not.toContain('\r\n')
      for (const path of [root, homedir()].filter((place) => place.length > 3)) {
        expect(text.includes(path), `${path} in ${file}`).toBe(false)
      }
      expect(text).not.toMatch(/sourceMappingURL|sourcemap-register|file:\/\/\/\w/)
    }
  })
})
