/** What `npm run try` hands over to the action is what the harness, on GitHub's own parser, hands over. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { stepInputs, type StepInputs } from '../../emulator/runner/step-inputs.ts'
import {
  workflowDispatch,
  githubContext,
  mergedPullRequest,
  pullRequest,
  push,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { start } from '../support/emulator-requests.ts'
import { root } from './harness/actions.ts'
import { createMachine } from './harness/machine.ts'
import { levelFor } from './harness/permissions.ts'
import { runWorkflow } from './harness/run.ts'
import { example, exampleNames, storageStep } from './support.ts'

const action = readFileSync(join(root, 'action.yml'), 'utf8')

const place = {
  serverUrl: 'https://github.com',
  apiUrl: 'https://api.github.com',
  graphqlUrl: 'https://api.github.com/graphql',
  file: 'storage.yml',
  workflow: 'Storage',
  job: 'storage',
}

const inputsOf = (workflow: string, event: WorkflowEvent, token = 'a-token'): StepInputs =>
  stepInputs({ workflow, action, contexts: { github: githubContext(event, place, token) } })

/** A folder with this action's action.yml and a bundle that does nothing. */
function idleAction(): string {
  const folder = mkdtempSync(join(tmpdir(), 'idle-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  copyFileSync(join(root, 'action.yml'), join(folder, 'action.yml'))
  mkdirSync(join(folder, 'dist'))
  writeFileSync(join(folder, 'dist', 'index.js'), '')
  return folder
}

const startedByThemselves = exampleNames.filter(
  (name) => !['call-reusable.yml', 'reusable.yml'].includes(name),
)

/** The events that start an example. */
const eventsFor = (name: string): readonly WorkflowEvent[] => [
  pullRequest(),
  pullRequest({ from: 'fork' }),
  name === 'merged-pull-request.yml' ? mergedPullRequest() : push(),
]

const cases = startedByThemselves.flatMap((name) =>
  eventsFor(name).map((event): [string, string, WorkflowEvent] => [
    name,
    `${event.name} by ${event.trusted ? 'its own people' : 'a stranger'}`,
    event,
  ]),
)

describe('the step of an example', () => {
  test.each(cases)('of %s gets the same on %s', async (name, _, event) => {
    const emulator = await start()
    const machine = createMachine(emulator, { action: idleAction() })
    const text = example(name)
    const ran = await runWorkflow(name, text, event, machine)
    const { env, job, step, canRequestIdToken } = inputsOf(text, event, emulator.githubToken)
    const played = storageStep(ran.jobs[0])
    const given = Object.entries(played.env)
    expect(
      Object.entries(env)
        .filter(([key]) => key.startsWith('INPUT_'))
        .sort(),
    ).toEqual(given.filter(([key]) => key.startsWith('INPUT_')).sort())
    expect(played.env).toMatchObject(env)
    expect([job, step]).toEqual([ran.jobs[0]?.id, played.id])
    const granted = ran.jobs[0]?.permissions ?? {}
    expect(canRequestIdToken && event.trusted).toBe(levelFor(granted, 'id-token') === 'write')
  })
})

describe('a step', () => {
  test('of a called workflow gets the defaults of its inputs', () => {
    const { env } = inputsOf(example('reusable.yml'), push())
    expect(env).toMatchObject({ 'INPUT_RESOURCE-NAME': 'media', 'INPUT_APP-ID': '' })
  })

  test('of a matrix gets the first combination', () => {
    const { env } = inputsOf(example('environments-matrix.yml'), push())
    expect(env).toMatchObject({
      'INPUT_BACKEND-ENVIRONMENT-NAME': 'dev',
      'INPUT_ALLOWED-ACCOUNT-IDS': '111122223333',
    })
    const crossed = `
on: push
jobs:
  one:
    strategy: { matrix: { app: [first, second], region: ['\${{ github.ref_name }}', other] } }
    steps: [{ uses: ./, with: { app-id: '\${{ matrix.app }}', aws-region: '\${{ matrix.region }}' } }]`
    expect(inputsOf(crossed, push()).env).toMatchObject({
      'INPUT_APP-ID': 'first',
      'INPUT_AWS-REGION': 'main',
    })
  })

  test('gets the environment of the workflow, of the job and its own', () => {
    const text = `
on: push
env: { A: workflow, B: workflow }
jobs:
  one:
    env: { B: job, C: 'job \${{ github.event_name }}' }
    steps:
      - { uses: octo-org/other@v1, env: { A: other } }
      - { id: s, uses: ./, env: { D: 'step }} \${{ format(''{0}}}'', 1) }}' }, with: { timeout-in-minutes: 5 } }`
    expect(inputsOf(text, workflowDispatch())).toMatchObject({
      job: 'one',
      step: 's',
      mayMintToken: false,
      env: {
        A: 'workflow',
        B: 'job',
        C: 'job workflow_dispatch',
        D: 'step }} 1}',
        'INPUT_TIMEOUT-IN-MINUTES': '5',
        'INPUT_MAX-ATTEMPTS': '8',
        'INPUT_GITHUB-TOKEN': 'a-token',
      },
    })
  })

  test.each([
    ['permissions: { id-token: write }', '', true],
    ['permissions: { id-token: write }', 'permissions: { contents: read },', false],
    ['permissions: {}', 'permissions: write-all,', true],
    ['', '', false],
  ])('may mint a token as its job may: %s, %s', (top, job, expected) => {
    const text = `on: push\n${top}\njobs: { one: { ${job} steps: [{ uses: ./ }] } }`
    expect(inputsOf(text, push()).canRequestIdToken).toBe(expected)
  })

  test.each([
    ['no step uses the action', example('call-reusable.yml'), 'no step'],
    [
      'an expression has no end',
      "on: push\njobs: { a: { steps: [{ uses: ./, with: { a: '${{ b' } }] } }",
      'no end',
    ],
    [
      'a context is unknown',
      "on: push\njobs: { a: { steps: [{ uses: ./, with: { a: '${{ b }}' } }] } }",
      'b',
    ],
  ])('is refused where %s', (_, text, message) => {
    expect(() => inputsOf(text, push())).toThrow(message)
  })
})
