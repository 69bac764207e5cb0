/** The harness itself, on small workflows: what GitHub and its runners are documented to do. */
import { describe, expect, test } from 'vitest'

import {
  workflowDispatch,
  mergedPullRequest,
  pullRequest,
  push,
  pushTag,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { start } from '../support/emulator-requests.ts'
import { createMachine, type MachineOptions } from './harness/machine.ts'
import { runWorkflow, type RunResult } from './harness/run.ts'
import { sampleActions } from './support.ts'

async function run(
  text: string,
  event: WorkflowEvent = push(),
  options: MachineOptions = {},
): Promise<RunResult> {
  const emulator = await start()
  const machine = createMachine(emulator, { actions: sampleActions, ...options })
  return runWorkflow('test.yml', text, event, machine)
}

/** A workflow on push of some jobs, each written below `jobs:`. */
const onPush = (jobs: string): string => `on: push\njobs:\n${jobs}`

const results = ({ jobs }: RunResult): Record<string, string> =>
  Object.fromEntries(jobs.map(({ name, result }) => [name, result]))

const shown = ({ jobs }: RunResult): string[] =>
  jobs.flatMap(({ steps }) => steps.flatMap(({ log }) => log))

describe('an event starts a workflow', () => {
  const job = 'jobs: { one: { runs-on: ubuntu-latest, steps: [{ run: true }] } }'

  test.each<[string, WorkflowEvent, boolean]>([
    ['on: push', push(), true],
    ['on: push', pullRequest(), false],
    ['on: [push, pull_request]', pullRequest(), true],
    ['on: { push: { branches: [main] } }', push(), true],
    ['on: { push: { branches: [main] } }', push('topic'), false],
    ['on: { push: { branches: [main] } }', pushTag(), false],
    ['on: { push: { tags: ["v*"] } }', pushTag(), true],
    ['on: { push: { tags: ["v*"] } }', push(), false],
    ['on: { push: { branches: ["release/*"] } }', push('release/1'), true],
    ['on: { push: { branches: ["release/*"] } }', push('release/1/2'), false],
    ['on: { push: { branches: ["release/**"] } }', push('release/1/2'), true],
    ['on: { push: { branches: ["**", "!topic"] } }', push('topic'), false],
    ['on: { push: { branches-ignore: [topic] } }', push('topic'), false],
    ['on: { push: { branches-ignore: [topic] } }', push(), true],
    ['on: { pull_request: { branches: [main] } }', pullRequest({ base: 'topic' }), false],
    ['on: pull_request', pullRequest({ action: 'synchronize' }), true],
    ['on: pull_request', mergedPullRequest(), false],
    ['on: { pull_request: { types: [closed] } }', mergedPullRequest(), true],
    ['on: { pull_request: { types: [closed] } }', pullRequest(), false],
    ['on: workflow_dispatch', workflowDispatch(), true],
  ])('%s', async (on, event, expected) => {
    expect(await run(`${on}\n${job}`, event)).toMatchObject({ started: expected })
  })
})

describe('a step', () => {
  test('hands outputs, variables and a path on to the next ones, and to nobody else', async () => {
    const ran = await run(
      onPush(`
  one:
    runs-on: ubuntu-latest
    env: { LEVEL: job }
    steps:
      - id: first
        run: |
          echo "plain=a=b" >> "$GITHUB_OUTPUT"
          printf 'long<<END\\nline 1\\nline 2\\nEND\\n' >> "$GITHUB_OUTPUT"
          echo "LEVEL=file" >> "$GITHUB_ENV"
          echo "GITHUB_SHA=forged" >> "$GITHUB_ENV"
          mkdir "$RUNNER_TEMP/bin" && echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
          printf '#!/bin/sh\\necho from the path' > "$RUNNER_TEMP/bin/tool"
          chmod +x "$RUNNER_TEMP/bin/tool"
      - run: |
          echo "\${{ steps.first.outputs.plain }} \${{ env.LEVEL }} $LEVEL"
          tool
        env: { OWN: step }
      - run: echo '\${{ toJSON(steps.first.outputs.long) }}' own="'$OWN'" sha=$GITHUB_SHA
  two:
    runs-on: ubuntu-latest
    steps: [{ run: 'echo "two: $LEVEL"' }]`),
    )
    expect(shown(ran)).toEqual([
      'a=b file file',
      'from the path',
      `"line 1\\nline 2" own='' sha=${push().sha}`,
      'two: ',
    ])
  })

  test('that fails ends the job, but for those that ask for it', async () => {
    const ran = await run(
      onPush(`
  one:
    runs-on: ubuntu-latest
    steps:
      - { id: bad, run: exit 3 }
      - { run: echo plain }
      - { run: echo on failure, if: failure() }
      - { run: echo always, if: always() }
      - { run: echo "only with success", if: "success() || github.ref == 'x'" }
      - { run: 'echo "\${{ steps.bad.outcome }} \${{ job.status }}"', if: "!cancelled()" }`),
    )
    expect(results(ran)).toEqual({ one: 'failure' })
    expect(shown(ran)).toEqual([
      '##[error]Process completed with exit code 3.',
      'on failure',
      'always',
      'failure failure',
    ])
  })

  test('may fail with continue-on-error', async () => {
    const ran = await run(
      onPush(`
  one:
    runs-on: ubuntu-latest
    steps:
      - { id: bad, run: exit 1, continue-on-error: true }
      - run: echo "\${{ steps.bad.outcome }} \${{ steps.bad.conclusion }}"`),
    )
    expect(ran.result).toBe('success')
    expect(shown(ran)).toContain('failure success')
  })

  test('fails when its outputs cannot be read', async () => {
    const ran = await run(
      onPush(`
  one: { runs-on: ubuntu-latest, steps: [{ run: 'echo nonsense >> "$GITHUB_OUTPUT"' }] }`),
    )
    expect(ran.result).toBe('failure')
    expect(ran.jobs[0]?.steps[0]?.annotations[0]?.message).toContain("Invalid format 'nonsense'")
  })

  test('stops at a command that fails, and with bash at one in a pipe', async () => {
    const ran = await run(
      onPush(`
  plain: { runs-on: ubuntu-latest, steps: [{ run: "false | true\\necho went on" }] }
  bash: { runs-on: ubuntu-latest, steps: [{ shell: bash, run: "false | true\\necho went on" }] }`),
    )
    expect(results(ran)).toEqual({ plain: 'success', bash: 'failure' })
  })
})

describe('an action', () => {
  test('gets its inputs and defaults, keeps a state, and ends with the job', async () => {
    const ran = await run(
      onPush(`
  one:
    runs-on: ubuntu-latest
    steps:
      - { id: default, uses: octo-org/sample@v1 }
      - { id: own, uses: octo-org/sample@v1, with: { say: 'No \${{ 3 > 2 }}', nmae: x } }
      - run: echo "$SAID, \${{ steps.own.outputs.said }}, options='$NODE_OPTIONS'"`),
    )
    expect(ran.result).toBe('success')
    expect(shown(ran)).toEqual([
      'Said: Hello from octo-org/octo-app',
      'May mint a token: false',
      expect.stringMatching(/^##\[warning\]Unexpected input\(s\) 'nmae'/),
      'Said: No true',
      'May mint a token: false',
      "No true, No true, options=''",
      'At the end: No true',
      'At the end: Hello from octo-org/octo-app',
    ])
  })

  test('can annotate and fail', async () => {
    const ran = await run(
      onPush(`
  one: { runs-on: ubuntu-latest, steps: [{ uses: octo-org/sample@v1, with: { fail: true } }] }`),
    )
    expect(ran.result).toBe('failure')
    expect(ran.jobs[0]?.steps[0]?.annotations[0]).toEqual({
      level: 'error',
      title: 'It failed',
      message: 'because it was asked to\nand said so',
    })
  })

  test('that is not known here stops everything', async () => {
    const text = onPush('  one: { runs-on: x, steps: [{ uses: octo-org/other@v1 }] }')
    await expect(run(text)).rejects.toThrow('no stand-in for octo-org/other@v1')
  })
})

describe('a secret', () => {
  const text = onPush(`
  one:
    runs-on: ubuntu-latest
    outputs: { open: 'a \${{ steps.use.outputs.said }}', hidden: '\${{ secrets.DEPLOY }}' }
    steps:
      - run: echo "\${{ secrets.DEPLOY }} $GITHUB_ACTIONS"
      - { id: use, uses: octo-org/sample@v1, with: { secret: open-sesame } }
      - run: echo open-sesame`)

  test('is covered in the log, the summary and the outputs of a job', async () => {
    const ran = await run(text, push(), { secrets: { DEPLOY: 'xyzzy-plugh' } })
    expect(shown(ran)).toEqual(
      expect.arrayContaining(['*** true', 'Said: Hello from octo-org/octo-app***', '***']),
    )
    expect(JSON.stringify(shown(ran))).not.toMatch(/xyzzy|sesame/)
    expect(ran.jobs[0]?.steps[1]?.summary).toBe('# Hello from octo-org/octo-app***\n')
    expect(ran.jobs[0]?.outputs).toEqual({ open: 'a Hello from octo-org/octo-app' })
  })

  test('is not given to the pull request of a fork', async () => {
    const forked = text.replace('on: push', 'on: pull_request')
    const options = { secrets: { DEPLOY: 'xyzzy-plugh' } }
    expect(shown(await run(forked, pullRequest({ from: 'fork' }), options))).toContain(' true')
    expect(shown(await run(forked, pullRequest(), options))).toContain('*** true')
  })
})

describe('commands in the log', () => {
  test('are obeyed, and not while they are stopped', async () => {
    const ran = await run(
      onPush(`
  one:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "::group::A group"
          echo "::notice title=A%3A b::100%25 done%0Aindeed"
          echo "::endgroup::"
          echo "::debug::not shown"
          echo "::stop-commands::token"
          echo "::error::from somebody else"
          echo "::token::"
          echo "::warning::ours"
          echo "::unheard-of::stays"`),
    )
    expect(shown(ran)).toEqual([
      '##[group]A group',
      '##[notice]100% done\nindeed',
      '##[endgroup]',
      '::error::from somebody else',
      '##[warning]ours',
      '::unheard-of::stays',
    ])
    expect(ran.jobs[0]?.steps[0]?.annotations).toEqual([
      { level: 'notice', title: 'A: b', message: '100% done\nindeed' },
      { level: 'warning', title: '', message: 'ours' },
    ])
  })
})

describe('a token', () => {
  const mint = (permissions: string): string =>
    onPush(`
  one: { ${permissions} runs-on: ubuntu-latest, steps: [{ uses: octo-org/sample@v1 }] }`)
  const may = async (text: string, event?: WorkflowEvent): Promise<boolean> =>
    shown(await run(text, event)).includes('May mint a token: true')

  test.each<[string, string, boolean]>([
    ['by the job', mint('permissions: { id-token: write },'), true],
    ['by the workflow', `permissions: { id-token: write }\n${mint('')}`, true],
    [
      'by the workflow, and taken by the job',
      `permissions: { id-token: write }\n${mint('permissions: { contents: read },')}`,
      false,
    ],
    [
      'by the job, against the workflow',
      `permissions: {}\n${mint('permissions: write-all,')}`,
      true,
    ],
    ['by nobody', mint(''), false],
  ])('is allowed %s', async (_, text, expected) => {
    expect(await may(text)).toBe(expected)
  })

  test.each(['fork', 'dependabot'] as const)('is never for %s', async (from) => {
    const text = mint('permissions: { id-token: write },').replace('push', 'pull_request')
    expect(await may(text, pullRequest({ from }))).toBe(false)
    expect(await may(text, pullRequest())).toBe(true)
  })
})

describe('jobs', () => {
  test('wait for those they need, whatever the order in the file', async () => {
    const ran = await run(
      onPush(`
  last: { needs: [first, second], runs-on: x, steps: [{ run: 'echo "last \${{ needs.first.outputs.said }}"' }] }
  second: { needs: first, runs-on: x, steps: [{ run: echo second }] }
  first:
    runs-on: x
    outputs: { said: '\${{ steps.say.outputs.said }}' }
    steps: [{ id: say, uses: octo-org/sample@v1, with: { say: hello } }]`),
    )
    expect(ran.jobs.map(({ id }) => id)).toEqual(['first', 'second', 'last'])
    expect(shown(ran).at(-1)).toBe('last hello')
  })

  test('are skipped after a failure, and after one that was skipped', async () => {
    const ran = await run(
      onPush(`
  bad: { runs-on: x, steps: [{ run: exit 1 }] }
  never: { runs-on: x, if: false, steps: [{ run: echo never }] }
  after: { needs: bad, runs-on: x, steps: [{ run: echo after }] }
  anyway: { needs: bad, if: always(), runs-on: x, steps: [{ run: 'echo "\${{ needs.bad.result }}"' }] }
  later: { needs: anyway, runs-on: x, steps: [{ run: echo later }] }
  without: { needs: never, runs-on: x, steps: [{ run: echo without }] }
  despite: { needs: never, if: '!cancelled()', runs-on: x, steps: [{ run: 'echo "\${{ needs.never.result }}"' }] }`),
    )
    expect(results(ran)).toEqual({ bad: 'failure', anyway: 'success', despite: 'success' })
    expect(shown(ran)).toEqual(expect.arrayContaining(['failure', 'skipped']))
    expect(ran.result).toBe('failure')
  })

  test('know only the jobs that they need themselves', async () => {
    const text = onPush(`
  first: { runs-on: x, outputs: { a: b }, steps: [{ run: true }] }
  second: { needs: first, runs-on: x, steps: [{ run: true }] }
  third: { needs: second, runs-on: x, steps: [{ run: 'echo "[\${{ needs.first.outputs.a }}]"' }] }`)
    expect(shown(await run(text))).toEqual(['[]'])
  })
})

describe('a matrix', () => {
  test('gives a job for each combination, with include and exclude', async () => {
    const ran = await run(
      onPush(`
  one:
    runs-on: x
    name: \${{ matrix.os }} \${{ matrix.node }} \${{ matrix.extra }}
    strategy:
      matrix:
        os: [a, b]
        node: [1, 2]
        exclude: [{ os: a, node: 1 }]
        include: [{ os: b, extra: more }, { os: c, node: 3 }]
    steps: [{ run: 'echo "\${{ strategy.job-index }} of \${{ strategy.job-total }}"' }]`),
    )
    expect(ran.jobs.map(({ name }) => name)).toEqual(['a 2 ', 'b 1 more', 'b 2 more', 'c 3 '])
    expect(shown(ran)).toEqual(['0 of 4', '1 of 4', '2 of 4', '3 of 4'])
  })

  test('can come out of an expression', async () => {
    const ran = await run(
      onPush(`
  one: { runs-on: x, strategy: { matrix: { n: '\${{ fromJSON(vars.LIST) }}' } }, steps: [{ run: 'echo "\${{ matrix.n }}"' }] }`),
      push(),
      { vars: { LIST: '[1, 2]' } },
    )
    expect(shown(ran)).toEqual(['1', '2'])
  })

  const failing = (strategy: string): string =>
    onPush(`
  one:
    runs-on: x
    strategy: { ${strategy} matrix: { n: [1, 2, 3] } }
    outputs: { n: '\${{ steps.n.outputs.said }}' }
    steps:
      - { id: n, uses: octo-org/sample@v1, with: { say: '\${{ matrix.n }}', fail: '\${{ matrix.n == 2 }}' } }
  two: { needs: one, if: always(), runs-on: x, steps: [{ run: 'echo "\${{ needs.one.result }} \${{ needs.one.outputs.n }}"' }] }`)

  test('stops at the first failure', async () => {
    const ran = await run(failing(''))
    expect(ran.jobs.map(({ result }) => result)).toEqual(['success', 'failure', 'success'])
    expect(shown(ran).at(-1)).toBe('failure 2')
  })

  test('goes on with fail-fast: false', async () => {
    const ran = await run(failing('fail-fast: false,'))
    expect(ran.jobs.map(({ result }) => result)).toEqual([
      'success',
      'failure',
      'success',
      'success',
    ])
    expect(shown(ran).at(-1)).toBe('failure 3')
  })
})

describe('a called workflow', () => {
  const uses = 'octo-org/workflows/.github/workflows/called.yml@main'
  const called = `
on:
  workflow_call:
    inputs:
      name: { type: string, required: true }
      size: { type: string, default: small }
    secrets: { KEY: { required: false } }
    outputs: { said: { value: '\${{ jobs.inner.outputs.said }}' } }
permissions: {}
jobs:
  inner:
    runs-on: x
    permissions: { id-token: write }
    outputs: { said: '\${{ steps.say.outputs.said }}' }
    steps:
      - id: say
        uses: octo-org/sample@v1
        with: { say: '\${{ inputs.name }} \${{ inputs.size }} \${{ github.event_name }} [\${{ secrets.KEY }}]' }`
  const caller = (job: string): string =>
    onPush(`
  call: { uses: ${uses}, ${job} }
  after: { needs: call, runs-on: x, steps: [{ run: 'echo "\${{ needs.call.outputs.said }}"' }] }`)
  const machine = { called: { [uses]: called }, secrets: { KEY: 'first-key', OTHER: 'other-key' } }

  test('gets inputs and defaults, and gives outputs', async () => {
    const ran = await run(
      caller('permissions: { id-token: write }, with: { name: octo }'),
      push(),
      machine,
    )
    expect(ran.result).toBe('success')
    expect(shown(ran)).toContain('May mint a token: true')
    expect(shown(ran).at(-1)).toBe('octo small push []')
  })

  test.each([
    ['by name', 'secrets: { KEY: "${{ secrets.OTHER }}" }'],
    ['all', 'secrets: inherit'],
  ])('gets secrets %s', async (_, secrets) => {
    const text = caller(`permissions: { id-token: write }, with: { name: octo }, ${secrets}`)
    const ran = await run(text, push(), machine)
    // The output holds a secret, and does not come through.
    expect(ran.jobs[0]?.steps[0]?.log[0]).toBe('Said: octo small push [***]')
    expect(shown(ran).at(-1)).toBe('')
  })

  test.each([
    ['permissions: {}, with: { name: octo }', "requesting 'id-token: write'"],
    ['permissions: { id-token: write }', 'Input name is required'],
    ['permissions: { id-token: write }, with: { name: a, nmae: b }', 'Invalid input, nmae'],
  ])('is refused with %s', async (job, message) => {
    await expect(run(caller(job), push(), machine)).rejects.toThrow(message)
  })

  test('has a token that names it', async () => {
    const emulator = await start()
    const text = caller('permissions: { id-token: write }, with: { name: octo }')
    await runWorkflow(
      'test.yml',
      text,
      push(),
      createMachine(emulator, { ...machine, actions: sampleActions }),
    )
    expect(emulator.state.claims).toMatchObject({
      job_workflow_ref: 'octo-org/octo-app/.github/workflows/test.yml@refs/heads/main',
    })
    const only = text.replace(/\n {2}after:.*/, '')
    await runWorkflow(
      'test.yml',
      only,
      push(),
      createMachine(emulator, { ...machine, actions: sampleActions }),
    )
    expect(emulator.state.claims).toMatchObject({
      sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
      job_workflow_ref: 'octo-org/workflows/.github/workflows/called.yml@refs/heads/main',
    })
  })
})

describe('what GitHub refuses', () => {
  test.each([
    ['an unknown key', onPush('  one: { runs-on: x, stesp: [] }'), 'stesp'],
    [
      'a job that needs itself',
      onPush('  one: { needs: one, runs-on: x, steps: [] }'),
      'at least one job',
    ],
    [
      'a context that is not there',
      onPush('  one: { runs-on: x, if: secrets.A, steps: [{ run: a }] }'),
      'secrets',
    ],
    ['no YAML', 'on: [push', 'end with a ]'],
  ])('%s', async (_, text, message) => {
    await expect(run(text)).rejects.toThrow(message)
  })

  test('what the harness does not play', async () => {
    const text = onPush('  one: { runs-on: x, container: node, steps: [{ run: a }] }')
    await expect(run(text)).rejects.toThrow('does not play container')
  })
})
