/** The comment on a pull request: what a reviewer or the team needs, and nothing that is not for everybody. */
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import type { Inputs } from '../inputs/read-inputs.ts'
import { jobPhase } from '../storage/jobs/job.ts'
import type { Change } from '../storage/model.ts'
import { changesTable, guestAccessNote, planNotes } from './changes.ts'
import { headline } from './headline.ts'
import { code, link, escapeMarkdown, renderText } from './markdown.ts'
import { KEEP_STORAGE_NOTE } from './summary.ts'
import type { Link, ReportData } from './data.ts'

/** Hidden in the comment, so that it is found again: one comment for each app, environment and resource. */
export function commentMarker(inputs: Inputs): string {
  const parts = [inputs.appId, inputs.backendEnvironmentName, inputs.resourceName]
  return `<!-- amplify-create-backend-storage ${parts.map(encodeURIComponent).join(' ').replaceAll('--', '%2D%2D')} -->`
}

/** Whether an ending is worth a comment under `changes-only`. */
export function isWorthReporting({ result }: RunOutcome, changes: readonly Change[]): boolean {
  if (result === 'unchanged' || result === 'skipped') return false
  return result !== 'planned' || changes.length > 0
}

/** The id of the run that wrote a comment, where it says so. */
export function parseRunId(body: string): bigint | undefined {
  const id = /^<!-- [^\n]* -->\n<!-- run (\d{1,20}) -->\n/.exec(body)?.[1]
  return id === undefined ? undefined : BigInt(id)
}

/**
 * The comment as Markdown. It says the code of an error, never the service's own text, and no account: the
 * comment may be public where the log is not.
 *
 * @param runId id of this run; empty where the runner names none
 */
export function renderComment(marker: string, runId: string, data: ReportData): string {
  const { state, outcome, region } = data
  const { appId, backendEnvironmentName } = state
  const blocks = [
    `### ${headline(state, outcome)}`,
    `App ${code(appId, 80)}, environment ${code(backendEnvironmentName, 80)} in ${escapeMarkdown(region, 40)}`,
    ...errorBlocks(data),
    changesBlock(data),
    notesBlock(data),
    bucketBlock(outcome),
    outcome.result === 'created' ? `<b>Keep the storage</b>: ${renderText(KEEP_STORAGE_NOTE)}` : '',
    `<sub>${originLine(data)}</sub>`,
  ]
  const hidden = [marker, ...(/^\d{1,20}$/.test(runId) ? [`<!-- run ${runId} -->`] : [])]
  return `${hidden.join('\n')}\n${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function errorBlocks({ outcome, state }: ReportData): readonly string[] {
  if (!isFailure(outcome)) return []
  const { cause, remedy } = ERROR_CATALOG[outcome.error.code]
  return [
    `${code(outcome.error.code)}: ${renderText(cause)}`,
    `<b>What to do</b>: ${renderText(remedy)}`,
    ...(outcome.result === 'failed' && !state.mutationSent ? ['Nothing was changed.'] : []),
  ]
}

function changesBlock({ outcome, state }: ReportData): string {
  const changes = state.changes.map(({ field, from, to }) => ({
    field,
    from: typeof from === 'string' ? maskAccountIds(from) : from,
    to,
  }))
  switch (outcome.result) {
    case 'planned':
      return changesTable(changes, 'Now', 'Planned')
    case 'created':
    case 'updated':
      return changesTable(changes, 'Before', 'Now')
    default:
      return changesTable(changes, state.command === 'plan' ? 'Now' : 'Before', 'Asked for')
  }
}

function notesBlock({ outcome, state, desired }: ReportData): string {
  const isAhead = outcome.result === 'planned' || outcome.result === 'started'
  const guests = guestAccessNote(state)
  const items = [
    ...(isAhead && desired !== undefined ? planNotes(desired, state) : []),
    ...(guests === undefined || isFailure(outcome) ? [] : [guests]),
    ...(outcome.result === 'planned' && state.changes.length > 0 && state.followUp !== ''
      ? [state.followUp]
      : []),
  ].map((text) => renderText(text))
  const warnings = state.warnings
    .filter(({ title }) => title !== GUESTS)
    .slice(0, 10)
    // Texts may hold the service's own words; titles never do.
    .map(({ title, text, code: foretold }) => {
      if (title === PLANNED_ONLY) return `⚠️ ${renderText(text)}`
      return foretold === undefined
        ? `⚠️ ${escapeMarkdown(title, 80)} (the summary of the run says more)`
        : `⚠️ ${escapeMarkdown(title, 80)}: ${renderText(ERROR_CATALOG[foretold].cause)}`
    })
  return [...items, ...warnings].map((item) => `- ${item}`).join('\n')
}

/** A warning whose matter `guestConsequence` has in its own words. */
const GUESTS = 'Guests get access'
/** A warning whose words are all our own. */
const PLANNED_ONLY = 'Planned only'

function bucketBlock(outcome: RunOutcome): string {
  const name = 'bucketName' in outcome ? outcome.bucketName : undefined
  return name === undefined ? '' : `The bucket is ${code(maskAccountIds(name))}.`
}

/** Which commit and run the comment speaks of: what tells an old one from a fresh one. */
function originLine({ state: { jobId, status }, links }: ReportData): string {
  const parts: string[] = [
    ...prefixedLink('Commit', links.commit),
    ...prefixedLink('summary and log of', links.run),
    ...(jobId === '' ? [] : [`job ${code(jobId, 130)} ${PHASE_LABELS[jobPhase(status)]}`]),
  ]
  return parts.join(' · ')
}

const PHASE_LABELS = {
  completed: 'completed',
  failed: 'failed',
  running: 'not yet completed',
} as const

function prefixedLink(before: string, to: Link | undefined): readonly string[] {
  return to === undefined ? [] : [`${before} ${link(to.title, to.url)}`]
}

/** Twelve digits can be an account's id, in the name of a bucket for example. */
function maskAccountIds(text: string): string {
  return text.replace(/(?<!\d)\d{12}(?!\d)/g, '*'.repeat(12))
}
