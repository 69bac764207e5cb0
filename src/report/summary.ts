/** The job summary: the result first, in words, then what was asked and what is. */
import { isRed, type Ending } from '../ending.ts'
import type { Findings } from '../findings.ts'
import { describeValue, type StorageRequest } from '../storage.ts'
import { duration } from '../clock.ts'
import { code, link, literal } from './markdown.ts'

export type Links = Readonly<{
  /** The app in the Amplify console. */
  console: string | undefined
  run: string | undefined
  pullRequest: Readonly<{ number: number; url: string }> | undefined
}>

export type SummaryInput = Readonly<{
  findings: Findings
  ending: Ending
  /** Undefined before the inputs were read. */
  request: StorageRequest | undefined
  region: string
  links: Links
  tookMs: number
}>

/** GitHub drops a step's whole summary above 1 MiB; this stays far below for all that a server can send. */
export const SUMMARY_LIMIT = 64 * 1024

/** The summary as Markdown, below 64 KiB whatever the findings hold. */
export function summaryOf(input: SummaryInput): string {
  const { findings, ending } = input
  const blocks = [
    `## ${headline(findings, ending)}`,
    explanation(ending),
    settings(input),
    consequences(input),
    warnings(findings),
    facts(input),
    retries(findings),
    keepTheStorage(ending),
  ].filter((block) => block !== '')
  const whole = `${blocks.join('\n\n')}\n`
  // Blocks, never characters, are dropped, so that no markup is left open.
  return Buffer.byteLength(whole) < SUMMARY_LIMIT ? whole : `${blocks.slice(0, 2).join('\n\n')}\n`
}

/** The result in words, as a heading. */
export function headline(findings: Findings, ending: Ending): string {
  const name = findings.resourceName === '' ? '' : ` ${code(findings.resourceName, 80)}`
  switch (ending.result) {
    case 'created':
      return ending.seen
        ? `✅ Storage${name} created`
        : `⚠️ Storage${name} created, but not looked at`
    case 'updated':
      return ending.seen
        ? `✅ Storage${name} updated`
        : `⚠️ Storage${name} updated, but not looked at`
    case 'unchanged':
      return `✅ Storage${name} is already as asked`
    case 'started':
      return `⏳ Storage${name}: job started, not waited for`
    case 'planned':
      return findings.changes.length === 0
        ? `✅ Plan: storage${name} is as asked, nothing to do`
        : findings.seen?.storage === undefined
          ? `📝 Plan: storage${name} will be created`
          : `📝 Plan: storage${name} will be changed`
    case 'skipped':
      return `⏭️ Storage${name} skipped`
    case 'failed':
      return findings.does === 'plan'
        ? `❌ Plan of storage${name} failed`
        : `❌ Storage${name} failed`
    case 'unknown':
      return `❌ Storage${name}: the outcome is not known`
    case 'timed-out':
      return `❌ Storage${name}: not ready in time`
    case 'cancelled':
      return `🚫 Storage${name}: cancelled`
  }
}

function explanation(ending: Ending): string {
  if (ending.result === 'skipped') return literal(ending.why, 1_000)
  if (!isRed(ending)) return ''
  const { error } = ending
  return [
    ...error.message.split('\n').map((line) => literal(line, 2_500)),
    `<b>What to do</b>: ${error.advice
      .split('\n')
      .map((line) => literal(line, 2_500))
      .join('<br>')}`,
  ].join('\n\n')
}

type Row = Readonly<{ field: string; asked: string; found: string }>

/** What is asked beside what the latest look found. */
export function settingRows(request: StorageRequest, findings: Findings): readonly Row[] {
  const storage = findings.seen?.storage
  const shown = (text: string): string =>
    findings.seen === undefined ? 'not looked at' : storage === undefined ? 'not there' : text
  return [
    { field: 'Storage', asked: request.resourceName, found: shown(request.resourceName) },
    {
      field: 'Bucket',
      asked: request.bucketName ?? 'chosen by the service',
      found: shown(storage?.bucketName ?? 'not told'),
    },
    {
      field: 'Signed-in users',
      asked: describeValue(request.authenticated),
      found: shown(describeValue(storage?.permissions.authenticated ?? [])),
    },
    {
      field: 'Guests',
      asked:
        request.unauthenticated === undefined
          ? 'not managed'
          : describeValue(request.unauthenticated),
      found: shown(describeValue(storage?.permissions.unauthenticated ?? [])),
    },
  ]
}

function settings({ request, findings, ending }: SummaryInput): string {
  if (request === undefined || ending.result === 'skipped') return ''
  const rows = settingRows(request, findings).map(
    ({ field, asked, found }) =>
      `<tr><td>${field}</td><td>${literal(asked, 200)}</td><td>${literal(found, 200)}</td></tr>`,
  )
  return [
    '<table>',
    '<tr><th></th><th>Asked for</th><th>In the backend</th></tr>',
    ...rows,
    '</table>',
  ].join('\n')
}

/** What a change brings about that its fields do not say. */
export function consequencesOf(request: StorageRequest, findings: Findings): readonly string[] {
  const { changes, seen } = findings
  if (changes.length === 0) return []
  const creates = seen?.storage === undefined
  const guests =
    (request.unauthenticated ?? []).length > 0 &&
    (seen?.storage?.permissions.unauthenticated ?? []).length === 0
  return [
    ...(creates && request.bucketName !== undefined
      ? [
          `The bucket is named ${request.bucketName}, a suffix that the service adds, and -${findings.backendEnvironmentName}.`,
        ]
      : []),
    ...(creates ? ['The name of the storage and its bucket cannot be changed later.'] : []),
    ...(guests
      ? [
          'Guests get access without signing in: this switches on unauthenticated identities in the Cognito identity pool of the app.',
        ]
      : []),
  ]
}

function consequences({ request, findings, ending }: SummaryInput): string {
  if (request === undefined || ending.result !== 'planned') return ''
  return list(consequencesOf(request, findings))
}

function warnings(findings: Findings): string {
  return list(
    findings.warnings.slice(0, 20).map(({ title, text }) => `${title}: ${text}`),
    '⚠️ ',
  )
}

function list(items: readonly string[], mark = ''): string {
  return items.map((item) => `- ${mark}${literal(item, 1_000)}`).join('\n')
}

function facts({ findings, ending, region, links, tookMs }: SummaryInput): string {
  const { jobId, status, does, why, appId, backendEnvironmentName, customHosts } = findings
  const error = isRed(ending) ? ending.error : undefined
  const bucket = 'bucketName' in ending ? ending.bucketName : undefined
  const place = `${code(appId, 80)} / ${code(backendEnvironmentName, 80)} in ${literal(region, 40)}`
  const items = [
    ...(appId === ''
      ? []
      : [
          `App and environment: ${place}${links.console === undefined ? '' : ` (${link('Amplify console', links.console)})`}`,
        ]),
    ...(bucket === undefined ? [] : [`Bucket: ${code(bucket)}`]),
    ...(jobId === ''
      ? []
      : [`Job: ${code(jobId)}${status === '' ? '' : `, last status ${literal(status, 60)}`}`]),
    ...(does === undefined || why === ''
      ? []
      : [`${does === 'apply' ? 'Applied' : 'Planned'}: ${literal(why.replaceAll('`', ''), 300)}`]),
    ...(customHosts.size === 0
      ? []
      : [
          `Requests went to ${[...customHosts]
            .slice(0, 5)
            .map((host) => code(host))
            .join(', ')} instead of AWS`,
        ]),
    ...(error === undefined ? [] : [`Error code: ${code(error.code)}`]),
    ...(error?.requestId === undefined ? [] : [`Request id: ${code(error.requestId)}`]),
    `Took ${duration(tookMs)}${links.run === undefined ? '' : ` (${link('this run', links.run)})`}`,
    ...(links.pullRequest === undefined
      ? []
      : [`Pull request: ${link(`#${links.pullRequest.number}`, links.pullRequest.url)}`]),
  ]
  return items.map((item) => `- ${item}`).join('\n')
}

const MOST_RETRIES = 15

function retries({ retries: lines }: Findings): string {
  if (lines.length === 0) return ''
  const more = lines.length - MOST_RETRIES
  return [
    `<details><summary>${lines.length} ${lines.length === 1 ? 'retry' : 'retries'}</summary>`,
    '',
    list(lines.slice(0, MOST_RETRIES)),
    ...(more > 0 ? [`- and ${more} more, in the log`] : []),
    '',
    '</details>',
  ].join('\n')
}

function keepTheStorage(ending: Ending): string {
  return ending.result === 'created'
    ? [
        '<b>Keep the storage</b>: when the repository of the app holds <code>amplify/</code>, run <code>amplify pull</code>, commit what it changes, and generate <code>aws-exports.js</code> again. A hosting build that does not know the storage can delete it.',
      ].join('\n')
    : ''
}
