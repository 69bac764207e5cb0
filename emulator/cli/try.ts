/**
 * `npm run try`: runs the step of a workflow on an emulator, and shows what people see on GitHub: the log,
 * then the outputs, then the summary.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { startEmulator, type Emulator } from '../emulator.ts'
import { serverIssuer } from '../iam/issuers.ts'
import { getsIdToken, type WorkflowEvent } from '../runner/events.ts'
import { githubVariables } from '../runner/github-context.ts'
import type { StepInputs } from '../runner/step-inputs.ts'
import { runActionStep, type StepOptions } from '../runner/step.ts'
import { htmlToText, markdownToHtml, summaryPage } from './markdown.ts'
import { UsageError, usageErrorText } from './options.ts'
import { createLogPrinter, endWithReader, print, printHeading } from './terminal.ts'
import { injectNamedFault } from './try-faults.ts'
import { parseTryFlags, tryUsage, type TryFlags } from './try-flags.ts'
import {
  claimsOf,
  evaluateSteps,
  readWorkflow,
  root,
  runNotes,
  stepRuns,
  type WorkflowRun,
} from './workflow-run.ts'
import { addWorkflowState, faultTarget, hasCredentials } from './workflow-state.ts'

const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.yml'))
  .map((name) => name.slice(0, -'.yml'.length))
  .sort()

/** The variables of the step; its job gets an OIDC token only if GitHub or an emulator in the job gives it one. */
function stepEnvironment(
  run: WorkflowRun,
  step: StepInputs,
  emulator: Emulator,
): StepOptions['env'] {
  const tokenEndpoint =
    step.emulatorInputs !== undefined || getsIdToken(run.event, step.canRequestIdToken)
      ? {}
      : { ACTIONS_ID_TOKEN_REQUEST_URL: undefined, ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined }
  const { GITHUB_API_URL: apiUrl = '', GITHUB_GRAPHQL_URL: graphqlUrl = '' } = emulator.env
  return {
    ...githubVariables(run.event, { ...run.info, apiUrl, graphqlUrl, job: step.job }),
    ...emulator.env,
    ...tokenEndpoint,
    ...step.env,
  }
}

function evaluate(run: WorkflowRun, flags: TryFlags, emulator: Emulator): readonly StepInputs[] {
  const { GITHUB_API_URL: apiUrl = '', GITHUB_GRAPHQL_URL: graphqlUrl = '' } = emulator.env
  const steps = evaluateSteps(run, 'first', flags.workflow, {
    token: emulator.githubToken,
    apiUrl,
    graphqlUrl,
  })
  const [first] = steps
  if (first === undefined) throw new UsageError(`Cannot try ${run.path}: its matrix is empty.`)
  if (!hasCredentials(first))
    throw new UsageError(
      `Cannot try ${run.path}: the step has neither role-to-assume nor plan-role-to-assume, so its credentials come from an earlier step or from the runner.`,
      'Set one of the two, or the keys in `env:` of the step.',
    )
  const unsupported = first.emulatorInputs?.find((name) => !['apps', 'job-seconds'].includes(name))
  if (unsupported !== undefined)
    throw new UsageError(
      `Cannot try ${run.path}: the emulator in its job has the input ${unsupported}, and npm run try does not read it.`,
      'Run the workflow on GitHub, or leave the input out.',
    )
  return steps
}

function matrixNote(combination: string, count: number, chosen: boolean): string {
  if (chosen && count === 1) return `The combination of the matrix is ${combination}`
  const which = chosen
    ? `${count} combinations of the matrix match`
    : `The matrix has ${count} combinations`
  return `${which}; this is the first: ${combination}`
}

function printNotes(run: WorkflowRun, steps: readonly StepInputs[], flags: TryFlags): void {
  const [first] = steps
  const { fault } = flags
  printHeading(`${run.path} on ${run.eventName}${fault === undefined ? '' : `, with ${fault}`}`)
  for (const note of runNotes(run)) printHeading(note)
  const chosen = Object.keys(flags.workflow.matrix).length > 0
  if (first !== undefined && (chosen || steps.length > 1))
    printHeading(matrixNote(JSON.stringify(first.matrix), steps.length, chosen))
  if (run.eventName === 'merged')
    printHeading(
      'The role that applies has the trust policy of docs/setup.md for merged pull requests',
    )
}

function writePage(path: string, summary: string): void {
  try {
    writeFileSync(path, summaryPage(summary))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new UsageError(`Cannot write ${path}: ${code}`, 'Choose another file for --html.')
  }
}

/** Runs the step and prints what it reports; returns its exit code. */
async function runStep(
  event: WorkflowEvent,
  env: StepOptions['env'],
  html: string | undefined,
): Promise<number> {
  const onLine = createLogPrinter()
  const result = await runActionStep({ event, env, onLine, timeoutMs: 300_000 })
  printHeading(`exit code ${result.exitCode}; outputs:`)
  for (const [name, value] of Object.entries(result.outputs)) print(`${name}=${value}`)
  printHeading('step summary, which GitHub shows on the page of the run:')
  print(htmlToText(markdownToHtml(result.summary)))
  const code = result.outputs['error-code'] ?? ''
  if (code !== '') printHeading(`about this error: docs/errors.md#${code.toLowerCase()}`)
  if (html !== undefined) writePage(html, result.summary)
  return result.exitCode
}

async function runTry(flags: TryFlags): Promise<number> {
  const path = flags.workflow.workflow ?? `examples/${flags.example}.yml`
  const run = readWorkflow(flags.workflow.workflow ?? join(root, path), flags.workflow)
  const named = { ...run, path }
  const emulator = await startEmulator({
    rules: { jobMs: flags.jobMs },
    issuer: serverIssuer(flags.workflow.server),
    audiences: [],
  })
  try {
    const steps = evaluate(named, flags, emulator)
    const [step] = steps
    if (step === undefined) return 1
    Object.assign(emulator.state.claims, claimsOf(run, step.environment))
    addWorkflowState(emulator, steps, run)
    const runs = stepRuns(named, step)
    printNotes(named, steps, flags)
    if (!runs) {
      printHeading('On GitHub, the step does not run: the `if:` of the job or of the step is false')
      return 0
    }
    const env = stepEnvironment(run, step, emulator)
    const { fault, twice, html } = flags
    const hasEffect =
      fault === undefined
        ? (): boolean => true
        : injectNamedFault(emulator, fault, faultTarget(emulator, step))
    let exitCode = await runStep(run.event, env, html)
    if (twice) {
      printHeading('run again')
      exitCode = await runStep(run.event, env, html)
    }
    if (!hasEffect())
      printHeading(
        `The fault ${fault ?? ''} had no effect: the run did not make a call that it affects`,
      )
    return exitCode
  } finally {
    await emulator.stop()
  }
}

endWithReader()
try {
  const flags = parseTryFlags(process.argv.slice(2), examples)
  if (flags === undefined) process.stdout.write(tryUsage(examples))
  else process.exitCode = await runTry(flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(usageErrorText(error, 'try'))
  process.exitCode = 2
}
