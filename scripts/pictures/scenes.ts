/** Runs the bundle on the emulator to get summaries and comments. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { injectNamedFault } from '../../emulator/cli/try-faults.ts'
import { faultTarget } from '../../emulator/cli/workflow-state.ts'
import { addStorage, startEmulator, type Emulator } from '../../emulator/emulator.ts'
import { runActionStep } from '../../emulator/runner/step.ts'
import { stepInputs } from '../../emulator/runner/step-inputs.ts'
import { pullRequest, push, type WorkflowEvent } from '../../emulator/runner/events.ts'
import { githubContext, tokenClaims } from '../../emulator/runner/github-context.ts'
import { clockEnv, scaledClock } from '../../test/support/scaled-clock.ts'

export type Picture = Readonly<{ name: string; kind: 'summary' | 'comment'; markdown: string }>

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The workflow of the README. */
const README_EXAMPLE = 'plan-and-apply.yml'
/** How much faster time passes, so that a picture can show a job of two minutes. */
const SCALE = 30

/** The reports to take pictures of. */
export async function runScenes(): Promise<readonly Picture[]> {
  const opened = pullRequest()
  const merged = push()
  const good = await withEmulator(async (emulator, run) => {
    const plan = await run(opened)
    const planComment = getComment(emulator)
    addMergedPullRequest(emulator, merged)
    emulator.injectFault({ operation: 'CreateBackendStorage', kind: 'status', status: 429 })
    const created = await run(merged)
    return [
      { name: 'summary-plan', kind: 'summary', markdown: plan },
      { name: 'comment-plan', kind: 'comment', markdown: planComment },
      { name: 'summary-created', kind: 'summary', markdown: created },
      { name: 'comment-created', kind: 'comment', markdown: getComment(emulator) },
    ] as const
  })
  const refused = await withEmulator(async (emulator, run) => {
    addStorage(emulator.environment(), {
      resourceName: 'media',
      bucketName: 'acme-media',
      permissions: { authenticated: ['READ'] },
    })
    const summary = await run(opened)
    return [
      { name: 'summary-refused', kind: 'summary', markdown: summary },
      { name: 'comment-refused', kind: 'comment', markdown: getComment(emulator) },
    ] as const
  })
  const failed = await withEmulator(async (emulator, run) => {
    emulator.planJob({
      error:
        'User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/octo-org-octo-app is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::acme-media14558-prod because no identity-based policy allows the s3:CreateBucket action',
    })
    addMergedPullRequest(emulator, merged)
    const summary = await run(merged)
    return [
      { name: 'summary-failed', kind: 'summary', markdown: summary },
      { name: 'comment-failed', kind: 'comment', markdown: getComment(emulator) },
    ] as const
  })
  const readme = await withEmulator(async (_, run) => {
    const options = { example: README_EXAMPLE, env: {} }
    const plan = await run(opened, options)
    const created = await run(merged, options)
    return [
      { name: 'readme-plan', kind: 'summary', markdown: plan },
      { name: 'readme-created', kind: 'summary', markdown: created },
    ] as const
  })
  return [...good, ...refused, ...failed, ...(await runFailedPlans()), ...readme]
}

/** Plans that cannot be applied, or that could not be made. */
async function runFailedPlans(): Promise<readonly Picture[]> {
  const noIdToken = { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }
  const plans = [
    { name: 'no-auth', fault: 'no-auth' },
    { name: 'role-refused', fault: 'role-refused' },
    { name: 'no-id-token', env: noIdToken },
  ]
  const pictures: Picture[] = []
  for (const { name, fault, env } of plans) {
    await withEmulator(async (emulator, run) => {
      if (fault !== undefined)
        injectNamedFault(emulator, fault, faultTarget(emulator, WITH_COMMENT))
      const { example } = WITH_COMMENT
      const summary = await run(pullRequest(), { example, env: { ...WITH_COMMENT.env, ...env } })
      pictures.push(
        { name: `summary-${name}`, kind: 'summary', markdown: summary },
        { name: `comment-${name}`, kind: 'comment', markdown: getComment(emulator) },
      )
    })
  }
  return pictures
}

type StepOptions = Readonly<{
  /** A file in examples/. */
  example: string
  /** Variables and inputs in addition to those of the example. */
  env: Readonly<Record<string, string>>
}>

const WITH_COMMENT: StepOptions = {
  example: 'comment-on-pull-request.yml',
  // To show buckets and guests in the reports.
  env: { 'INPUT_BUCKET-NAME': 'acme-media', 'INPUT_UNAUTHENTICATED-PERMISSIONS': 'READ' },
}

type RunStep = (event: WorkflowEvent, options?: StepOptions) => Promise<string>

async function withEmulator<T>(play: (emulator: Emulator, run: RunStep) => Promise<T>): Promise<T> {
  const origin = Date.now()
  const emulator = await startEmulator({
    clock: scaledClock(SCALE, origin),
    rules: { jobMs: 95_000 },
  })
  try {
    const clock = clockEnv(SCALE, origin)
    return await play(emulator, (event, { example, env } = WITH_COMMENT) =>
      runStep(emulator, event, { example, env: { ...env, ...clock } }),
    )
  } finally {
    await emulator.stop()
  }
}

/** The summary of the example's step. */
async function runStep(
  emulator: Emulator,
  event: WorkflowEvent,
  { example, env }: StepOptions,
): Promise<string> {
  Object.assign(emulator.state.claims, tokenClaims(event, { file: example, workflow: 'Storage' }))
  const place = {
    serverUrl: 'https://github.com',
    apiUrl: emulator.env['GITHUB_API_URL'] ?? '',
    graphqlUrl: emulator.env['GITHUB_GRAPHQL_URL'] ?? '',
    file: example,
    workflow: 'Storage',
    job: 'storage',
  }
  const step = stepInputs({
    workflow: readFileSync(fileAt(`examples/${example}`), 'utf8'),
    action: readFileSync(fileAt('action.yml'), 'utf8'),
    contexts: { github: githubContext(event, place, emulator.githubToken) },
  })
  const end = await runActionStep({
    event,
    env: { ...emulator.env, ...step.env, ...env },
    nodeArguments: ['--import', fileAt('test/support/preload/scaled-clock.ts')],
  })
  return end.summary
}

function addMergedPullRequest({ state }: Emulator, { sha }: WorkflowEvent): void {
  state.github.pulls.push({
    number: 7,
    repository: 'octo-org/octo-app',
    state: 'closed',
    merged: true,
    base: 'main',
    head: 'storage',
    commits: [sha],
  })
}

function getComment(emulator: Emulator): string {
  const [comment, ...more] = emulator.state.github.comments
  if (comment === undefined || more.length > 0) throw new Error('There must be one comment')
  return comment.body
}
