/** Linters that others wrote judge the workflows, the CloudFormation template and the IAM policies. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { readPolicy } from '../../support/contract/documented-policies.ts'
import { root, runTool, tool, type ToolResult } from '../tools.ts'
import { temporaryFolder } from '../workflows/act.ts'
import { documentedWorkflows, readExample, replaceAll } from '../../workflows/workflow-files.ts'

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder)).map((name) => join(folder, name))

function writeTemporary(name: string, text: string): string {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, text)
  return file
}

describe('zizmor', () => {
  const run = (...files: readonly string[]): Promise<ToolResult> =>
    runTool(tool('zizmor'), [
      '--offline',
      '--no-progress',
      '--quiet',
      '--config',
      '.github/zizmor.yml',
      '--',
      ...files,
    ])

  test('zizmor finds nothing in the workflows, the examples, Dependabot’s configuration and action.yml', async () => {
    const files = [...filesIn('.github/workflows'), ...filesIn('examples')]
    const { exitCode, stdout } = await run(...files, '.github/dependabot.yml', 'action.yml')
    expect(exitCode, stdout).toBe(0)
  })

  test('zizmor finds nothing in the workflows of the documentation', async () => {
    const files = documentedWorkflows.map(({ line, text }) =>
      writeTemporary(`line-${line}.yml`, text),
    )
    expect(files).not.toEqual([])
    const { exitCode, stdout } = await run(...files)
    expect(exitCode, stdout).toBe(0)
  })

  test.each([
    [
      'template-injection',
      'run: ./deploy.sh',
      'run: ./deploy.sh "${{ github.event.pull_request.title }}"',
    ],
    ['unpinned-uses', '@3d3c42e5aac5ba805825da76410c181273ba90b1', '@v7'],
    ['excessive-permissions', 'permissions:\n      contents: read', 'permissions: write-all'],
  ])('zizmor reports %s in an example', async (rule, from, to) => {
    const text = replaceAll(readExample('deploy-after-storage.yml'), { [from]: to })
    const { exitCode, stdout } = await run(writeTemporary('deploy.yml', text))
    expect(exitCode).not.toBe(0)
    expect(stdout).toContain(rule)
  })
})

describe('cfn-lint', () => {
  const run = (file: string): Promise<ToolResult> =>
    runTool(tool('cfn-lint'), ['--include-checks', 'I', '--', file])
  const template = 'docs/cloudformation/roles.yml'

  test('cfn-lint finds nothing in docs/cloudformation/roles.yml', async () => {
    expect(await run(template)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  test('cfn-lint reports a property that a role does not have', async () => {
    const text = replaceAll(readFileSync(join(root, template), 'utf8'), {
      'AssumeRolePolicyDocument:': 'AssumeRolePolicy:',
    })
    const { exitCode, stdout } = await run(writeTemporary('roles.yml', text))
    expect(exitCode).not.toBe(0)
    expect(stdout).toContain('AssumeRolePolicy')
  })
})

describe('parliament', () => {
  const run = (policy: string): Promise<ToolResult> =>
    runTool(tool('parliament'), ['--string', policy])

  test.each(['apply', 'update', 'plan', 'deploy', 'hosting'])(
    'parliament finds nothing in the policy `%s` of the documentation',
    async (name) => {
      expect(await run(JSON.stringify(readPolicy(`policy: ${name}`)))).toMatchObject({
        exitCode: 0,
        stdout: '',
      })
    },
  )

  test('parliament reports an action that Amplify Backend does not have', async () => {
    const policy = JSON.stringify(readPolicy('policy: plan'))
    const { exitCode, stdout } = await run(
      policy.replace('amplifybackend:GetBackend"', 'amplifybackend:ReadBackend"'),
    )
    expect(exitCode).not.toBe(0)
    expect(stdout).toContain('ReadBackend')
  })
})
