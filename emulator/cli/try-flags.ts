/** The options of `npm run try`. */
import { defaults } from '../emulator.ts'
import { eventsByName } from '../runner/events.ts'
import { parseNumber, parseOptions, unknownName, UsageError } from './options.ts'
import { faultDescriptions, isNamedFault } from './try-faults.ts'
import { parseWorkflowFlags, workflowOptions, type WorkflowFlags } from './workflow-flags.ts'

export type TryFlags = Readonly<{
  /** The name of the workflow in `examples/`, without `.yml`; unless there is a path of a workflow. */
  example: string
  workflow: WorkflowFlags
  fault: string | undefined
  /** Whether to run the step again, as a re-run of the job does. */
  twice: boolean
  jobMs: number
  /** Where to write the summary as a page. */
  html: string | undefined
}>

/**
 * The help of the command.
 *
 * @param examples the names of the workflows in `examples/`, without `.yml`
 */
export function tryUsage(examples: readonly string[]): string {
  const { appId, accountId, applyRole, planRole } = defaults
  return `Usage: npm run try -- [options]

Starts an emulator on loopback and runs the action's bundle on it, as a runner runs the step that uses the
action in a workflow. Shows the log, then the outputs, then the summary, and leaves nothing behind.

The emulator has the app, the environment, the roles and the account that the step names. The roles have
the trust policies of docs/setup.md: the role that applies trusts runs on the branches that apply, and the
role that plans trusts runs on every branch and of pull requests. A role with a name of the template is
that role; of the others, role-to-assume names the role that applies, and plan-role-to-assume another one. With --event merged, the role that
applies trusts pull requests that are merged into main instead, for workflows without a push event. The
examples use the app ${appId} with the environments dev and prod, in the account
${accountId} with the roles ${roleName(applyRole)} and ${roleName(planRole)}.

  --workflow PATH    the file of a workflow of yours. Only its step runs: a step that needs outputs of
                     other steps or jobs is rejected
  --job NAME         the job whose step runs (default: the first one that uses the action)
  --example NAME     a workflow of this repository, as in examples/NAME.yml (default: plan-and-apply):
${formatNames(examples)}
  --event NAME       the event, even if it does not trigger the workflow (default: push, or
                     another event that triggers the workflow and applies), GitHub's name or one of:
${formatNames(Object.keys(eventsByName))}
  --branch NAME      its branch, the base branch of a pull request (default: main)
  --matrix NAME=VALUE  a value of the combination of a matrix that runs (default: the first combination)
  --input NAME=VALUE   an input of a workflow that is started by hand or called
  --var NAME=VALUE     a variable of the repository, for \`vars\`
  --secret NAME=VALUE  a secret of the repository, for \`secrets\`
  --server URL       the GitHub server of the jobs (default: https://github.com)
  --html FILE        write the summary as a page to this file
  --twice            run the step again, as a re-run does
  --job-seconds N    the duration of the backend job (default: 3); the action first polls a job after
                     about 2.5 seconds, so a shorter duration makes no difference
  --fault NAME       a fault that happens during the run:
${Object.entries(faultDescriptions)
  .map(([name, description]) => `                       ${name.padEnd(nameWidth)}${description}`)
  .join('\n')}
  -h, --help         show this help
`
}

const nameWidth = Math.max(...Object.keys(faultDescriptions).map(({ length }) => length)) + 2

const roleName = (arn: string): string => arn.replace(/^.*\//, '')

/** Lists names below an option, in lines that fit a terminal. */
const formatNames = (names: readonly string[]): string =>
  names
    .join(', ')
    .replace(/(.{1,76})(?: |$)/gy, `${' '.repeat(23)}$1\n`)
    .trimEnd()

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
    ...workflowOptions,
    example: { type: 'string' },
    fault: { type: 'string' },
    html: { type: 'string' },
    twice: { type: 'boolean', default: false },
    'job-seconds': { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) return undefined
  const { example, fault, twice, html } = values
  if (example !== undefined && !examples.includes(example))
    throw unknownName('example', example, examples)
  if (example !== undefined && values.workflow !== undefined)
    throw new UsageError('--example and --workflow cannot go together.')
  if (fault !== undefined && !isNamedFault(fault))
    throw unknownName('fault', fault, Object.keys(faultDescriptions))
  const jobMs = parseNumber('job-seconds', values['job-seconds'], 3_600) * 1_000
  return {
    example: example ?? 'plan-and-apply',
    workflow: parseWorkflowFlags(values),
    fault,
    twice,
    jobMs,
    html,
  }
}
