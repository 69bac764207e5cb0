import { parseArgs } from 'node:util'

import { UsageError } from './flags.ts'
import { eventsByName, type EventName } from '../runner/events.ts'
import { defaults } from '../lib/defaults.ts'
import { faultDescriptions, isNamedFault } from './try-faults.ts'

export type TryFlags = Readonly<{
  /** The workflow in `examples/`, without `.yml`. */
  example: string
  /** What starts the workflow; undefined where nothing is said. */
  event: EventName | undefined
  fault: string | undefined
  /** Run the step a second time, as a re-run of the job does. */
  twice: boolean
  jobMs: number
}>

/** @param examples the names of the workflows in `examples/`, without `.yml` */
export function tryUsage(examples: readonly string[]): string {
  const { appId, accountId, applyRole, planRole } = defaults
  return `Usage: npm run try -- [options]

Runs the action's bundle on an emulator of its own, on loopback, as a runner runs the first step of a
workflow that uses the action. Shows the log, then the outputs, then the summary; leaves nothing
behind. Other steps and callers are not run: what relies on them (ambient-credentials, reusable) is red,
and call-reusable has nothing to run.

To try a workflow of your own, save it as examples/NAME.yml. The emulator knows the app
${appId} with the environments dev and prod, in any region, and of the account ${accountId}
the roles ${roleName(applyRole)} and ${roleName(planRole)}. With another app the run ends in
NOT_FOUND, with another role in ROLE_REFUSED.

The roles trust what docs/setup.md says: the one that applies takes runs on main, the one that plans
those on every branch and of pull requests. With --event merged the one that applies trusts pull
requests merged into main instead, as a workflow that has no push needs it.

  --example NAME     the workflow, as in examples/NAME.yml (plan-and-apply when left out):
${formatNames(examples)}
  --event NAME       what starts it, whatever its triggers are (when left out: push, or what else it
                     names that applies):
${formatNames(Object.keys(eventsByName))}
  --twice            run it again, as a re-run does
  --job-seconds N    how long the backend job takes (3 when left out); the action first looks at a job
                     after about 5.5 seconds, so less than that changes nothing that shows
  --fault NAME       let something go wrong:
${Object.entries(faultDescriptions)
  .map(([name, what]) => `                       ${name.padEnd(20)}${what}`)
  .join('\n')}
  --help             show this text
`
}

const roleName = (arn: string): string => arn.replace(/^.*\//, '')

/** Names below an option, in lines that fit a terminal. */
const formatNames = (names: readonly string[]): string =>
  names
    .join(', ')
    .replace(/(.{1,76})(?: |$)/g, `${' '.repeat(23)}$1\n`)
    .trimEnd()

const isEventName = (name: string): name is EventName => Object.hasOwn(eventsByName, name)

function parseArguments(args: readonly string[]): {
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

/**
 * Reads the command line; undefined when it asks for help. Throws a UsageError that says what is wrong.
 *
 * @param examples the names of the workflows in `examples/`, without `.yml`
 */
export function parseTryFlags(
  args: readonly string[],
  examples: readonly string[],
): TryFlags | undefined {
  const { example = 'plan-and-apply', event, fault, twice, help, ...rest } = parseArguments(args)
  if (help === true) return undefined
  if (!examples.includes(example)) {
    throw unknownValue(
      'example',
      'the name of a workflow in examples/, without .yml',
      example,
      examples,
    )
  }
  if (event !== undefined && !isEventName(event))
    throw unknownValue('event', 'an event', event, Object.keys(eventsByName))
  if (fault !== undefined && !isNamedFault(fault)) {
    throw unknownValue('fault', 'a fault', fault, Object.keys(faultDescriptions))
  }
  const seconds = rest['job-seconds'] ?? '3'
  if (!/^\d+(?:\.\d+)?$/.test(seconds) || Number(seconds) > 3_600) {
    throw new UsageError(`--job-seconds must be a number from 0 to 3600, not '${seconds}'`)
  }
  return { example, event, fault, twice: twice ?? false, jobMs: Number(seconds) * 1_000 }
}

function unknownValue(
  flag: string,
  rule: string,
  given: string,
  known: readonly string[],
): UsageError {
  return new UsageError(`--${flag} must be ${rule}, not '${given}'; there are: ${known.join(', ')}`)
}
