import { expect, it } from 'vitest'

import { operationNames, type OperationName } from '../../emulator/lib/operations.ts'
import { pullRequest, push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { runAction, createTestBed } from '../support/run-action.ts'

/** Long enough for a run to rehearse in every wait; see src/rehearsal.ts. */
const DISTANCE_MS = 150

/** What differs from run to run taken out: times, and the ids of job and requests. */
const alike = (text: string): string =>
  text
    .replace(/\[ *[\d.]+ s\]|\b\d+ m?s\b|less than a second/g, 'TIME')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')

type Row = Readonly<{
  what: string
  event: WorkflowEvent
  result: string
  /** A call that is refused at once, wherever the service is. */
  refused?: OperationName
}>

const rows: readonly Row[] = [
  { what: 'a push', event: push(), result: 'started' },
  { what: 'a pull request', event: pullRequest(), result: 'planned' },
  {
    what: 'a push whose role is refused',
    event: push(),
    result: 'failed',
    refused: 'AssumeRoleWithWebIdentity',
  },
  {
    what: 'a push whose create is refused',
    event: push(),
    result: 'failed',
    refused: 'CreateBackendStorage',
  },
]

it.each(rows)(
  'a service that is far away sees the same requests of $what, and the run says the same',
  async ({ event, result, refused }) => {
    const world = await createTestBed()
    const { emulator } = world
    const run = async () => {
      if (refused !== undefined) {
        emulator.injectFault({ operation: refused, kind: 'status', status: 400, times: 'always' })
      }
      const end = await runAction(world, {
        event,
        with: { wait: 'false', 'comment-on-pr': 'true' },
        env: { RUNNER_DEBUG: '1' },
      })
      expect(end.outputs['result']).toBe(result)
      return {
        exitCode: end.exitCode,
        requests: emulator.requests.map(({ operation }) => operation),
        sent: emulator.calls('CreateBackendStorage').map(({ body }) => body),
        log: alike(end.log.join('\n')),
        outputs: alike(JSON.stringify(end.outputs)),
        summary: alike(end.summary),
        masks: end.masks.length,
      }
    }
    const near = await run()
    emulator.reset()
    for (const operation of operationNames.filter((name) => name !== refused)) {
      emulator.injectFault({ operation, kind: 'delay', ms: DISTANCE_MS, times: 'always' })
    }
    expect(await run()).toEqual(near)
  },
)
