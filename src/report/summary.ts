/** The job summary: the result first, in words, then what was asked and what is. */
import { duration } from '../clock.ts'
import { LABELS } from '../difference.ts'
import { isRed, type Ending } from '../ending.ts'
import type { Findings } from '../findings.ts'
import type { Storage, StorageRequest } from '../storage.ts'
import { consequencesOf } from './consequences.ts'
import { valueCell } from './difference.ts'
import { headline } from './headline.ts'
import { code, link, literal, prose, table } from './markdown.ts'
import type { Link, View } from './view.ts'

/** GitHub drops a step's whole summary above 1 MiB; this stays far below for all that a server can send. */
export const SUMMARY_LIMIT = 64 * 1024

/** The summary as Markdown, below 64 KiB whatever the findings hold. */
export function summaryOf(view: View): string {
  const { findings, ending } = view
  const notes = list([...outlook(view), ...warnings(findings)])
  const settingsTable = settings(view)
  const retryList = retries(findings)
  let blocks = [
    `## ${headline(findings, ending)}`,
    explanation(findings, ending),
    settingsTable,
    notes,
    keepTheStorage(ending),
    facts(view),
    retryList,
  ]
  // Whole blocks are left out, so that no markup stays open; what is missed least goes first.
  for (const block of [retryList, notes, settingsTable]) {
    if (Buffer.byteLength(whole(blocks)) < SUMMARY_LIMIT) break
    blocks = blocks.filter((other) => other !== block)
  }
  return whole(blocks)
}

function whole(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

/** Most bytes of what a red run says at the top. */
const EXPLANATION_LIMIT = 20 * 1024

function explanation({ sent }: Findings, ending: Ending): string {
  if (ending.result === 'skipped') return sentence(ending.why)
  if (!isRed(ending)) return ''
  const { error } = ending
  return [
    ...within(error.message.split('\n').map((line) => prose(line, 1_500))),
    `<b>What to do</b>: ${within(error.advice.split('\n').map((line) => prose(line, 1_500))).join('<br>')}`,
    ...(ending.result === 'failed' && !sent ? ['Nothing was changed.'] : []),
  ].join('\n\n')
}

/** The first lines that there is room for. */
function within(lines: readonly string[]): readonly string[] {
  let bytes = 0
  const kept = lines.filter((line) => (bytes += Buffer.byteLength(line)) <= EXPLANATION_LIMIT)
  return kept.length === lines.length ? kept : [...kept, 'The rest is in the log.']
}

function sentence(text: string): string {
  return `${prose(text.charAt(0).toUpperCase() + text.slice(1), 1_000)}.`
}

/** What is asked beside what the latest look found. */
function settings({ request, findings, ending }: View): string {
  if (request === undefined || ending.result === 'skipped') return ''
  const asked = askedCells(request)
  if (findings.seen === undefined) return table(['', 'Asked for'], asked)
  const found = foundCells(request, findings.seen.storage)
  return table(
    ['', 'Asked for', isFresh(findings, ending) ? 'In the backend' : 'When last seen'],
    asked.map((cells, index) => [...cells, found[index] ?? '']),
  )
}

/** Whether nothing has happened since the latest look, as far as this run goes. */
function isFresh({ sent }: Findings, ending: Ending): boolean {
  return !sent || ('seen' in ending && ending.seen)
}

function askedCells(request: StorageRequest): readonly (readonly string[])[] {
  const { resourceName, bucketName, authenticated, unauthenticated } = request
  return [
    [LABELS['resource-name'], valueCell(resourceName)],
    [LABELS['bucket-name'], bucketName === undefined ? 'any' : valueCell(bucketName)],
    [LABELS['authenticated-permissions'], valueCell(authenticated)],
    [
      LABELS['unauthenticated-permissions'],
      unauthenticated === undefined ? 'not managed' : valueCell(unauthenticated),
    ],
  ]
}

function foundCells(
  { resourceName }: StorageRequest,
  storage: Storage | undefined,
): readonly string[] {
  if (storage === undefined) return ['not there', '–', '–', '–']
  const { bucketName, permissions, foreign } = storage
  return [
    valueCell(resourceName),
    bucketName === undefined ? 'not told' : valueCell(bucketName),
    valueCell([...permissions.authenticated, ...foreign.authenticated]),
    valueCell([...permissions.unauthenticated, ...foreign.unauthenticated]),
  ]
}

/** What a change will bring about, as long as it lies ahead. */
function outlook({ request, findings, ending }: View): readonly string[] {
  if (request === undefined) return []
  if (ending.result !== 'planned' && ending.result !== 'started') return []
  const next = ending.result === 'planned' && findings.next !== '' ? [findings.next] : []
  return [...consequencesOf(request, findings), ...next].map((text) => prose(text, 1_000))
}

const MOST_WARNINGS = 15

function warnings({ warnings: all }: Findings): readonly string[] {
  const more = all.length - MOST_WARNINGS
  return [
    ...all
      .slice(0, MOST_WARNINGS)
      .map(({ title, text }) => `⚠️ ${literal(title, 80)}: ${prose(text, 700)}`),
    ...(more > 0 ? [`and ${more} more, in the log`] : []),
  ]
}

function keepTheStorage(ending: Ending): string {
  return ending.result === 'created' ? `<b>Keep the storage</b>: ${prose(KEEP_THE_STORAGE)}` : ''
}

/** Said wherever a storage was created: what has to be done in the app's own repository. */
export const KEEP_THE_STORAGE =
  'when the repository of the app holds `amplify/`, run `amplify pull`, commit what it changes, and generate `aws-exports.js` again. A hosting build that does not know the storage can delete it.'

function facts({ findings, ending, region, links, tookMs }: View): string {
  const { appId, backendEnvironmentName, jobId, status, customHosts } = findings
  const error = isRed(ending) ? ending.error : undefined
  const bucket = 'bucketName' in ending ? ending.bucketName : undefined
  return [
    ...(appId === ''
      ? []
      : [
          `App ${code(appId, 80)}, environment ${code(backendEnvironmentName, 80)} in ${literal(region, 40)}${linked(links.console)}`,
        ]),
    ...(bucket === undefined ? [] : [`Bucket ${code(bucket)}`]),
    ...(jobId === ''
      ? []
      : [`Job ${code(jobId)}${status === '' ? '' : `, last status ${code(status, 60)}`}`]),
    ...reason(findings),
    ...(customHosts.size === 0
      ? []
      : [`Requests went to ${hosts(customHosts)}, as the endpoint settings say`]),
    ...(error === undefined ? [] : [`Error code ${code(error.code)}`]),
    ...(error?.requestId === undefined ? [] : [`Request id ${code(error.requestId)}`]),
    `Took ${took(tookMs, findings)}${linked(links.run)}${linked(links.commit, 'commit ')}${linked(links.pullRequest, 'pull request ')}`,
  ].join('<br>\n')
}

function reason({ does, why }: Findings): readonly string[] {
  if (does === undefined || why === '') return []
  return [`Reason to ${does}: ${prose(why)}`]
}

function hosts(all: ReadonlySet<string>): string {
  return [...all]
    .slice(0, 5)
    .map((host) => code(host, 200))
    .join(', ')
}

function took(ms: number, { retries: all }: Findings): string {
  const time = ms < 1_000 ? 'less than a second' : duration(ms)
  return all.length === 0 ? time : `${time}, with ${counted(all.length)}`
}

function linked(to: Link | undefined, before = ''): string {
  return to === undefined ? '' : ` · ${before}${link(to.title, to.url)}`
}

const MOST_RETRIES = 15

function retries({ retries: lines }: Findings): string {
  if (lines.length === 0) return ''
  const more = lines.length - MOST_RETRIES
  const items = [
    ...lines.slice(0, MOST_RETRIES).map((line) => literal(line, 400)),
    ...(more > 0 ? [`and ${more} more, in the log`] : []),
  ]
  return `<details><summary>${counted(lines.length)}</summary>\n\n${list(items)}\n\n</details>`
}

function counted(count: number): string {
  return count === 1 ? '1 retry' : `${count} retries`
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}
