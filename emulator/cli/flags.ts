import { parseArgs } from 'node:util'

export const usage = `Usage: npm run emulator -- [options]

Starts Amplify Backend, STS, an OIDC issuer and GitHub's comments API on loopback,
and prints the environment variables that point any client at them.

  --port N           listen on this port (a free one when left out)
  --ipv6             listen on [::1] as well as on 127.0.0.1
  --job-seconds N    how long a backend job takes (3 when left out)
  --variables FILE   write the variables for the action to this file when ready, as NAME=VALUE lines
  --help             show this text
`

export type EmulatorFlags = {
  readonly help: boolean
  readonly port: number
  readonly ipv6: boolean
  readonly jobMs: number
  readonly variablesFile: string | undefined
}

/** A command line that makes no sense; the message says why. */
export class UsageError extends Error {}

function parseNumber(
  name: string,
  text: string | undefined,
  fallback: number,
  max: number,
): number {
  if (text === undefined) return fallback
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (value <= max) return value
  throw new UsageError(`--${name} must be a number from 0 to ${max}, not '${text}'`)
}

function parseArguments(args: readonly string[]): {
  port?: string | undefined
  ipv6?: boolean | undefined
  'job-seconds'?: string | undefined
  variables?: string | undefined
  help?: boolean | undefined
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        ipv6: { type: 'boolean' },
        'job-seconds': { type: 'string' },
        variables: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Reads the command line; throws a UsageError that says what is wrong with it. */
export function parseFlags(args: readonly string[]): EmulatorFlags {
  const values = parseArguments(args)
  const port = parseNumber('port', values.port, 0, 65535)
  if (!Number.isInteger(port)) throw new UsageError('--port must be a whole number')
  return {
    help: values.help ?? false,
    port,
    ipv6: values.ipv6 ?? false,
    variablesFile: values.variables,
    jobMs: parseNumber('job-seconds', values['job-seconds'], 3, 86400) * 1000,
  }
}
