/** Errors of a create, as the model of the service, its reference and a gateway name them. */
import { expect } from 'vitest'

import type { Fault, FaultSpec, Rules } from '../../emulator/emulator.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { createHome } from '../support/home-folder.ts'
import { createTestBed, runAction, runOnce } from '../support/run-action.ts'
import { scenario, scenarios } from '../support/scenario.ts'
import { expectFailure, expectSuccess, getLines, getLog } from '../support/step-result.ts'

const CREATE = 'CreateBackendStorage'

const status = (code: number, name?: string): Fault => ({
  kind: 'status',
  status: code,
  message: 'a message',
  ...(name === undefined ? {} : { name }),
})

/** Throttling in other forms than that of the model. */
const throttling = {
  '429 without a type': { kind: 'status', status: 429, errorNameIn: 'none', message: 'x' },
  '429 as plain text': { kind: 'body', status: 429, body: 'slow', contentType: 'text/plain' },
  '429 without a body': { kind: 'empty', status: 429 },
  '429 as a page': { kind: 'html', status: 429, html: '<html>Rate exceeded</html>' },
  'throttling with status 400': { kind: 'status', status: 400, name: 'ThrottlingException' },
} as const satisfies Readonly<Record<string, Fault>>

type Row = Readonly<{
  fault: Fault
  code: ErrorCode
  /** What the message contains beside the text of the service. */
  detail: string
  /** How many creates are sent with `max-attempts: 3`. */
  sends: 1 | 3
  rules?: Partial<Rules>
}>

const reference = { errorNames: 'reference' } as const

scenarios<Row>(
  'A create that always fails ends with the code for its error after the right number of attempts',
  {
    BadRequestException: {
      fault: status(400),
      code: 'BAD_REQUEST',
      detail: '400 BadRequestException: a message',
      sends: 1,
    },
    NotFoundException: {
      fault: status(404),
      code: 'NOT_FOUND',
      detail: '404 NotFoundException: a message',
      sends: 1,
    },
    TooManyRequestsException: {
      fault: status(429),
      code: 'THROTTLED',
      detail: '429 TooManyRequestsException: a message',
      sends: 3,
    },
    LimitExceededException: {
      fault: status(429),
      rules: reference,
      code: 'THROTTLED',
      detail: '429 LimitExceededException',
      sends: 3,
    },
    GatewayTimeoutException: {
      fault: status(504),
      code: 'GATEWAY_TIMEOUT',
      detail: '504 GatewayTimeoutException: a message',
      sends: 3,
    },
    InternalServiceException: {
      fault: status(504),
      rules: reference,
      code: 'GATEWAY_TIMEOUT',
      detail: '504 InternalServiceException',
      sends: 3,
    },
    'a denied action': {
      fault: {
        kind: 'status',
        status: 403,
        message: 'User: x is not authorized to perform: amplifybackend:CreateBackendStorage',
      },
      code: 'ACCESS_DENIED',
      detail: 'amplifybackend:CreateBackendStorage on arn:aws:amplifybackend:eu-west-1:',
      sends: 1,
    },
    ConflictException: {
      fault: status(409, 'ConflictException'),
      code: 'STORAGE_EXISTS',
      detail: '409 ConflictException: a message',
      sends: 1,
    },
    'another client error': {
      fault: status(422, 'UnprocessableException'),
      code: 'REQUEST_REFUSED',
      detail: '422 UnprocessableException: a message',
      sends: 1,
    },
    ...Object.fromEntries(
      Object.entries(throttling).map(([name, fault]): [string, Row] => [
        name,
        { fault, code: 'THROTTLED', detail: String(fault.status), sends: 3 },
      ]),
    ),
  },
  async ({ fault, rules = {}, code, detail, sends }) => {
    const { step, emulator } = await runOnce({
      rules,
      with: { 'max-attempts': '3' },
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

scenario(
  'A create that is throttled in one form after the other is sent until it succeeds',
  async () => {
    const faults = Object.values(throttling).map(
      (fault) => ({ operation: CREATE, ...fault }) as const,
    )
    const { step, emulator } = await runOnce({ rules: { jobMs: 5_000 }, faults })
    expectSuccess(step, 'created')
    expect(emulator.calls(CREATE)).toHaveLength(faults.length + 1)
    expect(emulator.state.counters.create.executed).toBe(1)
    expect(getLines(step, /CreateBackendStorage failed/)).toHaveLength(faults.length)
  },
)

scenarios<() => Readonly<Record<string, string>>>(
  'Only max-attempts decides how often a create is sent, whatever the SDK is configured for',
  {
    'a number of attempts': () => ({ AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' }),
    'no number': () => ({ AWS_MAX_ATTEMPTS: 'many', AWS_RETRY_MODE: 'legacy' }),
    'the shared configuration': () =>
      createHome({ '.aws/config': '[default]\nmax_attempts = 9\nretry_mode = adaptive\n' }),
  },
  async (env) => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '3' },
      env: env(),
      faults: [{ operation: CREATE, kind: 'status', status: 429, times: 'always' }],
    })
    expectFailure(step, 'THROTTLED')
    expect(emulator.calls(CREATE)).toHaveLength(3)
  },
)

scenarios<FaultSpec['operation']>(
  'Only max-attempts decides how often the calls before a create are sent',
  { STS: 'AssumeRoleWithWebIdentity', Amplify: 'GetBackendStorage' },
  async (operation) => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '3' },
      env: { AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' },
      faults: [{ operation, kind: 'status', status: 429, times: 'always' }],
    })
    expect(step.exitCode, getLog(step)).toBe(1)
    expect(emulator.calls(operation)).toHaveLength(3)
    expect(emulator.calls(CREATE)).toEqual([])
  },
)

/** The seconds that the log announces after throttled responses. */
const getWaits = (step: StepResult): readonly number[] =>
  getLines(step, /: (?:429|400 Throttling)\b.* Next attempt in /).map((line) => {
    const [, minutes = '0', seconds = '0'] =
      /Next attempt in (?:(\d+) min ?)?(?:(\d+) s)?/.exec(line) ?? []
    return Number(minutes) * 60 + Number(seconds)
  })

scenario('A run waits longer after each throttled call to Amplify, whichever it is', async () => {
  const operations = ['GetBackendStorage', 'GetBackend', CREATE] as const
  const { step, emulator } = await runOnce({
    rules: { jobMs: 5_000 },
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
    faults: [
      {
        operation: 'AssumeRoleWithWebIdentity',
        kind: 'status',
        status: 400,
        name: 'Throttling',
        times: 3,
      },
      { operation: CREATE, kind: 'status', status: 429 },
    ],
  })
  expectSuccess(step, 'started')
  const maxima = [1, 2, 4, 8]
  const waits = getWaits(step)
  expect(waits).toHaveLength(maxima.length)
  for (const [index, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(maxima[index] ?? 0)
  expect(waits[3]).toBeGreaterThanOrEqual(2)
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
    const bed = await createTestBed()
    const { emulator } = bed
    emulator.injectFault({
      operation: CREATE,
      kind: 'status',
      status: 429,
      headers: headers(emulator.clock.now()),
    })
    const step = await runAction(bed, { with: { wait: 'false' } })
    expectSuccess(step, 'started')
    expect(getWaits(step)[0]).toBeGreaterThanOrEqual(20)
    expect(getWaits(step)[0]).toBeLessThanOrEqual(20 + MAX_FIRST_WAIT)
    const [first = NaN, second = NaN] = emulator.calls(CREATE).map(({ time }) => time)
    expect(second - first).toBeGreaterThan(19_500)
  },
)

scenarios(
  'A Retry-After that makes no sense is ignored',
  { negative: '-5', text: 'abc', huge: '1e9', past: 'Wed, 21 Oct 2015 07:28:00 GMT' },
  async (value) => {
    const headers = { 'retry-after': value }
    const { step } = await runOnce({
      with: { wait: 'false' },
      faults: [{ operation: CREATE, kind: 'status', status: 429, headers }],
    })
    expectSuccess(step, 'started')
    expect(getWaits(step)[0]).toBeLessThanOrEqual(MAX_FIRST_WAIT)
  },
)

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
