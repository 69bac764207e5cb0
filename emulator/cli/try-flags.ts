/** The options of `npm run try`. */
import { defaults } from '../emulator.ts'
import { eventsByName, type EventName } from '../runner/events.ts'
import { parseNumber, parseOptions, UsageError } from './options.ts'
import { faultDescriptions, isNamedFault } from './try-faults.ts'

export type TryFlags = Readonly<{
  /** The name of the workflow in `examples/`, without `.yml`. */
  example: string
  /** The event that triggers the workflow; undefined if the command line has none. */
  event: EventName | undefined
  fault: string | undefined
  /** Whether to run the step again, as a re-run of the job does. */
  twice: boolean
  jobMs: number
}>

/**
 * The help of the command.
 *
 * @param examples the names of the workflows in `examples/`, without `.yml`
 */
export function tryUsage(examples: readonly string[]): string {
  const { appId, accountId, applyRole, planRole } = defaults
  return `Usage: npm run try -- [options]

Starts an emulator on loopback and runs the action's bundle on it, as a runner runs the first step that
uses the action in a workflow. Shows the log, then the outputs, then the summary, and leaves nothing
behind. Other steps and calling workflows do not run: the examples that need them (ambient-credentials,
reusable) fail, and call-reusable has no step to run.

To try a workflow of your own, save it as examples/NAME.yml. The emulator has the app
${appId} with the environments dev and prod, in any region, and in the account ${accountId}
the roles ${roleName(applyRole)} and ${roleName(planRole)}. A run with another app fails with
NOT_FOUND, and a run with another role fails with ROLE_REFUSED.

The roles have the trust policies of docs/setup.md: the role that applies trusts runs on main, and the
role that plans trusts runs on every branch and of pull requests. With --event merged, the role that
applies trusts pull requests that are merged into main instead, for workflows without a push event.

  --example NAME     the workflow, as in examples/NAME.yml (default: plan-and-apply):
${formatNames(examples)}
  --event NAME       the event, even if it does not trigger the workflow (default: push, or
                     another event that triggers the workflow and applies):
${formatNames(Object.keys(eventsByName))}
  --twice            run the step again, as a re-run does
  --job-seconds N    the duration of the backend job (default: 3); the action first polls a job after
                     about 5.5 seconds, so a shorter duration makes no difference
  --fault NAME       a fault that happens during the run:
${Object.entries(faultDescriptions)
  .map(([name, description]) => `                       ${name.padEnd(20)}${description}`)
  .join('\n')}
  --help             show this help
`
}

const roleName = (arn: string): string => arn.replace(/^.*\//, '')

/** Lists names below an option, in lines that fit a terminal. */
const formatNames = (names: readonly string[]): string =>
  names
    .join(', ')
    .replace(/(.{1,76})(?: |$)/gy, `${' '.repeat(23)}$1\n`)
    .trimEnd()

const isEventName = (name: string): name is EventName => Object.hasOwn(eventsByName, name)

/**
 * Parses the command line; returns undefined if it asks for help.
 *
 * @param examples the names of the workflows in `examples/`, without `.yml`
 * @throws UsageError if the command line is not valid
 */
export function parseTryFlags(
  args: readonly string[],
  examples: readonly string[],
): TryFlags | undefined {
  const values = parseOptions(args, {
    example: { type: 'string', default: 'plan-and-apply' },
    event: { type: 'string' },
    fault: { type: 'string' },
    twice: { type: 'boolean', default: false },
    'job-seconds': { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) return undefined
  const { example, event, fault, twice } = values
  if (!examples.includes(example)) throw unknownName('example', example, examples)
  if (event !== undefined && !isEventName(event))
    throw unknownName('event', event, Object.keys(eventsByName))
  if (fault !== undefined && !isNamedFault(fault))
    throw unknownName('fault', fault, Object.keys(faultDescriptions))
  const jobMs = parseNumber('job-seconds', values['job-seconds'], 3_600) * 1_000
  return { example, event, fault, twice, jobMs }
}

const unknownName = (kind: string, name: string, known: readonly string[]): UsageError =>
  new UsageError(`Unknown ${kind} "${name}". Choose one of: ${known.join(', ')}`)
