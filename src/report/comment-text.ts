/** The comment on a pull request: what a reviewer or the team needs, and nothing that is not for everybody. */
import { isRed, type Ending } from '../ending.ts'
import { CATALOGUE } from '../errors.ts'
import type { Inputs } from '../inputs.ts'
import { phaseOf } from '../job.ts'
import type { Change } from '../storage.ts'
import { consequencesOf, guestConsequence } from './consequences.ts'
import { differenceTable } from './difference.ts'
import { headline } from './headline.ts'
import { code, link, literal, prose } from './markdown.ts'
import { KEEP_THE_STORAGE } from './summary.ts'
import type { Link, View } from './view.ts'

/** Hidden in the comment, so that it is found again: one comment for each app, environment and resource. */
export function markerOf(inputs: Inputs): string {
  const parts = [inputs.appId, inputs.backendEnvironmentName, inputs.resourceName]
  return `<!-- amplify-create-backend-storage ${parts.map(encodeURIComponent).join(' ').replaceAll('--', '%2D%2D')} -->`
}

/** Whether an ending is worth a comment under `changes-only`. */
export function isNews({ result }: Ending, changes: readonly Change[]): boolean {
  if (result === 'unchanged' || result === 'skipped') return false
  return result !== 'planned' || changes.length > 0
}

/** The id of the run that wrote a comment, where it says so. */
export function runOf(body: string): bigint | undefined {
  const id = /^<!-- [^\n]* -->\n<!-- run (\d{1,20}) -->\n/.exec(body)?.[1]
  return id === undefined ? undefined : BigInt(id)
}

/**
 * The comment as Markdown. It says the code of an error, never the service's own text, and no account: the
 * comment may be public where the log is not.
 *
 * @param run id of this run; empty where the runner names none
 */
export function commentOf(marker: string, run: string, view: View): string {
  const { findings, ending, region } = view
  const { appId, backendEnvironmentName } = findings
  const blocks = [
    `### ${headline(findings, ending)}`,
    `App ${code(appId, 80)}, environment ${code(backendEnvironmentName, 80)} in ${literal(region, 40)}`,
    ...trouble(view),
    difference(view),
    outlook(view),
    bucket(ending),
    ending.result === 'created' ? `<b>Keep the storage</b>: ${prose(KEEP_THE_STORAGE)}` : '',
    `<sub>${origin(view)}</sub>`,
  ]
  const hidden = [marker, ...(/^\d{1,20}$/.test(run) ? [`<!-- run ${run} -->`] : [])]
  return `${hidden.join('\n')}\n${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function trouble({ ending, findings }: View): readonly string[] {
  if (!isRed(ending)) return []
  const { cause, remedy } = CATALOGUE[ending.error.code]
  return [
    `${code(ending.error.code)}: ${prose(cause)}`,
    `<b>What to do</b>: ${prose(remedy)}`,
    ...(ending.result === 'failed' && !findings.sent ? ['Nothing was changed.'] : []),
  ]
}

function difference({ ending, findings }: View): string {
  const changes = findings.changes.map(({ field, from, to }) => ({
    field,
    from: typeof from === 'string' ? withoutAccounts(from) : from,
    to,
  }))
  switch (ending.result) {
    case 'planned':
      return differenceTable(changes, 'Now', 'Planned')
    case 'created':
    case 'updated':
      return differenceTable(changes, 'Before', 'Now')
    default:
      return differenceTable(changes, findings.does === 'plan' ? 'Now' : 'Before', 'Asked for')
  }
}

function outlook({ ending, findings, request }: View): string {
  const ahead = ending.result === 'planned' || ending.result === 'started'
  const guests = guestConsequence(findings)
  const items = [
    ...(ahead && request !== undefined ? consequencesOf(request, findings) : []),
    ...(guests === undefined || isRed(ending) ? [] : [guests]),
    ...(ending.result === 'planned' && findings.changes.length > 0 && findings.next !== ''
      ? [findings.next]
      : []),
  ].map((text) => prose(text))
  const noted = findings.warnings
    .filter(({ title }) => title !== GUESTS)
    .slice(0, 10)
    // Texts may hold the service's own words; titles never do.
    .map(({ title, text, code: foretold }) => {
      if (title === PLANNED_ONLY) return `⚠️ ${prose(text)}`
      return foretold === undefined
        ? `⚠️ ${literal(title, 80)} (the summary of the run says more)`
        : `⚠️ ${literal(title, 80)}: ${prose(CATALOGUE[foretold].cause)}`
    })
  return [...items, ...noted].map((item) => `- ${item}`).join('\n')
}

/** A warning whose matter `guestConsequence` has in its own words. */
const GUESTS = 'Guests get access'
/** A warning whose words are all our own. */
const PLANNED_ONLY = 'Planned only'

function bucket(ending: Ending): string {
  const name = 'bucketName' in ending ? ending.bucketName : undefined
  return name === undefined ? '' : `The bucket is ${code(withoutAccounts(name))}.`
}

/** Which commit and run the comment speaks of: what tells an old one from a fresh one. */
function origin({ findings: { jobId, status }, links }: View): string {
  const parts: string[] = [
    ...linked('Commit', links.commit),
    ...linked('summary and log of', links.run),
    ...(jobId === '' ? [] : [`job ${code(jobId, 130)} ${PHASES[phaseOf(status)]}`]),
  ]
  return parts.join(' · ')
}

const PHASES = { completed: 'completed', failed: 'failed', running: 'not yet completed' } as const

function linked(before: string, to: Link | undefined): readonly string[] {
  return to === undefined ? [] : [`${before} ${link(to.title, to.url)}`]
}

/** Twelve digits can be an account's id, in the name of a bucket for example. */
function withoutAccounts(text: string): string {
  return text.replace(/(?<!\d)\d{12}(?!\d)/g, '*'.repeat(12))
}
