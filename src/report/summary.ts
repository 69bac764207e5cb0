/** The job summary: the result in words, then the requested settings and the current ones. */
import { formatDuration } from '../lib/clock.ts'
import { FIELD_LABELS, type Change } from '../storage/diff.ts'
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import type { DesiredStorage } from '../storage/model.ts'
import {
  isChangePending,
  keepStorageNote,
  labelledList,
  planNotes,
  renderValue,
} from './changes.ts'
import { headline } from './headline.ts'
import { bulletList, code, link, renderBlocks, renderText } from './markdown.ts'
import type { Link, ReportData } from './data.ts'

/** GitHub drops the whole summary of a step above 1 MiB; this stays far below, whatever a server sends. */
export const MAX_SUMMARY_BYTES = 64 * 1024

/** The summary as Markdown, always shorter than `MAX_SUMMARY_BYTES`. */
export function renderSummary(data: ReportData): string {
  const { state, outcome } = data
  const notes = labelledList('Notes', [...renderPlanNotes(data), ...renderWarnings(data)])
  const settings = renderSettings(data)
  const retryList = renderRetries(data)
  let blocks = [
    `## ${headline(state, outcome)}`,
    explanation(data),
    settings,
    notes,
    renderText(keepStorageNote(outcome) ?? ''),
    renderFacts(data),
    retryList,
  ]
  // Only whole blocks are left out, so that no markup stays open; the least important goes first.
  for (const block of [retryList, notes, settings]) {
    if (Buffer.byteLength(joinBlocks(blocks)) < MAX_SUMMARY_BYTES) break
    blocks = blocks.filter((other) => other !== block)
  }
  return joinBlocks(blocks)
}

function joinBlocks(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

/** Maximum size of the message, and of the advice, of an error. */
const MAX_EXPLANATION_BYTES = 20 * 1024
/** Maximum length of a line of them. */
const MAX_LINE_LENGTH = 1_500

function explanation({ state, outcome, inputValues }: ReportData): string {
  const toBlocks = (text: string): readonly string[] =>
    truncateBlocks(renderBlocks(text, inputValues, MAX_LINE_LENGTH))
  if (outcome.result === 'skipped') {
    const { reason } = outcome
    return toBlocks(`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`).join('\n\n')
  }
  if (!isFailure(outcome)) return ''
  const { message, advice } = outcome.error
  const [firstAdvice = '', ...moreAdvice] = toBlocks(advice)
  return [
    ...toBlocks(message),
    // A code block and a list must start their own line.
    ...(/^(?:```|- )/.test(firstAdvice)
      ? ['<b>What to do</b>:', firstAdvice]
      : [`<b>What to do</b>: ${firstAdvice}`]),
    ...moreAdvice,
    ...(outcome.result === 'failed' && !state.mutationSent ? ['Nothing was changed.'] : []),
  ].join('\n\n')
}

/** The first blocks that fit into `MAX_EXPLANATION_BYTES`. */
function truncateBlocks(blocks: readonly string[]): readonly string[] {
  let bytes = 0
  const kept = blocks.filter(
    (block) => (bytes += Buffer.byteLength(block)) <= MAX_EXPLANATION_BYTES,
  )
  return kept.length === blocks.length ? kept : [...kept, 'The rest is in the log.']
}

/** The requested settings, then the current ones. Two lists, since a table of both would be cut off on a phone. */
function renderSettings({ desired, state, outcome }: ReportData): string {
  if (desired === undefined || outcome.result === 'skipped') return ''
  const requested = labelledList('Requested', desiredItems(desired))
  if (state.currentStorage === undefined) return requested
  const label = isUpToDate(state, outcome) ? 'In the backend' : 'In the backend, when last read'
  return `${requested}\n\n${renderCurrent(label, desired, state)}`
}

/** Whether this run has changed nothing since it last read the storage. */
function isUpToDate({ mutationSent }: RunState, outcome: RunOutcome): boolean {
  return !mutationSent || ('verified' in outcome && outcome.verified)
}

function desiredItems({
  resourceName,
  bucketName,
  authenticated,
  unauthenticated,
}: DesiredStorage): readonly string[] {
  return settingItems({
    'resource-name': renderValue(resourceName),
    'bucket-name': bucketName === undefined ? 'any' : renderValue(bucketName),
    'authenticated-permissions': renderValue(authenticated),
    'unauthenticated-permissions':
      unauthenticated === undefined ? 'not managed' : renderValue(unauthenticated),
  })
}

function renderCurrent(
  label: string,
  { resourceName }: DesiredStorage,
  { currentStorage, otherStorage }: RunState,
): string {
  const storage = currentStorage?.storage
  if (storage === undefined) {
    return otherStorage === undefined
      ? `<b>${label}</b>: no storage`
      : `<b>${label}</b>: another storage, ${renderValue(otherStorage)}`
  }
  const { bucketName, imported, permissions, unknownPermissions } = storage
  const show = (values: readonly string[]): string =>
    imported ? 'set outside Amplify' : renderValue(values)
  const items = settingItems({
    'resource-name': renderValue(resourceName),
    'bucket-name': bucketName === undefined ? 'not known' : renderValue(bucketName),
    'authenticated-permissions': show([
      ...permissions.authenticated,
      ...unknownPermissions.authenticated,
    ]),
    'unauthenticated-permissions': show([
      ...permissions.unauthenticated,
      ...unknownPermissions.unauthenticated,
    ]),
  })
  return labelledList(label, items)
}

function settingItems(values: Readonly<Record<Change['field'], string>>): readonly string[] {
  const fields = [
    'resource-name',
    'bucket-name',
    'authenticated-permissions',
    'unauthenticated-permissions',
  ] as const
  return fields.map((field) => `${FIELD_LABELS[field]}: ${values[field]}`)
}

/** What is worth knowing about a change that is planned or in progress. */
function renderPlanNotes({ desired, state, outcome, inputValues }: ReportData): readonly string[] {
  if (desired === undefined) return []
  if (!isChangePending(outcome)) return []
  return planNotes(desired, state).map((text) => renderText(text, inputValues, 1_000))
}

const MAX_WARNINGS = 15

function renderWarnings({ state, outcome, inputValues }: ReportData): readonly string[] {
  // After a failure, the warning about guests would announce what did not happen.
  const showsGuestAccess = outcome.result !== 'failed' || isChangePending(outcome)
  const all = state.warnings.filter(({ kind }) => showsGuestAccess || kind !== 'guest-access')
  const more = all.length - MAX_WARNINGS
  return [
    ...all
      .slice(0, MAX_WARNINGS)
      .map(({ title, text }) => `⚠️ ${renderText(title)}: ${renderText(text, inputValues, 700)}`),
    ...(more > 0 ? [`and ${more} more, in the log`] : []),
  ]
}

function renderFacts(data: ReportData): string {
  const { state, outcome, region, links, durationMs } = data
  const { appId, backendEnvironmentName, jobId, status, customHosts } = state
  const error = isFailure(outcome) ? outcome.error : undefined
  const bucket = 'bucketName' in outcome ? outcome.bucketName : undefined
  return [
    ...(appId === undefined
      ? []
      : [
          `App ${code(appId, 80)}, environment ${code(backendEnvironmentName ?? '', 80)} in ${renderText(region ?? '')}${linkSuffix(links.console)}`,
        ]),
    ...(bucket === undefined ? [] : [`Bucket ${code(bucket)}`]),
    ...(jobId === undefined
      ? []
      : [`Job ${code(jobId)}${status === undefined ? '' : `, last status ${code(status, 60)}`}`]),
    ...commandReason(data),
    ...(customHosts.size === 0
      ? []
      : [`Requests went to ${hostList(customHosts)}, as set by the endpoint variables`]),
    ...(error === undefined
      ? []
      : [
          `Error code ${links.error === undefined ? code(error.code) : link(code(error.code), links.error.url)}${linkSuffix(links.page)}${linkSuffix(links.report)}`,
        ]),
    ...(error?.requestId === undefined ? [] : [`Request ID ${code(error.requestId)}`]),
    `Took ${formatRunTime(durationMs, state)}${linkSuffix(links.run)}${linkSuffix(links.commit, 'commit ')}${linkSuffix(links.pullRequest, 'pull request ')}`,
  ].join('<br>\n')
}

function commandReason({ state: { command, reason }, inputValues }: ReportData): readonly string[] {
  if (command === undefined || reason === undefined) return []
  return [`Reason to ${command}: ${renderText(reason, inputValues)}`]
}

function hostList(hosts: ReadonlySet<string>): string {
  return [...hosts]
    .slice(0, 5)
    .map((host) => code(host, 200))
    .join(', ')
}

function formatRunTime(ms: number, { retries: all }: RunState): string {
  const time = formatDuration(ms)
  return all.length === 0 ? time : `${time}, with ${countRetries(all.length)}`
}

function linkSuffix(target: Link | undefined, prefix = ''): string {
  return target === undefined ? '' : ` · ${prefix}${link(target.title, target.url)}`
}

const MAX_RETRIES = 15

function renderRetries({ state: { retries: lines }, inputValues }: ReportData): string {
  if (lines.length === 0) return ''
  const more = lines.length - MAX_RETRIES
  const items = [
    ...lines.slice(0, MAX_RETRIES).map((line) => renderText(line, inputValues, 400)),
    ...(more > 0 ? [`and ${more} more, in the log`] : []),
  ]
  return `<details><summary>${countRetries(lines.length)}</summary>\n\n${bulletList(items)}\n\n</details>`
}

function countRetries(count: number): string {
  return count === 1 ? '1 retry' : `${count} retries`
}
