/**
 * Runs the bundle on an emulator of its own, as a runner runs the step of a workflow, and shows what a
 * person would see: the log, then the outputs, then the summary.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startEmulator } from '../emulator.ts'
import { runActionStep } from '../runner/action-step.ts'
import { events, githubContext, tokenClaims } from '../workflow/events.ts'
import { faultNames, orderFault } from './faults.ts'
import { parseTryFlags, tryUsage, type TryFlags } from './flags.ts'
import { UsageError } from '../flags.ts'
import { stepInputs } from './step-inputs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

async function tryOut(flags: TryFlags): Promise<number> {
  const say = (text = ''): void => {
    process.stdout.write(`${text}\n`)
  }
  const event = events[flags.event]()
  const file = `${flags.example}.yml`
  const emulator = await startEmulator({
    rules: { jobMs: flags.jobMs },
    claims: tokenClaims(event, { file, workflow: 'Storage' }),
  })
  try {
    const place = {
      serverUrl: 'https://github.com',
      apiUrl: emulator.env['GITHUB_API_URL'] ?? '',
      graphqlUrl: emulator.env['GITHUB_GRAPHQL_URL'] ?? '',
      file,
      workflow: 'Storage',
      job: 'storage',
    }
    const step = stepInputs({
      workflow: readFileSync(join(root, 'examples', file), 'utf8'),
      action: readFileSync(join(root, 'action.yml'), 'utf8'),
      contexts: { github: githubContext(event, place, emulator.githubToken) },
    })
    if (flags.fault !== undefined) orderFault(emulator, flags.fault)
    const mayMint = step.mayMintToken && event.trusted
    const identity = mayMint
      ? {}
      : { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }
    const runs = flags.twice ? 2 : 1
    let exitCode = 0
    for (let run = 1; run <= runs; run += 1) {
      say(
        `--- ${run === 1 ? '' : 'again: '}examples/${file} on ${flags.event}${flags.fault === undefined ? '' : `, with ${flags.fault}`}`,
      )
      const end = await runActionStep({
        event,
        env: { ...emulator.env, ...identity, ...step.env },
        onLine: say,
        limitMs: 300_000,
      })
      say(`--- exit code ${end.exitCode}; outputs:`)
      for (const [name, value] of Object.entries(end.outputs)) say(`${name}=${value}`)
      say('--- summary:')
      say(end.summary)
      exitCode = end.exitCode
    }
    return exitCode
  } finally {
    await emulator.stop()
  }
}

try {
  const flags = parseTryFlags(process.argv.slice(2))
  if (flags === undefined) process.stdout.write(tryUsage(faultNames()))
  else process.exitCode = await tryOut(flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n\n${tryUsage(faultNames())}`)
  process.exitCode = 2
}
