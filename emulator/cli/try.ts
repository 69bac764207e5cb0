/**
 * Runs the bundle on an emulator of its own, as a runner runs the step of a workflow, and shows what a
 * person would see: the log, then the outputs, then the summary.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { defaults, startEmulator, type Emulator } from '../emulator.ts'
import { UsageError } from './flags.ts'
import { runActionStep } from '../runner/step.ts'
import { mergedTrust } from '../iam/trust.ts'
import { eventsByName } from '../runner/events.ts'
import { githubContext, tokenClaims } from '../runner/github-context.ts'
import { injectNamedFault } from './try-faults.ts'
import { parseTryFlags, tryUsage, type TryFlags } from './try-flags.ts'
import { stepInputs } from '../runner/step-inputs.ts'
import { parseTriggers, missingTrigger, defaultEvent } from '../runner/triggers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.yml'))
  .map((name) => name.slice(0, -'.yml'.length))
  .sort()

/** Reads a workflow, which may be the reader's own: what is wrong with it is theirs to mend. */
function withUsageError<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`examples/${file} cannot be tried: ${reason}`)
  }
}

/** Gives the role that applies the trust that is for merged pull requests in place of pushes. */
function trustMergedPullRequests({ state }: Emulator): void {
  const role = state.roles.get(defaults.applyRole)
  if (role !== undefined) role.trust = mergedTrust(state.issuer)
}

async function runTry(flags: TryFlags): Promise<number> {
  const say = (text = ''): void => {
    process.stdout.write(`${text}\n`)
  }
  const file = `${flags.example}.yml`
  const workflow = readFileSync(join(root, 'examples', file), 'utf8')
  const action = readFileSync(join(root, 'action.yml'), 'utf8')
  const triggers = withUsageError(file, () => parseTriggers(workflow))
  const eventName = flags.event ?? defaultEvent(triggers)
  const event = eventsByName[eventName]()
  const missing = missingTrigger(triggers, event)
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
    const github = githubContext(event, place, emulator.githubToken)
    const step = withUsageError(file, () => stepInputs({ workflow, action, contexts: { github } }))
    if (eventName === 'merged') trustMergedPullRequests(emulator)
    if (flags.fault !== undefined) injectNamedFault(emulator, flags.fault)
    const mayMint = step.canRequestIdToken && event.trusted
    const identity = mayMint
      ? {}
      : { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }
    const runs = flags.twice ? 2 : 1
    let exitCode = 0
    for (let run = 1; run <= runs; run += 1) {
      say(
        `--- ${run === 1 ? '' : 'again: '}examples/${file} on ${eventName}${flags.fault === undefined ? '' : `, with ${flags.fault}`}`,
      )
      if (missing !== undefined)
        say(`--- GitHub would not start it, since its \`on:\` lacks ${missing}`)
      if (eventName === 'merged')
        say('--- amplify-storage-apply trusts what docs/setup.md says for merged pull requests')
      const end = await runActionStep({
        event,
        env: { ...emulator.env, ...identity, ...step.env },
        onLine: say,
        timeoutMs: 300_000,
      })
      say(`--- exit code ${end.exitCode}; outputs:`)
      for (const [name, value] of Object.entries(end.outputs)) say(`${name}=${value}`)
      say('--- step summary, as Markdown and HTML; GitHub shows it on the page of the run:')
      say(end.summary)
      exitCode = end.exitCode
    }
    return exitCode
  } finally {
    await emulator.stop()
  }
}

try {
  const flags = parseTryFlags(process.argv.slice(2), examples)
  if (flags === undefined) process.stdout.write(tryUsage(examples))
  else process.exitCode = await runTry(flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n\n${tryUsage(examples)}`)
  process.exitCode = 2
}
