/** The job summary: the result first, in words, then what was asked and what is. */
import { formatDuration } from '../lib/clock.ts'
import { FIELD_LABELS } from '../storage/change-lines.ts'
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import type { Storage, DesiredStorage } from '../storage/model.ts'
import { planNotes, valueCell } from './changes.ts'
import { headline } from './headline.ts'
import { code, link, escapeMarkdown, renderText, table } from './markdown.ts'
import type { Link, ReportData } from './data.ts'

/** GitHub drops a step's whole summary above 1 MiB; this stays far below for all that a server can send. */
export const MAX_SUMMARY_BYTES = 64 * 1024

/** The summary as Markdown, below 64 KiB whatever the findings hold. */
export function renderSummary(data: ReportData): string {
  const { state, outcome } = data
  const notes = bulletList([...renderPlanNotes(data), ...renderWarnings(state)])
  const settingsTable = renderSettings(data)
  const retryList = renderRetries(state)
  let blocks = [
    `## ${headline(state, outcome)}`,
    explanation(state, outcome),
    settingsTable,
    notes,
    keepStorageBlock(outcome),
    renderFacts(data),
    retryList,
  ]
  // Whole blocks are left out, so that no markup stays open; what is missed least goes first.
  for (const block of [retryList, notes, settingsTable]) {
    if (Buffer.byteLength(joinBlocks(blocks)) < MAX_SUMMARY_BYTES) break
    blocks = blocks.filter((other) => other !== block)
  }
  return joinBlocks(blocks)
}

function joinBlocks(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

/** Most bytes of what a red run says at the top. */
const MAX_EXPLANATION_BYTES = 20 * 1024

function explanation({ mutationSent }: RunState, outcome: RunOutcome): string {
  if (outcome.result === 'skipped') return toSentence(outcome.reason)
  if (!isFailure(outcome)) return ''
  const { error } = outcome
  return [
    ...truncateLines(error.message.split('\n').map((line) => renderText(line, 1_500))),
    `<b>What to do</b>: ${truncateLines(error.advice.split('\n').map((line) => renderText(line, 1_500))).join('<br>')}`,
    ...(outcome.result === 'failed' && !mutationSent ? ['Nothing was changed.'] : []),
  ].join('\n\n')
}

/** The first lines that there is room for. */
function truncateLines(lines: readonly string[]): readonly string[] {
  let bytes = 0
  const kept = lines.filter((line) => (bytes += Buffer.byteLength(line)) <= MAX_EXPLANATION_BYTES)
  return kept.length === lines.length ? kept : [...kept, 'The rest is in the log.']
}

function toSentence(text: string): string {
  return `${renderText(text.charAt(0).toUpperCase() + text.slice(1), 1_000)}.`
}

/** What is asked beside what the latest look found. */
function renderSettings({ desired, state, outcome }: ReportData): string {
  if (desired === undefined || outcome.result === 'skipped') return ''
  const rows = desiredCells(desired)
  if (state.currentStorage === undefined) return table(['', 'Asked for'], rows)
  const currentValues = currentCells(desired, state.currentStorage.storage)
  return table(
    ['', 'Asked for', isUpToDate(state, outcome) ? 'In the backend' : 'When last seen'],
    rows.map((cells, index) => [...cells, currentValues[index] ?? '']),
  )
}

/** Whether nothing has happened since the latest look, as far as this run goes. */
function isUpToDate({ mutationSent }: RunState, outcome: RunOutcome): boolean {
  return !mutationSent || ('verified' in outcome && outcome.verified)
}

function desiredCells(request: DesiredStorage): readonly (readonly string[])[] {
  const { resourceName, bucketName, authenticated, unauthenticated } = request
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
): readonly string[] {
  if (storage === undefined) return ['not there', '–', '–', '–']
  const { bucketName, permissions, unknownPermissions } = storage
  return [
    valueCell(resourceName),
    bucketName === undefined ? 'not told' : valueCell(bucketName),
    valueCell([...permissions.authenticated, ...unknownPermissions.authenticated]),
    valueCell([...permissions.unauthenticated, ...unknownPermissions.unauthenticated]),
  ]
}

/** What a change will bring about, as long as it lies ahead. */
function renderPlanNotes({ desired, state, outcome }: ReportData): readonly string[] {
  if (desired === undefined) return []
  if (outcome.result !== 'planned' && outcome.result !== 'started') return []
  const next = outcome.result === 'planned' && state.followUp !== '' ? [state.followUp] : []
  return [...planNotes(desired, state), ...next].map((text) => renderText(text, 1_000))
}

const MAX_WARNINGS = 15

function renderWarnings({ warnings: all }: RunState): readonly string[] {
  const more = all.length - MAX_WARNINGS
  return [
    ...all
      .slice(0, MAX_WARNINGS)
      .map(({ title, text }) => `⚠️ ${escapeMarkdown(title, 80)}: ${renderText(text, 700)}`),
    ...(more > 0 ? [`and ${more} more, in the log`] : []),
  ]
}

function keepStorageBlock(outcome: RunOutcome): string {
  return outcome.result === 'created'
    ? `<b>Keep the storage</b>: ${renderText(KEEP_STORAGE_NOTE)}`
    : ''
}

/** Said wherever a storage was created: what has to be done in the app's own repository. */
export const KEEP_STORAGE_NOTE =
  'when the repository of the app holds `amplify/`, run `amplify pull`, commit what it changes, and generate `aws-exports.js` again. A hosting build that does not know the storage can delete it.'

function renderFacts({ state, outcome, region, links, durationMs }: ReportData): string {
  const { appId, backendEnvironmentName, jobId, status, customHosts } = state
  const error = isFailure(outcome) ? outcome.error : undefined
  const bucket = 'bucketName' in outcome ? outcome.bucketName : undefined
  return [
    ...(appId === ''
      ? []
      : [
          `App ${code(appId, 80)}, environment ${code(backendEnvironmentName, 80)} in ${escapeMarkdown(region, 40)}${linkSuffix(links.console)}`,
        ]),
    ...(bucket === undefined ? [] : [`Bucket ${code(bucket)}`]),
    ...(jobId === ''
      ? []
      : [`Job ${code(jobId)}${status === '' ? '' : `, last status ${code(status, 60)}`}`]),
    ...commandReason(state),
    ...(customHosts.size === 0
      ? []
      : [`Requests went to ${hostList(customHosts)}, as the endpoint settings say`]),
    ...(error === undefined ? [] : [`Error code ${code(error.code)}`]),
    ...(error?.requestId === undefined ? [] : [`Request id ${code(error.requestId)}`]),
    `Took ${formatRunTime(durationMs, state)}${linkSuffix(links.run)}${linkSuffix(links.commit, 'commit ')}${linkSuffix(links.pullRequest, 'pull request ')}`,
  ].join('<br>\n')
}

function commandReason({ command, reason }: RunState): readonly string[] {
  if (command === undefined || reason === '') return []
  return [`Reason to ${command}: ${renderText(reason)}`]
}

function hostList(all: ReadonlySet<string>): string {
  return [...all]
    .slice(0, 5)
    .map((host) => code(host, 200))
    .join(', ')
}

function formatRunTime(ms: number, { retries: all }: RunState): string {
  const time = ms < 1_000 ? 'less than a second' : formatDuration(ms)
  return all.length === 0 ? time : `${time}, with ${countRetries(all.length)}`
}

function linkSuffix(to: Link | undefined, before = ''): string {
  return to === undefined ? '' : ` · ${before}${link(to.title, to.url)}`
}

const MAX_RETRIES = 15

function renderRetries({ retries: lines }: RunState): string {
  if (lines.length === 0) return ''
  const more = lines.length - MAX_RETRIES
  const items = [
    ...lines.slice(0, MAX_RETRIES).map((line) => escapeMarkdown(line, 400)),
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
