/** What `npm run try` takes from a workflow for the step that uses the action. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { push, workflowDispatch, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { githubContext } from '../../emulator/runner/github-context.ts'
import { stepInputs, type StepInputs } from '../../emulator/runner/step-inputs.ts'
import { root } from '../support/contract/pages.ts'
import { runInfo } from '../support/run-action.ts'
import { readExample } from '../workflows/workflow-files.ts'

const action = readFileSync(join(root, 'action.yml'), 'utf8')

const readInputs = (workflow: string, event: WorkflowEvent = push()): StepInputs =>
  stepInputs({ workflow, action, contexts: { github: githubContext(event, runInfo, 'a-token') } })

describe('The step that uses the action', () => {
  test.each([
    [
      'environments-matrix.yml',
      { 'INPUT_BACKEND-ENVIRONMENT-NAME': 'dev', 'INPUT_ALLOWED-ACCOUNT-IDS': '111122223333' },
    ],
  ])('The step of %s gets the first entry of `include`', (name, env) => {
    expect(readInputs(readExample(name)).env).toMatchObject(env)
  })

  test('A step of a matrix gets the first value of every dimension', () => {
    const workflow = `
on: push
jobs:
  one:
    strategy: { matrix: { app: [first, second], region: ['\${{ github.ref_name }}', other] } }
    steps: [{ uses: ./, with: { app-id: '\${{ matrix.app }}', aws-region: '\${{ matrix.region }}' } }]`
    expect(readInputs(workflow).env).toMatchObject({
      'INPUT_APP-ID': 'first',
      'INPUT_AWS-REGION': 'main',
    })
  })

  test('A step gets the environment of the workflow, of its job and its own', () => {
    const workflow = `
on: push
env: { A: workflow, B: workflow }
jobs:
  one:
    env: { B: job, C: 'job \${{ github.event_name }}' }
    steps:
      - { uses: octo-org/other@v1, env: { A: other } }
      - { id: s, uses: ./, env: { D: 'step }} \${{ format(''{0}}}'', 1) }}' }, with: { timeout-in-minutes: 5 } }`
    expect(readInputs(workflow, workflowDispatch())).toMatchObject({
      job: 'one',
      step: 's',
      canRequestIdToken: false,
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
  ])(
    'A step in a workflow with "%s" and a job with "%s" can request an ID token: %s',
    (top, job, expected) => {
      const workflow = `on: push\n${top}\njobs: { one: { ${job} steps: [{ uses: ./ }] } }`
      expect(readInputs(workflow).canRequestIdToken).toBe(expected)
    },
  )

  test.each([
    ['workflow_call', '', true],
    ['[workflow_call]', '', true],
    ['{ workflow_call: }', 'permissions: { contents: read }', false],
    ['[push, workflow_call]', '', false],
  ])(
    'A step in a workflow on %s with "%s" can request an ID token as the calling job can: %s',
    (on, permissions, expected) => {
      const workflow = `on: ${on}\n${permissions}\njobs: { one: { steps: [{ uses: ./ }] } }`
      expect(readInputs(workflow).canRequestIdToken).toBe(expected)
    },
  )

  const withInput = (value: string): string =>
    `on: push\njobs: { a: { steps: [{ uses: ./, with: { a: '${value}' } }] } }`

  test.each([
    ['no step uses the action', readExample('call-reusable.yml'), 'no step'],
    ['an expression is not closed', withInput('${{ b'), 'not closed'],
    ['a context is unknown', withInput('${{ b }}'), 'b'],
  ])('A workflow is rejected when %s', (_, workflow, message) => {
    expect(() => readInputs(workflow)).toThrow(message)
  })
})
