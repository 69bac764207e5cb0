/** `npm run emulator`: starts an emulator and prints how to use it. */
import { writeFileSync } from 'node:fs'

import { startEmulator, type Emulator } from '../emulator.ts'
import { banner } from './banner.ts'
import { UsageError } from './options.ts'
import { parseStartFlags, startUsage, type StartFlags } from './start-flags.ts'

function readFlags(): StartFlags | undefined {
  try {
    return parseStartFlags(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${startUsage}`)
    process.exitCode = 2
    return undefined
  }
}

async function start({ port, ipv6, jobMs }: StartFlags): Promise<Emulator | undefined> {
  try {
    return await startEmulator({ port, ipv6, rules: { jobMs } })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    process.stderr.write(`The emulator could not start: ${reason}\n`)
    process.exitCode = 1
    return undefined
  }
}

async function main(): Promise<void> {
  const flags = readFlags()
  if (flags === undefined) return
  if (flags.help) {
    process.stdout.write(startUsage)
    return
  }
  const emulator = await start(flags)
  if (emulator === undefined) return
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void emulator.stop())
  if (flags.variablesFile !== undefined) {
    const lines = Object.entries(emulator.env).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(flags.variablesFile, lines.join(''))
  }
  process.stdout.write(banner(emulator))
}

await main()
