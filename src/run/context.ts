/** What a run has at hand from its first moment on. */
import type { Cancellation } from './cancellation.ts'
import type { Clock, Random } from '../lib/clock.ts'
import type { Observer } from '../storage/context.ts'
import type { WorkflowEvent } from '../workflow/event.ts'
import type { StorageRef } from '../storage/errors.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { createRunState, type RunState } from './state.ts'
import { createAgents, type Agents } from '../network/agents.ts'
import { PROXY_VARIABLES, parseProxyUrl, tryDecode } from '../network/proxy.ts'
import { getRole, type Inputs } from '../inputs/read-inputs.ts'
import type { Env } from '../lib/env.ts'
import { createLogger, type Logger } from '../workflow/logger.ts'
import { createReporter, type Reporter } from '../report/reporter.ts'
import type { RetryPolicy } from '../network/retry.ts'
import { createSecrets, type Secrets } from '../lib/secrets.ts'
import { collapsePeriods } from '../lib/text.ts'
import type { Toolkit } from '../workflow/toolkit.ts'

/** Everything outside the process that a run touches. */
export type Runtime = Readonly<{
  env: Env
  /** A file's text as UTF-8; may throw. */
  readFile(path: string): string
  clock: Clock
  random: Random
  toolkit: Toolkit
  cancellation: Cancellation
}>

/** The run itself; `event` and `inputs` are there once they are read. */
export type RunContext = Runtime & {
  readonly startedAt: number
  readonly secrets: Secrets
  readonly log: Logger
  readonly state: RunState
  readonly reporter: Reporter
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
  const state = createRunState()
  return {
    ...runtime,
    startedAt: clock.now(),
    secrets,
    log,
    state,
    reporter: createReporter(toolkit, log, secrets, state),
    agents: createAgents(env, ({ host, variable }) => {
      log.info(`Requests go through the proxy ${host}, as ${variable} says.`)
    }),
    event: undefined,
    inputs: undefined,
  }
}

/** A warning in the log, on the page of the run and in the summary. */
export function warn(
  { log, state, secrets }: RunContext,
  title: string,
  text: string,
  code?: ErrorCode,
): void {
  const clean = collapsePeriods(secrets.redact(text))
  if (state.warnings.some((earlier) => earlier.text === clean)) return
  state.warnings.push({ title, text: clean, code })
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
): Omit<RetryPolicy, 'refreshCredentials'> {
  return {
    clock: run.clock,
    random: run.random,
    deadline: run.startedAt + inputs.timeoutMs,
    maxAttempts: inputs.maxAttempts,
    signal: run.cancellation.signal,
    onRetry: (told) => {
      const line = collapsePeriods(told)
      run.state.retries.push(run.secrets.redact(line))
      run.log.info(line)
    },
  }
}

/** Keeps what the steps of the run tell, and shows it. */
export function createObserver(run: RunContext): Observer {
  const { state, secrets, log, reporter } = run
  return {
    onLog: (text) => {
      log.info(collapsePeriods(text))
    },
    onWarning: (title, text, code) => {
      warn(run, title, text, code)
    },
    onMutation: (outcome) => {
      state.mutationSent = true
      state.mutationPending = outcome === 'open'
    },
    onAccepted: ({ appId, backendEnvironmentName }) => {
      state.appId = secrets.redact(appId ?? state.appId)
      state.backendEnvironmentName = secrets.redact(
        backendEnvironmentName ?? state.backendEnvironmentName,
      )
    },
    onJob: (jobId, status) => {
      state.jobId = secrets.redact(jobId)
      state.status = secrets.redact(status ?? '')
      reporter.setKnownOutputs()
    },
    onChanges: (changes) => {
      state.changes = changes
      reporter.setKnownOutputs()
    },
    onStorage: (storage) => {
      state.currentStorage = { storage }
    },
  }
}

/** What others may do with, also where this run has no use for it; the ids of keys are no secrets. */
function maskCredentials(env: Env, secrets: Secrets): void {
  for (const name of [
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
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
    // As it was written, up to the last @, and as it is sent.
    const encoded = /^(?:[\w+.-]+:\/\/)?[^/@:]*:(.+)@/s.exec(text)?.[1]
    if (encoded === undefined) continue
    const decoded = parseProxyUrl(text)?.password ?? ''
    for (const form of [encoded, decoded]) {
      secrets.add(form)
      secrets.add(tryDecode(form) ?? form)
    }
  }
}
