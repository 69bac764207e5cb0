/** Text from servers, events and inputs is data: it gives no command, sets no output and is not active on a page. */
import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { Emulator, Fault } from '../../../emulator/emulator.ts'
import { mergedPullRequest, pullRequest } from '../../../emulator/runner/events.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { hostileText, injectionPoints, type Attack } from '../../support/hostile-text.ts'
import {
  checkComment,
  checkLine,
  checkMarkdown,
  checkOutputs,
  checkRawLog,
  checkText,
} from '../../support/injection-checks.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import { createTestBed, runAction } from '../../support/run-action.ts'
import { fastClock, runInProcess, useEmulator } from '../../support/run-in-process.ts'
import { caseCount } from '../../support/sampling.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { getLog } from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'

const getEmulator = useEmulator({ jobMs: 0 })

const fewAttempts = { 'max-attempts': '2', 'timeout-in-minutes': '2' } as const

/** Whether a masked value is a secret of the run: a token or a key. */
function isSecret({ env, state, githubToken }: Emulator, mask: string): boolean {
  const keys = [...state.credentials.values()].flatMap((each) => [
    ...[each.accessKeyId, each.secretAccessKey, each.sessionToken],
  ])
  const known = [env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'], githubToken, ...keys]
  return known.includes(mask) || /^[\w-]+\.[\w-]+\.[\w-]+$/.test(mask)
}

function checkReport(
  emulator: Emulator,
  report: Readonly<{
    outputs: Readonly<Record<string, string>>
    summary: string
    masks: readonly string[]
  }>,
): void {
  checkOutputs(report.outputs)
  checkMarkdown(report.summary)
  for (const { body } of emulator.state.github.comments) checkComment(body)
  expect(report.masks.filter((mask) => !isSecret(emulator, mask))).toEqual([])
}

it.each(Object.entries(injectionPoints))('Any text is harmless in %s', async (_, inject) => {
  const emulator = getEmulator()
  await fc.assert(
    fc.asyncProperty(hostileText, async (text) => {
      emulator.reset()
      const attack = inject(emulator, text)
      const result = await runInProcess({
        ...attack,
        with: { ...fewAttempts, 'github-token': emulator.githubToken, ...attack.with },
        env: { ...emulator.env, ...attack.env },
        clock: fastClock(200),
      })
      for (const line of [...result.lines, ...result.debug]) checkLine(line)
      for (const { title, text: message } of result.annotations) {
        checkLine(title)
        checkText(message)
      }
      checkReport(emulator, result)
    }),
    { numRuns: caseCount(5, 30) },
  )
})

/** Runs the bundle with debug logging, and checks everything that a text must not bring about. */
async function runAttacked(
  attack: (emulator: Emulator) => Attack | undefined,
): Promise<StepResult> {
  const bed = await createTestBed({ rules: { jobMs: 0 } })
  const { with: inputs = {}, env = {}, ...given } = attack(bed.emulator) ?? {}
  const step = await runAction(bed, {
    ...given,
    with: { ...fewAttempts, ...inputs },
    env: { RUNNER_DEBUG: '1', ...env },
  })
  checkRawLog(step.rawLines)
  checkReport(bed.emulator, step)
  expect(step.leftovers).toBe('')
  return step
}

const samples = fc.sample(
  fc.tuple(fc.constantFrom(...Object.entries(injectionPoints)), hostileText),
  caseCount(10, 100),
)
for (const [index, [[name, inject], text]] of samples.entries()) {
  scenario(`Any text is harmless on the bundle, too: sample ${index}, ${name}`, async () => {
    try {
      await runAttacked((emulator) => inject(emulator, text))
    } catch (error) {
      throw new Error(JSON.stringify(text), { cause: error })
    }
  })
}

const commands =
  'x\r\n::add-mask::a\n::error::forged\n##[error]z\n::stop-commands::t\n%0A::warning::q'

const failCreate =
  (fault: Fault, times: 1 | 'always' = 1) =>
  (emulator: Emulator): undefined => {
    emulator.injectFault({ operation: CREATE, ...fault, times })
  }

scenarios<(emulator: Emulator) => undefined>(
  'Commands in a message of a server are shown as text',
  {
    'an error': failCreate({ kind: 'status', status: 400, message: commands }),
    'a failed job': (emulator) => {
      emulator.planJob({ error: commands })
    },
    'an error of STS': (emulator) => {
      const operation = 'AssumeRoleWithWebIdentity'
      emulator.injectFault({ operation, kind: 'status', status: 400, message: commands })
    },
    'the status of a job': (emulator) => {
      emulator.state.rules.jobMs = 10_000
      emulator.planJob({ statuses: [commands] })
    },
  },
  async (attack) => {
    expect(getLog(await runAttacked(attack))).toContain(
      'x ::add-mask::a ::error::forged ## [error]z ::stop-commands',
    )
  },
)

const inHeader = commands.replace(/[\r\n]+/g, ' ')

scenarios<Fault>(
  'Commands in an id, the name of an error or a header are not shown',
  {
    'the id of a job': {
      kind: 'body',
      body: JSON.stringify({ jobId: commands, status: 'RUNNING' }),
    },
    'the name of an error': { kind: 'status', status: 400, name: inHeader, message: 'no' },
    'the id of a request': {
      kind: 'status',
      status: 400,
      message: 'no',
      headers: { 'x-amzn-requestid': inHeader, 'x-amzn-trace-id': inHeader, via: inHeader },
    },
  },
  async (fault) => {
    const step = await runAttacked(failCreate(fault))
    expect(`${getLog(step)}${step.summary}`).not.toContain('forged')
  },
)

scenarios(
  'Commands in the names of branches and people are shown as text',
  {
    'an open pull request': pullRequest({ base: commands, head: commands }),
    'a merge': mergedPullRequest({ base: commands }),
  },
  async (event) => {
    const step = await runAttacked(() => ({ event: { ...event, actor: commands } }))
    expect(step.outputs['result']).not.toBe('')
  },
)

scenarios(
  'A response that contains the syntax of outputs sets no other output',
  {
    'in the id': { jobId: 'j\r\nready=true', status: 'RUNNING' },
    'in the status': { jobId: 'job-1', status: 'a\nghadelimiter_x\nready=true' },
    'in the app': { jobId: 'job-1', appId: 'a\nready<<E\ntrue\nE', status: 'RUNNING' },
  },
  async (response) => {
    const step = await runAttacked((emulator) => {
      failCreate({ kind: 'body', body: JSON.stringify(response) }, 'always')(emulator)
      return { with: { wait: 'false', 'max-attempts': '1' } }
    })
    expect(step.outputs['ready']).toBe('')
  },
)

const twoMegabytes = '<💥>|'.repeat(400_000)

scenarios<(emulator: Emulator) => undefined>(
  'Two megabytes from a server make a short error, a short log and a small summary',
  {
    'an error': failCreate({ kind: 'status', status: 400, message: twoMegabytes }),
    'a failed job': (emulator) => {
      emulator.planJob({ error: twoMegabytes })
    },
  },
  async (attack) => {
    const step = await runAttacked(attack)
    expect(step.exitCode).toBe(1)
    expect(renderMarkdown(step.summary).text).toMatch(/<💥>\|<💥>\||larger than 256 KiB/)
    expect(Math.max(...step.rawLines.map(({ length }) => length))).toBeLessThan(10_000)
    expect(step.outputs['error-message']?.length).toBeLessThan(5_000)
  },
)

it.each<readonly [check: (text: string) => void, texts: readonly string[]]>([
  [
    checkMarkdown,
    [
      ...['a <video src=x>', 'a <img src=x>', '![x](https://github.com/octo-org/octo-app/x)'],
      ...['[x](http://evil.example)', 'www.evil.example', 'a@b.example', '- [ ] x', '**x**'],
      ...['# x', '> x'],
    ],
  ],
  [checkComment, ['@octocat', 'see #12', 'see GH-12']],
  [checkLine, ['::error::x', ' ::add-mask::x', 'a ##[error]x', 'a\rb', 'a\u2028b']],
  [
    (line) => {
      checkRawLog([line])
    },
    [...['::set-output name=a::b', '::stop-commands::t', '::error::forged'], '::error title=::x'],
  ],
])('The checks of this file reject what is active', (check, texts) => {
  for (const text of texts)
    expect(() => {
      check(text)
    }, text).toThrow()
})
