/** What the steps of a run share. */
import type { Cancellation } from './cancellation.ts'
import type { Clock, Random } from '../lib/clock.ts'
import type { WorkflowEvent } from '../workflow/event.ts'
import type { StorageRef } from '../storage/api.ts'
import { createRunState, type RunState, type Warning } from './state.ts'
import { createAgents, type Agents } from '../network/agents.ts'
import { PROXY_VARIABLES, parseProxyUrl, tryDecode } from '../network/proxy.ts'
import { getRole, type Inputs } from '../inputs/read-inputs.ts'
import type { Env } from '../lib/env.ts'
import { createLogger, type Logger } from '../workflow/logger.ts'
import type { RetryPolicy } from '../network/retry.ts'
import { createSecrets, type Secrets } from '../lib/secrets.ts'
import { collapsePeriods } from '../lib/text.ts'
import type { Toolkit } from '../workflow/toolkit.ts'

/** Everything outside the process that a run uses; tests pass their own. */
export type Runtime = Readonly<{
  env: Env
  /** Returns the text of a UTF-8 file; may throw. */
  readFile(path: string): string
  isNamedPipe(path: string): boolean
  clock: Clock
  random: Random
  toolkit: Toolkit
  cancellation: Cancellation
}>

/** `event` and `inputs` are undefined until they are read. */
export type RunContext = Runtime & {
  readonly startedAt: number
  readonly secrets: Secrets
  readonly log: Logger
  readonly state: RunState
  readonly agents: Agents
  event: WorkflowEvent | undefined
  inputs: Inputs | undefined
}

export function createRunContext(runtime: Runtime): RunContext {
  const { toolkit, clock, env } = runtime
  const secrets = createSecrets(toolkit.setSecret)
  maskCredentials(env, secrets)
  maskProxyPasswords(env, secrets)
  const log = createLogger(toolkit, secrets, clock)
  return {
    ...runtime,
    startedAt: clock.now(),
    secrets,
    log,
    state: createRunState(),
    agents: createAgents(env, ({ host, variable }) => {
      log.info(`Requests go through the proxy ${host}, as set in ${variable}.`)
    }),
    event: undefined,
    inputs: undefined,
  }
}

/** Shows a warning in the log, as an annotation and in the summary; the same text only once. */
export function warn(
  { log, state, secrets }: Pick<RunContext, 'log' | 'state' | 'secrets'>,
  title: string,
  text: string,
  details: Pick<Warning, 'kind' | 'code'> = {},
): void {
  const clean = collapsePeriods(secrets.redact(text))
  if (state.warnings.some((earlier) => earlier.text === clean)) return
  state.warnings.push({ title, text: clean, ...details })
  log.annotate('warning', title, clean)
}

export function toStorageRef(inputs: Inputs, command: 'apply' | 'plan'): StorageRef {
  const { appId, backendEnvironmentName, resourceName, region } = inputs
  const accountId = getRole(inputs, command)?.accountId
  return { appId, backendEnvironmentName, resourceName, region, accountId }
}

export function createRetryPolicy(
  run: RunContext,
  inputs: Inputs,
): Omit<RetryPolicy, 'invalidateCredentials'> {
  return {
    clock: run.clock,
    random: run.random,
    deadline: run.startedAt + inputs.timeoutMs,
    maxAttempts: inputs.maxAttempts,
    signal: run.cancellation.signal,
    onRetry: (message) => {
      const line = collapsePeriods(message)
      run.state.retries.push(run.secrets.redact(line))
      run.log.info(line)
    },
  }
}

/** Masks credentials even if this run does not use them. Access key IDs are not secret. */
function maskCredentials(env: Env, secrets: Secrets): void {
  for (const name of [
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
  ]) {
    const text = env[name] ?? ''
    secrets.add(text)
    secrets.add(text.trim())
  }
}

function maskProxyPasswords(env: Env, secrets: Secrets): void {
  for (const name of PROXY_VARIABLES) {
    const text = env[name]?.trim() ?? ''
    // As written in the variable, up to the last @, and as sent to the proxy.
    const written = /^(?:[\w+.-]+:\/\/)?[^/@:]*:(.+)@/s.exec(text)?.[1]
    if (written === undefined) continue
    const sent = parseProxyUrl(text)?.password ?? ''
    for (const form of [written, sent]) {
      secrets.add(form)
      secrets.add(tryDecode(form) ?? form)
    }
  }
}
