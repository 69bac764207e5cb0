/**
 * Every workflow that people read here is valid for GitHub's language service, for actionlint and by our
 * own rules; and a mistake in one does not go unnoticed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { pinReferences } from '../../scripts/pin-release.ts'
import { root } from './harness/actions.ts'
import { checkCopied, checkExample, checkWorkflow, type Finding } from './validate.ts'
import { pages, workflowsIn } from './documentation.ts'
import { called, example, exampleNames, replaced } from './support.ts'

/** A finding in one line. */
const lines = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ by, line, message }) => `${by}, line ${String(line)}: ${message}`)

describe('an example', () => {
  test('is there', () => {
    expect(exampleNames).toContain('plan-and-apply.yml')
  })

  test.each(exampleNames)('%s is as it should be', async (name) => {
    expect(lines(await checkExample(name, example(name), called))).toEqual([])
  })

  test.each(exampleNames)('%s is so after a release, too', async (name) => {
    const sha = '0123456789abcdef0123456789abcdef01234567'
    const pinned = pinReferences(
      example(name),
      'octo-org/amplify-create-backend-storage',
      sha,
      'v12.3.4',
    )
    expect(lines(await checkExample(name, pinned, called))).toEqual([])
  })
})

/** How the examples use this action, before and after a release. */
const use =
  /\S+\/amplify-create-backend-storage@\S+ # v[\d.]+/.exec(example('plan-and-apply.yml'))?.[0] ?? ''

describe('a workflow of this repository itself', () => {
  const folder = join(root, '.github', 'workflows')

  test.each(readdirSync(folder))('%s is as it should be', async (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    expect(lines(await checkWorkflow(name, text))).toEqual([])
  })
})

describe('a workflow in the documentation', () => {
  test('is found, and a part of one is left alone', () => {
    const page = [
      ...['# Title', '', '1. Like so:', '', '   ```yaml', '   on: push', '   jobs: {}', '   ```'],
      ...['', '```yml', '- uses: x', '```', '', '```sh', 'on: push', '```', ''],
    ].join('\n')
    expect(workflowsIn(page)).toEqual([{ line: 5, text: 'on: push\njobs: {}\n' }])
  })

  test.each(pages)('is as it should be in %s', async (page) => {
    for (const { line, text } of workflowsIn(readFileSync(join(root, page), 'utf8'))) {
      const findings = await checkCopied(`line-${String(line)}.yml`, text, called)
      expect([page, line, ...lines(findings)]).toEqual([page, line])
    }
  })
})

describe('a mistake is noticed', () => {
  type Mistake = Readonly<{
    in?: string
    from: string
    to: string
    by: Finding['by']
    says: string
  }>

  const mistakes: Readonly<Record<string, Mistake>> = {
    'an output that the action does not have': {
      from: 'steps.storage.outputs.ready',
      to: 'steps.storage.outputs.redy',
      by: 'us',
      says: 'The action of step storage has no output redy',
    },
    'an output of a job that it does not have': {
      from: 'if: needs.storage.outputs.ready',
      to: 'if: needs.storage.outputs.redy',
      by: 'actionlint',
      says: 'property "redy" is not defined',
    },
    'an output of a called workflow that it does not have': {
      in: 'call-reusable.yml',
      from: 'if: needs.storage.outputs.ready',
      to: 'if: needs.storage.outputs.redy',
      by: 'GitHub',
      says: 'Context access might be invalid: redy',
    },
    'a step that is not there': {
      from: 'steps.storage.outputs.ready',
      to: 'steps.strage.outputs.ready',
      by: 'actionlint',
      says: 'property "strage" is not defined',
    },
    'a job that is not there': {
      from: 'needs: storage',
      to: 'needs: strage',
      by: 'GitHub',
      says: "depends on unknown job 'strage'",
    },
    'an input that the action does not have': {
      from: 'resource-name: media',
      to: 'resource-name: media\n          resource-nmae: media',
      by: 'GitHub',
      says: "Invalid action input 'resource-nmae'",
    },
    'an input that another action does not have': {
      from: 'persist-credentials: false',
      to: 'persist-credential: false',
      by: 'GitHub',
      says: "Invalid action input 'persist-credential'",
    },
    'an input that is missing': {
      from: '          resource-name: media\n',
      to: '',
      by: 'GitHub',
      says: 'Missing required input `resource-name`',
    },
    'an input that a called workflow does not have': {
      in: 'call-reusable.yml',
      from: 'app-id: d1',
      to: 'app-ids: d1',
      by: 'GitHub',
      says: 'Invalid input, app-ids is not defined',
    },
    'a condition that always holds': {
      from: 'if: needs.storage.outputs.ready',
      to: "if: ${{ needs.storage.outputs.ready }} == 'true'",
      by: 'GitHub',
      says: 'always evaluate to truthy',
    },
    'a condition that never holds': {
      from: 'if: needs.storage.outputs.ready',
      to: 'if: needs.storage.outputs.ready == true',
      by: 'us',
      says: 'The output ready is a text, and never equal to true',
    },
    'a condition on a text that is never said': {
      from: 'if: needs.storage.outputs.ready',
      to: "if: needs.storage.outputs.ready == 'yes'",
      by: 'us',
      says: "The output ready is never 'yes'",
    },
    'a context that GitHub does not have': {
      from: 'if: needs.storage.outputs.ready',
      to: "if: github.event_nmae == 'push'",
      by: 'actionlint',
      says: 'property "event_nmae" is not defined',
    },
    'a value that the matrix does not have': {
      in: 'environments-matrix.yml',
      from: 'APP_ID: ${{ matrix.app-id }}',
      to: 'APP_ID: ${{ matrix.appid }}',
      by: 'actionlint',
      says: 'property "appid" is not defined',
    },
    'a permission that is not known': {
      from: 'id-token: write',
      to: 'id-tokn: write',
      by: 'actionlint',
      says: 'unknown permission scope "id-tokn"',
    },
    'an expression in a script': {
      from: 'run: ./deploy.sh',
      to: 'run: ./deploy.sh "${{ needs.storage.outputs.bucket-name }}"',
      by: 'us',
      says: 'A script holds an expression',
    },
    'a text of a stranger in a script': {
      from: 'run: ./deploy.sh',
      to: 'run: ./deploy.sh "${{ github.event.pull_request.title }}"',
      by: 'actionlint',
      says: 'potentially untrusted',
    },
    'an action by its tag': {
      from: '@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1',
      to: '@v7',
      by: 'us',
      says: 'actions/checkout@v7 is not pinned by a full commit',
    },
    'an action by half a commit': {
      from: '@3d3c42e5aac5ba805825da76410c181273ba90b1',
      to: '@3d3c42e5aac5',
      by: 'us',
      says: 'is not pinned by a full commit',
    },
    'this action by its tag': {
      from: use,
      to: 'OWNER/amplify-create-backend-storage@v1',
      by: 'us',
      says: 'is not pinned by a full commit',
    },
    'a container by its tag': {
      from: '    runs-on: ubuntu-latest\n',
      to: '    runs-on: ubuntu-latest\n    container: debian:12-slim\n',
      by: 'us',
      says: 'The image debian:12-slim is not pinned by its digest',
    },
    'a container by its tag, with more': {
      from: '    runs-on: ubuntu-latest\n',
      to: '    runs-on: ubuntu-latest\n    container: { image: "debian:12-slim", options: --init }\n',
      by: 'us',
      says: 'The image debian:12-slim is not pinned by its digest',
    },
    'a service by its tag': {
      from: '    runs-on: ubuntu-latest\n',
      to: '    runs-on: ubuntu-latest\n    services: { cache: { image: "redis:8" } }\n',
      by: 'us',
      says: 'The image redis:8 is not pinned by its digest',
    },
    'a commit without its version': {
      from: ' # v7.0.1',
      to: '',
      by: 'us',
      says: 'does not name its version',
    },
    'a called workflow of strangers': {
      in: 'call-reusable.yml',
      from: 'uses: YOUR-ORG/',
      to: 'uses: somebody/',
      by: 'us',
      says: 'is not pinned by a full commit',
    },
    'permissions for every job': {
      from: 'permissions: {}',
      to: 'permissions: { id-token: write }',
      by: 'us',
      says: 'There is no `permissions: {}` at the top',
    },
    'a job without permissions': {
      from: '    permissions:\n      contents: read\n',
      to: '',
      by: 'us',
      says: 'The job deploy has no permissions',
    },
    'a permission that nothing needs': {
      from: '      contents: read\n',
      to: '      contents: read\n      packages: read\n',
      by: 'us',
      says: 'The job deploy does not need packages: read',
    },
    'a permission to write that nothing needs': {
      from: '      contents: read\n',
      to: '      contents: write\n',
      by: 'us',
      says: 'The job deploy does not need contents: write',
    },
    'all permissions for one job': {
      from: '    permissions:\n      contents: read\n',
      to: '    permissions: write-all\n',
      by: 'us',
      says: 'The job deploy does not need write-all',
    },
    'a matrix that runs all of its jobs at once': {
      in: 'environments-matrix.yml',
      from: '      max-parallel: 2\n',
      to: '',
      by: 'us',
      says: 'The job storage has no max-parallel of 1 to 20',
    },
    'a matrix that runs too many of them at once': {
      in: 'environments-matrix.yml',
      from: 'max-parallel: 2\n',
      to: 'max-parallel: 21\n',
      by: 'us',
      says: 'The job storage has no max-parallel of 1 to 20',
    },
    'a push to any branch': {
      from: '  push:\n    branches: [main]\n',
      to: '  push:\n',
      by: 'us',
      says: 'push names no branches',
    },
    'a group that is cancelled': {
      from: 'cancel-in-progress: false',
      to: 'cancel-in-progress: true',
      by: 'us',
      says: 'It does not say cancel-in-progress: false',
    },
    'a group for all environments': {
      from: '-prod-${{ github.ref }}',
      to: '-${{ github.ref }}',
      by: 'us',
      says: 'The concurrency group does not name prod',
    },
    'a group in which a plan takes the place of an apply': {
      from: '-${{ github.ref }}',
      to: '',
      by: 'us',
      says: 'The concurrency group does not name ${{ github.ref }}',
    },
    'no group': {
      in: 'environments-matrix.yml',
      from: '    concurrency:\n      group: amplify-storage-${{ matrix.app-id }}-${{ matrix.environment }}-${{ github.ref }}\n      cancel-in-progress: false # the job at AWS would go on\n',
      to: '',
      by: 'us',
      says: 'The job storage has no concurrency',
    },
    'nothing to say what it does': {
      from: '# The storage first',
      to: '\n# The storage first',
      by: 'us',
      says: 'It does not start with what it does',
    },
    'nothing to say what to replace': {
      from: '# Replace:',
      to: '# Change:',
      by: 'us',
      says: 'It does not say what to replace',
    },
    'another example that is not there': {
      in: 'merged-pull-request.yml',
      from: 'otherwise plan-and-apply.yml',
      to: 'otherwise plan-then-apply.yml',
      by: 'us',
      says: 'It names plan-then-apply.yml, which is no example',
    },
    'no YAML': {
      from: 'permissions: {}',
      to: 'permissions: {',
      by: 'GitHub',
      says: 'Flow map',
    },
  }

  test.each(Object.entries(mistakes))('%s', async (_, mistake) => {
    const name = mistake.in ?? 'deploy-after-storage.yml'
    const findings = await checkExample(
      name,
      replaced(example(name), [mistake.from, mistake.to]),
      called,
    )
    const found = findings.filter(({ by }) => by === mistake.by).map(({ message }) => message)
    expect(found.join('\n')).toContain(mistake.says)
  })

  test('a step of this repository itself with an input that is not there', async () => {
    const text = replaced(
      example('plan-and-apply.yml'),
      [use, './'],
      ['resource-name: media', 'resource-nmae: media'],
    )
    const findings = await checkWorkflow('ci.yml', text)
    expect(lines(findings).join('\n')).toContain("Invalid action input 'resource-nmae'")
  })
})
