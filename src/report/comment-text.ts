/** The comment on a pull request: what a reviewer or the team needs, and nothing that is not for everybody. */
import { isRed, type Ending } from '../ending.ts'
import { CATALOGUE } from '../errors.ts'
import type { Change } from '../storage.ts'
import { describeValue } from '../storage.ts'
import type { Inputs } from '../inputs.ts'
import { code, link, literal } from './markdown.ts'
import { consequencesOf, headline, type SummaryInput } from './summary.ts'

/** Hidden in the comment, so that it is found again: one comment for each app, environment and resource. */
export function markerOf(inputs: Inputs): string {
  const parts = [inputs.appId, inputs.backendEnvironmentName, inputs.resourceName, inputs.region]
  return `<!-- amplify-create-backend-storage ${parts.map(encodeURIComponent).join(' ').replaceAll('--', '%2D%2D')} -->`
}

/** Whether an ending is worth a comment under `changes-only`. */
export function isNews({ result }: Ending, changes: readonly Change[]): boolean {
  if (result === 'unchanged' || result === 'skipped') return false
  return result !== 'planned' || changes.length > 0
}

/**
 * The comment as Markdown. It says the code of an error, never the service's own text, and no account: the
 * comment may be public where the log is not.
 */
export function commentOf(marker: string, input: SummaryInput): string {
  const { findings, ending, request, links, region } = input
  const { appId, backendEnvironmentName, jobId, status, changes } = findings
  const blocks = [
    `${marker}\n### ${headline(findings, ending)}`,
    `App ${code(appId, 80)}, environment ${code(backendEnvironmentName, 80)}, ${literal(region, 40)}`,
    changesTable(changes),
    request === undefined || ending.result !== 'planned'
      ? ''
      : consequencesOf(request, findings)
          .map((text) => `- ${literal(text)}`)
          .join('\n'),
    isRed(ending)
      ? `${code(ending.error.code)}: ${literal(CATALOGUE[ending.error.code].cause)}`
      : '',
    isRed(ending) ? `<b>What to do</b>: ${literal(CATALOGUE[ending.error.code].remedy)}` : '',
    ending.result === 'planned' && changes.length > 0 ? 'This happens when it is merged.' : '',
    [
      ...(jobId === ''
        ? []
        : [`Job ${code(jobId, 130)}${status === '' ? '' : `, ${literal(status, 60)}`}`]),
      ...(links.run === undefined ? [] : [link('Log and summary of the run', links.run)]),
    ].join(' · '),
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function changesTable(changes: readonly Change[]): string {
  if (changes.length === 0) return ''
  const rows = changes.map(
    ({ field, from, to }) =>
      `<tr><td>${field}</td><td>${from === null ? '' : literal(describeValue(from), 200)}</td><td>${literal(describeValue(to), 200)}</td></tr>`,
  )
  return ['<table>', '<tr><th></th><th>Now</th><th>Asked for</th></tr>', ...rows, '</table>'].join(
    '\n',
  )
}
