/** The result in a few words, for the heading of the summary and of the comment. */
import type { Ending } from '../ending.ts'
import type { ErrorCode } from '../errors.ts'
import type { Findings } from '../findings.ts'
import { code } from './markdown.ts'

/** Codes by which a plan says that the apply would be refused. */
const REFUSALS: readonly ErrorCode[] = [
  'STORAGE_EXISTS',
  'STORAGE_DIFFERS',
  'BUCKET_FIXED',
  'OTHER_STORAGE',
]

/** The result as one line of Markdown. */
export function headline(findings: Findings, ending: Ending): string {
  const storage = findings.resourceName === '' ? 'storage' : `storage ${name(findings)}`
  const Storage = findings.resourceName === '' ? 'Storage' : `Storage ${name(findings)}`
  switch (ending.result) {
    case 'created':
    case 'updated':
      return ending.seen
        ? `✅ ${Storage} ${ending.result}`
        : `⚠️ ${Storage} ${ending.result}, but not looked at`
    case 'unchanged':
      return `✅ ${Storage} is already as asked`
    case 'started':
      return `⏳ ${Storage}: job started, not waited for`
    case 'planned':
      if (findings.changes.length === 0) return `✅ Plan: ${storage} is as asked, nothing to do`
      return findings.seen?.storage === undefined
        ? `📝 Plan: create ${storage}`
        : `📝 Plan: change ${storage}`
    case 'skipped':
      return `⏭️ ${Storage} skipped`
    case 'failed':
      if (ending.error.code === 'INVALID_INPUT') return '❌ Nothing done: inputs need mending'
      if (findings.does === undefined) return '❌ Nothing done'
      if (findings.does === 'apply') return `❌ ${Storage}: failed`
      return REFUSALS.includes(ending.error.code)
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

function name({ resourceName }: Findings): string {
  return code(resourceName, 80)
}
