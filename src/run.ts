/** What a run has at hand from its first moment on. */
import type { Cancellation } from './cancellation.ts'
import type { Clock, Random } from './clock.ts'
import type { Observer } from './engine.ts'
import type { EventInfo } from './event.ts'
import type { Place } from './explain.ts'
import type { ErrorCode } from './errors.ts'
import { createFindings, type Findings } from './findings.ts'
import { createAgents, type Agents } from './http.ts'
import { PROXY_VARIABLES, proxyUrl, unescaped } from './inputs/proxy-variables.ts'
import type { Env, Inputs } from './inputs.ts'
import { createLog, type Log } from './log.ts'
import { createReporter, type Reporter } from './report/reporter.ts'
import type { Patience } from './retry.ts'
import { createSecrets, type Secrets } from './secrets.ts'
import { oneStop } from './text.ts'
import type { Toolkit } from './toolkit.ts'

/** Everything outside the process that a run touches. */
export type World = Readonly<{
  env: Env
  /** A file's text as UTF-8; may throw. */
  readFile(path: string): string
  clock: Clock
  random: Random
  toolkit: Toolkit
  cancellation: Cancellation
}>

/** The run itself; `event` and `inputs` are there once they are read. */
export type Run = World & {
  readonly startedAt: number
  readonly secrets: Secrets
  readonly log: Log
  readonly findings: Findings
  readonly reporter: Reporter
  readonly agents: Agents
  event: EventInfo | undefined
  inputs: Inputs | undefined
}

export function createRun(world: World): Run {
  const { toolkit, clock, env } = world
  const secrets = createSecrets(toolkit.setSecret)
  maskCredentials(env, secrets)
  maskProxyPasswords(env, secrets)
  const log = createLog(toolkit, secrets, clock)
  const findings = createFindings()
  return {
    ...world,
    startedAt: clock.now(),
    secrets,
    log,
    findings,
    reporter: createReporter(toolkit, log, secrets, findings),
    agents: createAgents(env, ({ host, variable }) => {
      log.step(`Requests go through the proxy ${host}, as ${variable} says.`)
    }),
    event: undefined,
    inputs: undefined,
  }
}

/** A warning in the log, on the page of the run and in the summary. */
export function warn(
  { log, findings, secrets }: Run,
  title: string,
  text: string,
  code?: ErrorCode,
): void {
  const clean = oneStop(secrets.redact(text))
  if (findings.warnings.some((earlier) => earlier.text === clean)) return
  findings.warnings.push({ title, text: clean, code })
  log.annotate('warning', title, clean)
}

export function placeOf(inputs: Inputs, does: 'apply' | 'plan'): Place {
  const { appId, backendEnvironmentName, resourceName, region } = inputs
  const accountId = roleOf(inputs, does)?.split(':')[4]
  return { appId, backendEnvironmentName, resourceName, region, accountId }
}

/** The role that the run takes; undefined for ambient credentials. */
export function roleOf(inputs: Inputs, does: 'apply' | 'plan'): string | undefined {
  const planRole = inputs.planRoleToAssume ?? inputs.roleToAssume
  return does === 'plan' ? planRole : inputs.roleToAssume
}

export function patienceOf(run: Run, inputs: Inputs): Omit<Patience, 'renewCredentials'> {
  return {
    clock: run.clock,
    random: run.random,
    deadline: run.startedAt + inputs.timeoutMs,
    maxAttempts: inputs.maxAttempts,
    signal: run.cancellation.signal,
    onRetry: (told) => {
      const line = oneStop(told)
      run.findings.retries.push(run.secrets.redact(line))
      run.log.step(line)
    },
  }
}

/** Keeps what the steps of the run tell, and shows it. */
export function observerOf(run: Run): Observer {
  const { findings, secrets, log, reporter } = run
  return {
    line: (text) => {
      log.step(oneStop(text))
    },
    warning: (title, text, code) => {
      warn(run, title, text, code)
    },
    sent: (outcome) => {
      findings.sent = true
      findings.openSend = outcome === 'open'
    },
    accepted: ({ appId, backendEnvironmentName }) => {
      findings.appId = secrets.redact(appId ?? findings.appId)
      findings.backendEnvironmentName = secrets.redact(
        backendEnvironmentName ?? findings.backendEnvironmentName,
      )
    },
    job: (jobId, status) => {
      findings.jobId = secrets.redact(jobId)
      findings.status = secrets.redact(status ?? '')
      reporter.early()
    },
    changes: (changes) => {
      findings.changes = changes
      reporter.early()
    },
    storage: (storage) => {
      findings.seen = { storage }
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
    const written = /^(?:[\w+.-]+:\/\/)?[^/@:]*:(.+)@/s.exec(text)?.[1]
    if (written === undefined) continue
    const sent = proxyUrl(text)?.password ?? ''
    for (const form of [written, sent]) {
      secrets.add(form)
      secrets.add(unescaped(form) ?? form)
    }
  }
}
