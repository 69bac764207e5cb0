/** What act reports about a run: one JSON object a line (`act --json`). */
import { isObject } from '../../../emulator/lib/validation.ts'

export type ActJob = {
  /** The key below `jobs:`; for a job of a called workflow, the key of the calling job. */
  readonly id: string
  /** The workflow and the job, for example `Deploy/storage`. */
  readonly name: string
  readonly matrix: Readonly<Record<string, unknown>>
  /** `success` or `failure`; empty while it runs. */
  result: string
  /** What its steps have written, line by line. */
  readonly log: string[]
  /** The outputs of its steps, by step id. */
  readonly outputs: Map<string, Record<string, string>>
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return isObject(entry) ? entry : undefined
  } catch {
    // An error of act itself is a line of text.
    return undefined
  }
}

/** The jobs that act has started, in the order in which they started. */
export function parseActLog(output: string): readonly ActJob[] {
  const jobs = new Map<string, ActJob>()
  for (const line of output.split('\n')) {
    const entry = parseLine(line)
    const name = text(entry?.['job']).trim()
    if (entry === undefined || name === '') continue
    const job = jobs.get(name) ?? createJob(name, entry)
    jobs.set(name, job)
    addEntry(job, entry)
  }
  return [...jobs.values()]
}

const createJob = (name: string, entry: Readonly<Record<string, unknown>>): ActJob => ({
  id: text(entry['jobID']),
  name,
  matrix: isObject(entry['matrix']) ? entry['matrix'] : {},
  result: '',
  log: [],
  outputs: new Map(),
})

function addEntry(job: ActJob, entry: Readonly<Record<string, unknown>>): void {
  if (typeof entry['jobResult'] === 'string') job.result = entry['jobResult']
  if (
    entry['raw_output'] === true ||
    entry['command'] === 'error' ||
    entry['command'] === 'warning'
  )
    job.log.push(text(entry['msg']).trimEnd())
  if (entry['command'] !== 'set-output') return
  const ids: unknown = entry['stepID']
  const step = Array.isArray(ids) ? text(ids[0]) : ''
  const outputs = job.outputs.get(step) ?? {}
  outputs[text(entry['name'])] = text(entry['arg'])
  job.outputs.set(step, outputs)
}
