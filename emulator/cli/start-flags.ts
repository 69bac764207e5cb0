/** The options of `npm run emulator`. */
import { eventsByName } from '../runner/events.ts'
import { parseNumber, parseOptions, UsageError } from './options.ts'
import { parseWorkflowFlags, workflowOptions, type WorkflowFlags } from './workflow-flags.ts'

export const startUsage = `Usage: npm run emulator -- [options]

Starts Amplify Backend, STS, an OIDC issuer and GitHub's comments API on loopback, and prints the
environment variables that make a client use them.

  --port N           the port to listen on (default: any free port)
  --ipv6             listen on [::1] as well as on 127.0.0.1
  --job-seconds N    the duration of a backend job (default: 3)
  --variables FILE   when the emulator is ready, write the environment variables for the action to this
                     file, as lines of NAME=VALUE
  --event-file FILE  write the payload of the event to this file, as act --eventpath takes it
  --workflow PATH    add the apps, environments and roles that the steps of this workflow name, so that
                     the whole workflow runs on the emulator, for example in act
  --job NAME         only the steps of this job
  --event NAME       the event that the tokens name (default: push, or another event that triggers the
                     workflow and applies), GitHub's name or one of:
                     ${Object.keys(eventsByName).join(', ')}
  --branch NAME      its branch, the base branch of a pull request (default: main)
  --matrix NAME=VALUE  only the combinations of a matrix that have this value
  --environment NAME   the environment that the tokens name (default: that of the job)
  --repository NAME    the repository that the tokens name and the roles trust
  --input NAME=VALUE   an input of a workflow that is started by hand or called
  --var NAME=VALUE     a variable of the repository, for \`vars\`
  --secret NAME=VALUE  a secret of the repository, for \`secrets\`
  --server URL       the GitHub server of the jobs (default: https://github.com)
  -h, --help         show this help
`

export type StartFlags = {
  readonly help: boolean
  readonly port: number
  readonly ipv6: boolean
  readonly jobMs: number
  readonly variablesFile: string | undefined
  readonly eventFile: string | undefined
  readonly workflow: WorkflowFlags
  readonly environment: string | undefined
  readonly repository: string | undefined
}

/**
 * Parses the command line of the emulator.
 *
 * @throws UsageError if it is not valid
 */
export function parseStartFlags(args: readonly string[]): StartFlags {
  const values = parseOptions(args, {
    ...workflowOptions,
    port: { type: 'string', default: '0' },
    ipv6: { type: 'boolean', default: false },
    'job-seconds': { type: 'string', default: '3' },
    variables: { type: 'string' },
    'event-file': { type: 'string' },
    environment: { type: 'string' },
    repository: { type: 'string' },
    help: { type: 'boolean', default: false },
  })
  const port = parseNumber('port', values.port, 65535)
  if (!Number.isInteger(port)) throw new UsageError('--port must be an integer')
  const { repository } = values
  if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository))
    throw new UsageError(`--repository must be OWNER/NAME, not "${repository}"`)
  const workflow = parseWorkflowFlags(values)
  if (
    values.input !== undefined &&
    workflow.workflow === undefined &&
    workflow.event !== 'dispatch'
  )
    throw new UsageError(
      '--input is for the inputs of a workflow, and none is named.',
      'Add --workflow PATH, or --event workflow_dispatch.',
    )
  return {
    help: values.help,
    port,
    ipv6: values.ipv6,
    variablesFile: values.variables,
    eventFile: values['event-file'],
    jobMs: parseNumber('job-seconds', values['job-seconds'], 86400) * 1000,
    workflow,
    environment: values.environment,
    repository,
  }
}
