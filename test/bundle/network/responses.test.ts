/** Responses that are not of the service, or malformed. */
import { expect } from 'vitest'

import type { Fault, FaultSpec } from '../../../emulator/emulator.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { getJobId } from '../../support/emulator-state.ts'
import { createNetworkGuard } from '../../support/network-guard.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'

type Answer = Readonly<{ operation: FaultSpec['operation']; code: ErrorCode; fault: Fault }>

const page = (status: number): Fault => ({ kind: 'html', status })

const text = (status: number): Fault => ({
  kind: 'body',
  status,
  contentType: 'text/plain',
  body: 'Blocked by policy',
})

scenarios<Answer>(
  'An answer of something between the runner and the service is told as such, with its status',
  {
    'a page to STS': {
      operation: 'AssumeRoleWithWebIdentity',
      code: 'STS_REQUEST_REFUSED',
      fault: page(403),
    },
    'a text to STS': {
      operation: 'AssumeRoleWithWebIdentity',
      code: 'STS_REQUEST_REFUSED',
      fault: text(413),
    },
    'a page to Amplify': {
      operation: 'GetBackendStorage',
      code: 'REQUEST_REFUSED',
      fault: page(451),
    },
    'a page that is not found': {
      operation: 'GetBackendStorage',
      code: 'REQUEST_REFUSED',
      fault: page(404),
    },
    'a text to Amplify': {
      operation: 'GetBackendStorage',
      code: 'REQUEST_REFUSED',
      fault: text(403),
    },
    'a page for the token': { operation: 'token', code: 'TOKEN_UNAVAILABLE', fault: page(403) },
  },
  async ({ operation, code, fault }) => {
    const { step, emulator } = await runOnce({ faults: [{ operation, ...fault, times: 'always' }] })
    const message = expectFailure(step, code)
    expect(message).toMatch(/between the runner and AWS/)
    expect(message).toContain('status' in fault ? String(fault.status) : '')
    expect(message).not.toMatch(/JSON|Unexpected token|<html/i)
    expect(emulator.calls(operation)).toHaveLength(1)
    expect(emulator.calls(CREATE)).toEqual([])
  },
)

scenarios<Readonly<{ operation: FaultSpec['operation']; code: ErrorCode }>>(
  'A redirect shows the host that it leads to, is not followed, and is final',
  {
    'of STS': { operation: 'AssumeRoleWithWebIdentity', code: 'STS_REQUEST_REFUSED' },
    'of Amplify': { operation: 'GetBackendStorage', code: 'REQUEST_REFUSED' },
    'of a create': { operation: CREATE, code: 'REQUEST_REFUSED' },
    'of the token': { operation: 'token', code: 'TOKEN_UNAVAILABLE' },
  },
  async ({ operation, code }) => {
    const guard = createNetworkGuard()
    const location = 'https://login.fake.test/portal?token=example-token'
    const { step, emulator } = await runOnce({
      guard,
      faults: [{ operation, kind: 'redirect', location, times: 'always' }],
    })
    const message = expectFailure(step, code)
    expect(message).toContain('login.fake.test')
    expect(message).toMatch(/between the runner and AWS/)
    expect(emulator.calls(operation)).toHaveLength(1)
    expect(message).not.toContain('example-token')
    expect(guard.attempts()).toEqual([])
  },
)

// The fault table has the other forms.
scenarios<Fault>(
  'A create with a malformed response is sent again once it is known to have had no effect',
  {
    'a reset while it is sent': { kind: 'reset', unread: true },
    'an empty 503': { kind: 'empty', status: 503 },
    'a 204': { kind: 'empty', status: 204 },
    null: { kind: 'body', body: 'null' },
    'members in capitals': { kind: 'body', body: '{"JobId":"a","Status":"COMPLETED"}' },
    'a job id that is a path': { kind: 'body', body: '{"jobId":"../../x","status":"RUNNING"}' },
  },
  async (fault) => {
    const { step, emulator } = await runOnce({
      rules: { jobMs: 1_000 },
      faults: [{ operation: CREATE, ...fault }],
    })
    expectSuccess(step, 'created')
    expect(emulator.calls(CREATE)).toHaveLength(2)
    expect(emulator.state.counters.create.executed).toBe(1)
    const polled = emulator.calls('GetBackendJob').map(({ path }) => path.split('/').at(-1))
    expect(new Set(polled)).toEqual(new Set([getJobId(emulator)]))
  },
)

scenario('A page of a gateway is reported as such, and not as malformed JSON', async () => {
  const { step } = await runOnce({
    with: { 'max-attempts': '1' },
    faults: [{ operation: CREATE, kind: 'html', status: 502, times: 'always' }],
  })
  const message = expectFailure(step, 'SERVICE_ERROR')
  expect(message).toContain('502')
  expect(message).not.toMatch(/Unexpected token|SyntaxError/)
})

type NullBody = Readonly<{
  operation: FaultSpec['operation']
  body?: string
  /** What ends the run; the list of jobs is not needed. */
  code?: ErrorCode
  result?: string
}>

scenarios<NullBody>(
  'A body of null is a malformed response, and never an error inside the SDK',
  {
    'the first read': { operation: 'GetBackendStorage', code: 'UNREADABLE_RESPONSE' },
    'the poll': { operation: 'GetBackendJob', code: 'TIMED_OUT', result: 'timed-out' },
    'the list of jobs': { operation: 'ListBackendJobs', body: '{"jobs":[null]}' },
  },
  async ({ operation, body = 'null', code, result = 'failed' }) => {
    const { step } = await runOnce({
      rules: { jobMs: 1_000 },
      with: { 'max-attempts': '2', 'timeout-in-minutes': '1' },
      env: { RUNNER_DEBUG: '1' },
      faults: [
        { operation: CREATE, kind: 'reset', when: 'after' },
        { operation, kind: 'body', body, times: 'always' },
      ],
    })
    if (code === undefined) expect(step.outputs['ready'] === 'true').toBe(step.exitCode === 0)
    else expectFailure(step, code, { result })
    expect(`${step.rawLines.join('\n')}${step.summary}`).not.toMatch(
      /Cannot read|TypeError|INTERNAL_ERROR|\$response|[Dd]eserializ/,
    )
  },
)

scenario(
  'A response to a create that is too large is not read, and the create is not repeated',
  async () => {
    const body = `{"jobId":"job-1","padding":"${'x'.repeat(5_000_000)}"}`
    const { step, emulator } = await runOnce({
      faults: [{ operation: CREATE, kind: 'body', body, when: 'after' }],
    })
    expectSuccess(step, 'created', { ready: 'true', 'job-id': getJobId(emulator) })
    expect(getLog(step)).toContain('larger than 4 MiB')
    expect(emulator.calls(CREATE)).toHaveLength(1)
  },
)
