import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest } from '../../emulator/runner/events.ts'
import {
  FAST_SCALE,
  runAction,
  createTestBed,
  type RunActionOptions,
  type TestBed,
} from '../support/run-action.ts'
import { getLog } from '../support/expect-result.ts'
import {
  checkComment,
  checkLine,
  checkMarkdown,
  checkOutputs,
  checkRawLog,
  checkText,
} from '../support/injection-checks.ts'
import { injectionPoints, hostileText } from '../support/hostile-text.ts'
import { fastClock, runInProcess } from '../support/run-in-process.ts'
import { renderMarkdown } from '../support/rendered-markdown.ts'
import { caseCount } from '../support/sampling.ts'
import { forEachCase } from '../support/for-each-case.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ rules: { jobMs: 0 } })
  // The SDK and GitHub's toolkit read these by themselves.
  vi.stubEnv('AWS_ENDPOINT_URL', emulator.url)
  vi.stubEnv('GITHUB_API_URL', emulator.env['GITHUB_API_URL'])
  vi.stubEnv('GITHUB_GRAPHQL_URL', emulator.env['GITHUB_GRAPHQL_URL'])
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await emulator.stop()
})

const patient = { 'max-attempts': '2', 'timeout-in-minutes': '2' } as const

describe('L01, P01, M01: for any text from a server, an event or an input', () => {
  it.each(Object.keys(injectionPoints))('the run stays what it is: %s', async (name) => {
    const channel = injectionPoints[name]
    if (channel === undefined) throw new Error(name)
    await fc.assert(
      fc.asyncProperty(hostileText, async (text) => {
        emulator.reset()
        const attack = channel(emulator, text)
        const end = await runInProcess({
          ...attack,
          with: { ...patient, 'github-token': emulator.githubToken, ...attack.with },
          env: { ...emulator.env, ...attack.env },
          clock: fastClock(200),
        })
        for (const line of [...end.lines, ...end.debug]) checkLine(line)
        for (const { title, text: said } of end.annotations) {
          checkLine(title)
          checkText(said)
        }
        checkOutputs(end.outputs)
        checkMarkdown(end.summary)
        for (const { body } of emulator.state.github.comments) checkComment(body)
        const secrets = knownSecrets(emulator)
        expect(end.masks.filter((mask) => !secrets(mask))).toEqual([])
      }),
      { numRuns: caseCount(5, 30) },
    )
  })
})

/** Tells what may be masked: tokens and keys. */
function knownSecrets({ env, state, githubToken }: Emulator): (mask: string) => boolean {
  const known = new Set([
    env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
    githubToken,
    ...[...state.credentials.values()].flatMap(({ accessKeyId, secretAccessKey, sessionToken }) => [
      accessKeyId,
      secretAccessKey,
      sessionToken,
    ]),
  ])
  return (mask) => known.has(mask) || /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask)
}

/** A step on the bundle, checked for everything that no text may bring about. */
async function attacked(world: TestBed, scenario: RunActionOptions): Promise<string> {
  const end = await runAction(world, {
    ...scenario,
    with: { ...patient, ...scenario.with },
    env: { RUNNER_DEBUG: '1', ...scenario.env },
  })
  checkRawLog(end.rawLines)
  checkOutputs(end.outputs)
  checkMarkdown(end.summary)
  for (const { body } of world.emulator.state.github.comments) checkComment(body)
  expect(end.leftovers).toBe('')
  const secrets = knownSecrets(world.emulator)
  expect(end.masks.filter((mask) => !secrets(mask))).toEqual([])
  return `${getLog(end)}\n${end.summary}`
}

describe('the checks themselves', () => {
  it.each([
    'a <video src=x>',
    'a <img src=x>',
    '![x](https://github.com/octo-org/octo-app/x)',
    '[x](http://evil.example)',
    'www.evil.example',
    'a@b.example',
    '- [ ] x',
    '**x**',
    '# x',
    '> x',
    '```\nx\n```',
  ])('see what is active in %j', (markdown) => {
    expect(() => {
      checkMarkdown(markdown)
    }).toThrow()
  })

  it.each(['@octocat', 'see #12'])('see that %j in a comment reaches others', (markdown) => {
    checkMarkdown(markdown)
    expect(() => {
      checkComment(markdown)
    }).toThrow()
  })

  it.each(['::error::x', ' ::add-mask::x', 'a ##[error]x', 'a\rb', 'a\u2028b'])(
    'see that %j is no line of a log',
    (line) => {
      expect(() => {
        checkLine(line)
      }).toThrow()
    },
  )

  it.each(['::set-output name=a::b', '::stop-commands::t', '::error::forged', '::error title=::x'])(
    'see that %j is no command of this action',
    (line) => {
      expect(() => {
        checkRawLog([line])
      }).toThrow()
    },
  )
})

describe('the same on the bundle', () => {
  it('L01, P01, M01: for a sample of all ways and texts', async () => {
    const samples = fc.sample(
      fc.tuple(fc.constantFrom(...Object.keys(injectionPoints)), hostileText),
      caseCount(10, 100),
    )
    await forEachCase(
      Object.fromEntries(samples.map((sample, index) => [`sample ${index}`, sample])),
      async ([name, text]) => {
        const world = await createTestBed({ rules: { jobMs: 0 } }, FAST_SCALE)
        try {
          await attacked(world, injectionPoints[name]?.(world.emulator, text) ?? {})
        } catch (error) {
          throw new Error(`${name}, ${JSON.stringify(text)}`, { cause: error })
        }
      },
      4,
    )
  })

  const commands =
    'x\r\n::add-mask::a\n::error::forged\n##[error]z\n::stop-commands::t\n%0A::warning::q'

  it('L01: commands in the text of a server are shown as text', async () => {
    await forEachCase<(emulator: Emulator) => void>(
      {
        'an error': (on) => {
          on.injectFault({
            operation: 'CreateBackendStorage',
            kind: 'status',
            status: 400,
            message: commands,
          })
        },
        'a failed job': (on) => {
          on.planJob({ error: commands })
        },
        STS: (on) => {
          on.injectFault({
            operation: 'AssumeRoleWithWebIdentity',
            kind: 'status',
            status: 400,
            message: commands,
          })
        },
        'the status of a job': (on) => {
          on.state.rules.jobMs = 10_000
          on.planJob({ statuses: [commands] })
        },
      },
      async (order) => {
        const world = await createTestBed({ rules: { jobMs: 0 } }, FAST_SCALE)
        order(world.emulator)
        const said = await attacked(world, {})
        expect(said).toContain('x ::add-mask::a ::error::forged ## [error]z ::stop-commands')
      },
    )
  })

  it('L01: commands in an id, the name of an error or a header are not shown at all', async () => {
    const inHeader = commands.replace(/[\r\n]+/g, ' ')
    await forEachCase<(emulator: Emulator) => void>(
      {
        'the id of a job': (on) => {
          on.injectFault({
            operation: 'CreateBackendStorage',
            kind: 'body',
            body: JSON.stringify({ jobId: commands, status: 'RUNNING' }),
          })
        },
        'the name of an error': (on) => {
          on.injectFault({
            operation: 'CreateBackendStorage',
            kind: 'status',
            status: 400,
            name: inHeader,
            message: 'no',
          })
        },
        'the id of a request': (on) => {
          on.injectFault({
            operation: 'CreateBackendStorage',
            kind: 'status',
            status: 400,
            message: 'no',
            headers: { 'x-amzn-requestid': inHeader, 'x-amzn-trace-id': inHeader, via: inHeader },
          })
        },
      },
      async (order) => {
        const world = await createTestBed({ rules: { jobMs: 0 } }, FAST_SCALE)
        order(world.emulator)
        expect(await attacked(world, {})).not.toContain('forged')
      },
    )
  })

  it('L01: commands in the names of branches and people are shown as text', async () => {
    const world = await createTestBed()
    for (const event of [
      pullRequest({ base: commands, head: commands }),
      mergedPullRequest({ base: commands }),
    ]) {
      await attacked(world, { event: { ...event, actor: commands } })
    }
  })

  it('P01: an answer can set no other output', async () => {
    await forEachCase(
      {
        'in the id': { jobId: 'j\r\nready=true', status: 'RUNNING' },
        'in the status': { jobId: 'job-1', status: 'a\nghadelimiter_x\nready=true' },
        'in the app': { jobId: 'job-1', appId: 'a\nready<<E\ntrue\nE', status: 'RUNNING' },
      },
      async (answer) => {
        const world = await createTestBed({}, FAST_SCALE)
        world.emulator.injectFault({
          operation: 'CreateBackendStorage',
          kind: 'body',
          body: JSON.stringify(answer),
          times: 'always',
        })
        await attacked(world, { with: { wait: 'false', 'max-attempts': '1' } })
      },
    )
  })

  it('M01: two megabytes from a server make a small page, a short error and a short log', async () => {
    await forEachCase<(on: Emulator, text: string) => void>(
      {
        'an error': (on, message) => {
          on.injectFault({
            operation: 'CreateBackendStorage',
            kind: 'status',
            status: 400,
            message,
          })
        },
        'a failed job': (on, error) => {
          on.planJob({ error })
        },
      },
      async (order) => {
        const world = await createTestBed({ rules: { jobMs: 0 } }, FAST_SCALE)
        order(world.emulator, '<💥>|'.repeat(400_000))
        const end = await runAction(world, { with: patient })
        expect(end.exitCode).toBe(1)
        checkMarkdown(end.summary)
        expect(renderMarkdown(end.summary).text).toContain('<💥>|<💥>|')
        expect(Math.max(...end.rawLines.map((line) => line.length))).toBeLessThan(10_000)
        expect(end.outputs['error-message']?.length).toBeLessThan(5_000)
      },
    )
  })
})
