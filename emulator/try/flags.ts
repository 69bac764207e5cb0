import { parseArgs } from 'node:util'

import { UsageError } from '../flags.ts'
import { events, type EventName } from '../workflow/events.ts'
import { isFault } from './faults.ts'

export type TryFlags = Readonly<{
  /** The workflow in `examples/`, without `.yml`. */
  example: string
  event: EventName
  fault: string | undefined
  /** Run the step a second time, as a re-run of the job does. */
  twice: boolean
  jobMs: number
}>

export function tryUsage(faults: readonly (readonly [name: string, what: string])[]): string {
  return `Usage: npm run try -- [options]

Runs the action's bundle on an emulator of its own, on loopback, as a runner runs the step of a
workflow. Shows the log, then the outputs, then the summary; leaves nothing behind.

  --example NAME     the workflow, as in examples/NAME.yml (plan-and-apply when left out)
  --event NAME       ${Object.keys(events).join(', ')} (push when left out)
  --twice            run it again, as a re-run does
  --job-seconds N    how long the backend job takes (3 when left out)
  --fault NAME       let something go wrong:
${faults.map(([name, what]) => `                       ${name.padEnd(20)}${what}`).join('\n')}
  --help             show this text
`
}

const isEvent = (name: string): name is EventName => Object.hasOwn(events, name)

function read(args: readonly string[]): {
  example?: string | undefined
  event?: string | undefined
  fault?: string | undefined
  twice?: boolean | undefined
  'job-seconds'?: string | undefined
  help?: boolean | undefined
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        example: { type: 'string' },
        event: { type: 'string' },
        fault: { type: 'string' },
        twice: { type: 'boolean' },
        'job-seconds': { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Reads the command line; undefined when it asks for help. Throws a UsageError that says what is wrong. */
export function parseTryFlags(args: readonly string[]): TryFlags | undefined {
  const { example = 'plan-and-apply', event = 'push', fault, twice, help, ...rest } = read(args)
  if (help === true) return undefined
  if (!/^[\w-]+$/.test(example)) throw new UsageError(`There is no example '${example}'`)
  if (!isEvent(event)) throw new UsageError(`There is no event '${event}'`)
  if (fault !== undefined && !isFault(fault)) throw new UsageError(`There is no fault '${fault}'`)
  const seconds = rest['job-seconds'] ?? '3'
  if (!/^\d+(?:\.\d+)?$/.test(seconds) || Number(seconds) > 3_600) {
    throw new UsageError(`--job-seconds must be a number from 0 to 3600, not '${seconds}'`)
  }
  return { example, event, fault, twice: twice ?? false, jobMs: Number(seconds) * 1_000 }
}
