/** `npm run try` passes to the action what act passes to it. */
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'vitest'

import { stepInputs } from '../../../emulator/runner/step-inputs.ts'
import {
  mergedPullRequest,
  pullRequest,
  push,
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

const pullRequests = [
  pullRequest(),
  pullRequest({ from: 'fork' }),
  pullRequest({ from: 'dependabot' }),
]

const eventsFor = (name: string): readonly WorkflowEvent[] => [
  ...pullRequests,
  name === 'merged-pull-request.yml' ? mergedPullRequest() : push(),
]

// Of a called workflow, the inputs are those that the caller passes.
const calls = ['call-reusable.yml', 'reusable.yml']

for (const name of exampleNames.filter((example) => !calls.includes(example)))
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
