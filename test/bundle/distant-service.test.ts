import { expect, it } from 'vitest'

import { operationNames } from '../../emulator/operations.ts'
import { pullRequest, push } from '../../emulator/workflow/events.ts'
import { runAction, stage } from '../kit/action.ts'
import { expectGreen } from '../kit/ends.ts'

/** Long enough for a run to rehearse in every wait; see src/rehearsal.ts. */
const DISTANCE_MS = 300

/** What differs from run to run taken out: times, and the id of the job. */
const alike = (text: string): string =>
  text
    .replace(/\[ *[\d.]+ s\]|\b\d+ m?s\b|less than a second/g, 'TIME')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')

it.each([
  ['a push', push(), 'started'],
  ['a pull request', pullRequest(), 'planned'],
] as const)(
  'a service that is far away sees the same requests of %s, and the run says the same',
  async (_, event, result) => {
    const world = await stage()
    const { emulator } = world
    const run = async () => {
      const end = await runAction(world, {
        event,
        with: { wait: 'false', 'comment-on-pr': 'true' },
        env: { RUNNER_DEBUG: '1' },
      })
      expectGreen(end, result)
      return {
        requests: emulator.received.map(({ operation }) => operation),
        log: alike(end.shown.join('\n')),
        summary: alike(end.summary),
        masks: end.masks.length,
      }
    }
    const near = await run()
    emulator.reset()
    for (const operation of operationNames) {
      emulator.orderFault({ operation, kind: 'delay', ms: DISTANCE_MS, times: 'always' })
    }
    expect(await run()).toEqual(near)
  },
)
