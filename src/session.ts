/** From inputs to a backend that can be talked to: endpoints, credentials, clients. */
import { createAmplify, type Amplify, type Started } from './amplify.ts'
import { classify, mayHaveBeenExecuted } from './classify.ts'
import { authenticate } from './credentials.ts'
import type { Engine } from './engine.ts'
import { identityOf } from './event.ts'
import type { Place } from './explain.ts'
import type { Findings } from './findings.ts'
import type { Inputs } from './inputs.ts'
import type { Answer, Patience } from './retry.ts'
import { observerOf, warn, type Run } from './run.ts'
import type { ClientSettings, EndpointKind } from './sdk.ts'

export type Session = Readonly<{
  engine: Engine
  /** Ends its connections. */
  close(): void
}>

/**
 * Authenticates as the inputs say, and opens the way to the backend environment.
 *
 * @throws ActionError when there are no credentials to be had; the signal's reason when cancelled
 */
export async function openSession(
  run: Run,
  inputs: Inputs,
  does: 'apply' | 'plan',
): Promise<Session> {
  const { env, clock, random, cancellation, log, secrets, findings } = run
  const settings: ClientSettings = {
    region: inputs.region,
    agents: run.agents,
    allowCustomEndpoints: inputs.allowCustomEndpoints,
    onEndpoint: (host, kind) => {
      tellEndpoint(run, host, kind)
    },
  }
  const patience: Omit<Patience, 'renewCredentials'> = {
    clock,
    random,
    deadline: run.startedAt + inputs.timeoutMs,
    maxAttempts: inputs.maxAttempts,
    signal: cancellation.signal,
    onRetry: (line) => {
      findings.retries.push(secrets.redact(line))
      log.step(line)
    },
  }
  const planRole = inputs.planRoleToAssume ?? inputs.roleToAssume
  const credentials = await authenticate(
    {
      roleArn: does === 'plan' ? planRole : inputs.roleToAssume,
      sessionName: inputs.roleSessionName,
      durationSeconds: inputs.roleDurationSeconds,
      audience: inputs.audience,
      allowedAccountIds: inputs.allowedAccountIds,
      readOnly: does === 'plan',
    },
    {
      env,
      identity: identityOf(env),
      settings,
      secrets,
      patience,
      trace: log.debug,
      line: log.step,
    },
  )
  const { appId, backendEnvironmentName } = inputs
  const { amplify, destroy } = createAmplify(
    { appId, backendEnvironmentName },
    settings,
    credentials.provider,
    env,
    log.debug,
  )
  return {
    engine: {
      amplify: noteOpenSends(amplify, findings),
      place: placeOf(inputs),
      patience: { ...patience, renewCredentials: credentials.renew },
      sendSignal: cancellation.sendSignal,
      observer: observerOf(run),
    },
    close: destroy,
  }
}

export function placeOf(inputs: Inputs): Place {
  const { appId, backendEnvironmentName, resourceName, region } = inputs
  return { appId, backendEnvironmentName, resourceName, region }
}

/**
 * Remembers a send whose answer is not there, or says nothing about its outcome: when the run ends just
 * then, it must say so.
 */
function noteOpenSends(amplify: Amplify, findings: Findings): Amplify {
  const noted = async (send: () => Promise<Answer<Started>>): Promise<Answer<Started>> => {
    findings.openSend = true
    const answer = await send()
    findings.openSend = !answer.ok && mayHaveBeenExecuted(classify(answer.failure))
    return answer
  }
  return {
    ...amplify,
    createStorage: (...call) => noted(() => amplify.createStorage(...call)),
    updateStorage: (...call) => noted(() => amplify.updateStorage(...call)),
  }
}

function tellEndpoint(run: Run, host: string, kind: EndpointKind): void {
  if (run.findings.customHosts.has(host)) return
  run.findings.customHosts.add(host)
  run.log.step(`Requests go to ${host} instead of AWS, as the endpoint settings say.`)
  if (kind === 'custom') {
    warn(
      run,
      'Custom endpoint',
      `Requests go to ${host}, which is not of AWS; allow-custom-endpoints lets them.`,
    )
  }
}
