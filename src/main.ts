/** The story of one run: decide, read, authenticate, look and act, report. */
import { apply, plan } from './apply.ts'
import { SEND_GRACE_MS } from './cancellation.ts'
import { duration } from './clock.ts'
import { differenceLines, withDetails } from './difference.ts'
import { redEnding, type Ending } from './ending.ts'
import type { Engine } from './engine.ts'
import { decide, identityOf, readEvent, type Decision } from './event.ts'
import { invalidInput, readInputs, readTrigger, type Inputs } from './inputs.ts'
import { consequencesOf } from './report/consequences.ts'
import { report } from './report/report.ts'
import { mintEarly } from './early-token.ts'
import { createRun, placeOf, warn, type Run, type World } from './run.ts'
import { describeValue, requestOf } from './storage.ts'
import { quoted } from './text.ts'
import { wordsOf } from './thrown.ts'
import { endInTime, endWith } from './time-limit.ts'

/** When the run is cancelled, everything in hand ends by itself within this time, or is left behind. */
const STORY_GRACE_MS = SEND_GRACE_MS + 50
/** By then nothing of the report is a call any more; this is for a disk that is slow. */
const REPORT_GRACE_MS = 5_000

/** Runs the action and reports. Never throws: whatever happens comes to exactly one ending. */
export async function main(world: World): Promise<Ending> {
  const run = createRun(world)
  const { clock, cancellation, reporter } = run
  const { signal } = cancellation
  const ending = await endWith(clock, signal, STORY_GRACE_MS, story(run)).catch(
    (thrown: unknown) => {
      if (thrown instanceof Error) run.log.debug(thrown.stack ?? thrown.message)
      const { inputs, findings, secrets } = run
      const place = inputs && findings.does && placeOf(inputs, findings.does)
      return redEnding(thrown, findings, place, secrets.redact)
    },
  )
  reporter.end(ending)
  await endWith(clock, signal, REPORT_GRACE_MS, report(run, ending)).catch((thrown: unknown) => {
    if (thrown === signal.reason) return
    warn(run, 'Report incomplete', `The report broke off: ${wordsOf(thrown)}`)
  })
  return ending
}

async function story(run: Run): Promise<Ending> {
  const decision = decideWhatToDo(run)
  if (decision.does === 'skip') return { result: 'skipped', why: decision.why }
  const inputs = readAllInputs(run)
  tellWhatIsAsked(run, decision, inputs)
  return await endInTime(run.clock, inputs.timeoutMs, async () => {
    const early = mintEarly(run, inputs, decision.does)
    // The SDK is loaded while the token is on its way.
    await early?.sent
    const { openSession } = await import('./session.ts')
    const { engine, close } = await openSession(run, inputs, decision.does, early?.token)
    try {
      return await act(run, engine, decision.does, inputs)
    } finally {
      close()
    }
  })
}

/** Decided before the other inputs are judged: a run that skips may have empty secrets. */
function decideWhatToDo(run: Run): Decision {
  const { env, readFile, findings, log } = run
  const { trigger, problems } = readTrigger(env)
  if (problems.length > 0) throw invalidInput(readInputs(env).problems)
  const { event, warning } = readEvent(env, readFile)
  run.event = event
  if (warning !== undefined) warn(run, 'Event not read', warning)
  const decision = decide(event, trigger, identityOf(env))
  if (decision.does === 'skip') {
    if (decision.notice) log.annotate('notice', 'Skipped', sentence(decision.why))
    else log.step(`Skipped: ${decision.why}.`)
    return decision
  }
  findings.does = decision.does
  findings.why = decision.why
  findings.next = decision.next ?? ''
  if (decision.warning !== undefined) warn(run, 'Planned only', decision.warning)
  return decision
}

function readAllInputs(run: Run): Inputs {
  const { env, findings, secrets, reporter } = run
  const { inputs, problems, warnings } = readInputs(env)
  for (const warning of warnings) warn(run, 'Check the inputs', warning)
  if (inputs === undefined) throw invalidInput(problems)
  run.inputs = inputs
  secrets.add(inputs.githubToken)
  findings.appId = inputs.appId
  findings.backendEnvironmentName = inputs.backendEnvironmentName
  findings.resourceName = inputs.resourceName
  reporter.early()
  return inputs
}

function tellWhatIsAsked({ log }: Run, decision: Decision, inputs: Inputs): void {
  log.step(`${decision.does === 'apply' ? 'Applies' : 'Plans'}: ${decision.why}.`)
  const { unauthenticatedPermissions: guests } = inputs
  log.group('What is asked', [
    `app ${inputs.appId}, environment ${inputs.backendEnvironmentName}, region ${inputs.region} (from ${inputs.regionSource})`,
    `storage ${inputs.resourceName}, bucket ${inputs.bucketName ?? 'chosen by the service'}`,
    `signed-in users: ${describeValue(inputs.authenticatedPermissions)}; guests: ${guests === undefined ? 'not managed' : describeValue(guests)}`,
    `if it exists: ${inputs.ifExists}; ${inputs.wait ? '' : 'does not wait for the job; '}${duration(inputs.timeoutMs)} at most`,
  ])
}

async function act(
  { findings, log }: Run,
  engine: Engine,
  does: 'apply' | 'plan',
  inputs: Inputs,
): Promise<Ending> {
  const order = { request: requestOf(inputs), ifExists: inputs.ifExists, wait: inputs.wait }
  if (does === 'apply') return await apply(engine, order)
  const changes = await plan(engine, order)
  engine.observer.changes(changes)
  if (changes.length === 0) {
    log.step('The storage is as asked: an apply would change nothing.')
  } else {
    const verb = findings.seen?.storage === undefined ? 'create' : 'change'
    const consequences = consequencesOf(order.request, findings)
    log.step(
      withDetails(`An apply would ${verb} the storage ${quoted(inputs.resourceName)}`, [
        ...differenceLines(changes),
        ...consequences,
      ]),
    )
    if (findings.next !== '') log.step(findings.next)
  }
  return { result: 'planned' }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
