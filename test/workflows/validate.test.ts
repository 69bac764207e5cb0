/**
 * GitHub's language service, actionlint and the rules of this action find nothing in the workflows that
 * people read here, and find mistakes that are put into them.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { root } from '../support/contract/pages.ts'
import {
  calledWorkflows,
  documentedWorkflows,
  exampleNames,
  readExample,
  replaceAll,
} from './workflow-files.ts'
import { validateCopied, validateWorkflow, type Finding } from './validate.ts'

describe('Workflows without mistakes', () => {
  test.each(exampleNames)('Nothing is found in the example %s', async (name) => {
    expect(await validateCopied(name, readExample(name), calledWorkflows)).toEqual([])
  })

  test.each(documentedWorkflows)(
    'Nothing is found in $page, line $line',
    async ({ line, text }) => {
      expect(await validateCopied(`line-${line}.yml`, text, calledWorkflows)).toEqual([])
    },
  )

  test('The README contains a whole workflow', () => {
    expect(documentedWorkflows.map(({ page }) => page)).toContain('README.md')
  })

  const folder = join(root, '.github', 'workflows')
  test.each(readdirSync(folder))('Nothing is found in .github/workflows/%s', async (name) => {
    expect(await validateWorkflow(name, readFileSync(join(folder, name), 'utf8'))).toEqual([])
  })
})

type Mistake = Readonly<{
  title: string
  /** deploy-after-storage.yml when left out. */
  example?: string
  from: string
  to: string
  by: Finding['by']
  message: string
}>

const condition = 'if: needs.storage.outputs.ready'

const mistakes: readonly Mistake[] = [
  {
    title: 'A step reads an output that the action does not have',
    from: 'steps.storage.outputs.ready',
    to: 'steps.storage.outputs.redy',
    by: 'rules',
    message: 'The action of step storage has no output redy',
  },
  {
    title: 'A job reads an output that another job does not have',
    from: condition,
    to: 'if: needs.storage.outputs.redy',
    by: 'actionlint',
    message: 'property "redy" is not defined',
  },
  {
    title: 'A job reads an output that a called workflow does not have',
    example: 'call-reusable.yml',
    from: condition,
    to: 'if: needs.storage.outputs.redy',
    by: 'GitHub',
    message: 'Context access might be invalid: redy',
  },
  {
    title: 'A job reads the outputs of a step that does not exist',
    from: 'steps.storage.outputs.ready',
    to: 'steps.strage.outputs.ready',
    by: 'actionlint',
    message: 'property "strage" is not defined',
  },
  {
    title: 'A job needs a job that does not exist',
    from: 'needs: storage',
    to: 'needs: strage',
    by: 'GitHub',
    message: "depends on unknown job 'strage'",
  },
  {
    title: 'A step passes an input that the action does not have',
    from: 'resource-name: media',
    to: 'resource-name: media\n          resource-nmae: media',
    by: 'GitHub',
    message: "Invalid action input 'resource-nmae'",
  },
  {
    title: 'A step passes an input that another action does not have',
    from: 'persist-credentials: false',
    to: 'persist-credential: false',
    by: 'GitHub',
    message: "Invalid action input 'persist-credential'",
  },
  {
    title: 'A step leaves out a required input',
    from: '          resource-name: media\n',
    to: '',
    by: 'GitHub',
    message: 'Missing required input `resource-name`',
  },
  {
    title: 'A job passes an input that a called workflow does not have',
    example: 'call-reusable.yml',
    from: 'app-id: d1',
    to: 'app-ids: d1',
    by: 'GitHub',
    message: 'Invalid input, app-ids is not defined',
  },
  {
    title: 'A condition is always true',
    from: condition,
    to: "if: ${{ needs.storage.outputs.ready }} == 'true'",
    by: 'GitHub',
    message: 'always evaluate to truthy',
  },
  {
    title: 'A condition compares an output with a boolean',
    from: condition,
    to: `${condition} == true`,
    by: 'rules',
    message: 'The output ready is a string, and never equal to true',
  },
  {
    title: 'A condition compares an output with a value that it never has',
    from: condition,
    to: `${condition} == 'yes'`,
    by: 'rules',
    message: "The output ready is never 'yes'",
  },
  {
    title: 'A job reads a value that the matrix does not have',
    example: 'environments-matrix.yml',
    from: 'APP_ID: ${{ matrix.app-id }}',
    to: 'APP_ID: ${{ matrix.appid }}',
    by: 'actionlint',
    message: 'property "appid" is not defined',
  },
  {
    title: 'A job asks for a permission that does not exist',
    from: 'id-token: write',
    to: 'id-tokn: write',
    by: 'actionlint',
    message: 'unknown permission scope "id-tokn"',
  },
  {
    title: 'A job sets a role without `id-token: write`',
    from: 'id-token: write',
    to: 'contents: read',
    by: 'rules',
    message: 'The job storage sets a role, and lacks id-token: write',
  },
  {
    title: 'A job passes a role to a credentials action without `id-token: write`',
    example: 'ambient-credentials.yml',
    from: 'id-token: write',
    to: 'contents: read',
    by: 'rules',
    message: 'The job storage sets a role, and lacks id-token: write',
  },
  {
    title: 'A job calls a workflow that needs `id-token: write`, and does not grant it',
    example: 'call-reusable.yml',
    from: 'id-token: write',
    to: 'contents: read',
    by: 'rules',
    message: 'The job storage calls a workflow that sets a role, and lacks id-token: write',
  },
  {
    title: 'A concurrency group cancels a run in progress',
    from: 'cancel-in-progress: false',
    to: 'cancel-in-progress: true',
    by: 'rules',
    message: 'cancel-in-progress is not false',
  },
  {
    title: 'A concurrency group is shared by all environments',
    from: '-prod-${{ github.ref }}',
    to: '-${{ github.ref }}',
    by: 'rules',
    message: 'The concurrency group does not contain prod',
  },
  {
    title: 'A concurrency group lets a plan replace an apply that waits',
    from: '-${{ github.ref }}',
    to: '',
    by: 'rules',
    message: 'The concurrency group does not contain ${{ github.ref }}',
  },
  {
    title: 'A job that uses the action has no concurrency group',
    example: 'environments-matrix.yml',
    from: 'concurrency:',
    to: 'env:',
    by: 'rules',
    message: 'The job storage has no concurrency',
  },
  {
    title: 'A file is not YAML',
    from: 'permissions: {}',
    to: 'permissions: {',
    by: 'GitHub',
    message: 'Flow map',
  },
]

describe('Workflows with a mistake', () => {
  test.each(mistakes)('$by: $title', async ({ example, from, to, by, message }) => {
    const name = example ?? 'deploy-after-storage.yml'
    const text = replaceAll(readExample(name), { [from]: to })
    const findings = await validateCopied(name, text, calledWorkflows)
    expect(
      findings.filter((finding) => finding.by === by).map((finding) => finding.message),
    ).toContainEqual(expect.stringContaining(message))
  })

  test('GitHub: A step of this repository itself passes an input that the action does not have', async () => {
    const text = readExample('plan-and-apply.yml')
      .replace(/\S+\/amplify-create-backend-storage@\S+.*/, './')
      .replace('resource-name:', 'resource-nmae:')
    const messages = (await validateWorkflow('ci.yml', text)).map(({ message }) => message)
    expect(messages).toContainEqual(expect.stringContaining("Invalid action input 'resource-nmae'"))
  })

  test('rules: A job that starts the emulator in an earlier step needs no `id-token: write`', async () => {
    const text = readFileSync(join(root, '.github', 'workflows', 'ci.yml'), 'utf8')
    const without = replaceAll(text, { '--variables emulator.env': '--port 0' })
    const messages = (await validateWorkflow('ci.yml', without)).map(({ message }) => message)
    expect(messages).toEqual(['The job use sets a role, and lacks id-token: write'])
  })
})
