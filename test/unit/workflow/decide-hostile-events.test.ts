import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionError } from '../../../src/errors/action-error.ts'
import { hasInvisible } from '../../../src/inputs/format.ts'
import { decide, type Decision } from '../../../src/workflow/decide.ts'
import { readEvent } from '../../../src/workflow/event.ts'
import {
  AUTO,
  errorOf,
  event,
  KEYS,
  merged,
  NONE,
  pull,
  push,
  REPOSITORY,
  TOKEN,
} from './support.ts'

/** All texts of a decision. */
function textsOf(decision: Decision): string {
  const { reason } = decision
  if (decision.command === 'skip') return reason
  return [reason, decision.warning, decision.followUp]
    .filter((text) => text !== undefined)
    .join('\n')
}

describe('Events with hostile content', () => {
  const hostile = '\r\n::add-mask::a\u2028##[error]z\u202E'

  test('The text of an event never becomes a workflow command.', () => {
    const shown = [
      push(`refs/heads/${hostile}`),
      push(`refs/heads/${hostile}`, { deleted: true }),
      push('refs/heads/x', { repository: { default_branch: hostile } }),
      merged({ base: { ref: hostile } }),
      pull('opened', { base: { ref: hostile } }),
    ].map((info) => textsOf(decide(info, AUTO, TOKEN)))
    const errors = [event(hostile), push(`refs/tags/${hostile}`), push(hostile)].map(
      (info) => errorOf(() => decide(info, AUTO, TOKEN)).message,
    )
    for (const text of [...shown, ...errors].flatMap((each) => each.split('\n'))) {
      expect(hasInvisible(text)).toBe(false)
      expect(text).not.toMatch(/^\s*::|##\[/)
    }
  })

  test('An event of any shape is decided or rejected, and applies only as the table says.', () => {
    const json = fc.jsonValue()
    const optional = { requiredKeys: [] }
    const pullRequest = fc.record(
      {
        merged: fc.oneof(json, fc.constant(true)),
        number: json,
        user: json,
        base: fc.oneof(json, fc.constant({ ref: 'main', repo: { id: 1 } })),
        head: fc.oneof(json, fc.constant({ repo: { id: 1 } })),
      },
      optional,
    )
    const payload = fc.record(
      {
        action: fc.oneof(json, fc.constantFrom('closed', 'opened')),
        deleted: json,
        after: json,
        repository: fc.oneof(json, fc.constant(REPOSITORY)),
        pull_request: fc.oneof(json, pullRequest),
      },
      optional,
    )
    const name = fc.constantFrom('push', 'pull_request', 'merge_group', 'schedule', 'release')
    const ref = fc.constantFrom('refs/heads/main', 'refs/heads/x', 'refs/tags/v', '', 'main')
    const credentials = fc.constantFrom(TOKEN, KEYS, NONE)
    fc.assert(
      fc.property(name, fc.oneof(json, payload), ref, credentials, (kind, data, where, who) => {
        const env = { GITHUB_EVENT_NAME: kind, GITHUB_EVENT_PATH: 'x', GITHUB_REF: where }
        const { event: info } = readEvent(env, () => JSON.stringify(data))
        let decision: Decision
        try {
          decision = decide(info, AUTO, who)
        } catch (error) {
          if (error instanceof ActionError) return
          throw error
        }
        if (decision.command !== 'apply' || kind === 'schedule') return
        expect(info.payload).toMatchObject({ repository: { default_branch: 'main' } })
        if (kind === 'push') expect(where).toBe('refs/heads/main')
        else
          expect(info.payload).toMatchObject({ action: 'closed', pull_request: { merged: true } })
      }),
      { numRuns: 5000 },
    )
  })
})
