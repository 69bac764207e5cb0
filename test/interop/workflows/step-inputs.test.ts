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
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import { githubContext } from '../../../emulator/runner/github-context.ts'
import { scenario } from '../../support/scenario.ts'
import { exampleNames, readExample, runInfo } from '../../workflows/workflow-files.ts'
import { root } from '../tools.ts'
import { startForAct, temporaryFolder, writeFiles } from './act.ts'
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
        const recorded = readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line): unknown => JSON.parse(line))
        const { env } = stepInputs({
          workflow: readExample(name),
          action: readFileSync(join(root, 'action.yml'), 'utf8'),
          contexts: { github: githubContext(event, runInfo, emulator.githubToken) },
        })
        expect(Object.keys(env)).toContain('INPUT_APP-ID')
        expect(recorded).toContainEqual(expect.objectContaining(env))
      },
    )
