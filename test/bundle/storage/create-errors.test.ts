/** Errors of a create, as the model of the service, its reference and a gateway name them. */
import { expect } from 'vitest'

import type { Fault, FaultSpec, Rules } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createHome } from '../../support/home-folder.ts'
import { runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess, getLines, getLog } from '../../support/step-result.ts'

const CREATE = 'CreateBackendStorage'

const status = (code: number, name?: string): Fault => ({
  kind: 'status',
  status: code,
  message: 'a message',
  ...(name === undefined ? {} : { name }),
})

/** Throttling in other forms than that of the model. */
const throttling: readonly Fault[] = [
  { kind: 'status', status: 429, errorNameIn: 'none', message: 'x' },
  { kind: 'body', status: 429, body: 'slow', contentType: 'text/plain' },
  { kind: 'html', status: 429, html: '<html>Rate exceeded</html>' },
  { kind: 'status', status: 400, name: 'ThrottlingException' },
]

type Row = Readonly<{
  fault: Fault
  code: ErrorCode
  /** What the message contains. */
  detail: string
  /** How many creates are sent with `max-attempts: 2`. */
  sends: 1 | 2
  rules?: Partial<Rules>
}>

scenarios<Row>(
  'A create that always fails ends with the code for its error after the right number of attempts',
  {
    NotFoundException: {
      ...{ fault: status(404), code: 'NOT_FOUND', sends: 1 },
      detail: '404 NotFoundException: a message',
    },
    LimitExceededException: {
      ...{ fault: status(429), rules: { errorNames: 'reference' }, code: 'THROTTLED', sends: 2 },
      detail: '429 LimitExceededException',
    },
    'a quota': {
      fault: {
        ...{ kind: 'body', status: 400 },
        body: '{"__type":"LimitExceededException","message":"Too many","limitType":"BACKENDS"}',
      },
      ...{ code: 'REQUEST_REFUSED', sends: 1 },
      detail: '400 LimitExceededException: Too many (limitType: BACKENDS)',
    },
    'a denied action': {
      fault: {
        ...{ kind: 'status', status: 403 },
        message: 'User: x is not authorized to perform: amplifybackend:CreateBackendStorage',
      },
      ...{ code: 'ACCESS_DENIED', sends: 1 },
      detail: 'amplifybackend:CreateBackendStorage on arn:aws:amplifybackend:eu-west-1:',
    },
    ConflictException: {
      ...{ fault: status(409, 'ConflictException'), code: 'STORAGE_EXISTS', sends: 1 },
      detail: '409 ConflictException: a message',
    },
  },
  async ({ fault, rules = {}, code, detail, sends }) => {
    const { step, emulator } = await runOnce({
      rules,
      with: { 'max-attempts': '2' },
      faults: [{ operation: CREATE, times: 'always', ...fault }],
    })
    const calls = emulator.calls(CREATE)
    const outputs = { 'job-id': '', 'request-id': calls.at(-1)?.requestId }
    expect(expectFailure(step, code, outputs)).toContain(detail)
    expect(calls).toHaveLength(sends)
    if (sends === 1) expect(getLines(step, /CreateBackendStorage failed/)).toEqual([])
    expect(step.summary).toContain(code)
  },
)

scenarios(
  'A create that is throttled in any form is sent until it succeeds',
  { 'without a type': throttling.slice(0, 2), 'other types': throttling.slice(2) },
  async (faults) => {
    const { step, emulator } = await runOnce({
      with: { wait: 'false' },
      faults: faults.map((fault) => ({ operation: CREATE, ...fault })),
    })
    expectSuccess(step, 'started')
    expect(emulator.calls(CREATE)).toHaveLength(3)
    expect(getLines(step, /CreateBackendStorage failed/)).toHaveLength(2)
  },
)

scenarios<Readonly<{ operation: FaultSpec['operation']; env: () => Record<string, string> }>>(
  'Only max-attempts decides how often a call is sent, whatever the SDK is configured for',
  {
    'a create, and no number': {
      operation: CREATE,
      env: () => ({ AWS_MAX_ATTEMPTS: 'many', AWS_RETRY_MODE: 'legacy' }),
    },
    'a create, and the shared configuration': {
      operation: CREATE,
      env: () =>
        createHome({ '.aws/config': '[default]\nmax_attempts = 9\nretry_mode = adaptive\n' }),
    },
    'a read, and another number': {
      operation: 'GetBackendStorage',
      env: () => ({ AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' }),
    },
    'a role, and another number': {
      operation: 'AssumeRoleWithWebIdentity',
      env: () => ({ AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' }),
    },
  },
  async ({ operation, env }) => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '2' },
      env: env(),
      faults: [{ operation, kind: 'status', status: 429, times: 'always' }],
    })
    expect(step.exitCode, getLog(step)).toBe(1)
    expect(emulator.calls(operation)).toHaveLength(2)
  },
)

/** The seconds that the log announces after throttled responses. */
const getWaits = (step: StepResult): readonly number[] =>
  getLines(step, /: (?:429|400 Throttling)\b.* Next attempt in /).map((line) => {
    const [, minutes = '0', seconds = '0'] =
      /Next attempt in (?:(\d+) min ?)?(?:([\d.]+) s)?/.exec(line) ?? []
    return Number(minutes) * 60 + Number(seconds)
  })

scenario('A run waits longer after each throttled call to Amplify, whichever it is', async () => {
  const operations = ['GetBackendStorage', 'GetBackend', CREATE] as const
  const { step, emulator } = await runOnce({
    rules: { jobMs: 1_000 },
    faults: operations.map((operation) => ({ operation, kind: 'status', status: 429 })),
  })
  expectSuccess(step, 'created')
  const maxima = [8, 16, 32]
  const waits = getWaits(step)
  expect(waits).toHaveLength(maxima.length)
  for (const [index, max] of maxima.entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(max / 4)
    expect(waits[index]).toBeLessThanOrEqual(max)
  }
  // Polls slow down as well: the first one comes 1.2 times 32 seconds after the create, less 15 %.
  const created = emulator.calls(CREATE).at(-1)?.time ?? NaN
  const polls = emulator.calls('GetBackendJob')
  expect((polls[0]?.time ?? NaN) - created).toBeGreaterThan(32_000)
  expect(polls).toHaveLength(1)
})

scenario('Throttling by STS does not slow down the calls to Amplify', async () => {
  const { step } = await runOnce({
    with: { wait: 'false' },
    faults: (['AssumeRoleWithWebIdentity', 'AssumeRoleWithWebIdentity', CREATE] as const).map(
      (operation) => ({ operation, kind: 'status', status: 400, name: 'Throttling' }),
    ),
  })
  expectSuccess(step, 'started')
  const waits = getWaits(step)
  expect(waits).toHaveLength(3)
  for (const [index, max] of [1, 2, 8].entries()) expect(waits[index]).toBeLessThanOrEqual(max)
  expect(waits[2]).toBeGreaterThanOrEqual(2)
})

/** The longest wait after a first throttled response without Retry-After, in seconds. */
const MAX_FIRST_WAIT = 8

scenarios<(now: number) => Readonly<Record<string, string>>>(
  'A run waits as long as Retry-After says',
  {
    seconds: () => ({ 'retry-after': '20' }),
    'a date': (now) => ({
      date: new Date(now).toUTCString(),
      'retry-after': new Date(now + 20_000).toUTCString(),
    }),
  },
  async (headers) => {
    const { step, emulator } = await runOnce({
      with: { wait: 'false' },
      setUp: (on) =>
        on.injectFault({
          ...{ operation: CREATE, kind: 'status', status: 429 },
          headers: headers(on.clock.now()),
        }),
    })
    expectSuccess(step, 'started')
    expect(getWaits(step)[0]).toBeGreaterThanOrEqual(20)
    expect(getWaits(step)[0]).toBeLessThanOrEqual(20 + MAX_FIRST_WAIT)
    const [first = NaN, second = NaN] = emulator.calls(CREATE).map(({ time }) => time)
    expect(second - first).toBeGreaterThan(19_500)
  },
)

scenario('A Retry-After that makes no sense is ignored', async () => {
  const { step } = await runOnce({
    with: { wait: 'false' },
    faults: [{ operation: CREATE, kind: 'status', status: 429, headers: { 'retry-after': '1e9' } }],
  })
  expectSuccess(step, 'started')
  expect(getWaits(step)[0]).toBeLessThanOrEqual(MAX_FIRST_WAIT)
})

// On Windows a signal would just end the process.
if (process.platform !== 'win32') {
  scenario('A run waits for no Retry-After longer than five minutes', async () => {
    let pid = 0
    const { step } = await runOnce({
      scale: 1,
      faults: [
        { operation: CREATE, kind: 'status', status: 429, headers: { 'retry-after': '3600' } },
      ],
      onStart: (started) => {
        pid = started
      },
      onLine: (line) => {
        if (line.includes('Next attempt in')) process.kill(pid, 'SIGINT')
      },
    })
    expectFailure(step, 'CANCELLED', { result: 'cancelled' })
    expect(getWaits(step)[0]).toBeGreaterThanOrEqual(300)
    expect(getWaits(step)[0]).toBeLessThanOrEqual(300 + MAX_FIRST_WAIT)
  })
}
