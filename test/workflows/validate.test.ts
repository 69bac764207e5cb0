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

/** What is written in place of what, part of the message, and the example: deploy-after-storage.yml by default. */
type Mistake = [from: string, to: string, message: string, example?: string]

const matrix = 'environments-matrix.yml'
const caller = 'call-reusable.yml'
const ready = 'needs.storage.outputs.ready'
const noToken = 'sets a role, and lacks id-token: write'
const group = 'The concurrency group does not contain'

/** By what finds them. */
const mistakes: Readonly<Record<Finding['by'], readonly Mistake[]>> = {
  GitHub: [
    [ready, 'needs.storage.outputs.redy', 'Context access might be invalid: redy', caller],
    ['needs: storage', 'needs: strage', "depends on unknown job 'strage'"],
    ['with:', 'with:\n          resource-nmae: a', "Invalid action input 'resource-nmae'"],
    ['persist-credentials:', 'persist-credential:', "Invalid action input 'persist-credential'"],
    ['          resource-name: media\n', '', 'Missing required input `resource-name`'],
    ['app-id: d1', 'app-ids: d1', 'Invalid input, app-ids is not defined', caller],
    [`if: ${ready}`, `if: \${{ ${ready} }} == 'true'`, 'always evaluate to truthy'],
    ['permissions: {}', 'permissions: {', 'Flow map'],
  ],
  actionlint: [
    [ready, 'needs.storage.outputs.redy', 'property "redy" is not defined'],
    ['steps.storage.outputs', 'steps.strage.outputs', 'property "strage" is not defined'],
    ['matrix.app-id }}', 'matrix.appid }}', 'property "appid" is not defined', matrix],
    ['id-token: write', 'id-tokn: write', 'unknown permission scope "id-tokn"'],
  ],
  rules: [
    ['outputs.ready }}', 'outputs.redy }}', 'The action of step storage has no output redy'],
    [`if: ${ready}`, `if: ${ready} == true`, 'ready is a string, and never equal to true'],
    [`if: ${ready}`, `if: ${ready} == 'yes'`, "The output ready is never 'yes'"],
    ['id-token: write', 'contents: read', `The job storage ${noToken}`],
    ['id-token: write', 'contents: read', `The job storage ${noToken}`, 'ambient-credentials.yml'],
    ['id-token: write', 'contents: read', `storage calls a workflow that ${noToken}`, caller],
    ['progress: false', 'progress: true', 'cancel-in-progress is not false'],
    ['-prod-${{ github.ref }}', '-${{ github.ref }}', `${group} prod`],
    ['-${{ github.ref }}', '', `${group} \${{ github.ref }}`],
    ['concurrency:', 'env:', 'The job storage has no concurrency', matrix],
  ],
}

describe.each(Object.entries(mistakes))('Workflows with a mistake that %s finds', (by, list) => {
  test.each(list)(
    `With "%s" replaced by "%s", ${by} reports: %s`,
    async (from, to, message, example = 'deploy-after-storage.yml') => {
      const text = replaceAll(readExample(example), { [from]: to })
      const findings = await validateCopied(example, text, calledWorkflows)
      const messages = findings.filter((finding) => finding.by === by).map((one) => one.message)
      expect(messages).toContainEqual(expect.stringContaining(message))
    },
  )
})

describe('Workflows of this repository with a mistake', () => {
  test('GitHub: A step of this repository itself passes an input that the action does not have', async () => {
    const text = readExample('plan-and-apply.yml')
      .replace(/\S+\/amplify-create-backend-storage@\S+.*/, './')
      .replace('resource-name:', 'resource-nmae:')
    const messages = (await validateWorkflow('ci.yml', text)).map(({ message }) => message)
    expect(messages).toContainEqual(expect.stringContaining("Invalid action input 'resource-nmae'"))
  })

  test('rules: A job that starts the emulator in an earlier step needs no `id-token: write`', async () => {
    const text = readFileSync(join(root, '.github', 'workflows', 'ci.yml'), 'utf8')
    const without = replaceAll(text, {
      'uses: ./emulator\n        with: { job-seconds: 2 }': 'run: exit 0',
    })
    const messages = (await validateWorkflow('ci.yml', without)).map(({ message }) => message)
    expect(messages).toEqual(['The job use sets a role, and lacks id-token: write'])
  })
})
