/** The options of `npm run emulator`. */
import { parseNumber, parseOptions, UsageError } from './options.ts'

export const startUsage = `Usage: npm run emulator -- [options]

Starts Amplify Backend, STS, an OIDC issuer and GitHub's comments API on loopback, and prints the
environment variables that make a client use them.

  --port N           the port to listen on (default: any free port)
  --ipv6             listen on [::1] as well as on 127.0.0.1
  --job-seconds N    the duration of a backend job (default: 3)
  --variables FILE   when the emulator is ready, write the environment variables for the action to this
                     file, as lines of NAME=VALUE
  --help             show this help
`

export type StartFlags = {
  readonly help: boolean
  readonly port: number
  readonly ipv6: boolean
  readonly jobMs: number
  readonly variablesFile: string | undefined
}

/**
 * Parses the command line of the emulator.
 *
 * @throws UsageError if it is not valid
 */
export function parseStartFlags(args: readonly string[]): StartFlags {
  const values = parseOptions(args, {
    port: { type: 'string', default: '0' },
    ipv6: { type: 'boolean', default: false },
    'job-seconds': { type: 'string', default: '3' },
    variables: { type: 'string' },
    help: { type: 'boolean', default: false },
  })
  const port = parseNumber('port', values.port, 65535)
  if (!Number.isInteger(port)) throw new UsageError('--port must be an integer')
  return {
    help: values.help,
    port,
    ipv6: values.ipv6,
    variablesFile: values.variables,
    jobMs: parseNumber('job-seconds', values['job-seconds'], 86400) * 1000,
  }
}
