/** The result in a few words, for the heading of the summary and of the comment. */
import type { RunOutcome } from '../run/outcome.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import type { RunState } from '../run/state.ts'
import { code } from './markdown.ts'

/** Codes by which a plan says that the apply would be refused. */
const PLAN_REJECTIONS: readonly ErrorCode[] = [
  'STORAGE_EXISTS',
  'STORAGE_DIFFERS',
  'BUCKET_FIXED',
  'OTHER_STORAGE',
]

/** The result as one line of Markdown. */
export function headline(state: RunState, outcome: RunOutcome): string {
  const storage = state.resourceName === '' ? 'storage' : `storage ${resourceLabel(state)}`
  const Storage = state.resourceName === '' ? 'Storage' : `Storage ${resourceLabel(state)}`
  switch (outcome.result) {
    case 'created':
    case 'updated':
      return outcome.verified
        ? `✅ ${Storage} ${outcome.result}`
        : `⚠️ ${Storage} ${outcome.result}, but not looked at`
    case 'unchanged':
      return `✅ ${Storage} is already as asked`
    case 'started':
      return `⏳ ${Storage}: job started, not waited for`
    case 'planned':
      if (state.changes.length === 0) return `✅ Plan: ${storage} is as asked, nothing to do`
      return state.currentStorage?.storage === undefined
        ? `📝 Plan: create ${storage}`
        : `📝 Plan: change ${storage}`
    case 'skipped':
      return `⏭️ ${Storage} skipped`
    case 'failed':
      if (outcome.error.code === 'INVALID_INPUT') return '❌ Nothing done: inputs need mending'
      if (state.command === undefined) return '❌ Nothing done'
      if (state.command === 'apply') return `❌ ${Storage}: failed`
      return PLAN_REJECTIONS.includes(outcome.error.code)
        ? `❌ Plan: ${storage} would be refused`
        : `❌ Plan of ${storage} failed`
    case 'unknown':
      return `❌ ${Storage}: the outcome is not known`
    case 'timed-out':
      return `❌ ${Storage}: not ready in time`
    case 'cancelled':
      return `🚫 ${Storage}: cancelled`
  }
}

function resourceLabel({ resourceName }: RunState): string {
  return code(resourceName, 80)
}
