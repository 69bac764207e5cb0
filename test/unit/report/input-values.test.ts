/** Values of inputs may be secrets of the workflow: the runner must find each of them in a report to mask it. */
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect } from 'vitest'

import type { RunOutcome } from '../../../src/run/outcome.ts'
import { quote, sanitizeLine } from '../../../src/lib/text.ts'
import { renderComment } from '../../../src/report/comment-body.ts'
import { renderSummary } from '../../../src/report/summary.ts'
import { getCreateChanges } from '../../../src/storage/diff.ts'
import { hostileText } from '../../support/hostile-text.ts'
import { renderMarkdown } from '../../support/rendered-markdown.ts'
import {
  failedOutcome,
  reportData,
  request,
  runState,
  storage,
} from '../../support/unit/report-data.ts'

/** A value as it reaches a report: one line, and unlike any text of our own. */
const value = fc
  .tuple(
    fc.constantFrom('zq', 'arn:aws:iam::111122223333:role/zq-', '`zq', '<b>zq'),
    hostileText,
    hostileText,
  )
  .map((parts) => sanitizeLine(parts.join(''), 60).replace(/\s+/gu, ' ').trim())

const values = fc.record({
  appId: value,
  backendEnvironmentName: value,
  resourceName: value,
  bucketName: value,
  role: value,
  branch: value,
})

type Values = typeof values extends fc.Arbitrary<infer T> ? T : never

/** How runs end that show values of inputs in their texts. */
const outcomes: Readonly<Record<string, (given: Values) => RunOutcome>> = {
  created: ({ bucketName }) => ({
    result: 'created',
    verified: true,
    bucketName: `${bucketName}14558-prod`,
  }),
  planned: () => ({ result: 'planned' }),
  skipped: ({ branch }) => ({ result: 'skipped', reason: `the push deletes ${quote(branch)}` }),
  failed: ({ role, resourceName, bucketName }) =>
    failedOutcome(
      'ROLE_REFUSED',
      `STS refused ${quote(role)}.\n  sub: ${role}\nbucket-name is ${bucketName}, (1) ${role}.`,
      {
        advice: `Trust ${role} or use aws amplifybackend x --resource-name '${resourceName}'. Then \`${role}\`.`,
      },
    ),
}

/** Masks a text as the runner does: the longest secret first. */
function mask(markdown: string, secrets: readonly string[]): string {
  return secrets
    .toSorted((one, other) => other.length - one.length)
    .reduce((text, secret) => text.replaceAll(secret, '\u2588\u2588'), markdown)
}

const count = (text: string, part: string): number => text.split(part).length - 1

describe('The values of inputs in a report', () => {
  property.prop([values, fc.constantFrom(...Object.values(outcomes)), fc.boolean()], {
    numRuns: 150,
  })(
    'A summary and a comment contain a value exactly as often as their readers see it',
    (given, toOutcome, exists) => {
      const desired = { ...request, resourceName: given.resourceName, bucketName: given.bucketName }
      const state = runState({
        ...given,
        reason: `a push to ${quote(given.branch)}`,
        followUp: `After the merge, the run on ${quote(given.branch)} applies this.`,
        currentStorage: {
          storage: exists ? { ...storage, bucketName: given.bucketName } : undefined,
        },
        changes: getCreateChanges(desired),
        warnings: [{ title: 'Planned only', text: `Not ${given.branch}.`, kind: 'planned-only' }],
        retries: [`${given.role} failed`],
        customHosts: new Set([given.role]),
      })
      const secrets = Object.values(given)
      const data = reportData(toOutcome(given), { state, desired, inputValues: secrets })
      for (const markdown of [renderSummary(data), renderComment('<!-- -->', '1', data)]) {
        const seen = renderMarkdown(markdown).text
        for (const secret of secrets) {
          // A backtick of a value may be one of ours as well.
          if (!secret.includes('`')) expect(count(markdown, secret)).toBe(count(seen, secret))
        }
        const left = renderMarkdown(mask(markdown, secrets)).text
        for (const secret of secrets) expect(left).not.toContain(secret)
      }
    },
  )
})
