/** The result in a few words, as the heading of the summary and of the comment. */
import type { ErrorCode } from '../errors/catalog.ts'
import type { RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import { failedPreconditions } from './changes.ts'
import { code } from './markdown.ts'

/** The errors of a plan which mean that an apply would fail. */
const PLAN_REJECTIONS: readonly ErrorCode[] = [
  'STORAGE_EXISTS',
  'STORAGE_DIFFERS',
  'BUCKET_FIXED',
  'OTHER_STORAGE',
  'STORAGE_IMPORTED',
]

/** The result as one line of Markdown. */
export function headline(state: RunState, outcome: RunOutcome): string {
  const name = state.resourceName === undefined ? '' : ` ${code(state.resourceName, 80)}`
  const storage = `storage${name}`
  const title = `Storage${name}`
  switch (outcome.result) {
    case 'created':
    case 'updated':
      return outcome.verified
        ? `✅ ${title} ${outcome.result}`
        : `⚠️ ${title} ${outcome.result}, but not verified`
    case 'unchanged':
      return `✅ ${title} already matches the configuration`
    case 'started':
      return `⏳ ${title}: job started; the run did not wait for it`
    case 'planned':
      return planHeadline(state, storage)
    case 'skipped':
      return `⏭️ ${title} skipped`
    case 'failed':
      return outcome.error.code === 'CHANGES_FOUND'
        ? `❌ Changes found in ${storage}`
        : failureHeadline(state.command, outcome.error.code, storage)
    case 'unknown':
      return `❌ ${title}: outcome unknown`
    case 'timed-out':
      return `❌ ${title}: timed out`
    case 'cancelled':
      return `🚫 ${title}: cancelled`
  }
}

function planHeadline(state: RunState, storage: string): string {
  if (state.changes.length === 0) return `✅ Plan: no changes to ${storage}`
  const verb = state.currentStorage?.storage === undefined ? 'create' : 'change'
  const [failed] = failedPreconditions(state)
  return failed === undefined
    ? `📝 Plan: ${verb} ${storage}`
    : `⚠️ Plan: ${verb} ${storage}, but an apply would fail now (${code(failed)})`
}

function failureHeadline(
  command: RunState['command'],
  errorCode: ErrorCode,
  storage: string,
): string {
  if (errorCode === 'INVALID_INPUT') return '❌ Nothing done: invalid inputs'
  if (command === undefined) return '❌ Nothing done'
  if (command === 'apply') return `❌ Apply of ${storage} failed`
  return PLAN_REJECTIONS.includes(errorCode)
    ? `❌ Plan: an apply of ${storage} would fail`
    : `❌ Plan of ${storage} failed`
}
