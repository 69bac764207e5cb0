/**
 * Code is slow the first time that it runs, and most of a run is waiting. So while the token and the role
 * are on their way, the run goes through what will follow, in a world of its own: nothing of it leaves this
 * process, and nothing of it is told. What the action does and says is the same with and without.
 */
import { Readable } from 'node:stream'
import type { HttpRequest } from '@smithy/types'
import { createAmplify } from './aws/amplify-backend.ts'
import { apply, plan } from './storage/apply.ts'
import { asMemoized } from './aws/credentials.ts'
import type { RunOutcome } from './run/outcome.ts'
import type { StorageContext } from './storage/context.ts'
import { createAgents } from './network/agents.ts'
import type { Inputs } from './inputs/read-inputs.ts'
import { publishReport } from './report/publish.ts'
import {
  createRunContext,
  createObserver,
  createRetryPolicy,
  toStorageRef,
  type RunContext,
} from './run/context.ts'
import type { ClientSettings } from './aws/sdk-client.ts'
import { toDesiredStorage } from './storage/model.ts'
import { assumeRole } from './aws/assume-role.ts'
import type { Toolkit } from './workflow/toolkit.ts'

/**
 * Rehearses, unless what is waited for is there by then: `pauseMs` milliseconds after what is being done at
 * the moment. Whatever comes of a rehearsal is nobody's: what a real call has to say, that will say.
 */
export function whileWaiting(
  answer: Promise<unknown>,
  pauseMs: number,
  rehearse: () => Promise<unknown>,
): void {
  let timer = setTimeout(() => {
    timer = setTimeout(() => {
      rehearse().catch(nothing)
    }, pauseMs)
  }, 0)
  const callOff = (): void => {
    clearTimeout(timer)
  }
  answer.then(callOff, callOff)
}

/** Takes a role. Rejects as a real call does. */
export async function rehearseRole(run: RunContext, inputs: Inputs): Promise<void> {
  const request = {
    roleArn: 'rehearsal',
    sessionName: 'rehearsal',
    durationSeconds: inputs.roleDurationSeconds,
    sessionPolicy: undefined,
  }
  const mint = (): Promise<string> => Promise.resolve('rehearsal')
  await assumeRole(request, settingsFor(inputs), mint, stageOf(run, inputs).patience, nothing)
}

/** Applies or plans the creation of the storage, and reports it. Rejects as a real run would. */
export async function rehearseRest(
  run: RunContext,
  inputs: Inputs,
  does: 'apply' | 'plan',
): Promise<void> {
  const stage = stageOf(run, inputs)
  const { patience: retryPolicy } = stage
  const { amplify, destroy } = createAmplify(
    inputs,
    settingsFor(inputs),
    asMemoized(() => Promise.resolve({ accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' })),
    {},
    nothing,
  )
  const engine: StorageContext = {
    amplify,
    ref: toStorageRef(inputs, does),
    retryPolicy,
    mutationSignal: retryPolicy.signal,
    observer: createObserver(stage.run),
  }
  const order = { desired: toDesiredStorage(inputs), ifExists: inputs.ifExists, wait: false }
  try {
    const ending: RunOutcome =
      does === 'apply' ? await apply(engine, order) : await planned(plan(engine, order))
    stage.run.reporter.finish(ending)
    await publishReport(stage.run, ending)
  } finally {
    destroy()
  }
}

async function planned(planning: Promise<unknown>): Promise<RunOutcome> {
  await planning
  return { result: 'planned' }
}

/** A run of which nobody hears, and that gives up at the first failure. */
function stageOf(
  run: RunContext,
  inputs: Inputs,
): { run: RunContext; patience: StorageContext['retryPolicy'] } {
  const { env, readFile, random, cancellation, event, state } = run
  const { command, reason, appId, backendEnvironmentName, resourceName } = state
  const clock = { ...run.clock, sleep: () => Promise.reject(new Error('a rehearsal never waits')) }
  const stage = createRunContext({ env, readFile, clock, random, toolkit: silence, cancellation })
  stage.event = event
  stage.inputs = { ...inputs, commentOnPr: 'false' }
  Object.assign(stage.state, {
    does: command,
    why: reason,
    appId,
    backendEnvironmentName,
    resourceName,
  })
  return {
    run: stage,
    patience: { ...createRetryPolicy(stage, inputs), maxAttempts: 1, refreshCredentials: nothing },
  }
}

const nothing = (): void => undefined

const silence: Toolkit = {
  info: nothing,
  debug: nothing,
  startGroup: nothing,
  endGroup: nothing,
  annotate: nothing,
  setSecret: nothing,
  setOutput: nothing,
  writeSummary: () => Promise.resolve(),
}

/** Settings of clients whose requests stay here. */
function settingsFor({ region, allowCustomEndpoints }: Inputs): ClientSettings {
  return {
    region,
    allowCustomEndpoints,
    agents: createAgents({}),
    onEndpoint: nothing,
    requestHandler: {
      handle: (request) => Promise.resolve({ response: answerTo(request) }),
    },
  }
}

function answerTo({ path }: HttpRequest): object {
  const [statusCode, type, body] = path.endsWith('/storage')
    ? [200, 'json', CREATED]
    : path.includes('/storage/')
      ? [404, 'json', '{"message":"rehearsal"}']
      : path.endsWith('/details')
        ? [200, 'json', BACKEND]
        : [200, 'xml', SESSION]
  return {
    statusCode,
    headers: {
      'content-type': `application/${type}`,
      date: new Date().toUTCString(),
      ...(statusCode === 404 ? { 'x-amzn-errortype': 'NotFoundException' } : {}),
    },
    body: Readable.from([Buffer.from(body)]),
  }
}

const CREATED = '{"appId":"a","backendEnvironmentName":"e","jobId":"rehearsal","status":"RUNNING"}'

const BACKEND = JSON.stringify({
  appId: 'a',
  backendEnvironmentName: 'e',
  amplifyMetaConfig: JSON.stringify({
    providers: { awscloudformation: { StackName: 'amplify-a-e-1' } },
    auth: { a: { service: 'Cognito' } },
  }),
})

const SESSION = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/a/b</Arn>
<AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b
</SecretAccessKey><SessionToken>c</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
