/** Runs of the source in this process: a plan makes no call that changes the backend, whatever it meets. */
import fc from 'fast-check'
import { expect, it } from 'vitest'

import type { FaultSpec } from '../../../emulator/emulator.ts'
import {
  mergeGroup,
  pullRequest,
  push,
  pushTag,
  schedule,
  workflowDispatch,
  type WorkflowEvent,
} from '../../../emulator/runner/events.ts'
import { tokenClaims } from '../../../emulator/runner/github-context.ts'
import { addMedia, addOtherJob, countMutations, trustEvents } from '../../support/emulator-state.ts'
import { defaultInputs } from '../../support/run-action.ts'
import {
  fastClock,
  runInProcess,
  useEmulator,
  type InProcessResult,
} from '../../support/run-in-process.ts'
import { caseCount } from '../../support/sampling.ts'

const getEmulator = useEmulator({ jobMs: 0 })

const MEMBERS = ['action', 'deleted', 'ref', 'repository', 'pull_request', 'after'] as const

const anyBranch = fc.constantFrom('main', 'dev', 'release/1', 'topic')

const anyEvent: fc.Arbitrary<WorkflowEvent> = fc
  .oneof(
    anyBranch.map(push),
    anyBranch.map(push).map((event) => ({
      ...event,
      payload: { ...event.payload, deleted: true, after: '0'.repeat(40) },
    })),
    fc
      .record({
        action: fc.constantFrom('opened', 'synchronize', 'reopened', 'labeled', 'closed'),
        base: anyBranch,
        merged: fc.boolean(),
        from: fc.constantFrom(undefined, undefined, 'fork' as const, 'dependabot' as const),
      })
      .map(({ from, merged, action, base }) =>
        pullRequest({
          action,
          base,
          merged: merged && action === 'closed',
          ...(from === undefined ? {} : { from }),
        }),
      ),
    fc.constantFrom(mergeGroup(), schedule(), pushTag()),
    anyBranch.map(workflowDispatch),
    fc
      .constantFrom('release', 'issue_comment', 'pull_request_target', 'create', '')
      .map((name) => ({ ...pullRequest(), name })),
  )
  .chain((event) =>
    // The payloads of some events are malformed.
    fc
      .option(fc.dictionary(fc.constantFrom(...MEMBERS), fc.jsonValue()), { nil: {} })
      .map((members) => ({ ...event, payload: { ...event.payload, ...members } })),
  )

const anyPermissions = fc.constantFrom('', 'none', 'READ', 'READ, DELETE', '["CREATE_AND_UPDATE"]')

type Inputs = Readonly<Record<string, string>>

const anyInputs: fc.Arbitrary<Inputs> = fc.record({
  mode: fc.constantFrom('auto', 'auto', 'auto', 'plan', 'apply', ''),
  'apply-branches': fc.constantFrom('', 'main', 'release/*', '**'),
  'if-exists': fc.constantFrom('match', 'update', 'fail'),
  'authenticated-permissions': anyPermissions,
  'unauthenticated-permissions': anyPermissions,
  'bucket-name': fc.constantFrom('', '', 'acme-media', 'acme-files'),
  'backend-environment-name': fc.constantFrom('prod', 'prod', 'staging'),
  'plan-role-to-assume': fc.constantFrom(defaultInputs['plan-role-to-assume'], ''),
  'max-attempts': fc.constantFrom('1', '3'),
  wait: fc.constantFrom('true', 'false'),
})

type Backend = Readonly<{
  storage?: Parameters<typeof addMedia>[1]
  auth?: boolean
  isBusy?: boolean
  faults?: readonly FaultSpec[]
}>

const anyBackend: fc.Arbitrary<Backend> = fc.record(
  {
    storage: fc.record({
      bucketName: fc.constantFrom(undefined, 'acme-media'),
      permissions: fc
        .subarray(['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const)
        .map((authenticated) => ({ authenticated })),
    }),
    auth: fc.constantFrom(true, true, true, false),
    isBusy: fc.constantFrom(false, false, false, true),
    faults: fc.array(
      fc.record({
        operation: fc.constantFrom(
          'token' as const,
          'AssumeRoleWithWebIdentity' as const,
          'GetBackendStorage' as const,
          'GetBackend' as const,
        ),
        kind: fc.constant('status' as const),
        status: fc.constantFrom(400, 403, 404, 429, 500, 504),
        times: fc.constantFrom(1, 2),
      }),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: [] },
)

type Run = InProcessResult & Readonly<{ mutations: number }>

async function runWith(event: WorkflowEvent, inputs: Inputs, backend: Backend): Promise<Run> {
  const emulator = getEmulator()
  emulator.reset()
  emulator.environment().auth = backend.auth ?? true
  if (backend.storage !== undefined) addMedia(emulator, backend.storage)
  if (backend.isBusy === true) addOtherJob(emulator, 30)
  for (const fault of backend.faults ?? []) emulator.injectFault(fault)
  trustEvents(emulator, event)
  const job = { file: 'storage.yml', workflow: 'Storage' }
  Object.assign(emulator.state.claims, tokenClaims(event, job))
  const result = await runInProcess({
    event,
    with: inputs,
    env: Object.fromEntries(
      Object.entries(emulator.env).filter(
        ([name]) => event.trusted || !name.startsWith('ACTIONS_'),
      ),
    ),
    clock: fastClock(500),
  })
  return { ...result, mutations: countMutations(emulator) }
}

/** Whether the table of events lets this run write at all, written a second time and in another way. */
function mayApply(event: WorkflowEvent, { mode, 'apply-branches': branches }: Inputs): boolean {
  if (mode !== 'auto' && mode !== '') return mode === 'apply'
  const fits = (name: string): boolean =>
    branches === '**' ||
    (branches === 'release/*'
      ? name.startsWith('release/')
      : name === (branches === '' ? 'main' : branches))
  switch (event.name) {
    case 'push':
    case 'workflow_dispatch':
      return event.ref.startsWith('refs/heads/') && fits(event.ref.slice('refs/heads/'.length))
    case 'pull_request':
      return event.payload['action'] === 'closed' && fits(event.baseRef)
    default:
      return ['repository_dispatch', 'schedule'].includes(event.name)
  }
}

it('A run that does not apply makes no call that changes the backend, whatever its event, inputs and backend', async () => {
  await fc.assert(
    fc.asyncProperty(anyEvent, anyInputs, anyBackend, async (event, inputs, backend) => {
      const { outcome, lines, mutations } = await runWith(event, inputs, backend)
      const isPlan = lines.some((line) => /\bPlanning: /.test(line))
      if (isPlan || outcome.result === 'planned' || !mayApply(event, inputs))
        expect(mutations).toBe(0)
    }),
    { numRuns: caseCount(100, 500) },
  )
})

const inputs: Inputs = { mode: 'auto', 'apply-branches': '', wait: 'false' }

it.each<readonly [name: string, event: WorkflowEvent, backend: Backend, expected: object]>([
  [
    'A plan that finds no storage is planned',
    pullRequest(),
    {},
    { result: 'planned', mutations: 0 },
  ],
  [
    'A plan that finds another storage fails',
    pullRequest(),
    { storage: {} },
    { result: 'failed', mutations: 0 },
  ],
  ['An apply that finds no storage creates it', push(), {}, { result: 'started', mutations: 1 }],
])('%s, so that the property is not empty', async (_, event, backend, expected) => {
  const { outcome, lines, mutations } = await runWith(event, inputs, backend)
  expect({ result: outcome.result, mutations }).toEqual(expected)
  expect(lines.some((line) => /\bPlanning: /.test(line))).toBe(mutations === 0)
})
