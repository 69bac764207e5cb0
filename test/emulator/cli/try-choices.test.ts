/** What `npm run try` lets a user choose in a workflow: the combination of a matrix, the branch and the event. */
import { describe, expect } from 'vitest'

import { scenario } from '../../support/scenario.ts'
import { expectPlanned, tryWorkflow, workflow } from '../../support/try-workflow.ts'

describe('the choices in a workflow of the user', () => {
  scenario('Of a matrix from JSON, the first combination runs', async () => {
    const job = '    strategy: { matrix: { name: "${{ fromJSON(vars.NAMES) }}" } }'
    const source = workflow('push', job, { 'resource-name': "'${{ matrix.name }}'" })
    const tried = await tryWorkflow(source, '--var', 'NAMES=["first","second"]')
    expectPlanned(tried, 'first')
    expect(tried.stdout).toContain(
      'The matrix has 2 combinations; this is the first: {"name":"first"}',
    )
  })

  const sizes = `    strategy:
      matrix: { name: [first, second], size: [1, 2] }`

  scenario('Of a matrix, the combination with the given values runs', async () => {
    const name = "'${{ matrix.name }}${{ matrix.size }}'"
    const source = workflow('push', sizes, { 'resource-name': name })
    const one = await tryWorkflow(source, '--matrix', 'name=second', '--matrix=size=2')
    expectPlanned(one, 'second2')
    expect(one.stdout).toContain('The combination of the matrix is {"name":"second","size":2}')
    const two = await tryWorkflow(source, '--matrix', 'name=second')
    expectPlanned(two, 'second1')
    expect(two.stdout).toContain(
      '2 combinations of the matrix match; this is the first: {"name":"second","size":1}',
    )
  })

  scenario('A value that no combination of a matrix has is rejected with them all', async () => {
    const { code, stderr } = await tryWorkflow(workflow('push', sizes, {}), '--matrix=size=3')
    expect([code, stderr.split('\n')[0]]).toEqual([2, expect.stringContaining('size=3')])
    expect(stderr.match(/^ {2}\{"name":"(?:first|second)","size":[12]\}$/gm)).toHaveLength(4)
    const without = await tryWorkflow(workflow('push', '', {}), '--matrix=size=3')
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('no matrix')])
  })

  scenario('Its event is on the given branch', async () => {
    const source = workflow('{ push: { branches: [dev] } }', '', { mode: 'auto' })
    const dev = await tryWorkflow(source, '--branch', 'dev', '--fault', 'role-refused')
    expect(dev.stdout).toContain('sub = repo:octo-org/octo-app:ref:refs/heads/dev')
    expect(dev.stdout).not.toContain('On GitHub')
  })

  scenario('The default event is one that triggers it on the given branch', async () => {
    const source = workflow('{ push: { branches: [main] }, workflow_dispatch: }', '', {})
    const { stdout } = await tryWorkflow(source, '--branch', 'dev')
    expect(stdout).toContain('--- mine.yml on dispatch\n')
  })

  scenario(
    'An input on an event without inputs is rejected with the event that has them',
    async () => {
      const { code, stderr } = await tryWorkflow(
        workflow('{ push: , workflow_dispatch: { inputs: { name: } } }', '', {}),
        ...['--event', 'push', '--input', 'name=x'],
      )
      expect([code, stderr]).toEqual([2, expect.stringContaining('push has no inputs')])
      expect(stderr).toContain('--event workflow_dispatch')
    },
  )

  for (const on of ['workflow_call', '[workflow_call]', '{ workflow_call: }']) {
    scenario(
      `An input that a workflow on ${on} does not declare is rejected by its name`,
      async () => {
        const { code, stderr } = await tryWorkflow(workflow(on, '', {}), '--input', 'name=x')
        expect([code, stderr]).toEqual([2, expect.stringContaining('no input name')])
      },
    )
  }
})
