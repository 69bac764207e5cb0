/** The tables of the documentation that are generated from action.yml and the code. */
import { parse } from 'yaml'
import { isFailure, RESULTS, type RunResult } from '../src/run/outcome.ts'
import { getOutcomes, resultOutputsTable } from './result-outputs.ts'

/** The inputs that most workflows set. The README shows them first. */
const COMMON_INPUTS: readonly string[] = [
  'aws-region',
  'role-to-assume',
  'plan-role-to-assume',
  'app-id',
  'backend-environment-name',
  'resource-name',
  'bucket-name',
  'authenticated-permissions',
  'unauthenticated-permissions',
]

/** The generated tables by their names. */
export function buildTables(
  action: string,
  emulatorAction: string,
): Readonly<Record<string, string>> {
  const document = mapping(parse(action))
  const emulator = mapping(parse(emulatorAction))
  const inputs = Object.entries(mapping(document['inputs']))
  const isCommon = ([name]: readonly [string, unknown]): boolean => COMMON_INPUTS.includes(name)
  return {
    'common-inputs': inputsTable(inputs.filter(isCommon)),
    'other-inputs': inputsTable(inputs.filter((input) => !isCommon(input))),
    outputs: outputsTable(mapping(document['outputs'])),
    'emulator-inputs': linkPages(inputsTable(Object.entries(mapping(emulator['inputs'])))),
    'emulator-outputs': outputsTable(mapping(emulator['outputs'])),
    results: resultsTable(),
    'result-outputs': resultOutputsTable(),
  }
}

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A text that fits into a table cell. */
const cell = (value: string): string => value.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|')

/** The names of sections of docs/emulator.md, and of other pages, as links on that page. */
const linkPages = (value: string): string =>
  value
    .replace(
      /"([^"]+)" in docs\/emulator\.md/g,
      (_, title: string) => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`,
    )
    .replace(/\bdocs\/(\w+)\.md/g, '[$1.md]($1.md)')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** Two columns, since three are wider than a phone. */
function inputsTable(inputs: readonly (readonly [string, unknown])[]): string {
  const rows = inputs.map(([name, value]) => {
    const { required, default: defaultValue, description } = mapping(value)
    const preset = text(defaultValue)
    const note = required === true ? '**Required.** ' : preset === '' ? '' : `**\`${preset}\`**. `
    return [`\`${name}\``, note + cell(text(description))]
  })
  return table(['input', '**default**, and meaning'], rows)
}

function outputsTable(outputs: Mapping): string {
  const rows = Object.entries(outputs).map(([name, value]) => [
    `\`${name}\``,
    cell(text(mapping(value)['description'])),
  ])
  return table(['output', 'meaning'], rows)
}

const MEANINGS: Readonly<Record<RunResult, string>> = {
  created: 'The storage was created. `ready` is set if the run then read it.',
  updated: 'The permissions were changed (`if-exists: update`). `ready` as for `created`.',
  unchanged: 'The storage already matches the inputs.',
  planned: 'A plan. `changes` is `[]` if an apply would change nothing.',
  started: 'The job was started, and the run did not wait for it (`wait: false`).',
  skipped: 'The event requires nothing, or its run gets no token. The log has the reason.',
  failed: 'The run failed. No job that it started is still running.',
  unknown:
    'A request was sent or a job was started, and its outcome is not known. The message shows how to check.',
  'timed-out': 'The run reached `timeout-in-minutes`. A job that it started continues.',
  cancelled: 'The run was cancelled. A job that it started continues.',
}

function resultsTable(): string {
  const conclusion = (result: RunResult): string =>
    getOutcomes(result).some(isFailure) ? 'failure' : 'success'
  return table(
    ['result', 'step', 'meaning'],
    RESULTS.map((result) => [`\`${result}\``, conclusion(result), MEANINGS[result]]),
  )
}
