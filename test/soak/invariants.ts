/** What no run may do, whatever happens to it. */
import type { Emulator } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { RESULTS } from '../../src/run/outcome.ts'
import { ALL } from '../support/emulator-state.ts'
import type { SoakScenario } from './scenario.ts'

const CHECKS = [
  ['hang', hangs],
  ['duplicate', duplicates],
  ['leak', leaks],
  ['false success', falseSuccesses],
  ['lost job', lostJobs],
  ['no result', inconsistentResults],
] as const

export type Violation = Readonly<{ kind: (typeof CHECKS)[number][0]; detail: string }>

export type SoakResult = Readonly<{ scenario: SoakScenario; end: StepResult; emulator: Emulator }>

const SUCCESSES = ['created', 'updated', 'unchanged', 'planned', 'started', 'skipped']

/** Lists everything that is wrong with a result. */
export function findViolations(outcome: SoakResult): readonly Violation[] {
  return CHECKS.flatMap(([kind, check]) => check(outcome).map((detail) => ({ kind, detail })))
}

function hangs({ end }: SoakResult): readonly string[] {
  return end.rawLines.filter((line) => line.includes('The process was ended by'))
}

function duplicates({ emulator, scenario }: SoakResult): readonly string[] {
  const { create, update } = emulator.state.counters
  const isPlan = scenario.command === 'plan'
  const max = isPlan ? 0 : 1
  // A role that may not read relies on the service to reject a second create, possibly by a failed job.
  const counted = scenario.rules.oneStorage === 'off' ? 'accepted' : 'executed'
  return [
    ...(create[counted] > max ? [`creates: ${JSON.stringify(create)}`] : []),
    ...(update[counted] > max ? [`updates: ${JSON.stringify(update)}`] : []),
    ...(isPlan && create.received + update.received > 0 ? ['a plan has written'] : []),
  ]
}

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

function leaks({ end, emulator }: SoakResult): readonly string[] {
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
      .map(([place]) => `${name} in the ${place}`),
  )
}

function falseSuccesses({ end, emulator }: SoakResult): readonly string[] {
  const { ready = '', result = '' } = end.outputs
  if (ready !== '' && ready !== 'true') return [`ready is ${ready}`]
  if (end.exitCode !== 0) return ready === '' ? [] : ['failed and ready']
  const storage = emulator.environment().storages.get('media')
  const permissions = new Set<string>(storage?.permissions.authenticated)
  const asAsked = ALL.every((permission) => permissions.has(permission))
  if (['created', 'updated', 'unchanged'].includes(result) || ready === 'true')
    return asAsked ? [] : [`${result}, and the storage is ${JSON.stringify(storage)}`]
  if (result === 'started')
    return emulator.environment().jobs.some(({ jobId }) => jobId === end.outputs['job-id'])
      ? []
      : ['started, and there is no such job']
  return SUCCESSES.includes(result) ? [] : [`successful, and the result is "${result}"`]
}

/** The id of an accepted job is an output, and a failed run leaves no running job. */
function lostJobs({ end, emulator }: SoakResult): readonly string[] {
  const ours = emulator.environment().jobs.filter(({ operation }) => operation.includes('Storage'))
  const answered = emulator.requests.some(
    ({ operation, status, fault }) =>
      (operation === 'CreateBackendStorage' || operation === 'UpdateBackendStorage') &&
      status === 200 &&
      fault === undefined,
  )
  const known = ours.some(({ jobId }) => jobId === end.outputs['job-id'])
  // With scaled time, the response can come too late for a cancelled run, which must then say so.
  const saidOpen = end.log.some((line) => line.includes('outcome is not known'))
  const { result, 'job-id': id = '' } = end.outputs
  const isLost = answered && !known && !(result === 'cancelled' && saidOpen)
  const stillRuns = result === 'failed' && ours.some(({ pending }) => pending)
  return [
    ...(isLost ? [`job-id is "${id}"`] : []),
    ...(stillRuns ? ['failed, and its job still runs'] : []),
  ]
}

function inconsistentResults({ end }: SoakResult): readonly string[] {
  const { result = '' } = end.outputs
  if (!RESULTS.some((known) => known === result)) return [`the result is "${result}"`]
  const succeeded = SUCCESSES.includes(result)
  if (succeeded !== (end.exitCode === 0)) return [`${result} with exit code ${end.exitCode}`]
  const errors = end.annotations.filter(({ level }) => level === 'error').length
  if (errors !== (succeeded ? 0 : 1)) return [`${errors} errors, and the result is ${result}`]
  if (end.outputs['error-code'] === 'INTERNAL_ERROR') return ['an internal error']
  return end.summary === '' ? ['no summary'] : []
}
