/** The log of act, which has one JSON object in each line (`act --json`). */
import { isObject } from '../../../emulator/lib/validation.ts'

export type ActJob = {
  /** The workflow and the job, for example `Deploy/storage`. */
  readonly name: string
  /** `success` or `failure`; empty for a job that calls a workflow. */
  result: string
  /** The lines that its steps wrote. */
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
    const job: ActJob = jobs.get(name) ?? { name, result: '', log: [], outputs: new Map() }
    jobs.set(name, job)
    addEntry(job, entry)
  }
  return [...jobs.values()]
}

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
