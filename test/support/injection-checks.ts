/** Checks that text from elsewhere is only text in the log, the outputs and the summary of a run. */
import { ERROR_CATALOG } from '../../src/errors/catalog.ts'
import { OUTPUTS } from '../../src/report/outputs.ts'
import { MAX_SUMMARY_BYTES } from '../../src/report/summary.ts'
import { renderMarkdown } from './rendered-markdown.ts'

/** The elements that the report writes; none of them runs or loads anything. */
const ELEMENTS = new Set(
  'a b br code details h2 h3 li p pre sub summary table tbody td th thead tr ul'.split(' '),
)

/** The links of the report lead to GitHub and to the app in the console. */
const OWN_LINKS =
  /^https:\/\/(?:github\.com\/octo-org\/octo-app\/|[\w-]+\.console\.(?:aws\.amazon\.com|amazonaws\.cn)\/amplify\/)/

const FORGERY = /^\s*::|##\[/
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** Checks that the runner does not take a line of the log for a command. */
export function checkLine(line: string): void {
  if (CONTROL.test(line)) throw new Error(`a control character in ${JSON.stringify(line)}`)
  if (FORGERY.test(line)) throw new Error(`a command in ${JSON.stringify(line)}`)
}

/** Checks each line of a text, such as that of an annotation. */
export function checkText(text: string): void {
  for (const line of text.split('\n')) checkLine(line)
}

/** Checks that exactly the declared outputs are set, each on one line except the error message. */
export function checkOutputs(outputs: Readonly<Record<string, string>>): void {
  const names = Object.keys(outputs).toSorted()
  if (names.join() !== OUTPUTS.toSorted().join()) throw new Error(`outputs: ${names.join()}`)
  const { changes = '', ...texts } = outputs
  if (/[\r\n]/.test(changes) || !Array.isArray(JSON.parse(changes))) throw new Error(changes)
  for (const [name, value] of Object.entries(texts)) {
    const lines = name === 'error-message' ? value.split('\n') : [value]
    if (lines.some((line) => CONTROL.test(line)))
      throw new Error(`${name}: ${JSON.stringify(value)}`)
  }
  const { 'error-code': code = '', 'job-id': job = '', ready } = outputs
  if (code !== '' && !Object.hasOwn(ERROR_CATALOG, code)) throw new Error(`error-code: ${code}`)
  if (!/^[\w.-]*$/.test(job)) throw new Error(`job-id: ${job}`)
  if (ready !== '' && ready !== 'true') throw new Error(`ready: ${String(ready)}`)
}

/** Checks that nothing in Markdown is active except what the report writes. */
export function checkMarkdown(markdown: string): void {
  if (Buffer.byteLength(markdown) > MAX_SUMMARY_BYTES) throw new Error('too long')
  const { elements, links } = renderMarkdown(markdown)
  const strange = elements.filter((name) => !ELEMENTS.has(name))
  if (strange.length > 0) throw new Error(`elements ${strange.join()} in ${markdown}`)
  const foreign = links.filter((url) => !OWN_LINKS.test(url))
  if (foreign.length > 0) throw new Error(`links to ${foreign.join()} in ${markdown}`)
}

/** Checks a comment, which also notifies nobody: GitHub finds names in everything except code and links. */
export function checkComment(markdown: string): void {
  checkMarkdown(markdown)
  const { prose } = renderMarkdown(markdown)
  if (/@\w|(?:^|[^\w&])#\d|\bgh-\d/i.test(prose)) throw new Error(`a mention in ${markdown}`)
}

/** Checks that the only commands in the output of a process are those of the action. */
export function checkRawLog(raw: readonly string[]): void {
  for (const line of raw) {
    if (line.includes('##[')) throw new Error(`a command in ${JSON.stringify(line)}`)
    const command = /^\s*::(.*)$/s.exec(line)?.[1]
    if (command === undefined) checkLine(line)
    else if (!OWN_COMMAND.test(command)) throw new Error(`a command: ${JSON.stringify(line)}`)
  }
}

const OWN_COMMAND =
  /^(?:add-mask|debug|group)::|^endgroup::$|^(?:notice|warning|error) title=[A-Z][\w ]*(?: \([A-Z_]+\))?::/
