/** The job summary: the result in words, then the requested settings and the current ones. */
import { formatDuration } from '../lib/clock.ts'
import { FIELD_LABELS } from '../storage/diff.ts'
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import type { Storage, DesiredStorage } from '../storage/model.ts'
import { isChangePending, keepStorageNote, planNotes, valueCell } from './changes.ts'
import { headline } from './headline.ts'
import { code, link, renderBlocks, renderText, table } from './markdown.ts'
import type { Link, ReportData } from './data.ts'

/** GitHub drops the whole summary of a step above 1 MiB; this stays far below, whatever a server sends. */
export const MAX_SUMMARY_BYTES = 64 * 1024

/** The summary as Markdown, always shorter than `MAX_SUMMARY_BYTES`. */
export function renderSummary(data: ReportData): string {
  const { state, outcome } = data
  const notes = bulletList([...renderPlanNotes(data), ...renderWarnings(data)])
  const settingsTable = renderSettings(data)
  const retryList = renderRetries(data)
  let blocks = [
    `## ${headline(state, outcome)}`,
    explanation(data),
    settingsTable,
    notes,
    renderText(keepStorageNote(outcome) ?? ''),
    renderFacts(data),
    retryList,
  ]
  // Only whole blocks are left out, so that no markup stays open; the least important goes first.
  for (const block of [retryList, notes, settingsTable]) {
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
    // A code block must start its own line.
    ...(firstAdvice.startsWith('```')
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

/** The requested settings next to the current ones. */
function renderSettings({ desired, state, outcome }: ReportData): string {
  if (desired === undefined || outcome.result === 'skipped') return ''
  const rows = desiredCells(desired)
  if (state.currentStorage === undefined) return table(['', 'Requested'], rows)
  const currentValues = currentCells(desired, state.currentStorage.storage, state.otherStorage)
  return table(
    ['', 'Requested', isUpToDate(state, outcome) ? 'In the backend' : 'When last read'],
    rows.map((cells, index) => [...cells, currentValues[index] ?? '']),
  )
}

/** Whether this run has changed nothing since it last read the storage. */
function isUpToDate({ mutationSent }: RunState, outcome: RunOutcome): boolean {
  return !mutationSent || ('verified' in outcome && outcome.verified)
}

function desiredCells({
  resourceName,
  bucketName,
  authenticated,
  unauthenticated,
}: DesiredStorage): readonly (readonly string[])[] {
  return [
    [FIELD_LABELS['resource-name'], valueCell(resourceName)],
    [FIELD_LABELS['bucket-name'], bucketName === undefined ? 'any' : valueCell(bucketName)],
    [FIELD_LABELS['authenticated-permissions'], valueCell(authenticated)],
    [
      FIELD_LABELS['unauthenticated-permissions'],
      unauthenticated === undefined ? 'not managed' : valueCell(unauthenticated),
    ],
  ]
}

function currentCells(
  { resourceName }: DesiredStorage,
  storage: Storage | undefined,
  otherStorage: string | undefined,
): readonly string[] {
  if (storage === undefined) {
    return [otherStorage === undefined ? 'does not exist' : valueCell(otherStorage), '–', '–', '–']
  }
  const { bucketName, permissions, unknownPermissions } = storage
  return [
    valueCell(resourceName),
    bucketName === undefined ? 'not known' : valueCell(bucketName),
    valueCell([...permissions.authenticated, ...unknownPermissions.authenticated]),
    valueCell([...permissions.unauthenticated, ...unknownPermissions.unauthenticated]),
  ]
}

/** What is worth knowing about a change that is planned or in progress. */
function renderPlanNotes({ desired, state, outcome, inputValues }: ReportData): readonly string[] {
  if (desired === undefined) return []
  if (!isChangePending(outcome)) return []
  return planNotes(desired, state).map((text) => renderText(text, inputValues, 1_000))
}

const MAX_WARNINGS = 15

function renderWarnings({ state: { warnings: all }, inputValues }: ReportData): readonly string[] {
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
          `Error code ${links.error === undefined ? code(error.code) : link(code(error.code), links.error.url)}${linkSuffix(links.report)}`,
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
  const time = ms < 1_000 ? 'less than a second' : formatDuration(ms)
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

function bulletList(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}
