/** What no run may do, whatever happens to it. */
import type { Emulator } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { RESULTS } from '../../src/run/outcome.ts'
import { REQUESTED_PERMISSIONS, type SoakScenario } from './scenario.ts'

export type Violation = Readonly<{
  kind: 'duplicate' | 'hang' | 'leak' | 'false green' | 'lost job' | 'no verdict'
  detail: string
}>

export type SoakResult = Readonly<{ scenario: SoakScenario; end: StepResult; emulator: Emulator }>

const SUCCESSES = ['created', 'updated', 'unchanged', 'planned', 'started', 'skipped']

/** Lists everything that is wrong with a result. */
export function findViolations(outcome: SoakResult): readonly Violation[] {
  return [
    ...hangs(outcome),
    ...duplicates(outcome),
    ...leaks(outcome),
    ...falseGreens(outcome),
    ...lostJobs(outcome),
    ...inconsistentResults(outcome),
  ]
}

function hangs({ end }: SoakResult): readonly Violation[] {
  return end.rawLines
    .filter((line) => line.includes('The process was ended by'))
    .map((detail) => ({ kind: 'hang', detail }))
}

function duplicates({ emulator, scenario }: SoakResult): readonly Violation[] {
  const { create, update } = emulator.state.counters
  const max = scenario.command === 'plan' ? 0 : 1
  const found: Violation[] = []
  // A role that may not read relies on the service to reject a second create, possibly by a failed job.
  const counted = scenario.rules.oneStorage === 'off' ? 'accepted' : 'executed'
  if (create[counted] > max)
    found.push({ kind: 'duplicate', detail: `creates: ${JSON.stringify(create)}` })
  if (update[counted] > max)
    found.push({ kind: 'duplicate', detail: `updates: ${JSON.stringify(update)}` })
  if (scenario.command === 'plan' && create.received + update.received > 0)
    found.push({ kind: 'duplicate', detail: 'a plan has written' })
  return found
}

/** The secrets that a run got from its environment or from a server. */
function getSecrets({ state, env, githubToken, requests }: Emulator): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>()
  secrets.set(env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '', 'the bearer of the token request')
  secrets.set(githubToken, 'the token for GitHub')
  for (const { accessKeyId, secretAccessKey, sessionToken } of state.credentials.values()) {
    if (accessKeyId === state.user.accessKeyId) continue
    secrets.set(accessKeyId, 'an access key id')
    secrets.set(secretAccessKey, 'a secret access key')
    if (sessionToken !== undefined) secrets.set(sessionToken, 'a session token')
  }
  for (const { operation, responseBody } of requests) {
    if (operation !== 'token' || responseBody === undefined) continue
    const token = /"value":"([^"]+)"/.exec(responseBody)?.[1]
    if (token !== undefined) secrets.set(token, 'an OIDC token')
  }
  secrets.delete('')
  return secrets
}

function leaks({ end, emulator }: SoakResult): readonly Violation[] {
  const places = {
    log: end.rawLines.filter((line) => !line.startsWith('::add-mask::')).join('\n'),
    outputs: JSON.stringify(end.outputs),
    summary: end.summary,
    leftovers: end.leftovers,
    comments: emulator.state.github.comments.map(({ body }) => body).join('\n'),
  }
  return [...getSecrets(emulator)].flatMap(([secret, name]) =>
    Object.entries(places)
      .filter(([, text]) => text.includes(secret))
      .map(([place]): Violation => ({ kind: 'leak', detail: `${name} in the ${place}` })),
  )
}

function falseGreens({ end, emulator }: SoakResult): readonly Violation[] {
  const { ready = '', result = '' } = end.outputs
  const wrong = (detail: string): readonly Violation[] => [{ kind: 'false green', detail }]
  if (ready !== '' && ready !== 'true') return wrong(`ready is ${ready}`)
  if (end.exitCode !== 0) return ready === '' ? [] : wrong('red and ready')
  const storage = emulator.environment().storages.get('media')
  const permissions = new Set<string>(storage?.permissions.authenticated)
  const asAsked =
    storage !== undefined &&
    REQUESTED_PERMISSIONS.every((permission) => permissions.has(permission))
  if (['created', 'updated', 'unchanged'].includes(result) || ready === 'true')
    return asAsked ? [] : wrong(`${result}, and the storage is ${JSON.stringify(storage)}`)
  if (result === 'started')
    return emulator.environment().jobs.some(({ jobId }) => jobId === end.outputs['job-id'])
      ? []
      : wrong('started, and there is no such job')
  return SUCCESSES.includes(result) ? [] : wrong(`green, and the result is "${result}"`)
}

/** The id of an accepted job is an output, and a failed run leaves no running job. */
function lostJobs({ end, emulator }: SoakResult): readonly Violation[] {
  const ours = emulator.environment().jobs.filter(({ operation }) => operation.includes('Storage'))
  const answered = emulator.requests.some(
    ({ operation, status, fault }) =>
      (operation === 'CreateBackendStorage' || operation === 'UpdateBackendStorage') &&
      status === 200 &&
      fault === undefined,
  )
  const known = ours.some(({ jobId }) => jobId === end.outputs['job-id'])
  const found: Violation[] = []
  // With scaled time, the response can come too late for a cancelled run, which must then say so.
  const saidOpen = end.log.some((line) => line.includes('outcome is not known'))
  if (answered && !known && !(end.outputs['result'] === 'cancelled' && saidOpen))
    found.push({ kind: 'lost job', detail: `job-id is "${end.outputs['job-id'] ?? ''}"` })
  if (end.outputs['result'] === 'failed' && ours.some(({ pending }) => pending))
    found.push({ kind: 'lost job', detail: 'failed, and its job still runs' })
  return found
}

function inconsistentResults({ end }: SoakResult): readonly Violation[] {
  const wrong = (detail: string): readonly Violation[] => [{ kind: 'no verdict', detail }]
  const { result = '' } = end.outputs
  if (!RESULTS.some((known) => known === result)) return wrong(`the result is "${result}"`)
  const green = SUCCESSES.includes(result)
  if (green !== (end.exitCode === 0)) return wrong(`${result} with exit code ${end.exitCode}`)
  const errors = end.annotations.filter(({ level }) => level === 'error').length
  if (errors !== (green ? 0 : 1)) return wrong(`${errors} errors, and the result is ${result}`)
  if (end.outputs['error-code'] === 'INTERNAL_ERROR') return wrong('an internal error')
  return end.summary === '' ? wrong('no summary') : []
}
