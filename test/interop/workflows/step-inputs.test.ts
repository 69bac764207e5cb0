/** `npm run try` passes to the action what act passes to it. */
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'vitest'

import { stepInputs } from '../../../emulator/runner/step-inputs.ts'
import {
  mergedPullRequest,
  mergeGroup,
  pullRequest,
  push,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import type { GivenValues } from '../../../emulator/runner/step-contexts.ts'
import { githubContext } from '../../../emulator/runner/github-context.ts'
import { scenario } from '../../support/scenario.ts'
import { runInfo } from '../../support/run-action.ts'
import { exampleNames, readExample } from '../../workflows/workflow-files.ts'
import { root } from '../tools.ts'
import { runWithAct, startForAct, temporaryFolder, writeFiles } from './act.ts'
import { runExample } from './example-runs.ts'

/** An action with this action's inputs that writes its environment to a file, one line for each step. */
function createRecordingAction(file: string): string {
  const folder = temporaryFolder()
  copyFileSync(join(root, 'action.yml'), join(folder, 'action.yml'))
  const code = `import { appendFileSync } from 'node:fs'
appendFileSync(${JSON.stringify(file)}, JSON.stringify(process.env) + '\\n')
`
  writeFiles(folder, { 'dist/index.js': code, 'package.json': '{ "type": "module" }' })
  return folder
}

/** The environments that the action got, one for each step that ran. */
const readRecorded = (file: string): readonly unknown[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))

const opened = pullRequest()
const fromFork = pullRequest({ from: 'fork' })
const fromDependabot = pullRequest({ from: 'dependabot' })

/** The events on which the step of an example runs, where they are not the usual ones. */
const otherEvents: Readonly<Record<string, readonly WorkflowEvent[]>> = {
  // Its step for credentials needs the token that GitHub gives Dependabot.
  'ambient-credentials.yml': [opened, fromFork, push()],
  'drift-issue.yml': [schedule()],
  'drift.yml': [schedule()],
  'merge-queue.yml': [opened, fromFork, fromDependabot, mergeGroup(), push()],
  'merged-pull-request.yml': [opened, fromFork, fromDependabot, mergedPullRequest()],
}

const eventsFor = (name: string): readonly WorkflowEvent[] =>
  otherEvents[name] ?? [opened, fromFork, fromDependabot, push()]

const others = [
  // Of a called workflow, the inputs are those that the caller passes.
  ...['call-reusable.yml', 'reusable.yml'],
  // Its first step is the emulator itself.
  'emulator.yml',
  // Its roles trust another role.
  'role-chaining.yml',
  // Its matrix is an output of another job.
  'environments-from-file.yml',
]

for (const name of exampleNames.filter((example) => !others.includes(example)))
  for (const event of eventsFor(name))
    scenario(
      `The inputs of ${name} on ${event.name} from ${event.trusted ? 'the repository' : event.actor} are the same with act`,
      async () => {
        const emulator = await startForAct()
        const file = join(temporaryFolder(), 'environments')
        await runExample(emulator, name, event, { action: createRecordingAction(file) })
        const recorded = readRecorded(file)
        const { env } = stepInputs({
          workflow: readExample(name),
          action: readFileSync(join(root, 'action.yml'), 'utf8'),
          contexts: { github: githubContext(event, runInfo, emulator.githubToken) },
        })
        expect(Object.keys(env)).toContain('INPUT_APP-ID')
        expect(recorded).toContainEqual(expect.objectContaining(env))
      },
    )

const step = (name: string): string => `
    steps:
      - uses: OWNER/amplify-create-backend-storage@FULL_SHA
        env: { LEVEL: step }
        with: { app-id: dmine, resource-name: "${name}" }
`

type UserWorkflow = Readonly<{
  text: string
  event?: WorkflowEvent
  given?: GivenValues
}>

const dispatched: WorkflowEvent = {
  ...workflowDispatch(),
  payload: { ...workflowDispatch().payload, inputs: { count: '10', wide: 'true' } },
}

/** Workflows of a user, each with what is particular about it. */
const userWorkflows: Readonly<Record<string, UserWorkflow>> = {
  'with env of every level, vars and secrets': {
    text: `
on: push
env: { LEVEL: workflow, PREFIX: '\${{ vars.PREFIX }}' }
jobs:
  one:
    runs-on: ubuntu-latest
    env: { LEVEL: job }${step('${{ env.PREFIX }}-${{ env.LEVEL }}-${{ secrets.SUFFIX }}')}`,
    given: { vars: { PREFIX: 'a' }, secrets: { SUFFIX: 'b' } },
  },
  'with typed inputs of a dispatch': {
    text: `
on:
  workflow_dispatch:
    inputs:
      name: { type: string, default: media }
      count: { type: number, required: true }
      wide: { type: boolean, default: false }
jobs:
  one:
    runs-on: ubuntu-latest${step('${{ inputs.name }}-${{ inputs.count }}-${{ inputs.wide && 1 || 2 }}')}`,
    event: dispatched,
    given: { inputs: { count: '10', wide: 'true' } },
  },
  'with a matrix from JSON': {
    text: `
on: push
jobs:
  one:
    runs-on: ubuntu-latest
    environment: prod
    strategy: { matrix: { name: '\${{ fromJSON(vars.NAMES) }}', size: [s] } }${step('${{ matrix.name }}-${{ matrix.size }}')}`,
    given: { vars: { NAMES: '["first","second"]' } },
  },
}

for (const [title, { text, event = push(), given = {} }] of Object.entries(userWorkflows))
  scenario(`The inputs of a workflow ${title} are the same with act`, async () => {
    const emulator = await startForAct()
    const file = join(temporaryFolder(), 'environments')
    await runWithAct(emulator, {
      file: 'storage.yml',
      text,
      event,
      action: createRecordingAction(file),
      args: (['vars', 'secrets'] as const).flatMap((kind) =>
        Object.entries(given[kind] ?? {}).flatMap(([name, value]) => [
          kind === 'vars' ? '--var' : '--secret',
          `${name}=${value}`,
        ]),
      ),
    })
    const { env } = stepInputs({
      workflow: text,
      action: readFileSync(join(root, 'action.yml'), 'utf8'),
      contexts: { github: githubContext(event, runInfo, emulator.githubToken) },
      given,
    })
    expect(env['INPUT_RESOURCE-NAME']).toMatch(/^(?:a-step-b|media-10-1|first-s)$/)
    expect(readRecorded(file)).toContainEqual(expect.objectContaining(env))
  })
