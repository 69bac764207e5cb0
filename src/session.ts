/** From inputs to a backend that can be talked to: endpoints, credentials, clients. */
import { createAmplify, type Amplify } from './amplify.ts'
import { authenticate, own } from './credentials.ts'
import type { Engine } from './engine.ts'
import { identityOf } from './event.ts'
import type { Findings } from './findings.ts'
import type { Inputs } from './inputs.ts'
import { rehearseRest, rehearseRole, whileWaiting } from './rehearsal.ts'
import { observerOf, patienceOf, placeOf, roleOf, warn, type Run } from './run.ts'
import type { ClientSettings, EndpointKind } from './sdk.ts'

export type Session = Readonly<{
  engine: Engine
  /** Ends its connections. */
  close(): void
}>

/**
 * Authenticates as the inputs say, and opens the way to the backend environment.
 *
 * @param earlyToken a token that was asked for before this module was loaded
 * @throws ActionError when there are no credentials to be had; the signal's reason when cancelled
 */
export async function openSession(
  run: Run,
  inputs: Inputs,
  does: 'apply' | 'plan',
  earlyToken: Promise<string> | undefined,
): Promise<Session> {
  const { env, cancellation, log, secrets, findings } = run
  const settings: ClientSettings = {
    region: inputs.region,
    agents: run.agents,
    allowCustomEndpoints: inputs.allowCustomEndpoints,
    onEndpoint: (host, kind) => {
      tellEndpoint(run, host, kind)
    },
  }
  const patience = patienceOf(run, inputs)
  const authenticating = authenticate(
    {
      roleArn: roleOf(inputs, does),
      sessionName: inputs.roleSessionName,
      durationSeconds: inputs.roleDurationSeconds,
      audience: inputs.audience,
      allowedAccountIds: inputs.allowedAccountIds,
      readOnly: does === 'plan',
      earlyToken,
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
  // Made while the token and the session are on their way.
  const { amplify, destroy } = createAmplify(
    { appId, backendEnvironmentName },
    settings,
    own(async () => (await authenticating).provider()),
    env,
    log.debug,
  )
  if (earlyToken !== undefined)
    rehearse(run, inputs, does, { token: earlyToken, role: authenticating })
  const credentials = await authenticating
  return {
    engine: {
      amplify: noting(amplify, findings),
      place: placeOf(inputs, does),
      patience: { ...patience, pressure: { refusals: 0 }, renewCredentials: credentials.renew },
      sendSignal: cancellation.sendSignal,
      observer: observerOf(run),
    },
    close: destroy,
  }
}

/** An answer that came while this module was loaded is read by then. */
const TOKEN_PAUSE_MS = 1
/** An answer of STS from nearby is there by then, and nothing to be won. */
const ROLE_PAUSE_MS = 20

/** Rehearses the call for the role while the token is awaited, and what follows while the role is. */
function rehearse(
  run: Run,
  inputs: Inputs,
  does: 'apply' | 'plan',
  { token, role }: Readonly<{ token: Promise<unknown>; role: Promise<unknown> }>,
): void {
  whileWaiting(token, TOKEN_PAUSE_MS, () => rehearseRole(run, inputs))
  const next = (): void => {
    whileWaiting(role, ROLE_PAUSE_MS, () => rehearseRest(run, inputs, does))
  }
  token.then(next, () => undefined)
}

/** Remembers the suffix of the backend, by which the bucket to come can be named. */
function noting(amplify: Amplify, findings: Findings): Amplify {
  return {
    ...amplify,
    getBackend: async (...call) => {
      const answer = await amplify.getBackend(...call)
      if (answer.ok) findings.suffix = answer.value.meta?.suffix ?? findings.suffix
      return answer
    },
  }
}

function tellEndpoint(run: Run, host: string, kind: EndpointKind): void {
  if (run.findings.customHosts.has(host)) return
  run.findings.customHosts.add(host)
  const instead = kind === 'aws' ? 'the usual host of the region' : 'AWS'
  run.log.step(`Requests go to ${host} instead of ${instead}, as the endpoint settings say.`)
  if (kind === 'custom') {
    warn(
      run,
      'Custom endpoint',
      `Requests go to ${host}, which is not of AWS; allow-custom-endpoints lets them.`,
    )
  }
}
