/** The comment on a pull request: what reviewers need, and nothing that must not be public. */
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { Warning } from '../run/state.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import type { Inputs } from '../inputs/read-inputs.ts'
import { jobPhase } from '../storage/jobs/job.ts'
import type { Change } from '../storage/diff.ts'
import {
  changesList,
  guestAccessNote,
  isChangePending,
  keepStorageNote,
  labelledList,
  planNotes,
} from './changes.ts'
import { headline } from './headline.ts'
import { code, link, renderText } from './markdown.ts'
import type { Link, ReportData } from './data.ts'

/** Hidden in the comment to find it again: one comment per app, environment and resource. */
export function commentMarker(inputs: Inputs): string {
  const parts = [inputs.appId, inputs.backendEnvironmentName, inputs.resourceName]
  return `<!-- amplify-create-backend-storage ${parts.map(encodeURIComponent).join(' ').replaceAll('--', '%2D%2D')} -->`
}

/** Whether `comment-on-pr: changes-only` creates a comment for this outcome. */
export function isWorthReporting({ result }: RunOutcome, changes: readonly Change[]): boolean {
  if (result === 'unchanged' || result === 'skipped') return false
  return result !== 'planned' || changes.length > 0
}

/** The ID of the run that wrote a comment; undefined if the comment has none. */
export function parseRunId(body: string): bigint | undefined {
  const id = /^<!-- [^\n]* -->\n<!-- run (\d{1,20}) -->\n/.exec(body)?.[1]
  return id === undefined ? undefined : BigInt(id)
}

/**
 * The comment as Markdown. For an error it shows the code and the text of the catalog, never the service's
 * own text, and it shows no account IDs: the comment may be public although the log is not.
 *
 * @param runId ID of this run; empty if the runner sets none
 */
export function renderComment(marker: string, runId: string, data: ReportData): string {
  const { state, outcome, region } = data
  const { appId, backendEnvironmentName } = state
  const blocks = [
    `### ${headline(state, outcome)}`,
    `App ${code(appId ?? '', 80)}, environment ${code(backendEnvironmentName ?? '', 80)} in ${renderText(region ?? '')}`,
    ...errorBlocks(data),
    changesBlock(data),
    notesBlock(data),
    bucketBlock(data),
    renderText(keepStorageNote(outcome) ?? ''),
    `<sub>${originLine(data)}</sub>`,
  ]
  const hidden = [marker, ...(/^\d{1,20}$/.test(runId) ? [`<!-- run ${runId} -->`] : [])]
  return `${hidden.join('\n')}\n${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function errorBlocks({ outcome, state, links }: ReportData): readonly string[] {
  if (!isFailure(outcome)) return []
  const { cause, remedy } = ERROR_CATALOG[outcome.error.code]
  return [
    `${links.error === undefined ? code(outcome.error.code) : link(code(outcome.error.code), links.error.url)}: ${renderText(cause)}`,
    `<b>What to do</b>: ${renderText(remedy)}`,
    `The message with all details is in the summary and the log of ${links.run === undefined ? 'the run' : link(links.run.title, links.run.url)}.`,
    ...(outcome.result === 'failed' && !state.mutationSent ? ['Nothing was changed.'] : []),
  ]
}

function changesBlock({ outcome, state }: ReportData): string {
  const changes = state.changes.map(({ field, from, to }) => ({
    field,
    from: typeof from === 'string' ? maskAccountIds(from) : from,
    to: typeof to === 'string' ? maskAccountIds(getNewValue(outcome, field, to)) : to,
  }))
  switch (outcome.result) {
    case 'planned':
      return changesList(changes, 'Now', 'Planned')
    case 'created':
    case 'updated':
      return changesList(changes, 'Before', 'Now')
    default:
      return changesList(changes, state.command === 'plan' ? 'Now' : 'Before', 'Requested')
  }
}

/** After a change, the bucket that there is, and not only the base name that the workflow asks for. */
function getNewValue(outcome: RunOutcome, field: Change['field'], requested: string): string {
  const bucket = 'bucketName' in outcome ? outcome.bucketName : undefined
  return field === 'bucket-name' && bucket !== undefined ? bucket : requested
}

function notesBlock({ outcome, state, desired, inputValues }: ReportData): string {
  const guestAccess = isFailure(outcome) ? undefined : guestAccessNote(state)
  const notes = [
    ...(isChangePending(outcome) && desired !== undefined ? planNotes(desired, state) : []),
    ...(guestAccess === undefined ? [] : [guestAccess]),
  ].map((text) => renderText(maskAccountIds(text), inputValues))
  const warnings = state.warnings
    // `guestAccessNote` says this in its own words.
    .filter(({ kind }) => kind !== 'guest-access')
    .slice(0, 10)
    .map((warning) => warningItem(warning, inputValues))
  return labelledList('Notes', [...notes, ...warnings])
}

/** The text of a warning may quote the service; titles and the texts of our own warnings never do. */
function warningItem(
  { title, text, kind, code: errorCode }: Warning,
  inputValues: readonly string[],
): string {
  if (kind === 'planned-only') return `⚠️ ${renderText(text, inputValues)}`
  if (errorCode === undefined) return `⚠️ ${renderText(title)} (see the summary of the run)`
  const { cause, remedy } = ERROR_CATALOG[errorCode]
  return `⚠️ ${renderText(title)}: ${renderText(cause)} ${renderText(remedy)}`
}

function bucketBlock({ outcome, state }: ReportData): string {
  const name = 'bucketName' in outcome ? outcome.bucketName : undefined
  const isListed = state.changes.some(({ field }) => field === 'bucket-name')
  return name === undefined || isListed ? '' : `The bucket is ${code(maskAccountIds(name))}.`
}

/** The commit, the run and the job that the comment is about. */
function originLine({ state: { jobId, status }, links }: ReportData): string {
  const parts: string[] = [
    ...prefixedLink('Commit', links.commit),
    ...prefixedLink('summary and log of', links.run),
    ...(jobId === undefined
      ? []
      : [`job ${code(jobId, 130)} ${PHASE_LABELS[jobPhase(status ?? '')]}`]),
  ]
  return parts.join(' · ')
}

const PHASE_LABELS = {
  completed: 'completed',
  failed: 'failed',
  running: 'not yet completed',
} as const

function prefixedLink(prefix: string, target: Link | undefined): readonly string[] {
  return target === undefined ? [] : [`${prefix} ${link(target.title, target.url)}`]
}

/** Twelve digits may be an account ID, for example in the name of a bucket. */
function maskAccountIds(text: string): string {
  return text.replace(/(?<!\d)\d{12}(?!\d)/g, '*'.repeat(12))
}
