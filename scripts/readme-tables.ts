/** The tables of the README that are made of action.yml and of the code. */
import { parse } from 'yaml'
import { isFailure, RESULTS, type RunResult } from '../src/run/outcome.ts'
import { ERROR_CATALOG } from '../src/errors/catalog.ts'
import { getOutcomes, resultOutputsTable } from './result-outputs.ts'

/** Every generated part of the README by its name. */
export function buildTables(action: string): Readonly<Record<string, string>> {
  const document = mapping(parse(action))
  return {
    inputs: inputsTable(mapping(document['inputs'])),
    outputs: outputsTable(mapping(document['outputs'])),
    results: resultsTable(),
    'result-outputs': resultOutputsTable(),
    errors: errorsTable(),
  }
}

type Mapping = Readonly<Record<string, unknown>>

const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A text as a cell of a table takes it. */
const cell = (value: string): string => value.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function inputsTable(inputs: Mapping): string {
  const rows = Object.entries(inputs).map(([name, value]) => {
    const { required, default: preset, description } = mapping(value)
    const shown = text(preset) === '' ? '' : `\`${text(preset)}\``
    return [`\`${name}\``, required === true ? '**required**' : shown, cell(text(description))]
  })
  return table(['input', 'default', 'meaning'], rows)
}

function outputsTable(outputs: Mapping): string {
  const rows = Object.entries(outputs).map(([name, value]) => [
    `\`${name}\``,
    cell(text(mapping(value)['description'])),
  ])
  return table(['output', 'meaning'], rows)
}

const MEANINGS: Readonly<Record<RunResult, string>> = {
  created: 'The storage was created; `ready` is set when it was then seen to be there.',
  updated: 'Its permissions were changed (`if-exists: update`); `ready` as for `created`.',
  unchanged: 'It is there as asked, and nothing had to be done.',
  planned: 'A plan; `changes` is `[]` when an apply would change nothing.',
  started: 'The job was started and not waited for (`wait: false`).',
  skipped: 'The event asks for nothing, or its run gets no token; the log says which.',
  failed: 'It did not work, for the reason given. Nothing of this run is still under way.',
  unknown:
    'Something was sent or started, and its outcome could not be established. The message says how to look.',
  'timed-out': '`timeout-in-minutes` ran out. A job that was started goes on.',
  cancelled: 'The run was cancelled. A job that was started goes on.',
}

function resultsTable(): string {
  const colour = (result: RunResult): string =>
    getOutcomes(result).some(isFailure) ? 'red' : 'green'
  return table(
    ['result', 'the step is', 'meaning'],
    RESULTS.map((result) => [`\`${result}\``, colour(result), MEANINGS[result]]),
  )
}

function errorsTable(): string {
  return table(
    ['code', 'what happened'],
    Object.entries(ERROR_CATALOG).map(([code, { cause }]) => [`\`${code}\``, cell(cause)]),
  )
}
