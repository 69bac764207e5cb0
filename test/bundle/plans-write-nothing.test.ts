/** A property of whole runs, in this process for speed: a few hundred events, inputs and backends. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parse } from 'yaml'

import {
  addJob,
  addStorage,
  startEmulator,
  type Emulator,
  type FaultSpec,
} from '../../emulator/emulator.ts'
import { isObject } from '../../emulator/lib/validation.ts'
import {
  workflowDispatch,
  mergeGroup,
  pullRequest,
  push,
  pushTag,
  schedule,
  type WorkflowEvent,
} from '../../emulator/runner/events.ts'
import { githubVariables, tokenClaims } from '../../emulator/runner/github-context.ts'
import { createCancellation } from '../../src/run/cancellation.ts'
import { systemClock, type Clock } from '../../src/lib/clock.ts'
import type { RunOutcome } from '../../src/run/outcome.ts'
import { main } from '../../src/main.ts'
import type { Toolkit } from '../../src/workflow/toolkit.ts'
import { defaultInputs } from '../support/run-action.ts'
import { caseCount } from '../support/sampling.ts'
import { trustEvents } from '../support/role-trust.ts'

/** Waits are a few milliseconds. */
const fastClock: Clock = {
  now: () => systemClock.now() * 500,
  sleep: (ms, signal) => systemClock.sleep(ms / 500, signal),
}

const branch = fc.constantFrom('main', 'dev', 'release/1', 'topic')

const anyEvent: fc.Arbitrary<WorkflowEvent> = fc
  .oneof(
    branch.map(push),
    branch.map((name) => ({
      ...push(name),
      payload: { ...push(name).payload, deleted: true, after: '0'.repeat(40) },
    })),
    fc
      .record({
        action: fc.constantFrom('opened', 'synchronize', 'reopened', 'labeled', 'closed'),
        base: branch,
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
    branch.map(workflowDispatch),
    fc
      .constantFrom('release', 'issue_comment', 'pull_request_target', 'create', '')
      .map((name) => ({
        ...pullRequest(),
        name,
      })),
  )
  .chain((event) =>
    // Some event files are not what they should be.
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(event) },
      {
        weight: 1,
        arbitrary: fc
          .dictionary(
            fc.constantFrom('action', 'deleted', 'ref', 'repository', 'pull_request', 'after'),
            fc.jsonValue(),
          )
          .map((payload) => ({ ...event, payload: { ...event.payload, ...payload } })),
      },
    ),
  )

const list = fc.constantFrom('', 'none', 'READ', 'READ, DELETE', '["CREATE_AND_UPDATE"]')

const anyInputs = fc.record({
  mode: fc.constantFrom('auto', 'auto', 'auto', 'plan', 'apply', ''),
  'apply-branches': fc.constantFrom('', 'main', 'release/*', '**'),
  'if-exists': fc.constantFrom('match', 'update', 'fail'),
  'authenticated-permissions': list,
  'unauthenticated-permissions': list,
  'bucket-name': fc.constantFrom('', '', 'acme-media', 'acme-files'),
  'backend-environment-name': fc.constantFrom('prod', 'prod', 'staging'),
  'plan-role-to-assume': fc.constantFrom(defaultInputs['plan-role-to-assume'], ''),
  'max-attempts': fc.constantFrom('1', '3'),
  wait: fc.constantFrom('true', 'false'),
})

const anyBackend = fc.record({
  storage: fc.constantFrom('none', 'none', 'media', 'media', 'uploads'),
  bucketName: fc.constantFrom(undefined, 'acme-media'),
  permissions: fc.subarray(['READ', 'CREATE_AND_UPDATE', 'DELETE'] as const),
  auth: fc.constantFrom(true, true, true, false),
  busy: fc.constantFrom(false, false, false, true),
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
})

type Backend = typeof anyBackend extends fc.Arbitrary<infer B> ? B : never
type Given = typeof anyInputs extends fc.Arbitrary<infer I> ? I : never

function setUpBackend(emulator: Emulator, backend: Backend): void {
  emulator.reset()
  Object.assign(emulator.state.rules, { jobMs: 0 })
  const environment = emulator.environment()
  environment.auth = backend.auth
  if (backend.storage !== 'none') {
    addStorage(environment, {
      resourceName: backend.storage,
      bucketName: backend.bucketName,
      permissions: { authenticated: [...backend.permissions] },
    })
  }
  if (backend.busy) {
    const createTime = String(emulator.clock.now())
    const job = addJob(environment, {
      operation: 'UpdateBackendAuth',
      status: 'RUNNING',
      createTime,
    })
    emulator.clock.setTimeout(() => {
      Object.assign(job, { status: 'COMPLETED', pending: false })
    }, 30)
  }
  for (const fault of backend.faults satisfies readonly FaultSpec[]) emulator.injectFault(fault)
}

const action: unknown = parse(
  readFileSync(fileURLToPath(new URL('../../action.yml', import.meta.url)), 'utf8'),
)
const inputNames =
  isObject(action) && isObject(action['inputs']) ? Object.keys(action['inputs']) : []

type RunResult = Readonly<{ outcome: RunOutcome; log: readonly string[]; mutations: number }>

async function runIn(emulator: Emulator, event: WorkflowEvent, given: Given): Promise<RunResult> {
  Object.assign(
    emulator.state.claims,
    tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' }),
  )
  trustEvents({ emulator, clock: { nodeArguments: [], env: {} } }, event)
  const values: Readonly<Record<string, string>> = { ...defaultInputs, ...given }
  const log: string[] = []
  const toolkit: Toolkit = {
    info: (line) => log.push(line),
    debug: () => undefined,
    startGroup: () => undefined,
    endGroup: () => undefined,
    annotate: () => undefined,
    setSecret: () => undefined,
    setOutput: () => undefined,
    writeSummary: () => Promise.resolve(),
  }
  const outcome = await main({
    env: {
      ...githubVariables(event, {
        serverUrl: 'https://github.com',
        apiUrl: '',
        graphqlUrl: '',
        file: 'storage.yml',
        workflow: 'Storage',
        job: 'storage',
      }),
      GITHUB_EVENT_PATH: 'event.json',
      ...Object.fromEntries(
        Object.entries(emulator.env).filter(
          ([name]) => event.trusted || !name.startsWith('ACTIONS_'),
        ),
      ),
      ...Object.fromEntries(
        inputNames.map((name) => [`INPUT_${name.toUpperCase()}`, values[name] ?? '']),
      ),
    },
    readFile: () => JSON.stringify(event.payload),
    clock: fastClock,
    random: () => 0.5,
    toolkit,
    cancellation: createCancellation(),
  })
  const { create, update } = emulator.state.counters
  return { outcome, log, mutations: create.received + update.received }
}

/** Whether the design's table lets this run write at all, said once more and in other words. */
function mayApply(event: WorkflowEvent, { mode, 'apply-branches': branches }: Given): boolean {
  if (mode !== 'auto' && mode !== '') return mode === 'apply'
  const fits = (name: string): boolean =>
    branches === '**' ||
    (branches === 'release/*' ? name.startsWith('release/') : name === (branches || 'main'))
  switch (event.name) {
    case 'push':
      return event.ref.startsWith('refs/heads/') && fits(event.ref.slice('refs/heads/'.length))
    case 'pull_request':
      return event.payload['action'] === 'closed' && fits(event.baseRef)
    default:
      return ['workflow_dispatch', 'repository_dispatch', 'schedule'].includes(event.name)
  }
}

describe('whatever the event, the inputs and the backend', () => {
  it('a run that does not apply makes no call that changes anything', async () => {
    const emulator = await startEmulator()
    onTestFinished(() => emulator.stop())
    // The SDK looks for its endpoint in the environment of the process.
    vi.stubEnv('AWS_ENDPOINT_URL', emulator.url)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const ends = { planned: 0, refused: 0, wrote: 0 }
    await fc.assert(
      fc.asyncProperty(anyEvent, anyInputs, anyBackend, async (event, given, backend) => {
        setUpBackend(emulator, backend)
        const { outcome, log, mutations } = await runIn(emulator, event, given)
        const plans = log.some((line) => line.includes('] Plans: '))
        if (plans || outcome.result === 'planned' || !mayApply(event, given)) {
          expect(mutations).toBe(0)
        }
        if (outcome.result === 'planned') ends.planned += 1
        if (plans && outcome.result === 'failed') ends.refused += 1
        if (mutations > 0) ends.wrote += 1
      }),
      { numRuns: caseCount(100, 500) },
    )
    // All this must have come about, or nothing was tried.
    expect(ends.planned).toBeGreaterThan(5)
    expect(ends.refused).toBeGreaterThan(5)
    expect(ends.wrote).toBeGreaterThan(0)
  })
})
