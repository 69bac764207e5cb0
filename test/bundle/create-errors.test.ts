/** The four exceptions that the service's model has, and refusals beside them: on a create, for good. */
import { afterAll, describe, expect, it } from 'vitest'

import type { Fault, Rules } from '../../emulator/emulator.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import type { StepResult } from '../../emulator/runner/step.ts'
import { FAST_SCALE, runAction, createTestBed as openStage } from '../support/run-action.ts'
import { CAREFUL_SCALE } from '../support/time-scales.ts'
import { expectSuccess, expectFailure } from '../support/expect-result.ts'
import { createHome } from '../support/home-folder.ts'
import { scenario } from '../support/scenario.ts'
import { getError, getLines, getLog } from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'
import { sampleCases } from '../support/sampling.ts'
import { forEachCase } from '../support/for-each-case.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

type Row = Readonly<{
  name: string
  fault: Fault
  rules?: Partial<Rules>
  code: ErrorCode
  /** What the error says of it. */
  says: string
  /** How many creates are sent when three may fail. */
  sends: number
}>

const bad = (message: string): Fault => ({ kind: 'status', status: 400, message })

/** Throttling in every form but the modelled one, as the service and what stands before it answer. */
const untyped = {
  '429 without a type': { kind: 'status', status: 429, errorNameIn: 'none', message: 'x' },
  '429 as plain text': {
    kind: 'body',
    status: 429,
    body: 'slow down',
    contentType: 'text/plain',
  },
  '429 without a body': { kind: 'empty', status: 429 },
  "429 as a page: 'Rate exceeded'": {
    kind: 'html',
    status: 429,
    html: '<html>Rate exceeded</html>',
  },
  'throttling with status 400': { kind: 'status', status: 400, name: 'ThrottlingException' },
} as const satisfies Readonly<Record<string, Fault>>

const rows: readonly Row[] = [
  {
    name: 'T06: BadRequestException',
    fault: bad('Invalid bucket name'),
    code: 'BAD_REQUEST',
    says: 'CreateBackendStorage was refused as invalid: 400 BadRequestException: Invalid bucket name.',
    sends: 1,
  },
  {
    name: 'T06: NotFoundException',
    fault: { kind: 'status', status: 404, message: 'App d1a2b3c4d5e6f7 not found' },
    code: 'NOT_FOUND',
    says: 'did not find app "d1a2b3c4d5e6f7" with environment "prod" in eu-west-1: 404 NotFoundException: App d1a2b3c4d5e6f7 not found.',
    sends: 1,
  },
  {
    name: 'TooManyRequestsException',
    fault: { kind: 'status', status: 429, message: 'Rate exceeded' },
    code: 'THROTTLED',
    says: 'throttled in every attempt: 429 TooManyRequestsException: Rate exceeded.',
    sends: 3,
  },
  {
    name: "TooManyRequestsException by its name in AWS's reference",
    fault: { kind: 'status', status: 429 },
    rules: { errorNames: 'reference' },
    code: 'THROTTLED',
    says: '429 LimitExceededException',
    sends: 3,
  },
  ...Object.entries(untyped).map(([name, fault]): Row => ({
    name: `T01: ${name}`,
    fault,
    code: 'THROTTLED',
    says: `throttled in every attempt: ${fault.status}`,
    sends: 3,
  })),
  {
    name: 'GatewayTimeoutException',
    fault: { kind: 'status', status: 504, message: 'Endpoint request timed out' },
    code: 'GATEWAY_TIMEOUT',
    says: 'ended in a gateway time-out: 504 GatewayTimeoutException: Endpoint request timed out.',
    sends: 3,
  },
  {
    name: "GatewayTimeoutException by its name in AWS's reference",
    fault: { kind: 'status', status: 504 },
    rules: { errorNames: 'reference' },
    code: 'GATEWAY_TIMEOUT',
    says: '504 InternalServiceException',
    sends: 3,
  },
  {
    name: 'T06: an explicit denial',
    fault: {
      kind: 'status',
      status: 403,
      message: 'User: x is not authorized to perform: amplifybackend:CreateBackendStorage',
    },
    code: 'ACCESS_DENIED',
    says: 'Allow amplifybackend:CreateBackendStorage on arn:aws:amplifybackend:eu-west-1:',
    sends: 1,
  },
  {
    name: 'T06: a refusal without words',
    fault: { kind: 'status', status: 403, name: 'ForbiddenException', message: '' },
    code: 'REQUEST_REFUSED',
    says: '403 ForbiddenException',
    sends: 1,
  },
  {
    name: 'T06: a conflict that nobody sees',
    fault: { kind: 'status', status: 409, name: 'ConflictException', message: 'no' },
    code: 'STORAGE_EXISTS',
    says: '409 ConflictException: no',
    sends: 1,
  },
  {
    name: 'T06: another client error',
    fault: { kind: 'status', status: 422, name: 'UnprocessableException', message: 'no' },
    code: 'REQUEST_REFUSED',
    says: '422 UnprocessableException: no',
    sends: 1,
  },
]

describe.concurrent('a create that the service answers for good with', () => {
  it.each(sampleCases(rows))('$name ends red', ({ fault, rules = {}, code, says, sends }) =>
    stages.use(rules, async (stage) => {
      const { emulator } = stage
      emulator.injectFault({ operation: 'CreateBackendStorage', times: 'always', ...fault })
      const end = await runAction(stage, { with: { 'max-attempts': '3' } })

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(getError(end)).toContain(says)
      const calls = emulator.calls('CreateBackendStorage')
      expect(calls).toHaveLength(sends)
      if (sends === 1) expect(getLines(end, /Next attempt in/)).toEqual([])
      expect(end.outputs).toMatchObject({
        result: 'failed',
        ready: '',
        'job-id': '',
        'error-code': code,
        'request-id': calls.at(-1)?.requestId,
      })
      expect(end.outputs['error-message']).not.toBe('')
      expect(end.summary).toContain(code)
    }),
  )
})

describe('a create that is throttled', () => {
  scenario('T01: in one form after the other is sent until it is taken', async () => {
    const stage = await openStage({ rules: { jobMs: 5_000 } }, FAST_SCALE)
    for (const fault of Object.values(untyped)) {
      stage.emulator.injectFault({ operation: 'CreateBackendStorage', ...fault })
    }
    const end = await runAction(stage)

    expectSuccess(end, 'created')
    const forms = Object.keys(untyped).length
    expect(stage.emulator.calls('CreateBackendStorage')).toHaveLength(forms + 1)
    expect(stage.emulator.state.counters.create.executed).toBe(1)
    expect(getLines(end, /CreateBackendStorage failed .* Next attempt in/)).toHaveLength(forms)
  })

  scenario('T03: is sent as often as max-attempts says, whatever else is set', async () => {
    const settings: Readonly<Record<string, () => Readonly<Record<string, string>>>> = {
      nothing: () => ({}),
      'more attempts': () => ({ AWS_MAX_ATTEMPTS: '7' }),
      'no number': () => ({ AWS_MAX_ATTEMPTS: 'many', AWS_RETRY_MODE: 'legacy' }),
      'another mode': () => ({ AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' }),
      'the shared configuration': () =>
        createHome({ '.aws/config': '[default]\nmax_attempts = 9\nretry_mode = adaptive\n' }),
    }
    await forEachCase(settings, async (env) => {
      const stage = await openStage({}, FAST_SCALE)
      stage.emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 429,
        times: 'always',
      })
      const end = await runAction(stage, { with: { 'max-attempts': '3' }, env: env() })

      expectFailure(end, 'THROTTLED')
      expect(stage.emulator.calls('CreateBackendStorage')).toHaveLength(3)
    })
  })

  scenario('T03: and so are the calls before it: the one for the role, and the look', async () => {
    const operations = ['AssumeRoleWithWebIdentity', 'GetBackendStorage'] as const
    await forEachCase(
      Object.fromEntries(operations.map((operation) => [operation, operation])),
      async (operation) => {
        const stage = await openStage({}, CAREFUL_SCALE)
        stage.emulator.injectFault({ operation, kind: 'status', status: 429, times: 'always' })
        const end = await runAction(stage, {
          with: { 'max-attempts': '3' },
          env: { AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' },
        })

        expect(end.exitCode, getLog(end)).toBe(1)
        expect(stage.emulator.calls(operation)).toHaveLength(3)
        expect(stage.emulator.calls('CreateBackendStorage')).toEqual([])
      },
    )
  })
})

/** What the log says of the waits after throttled answers, in seconds. */
const waitsOf = (end: StepResult): readonly number[] =>
  getLines(end, /: (?:429|400 Throttling)\b.* Next attempt in /).map((line) => {
    const [, minutes = '0', seconds = '0'] =
      /Next attempt in (?:(\d+) min ?)?(?:(\d+) s)?/.exec(line) ?? []
    return Number(minutes) * 60 + Number(seconds)
  })

describe('a run on a throttled account', () => {
  scenario('waits longer after every throttled call of the service, whichever it is', async () => {
    const stage = await openStage({ rules: { jobMs: 5_000 } }, FAST_SCALE)
    for (const operation of ['GetBackendStorage', 'GetBackend', 'CreateBackendStorage'] as const)
      stage.emulator.injectFault({ operation, kind: 'status', status: 429 })
    const end = await runAction(stage)

    expectSuccess(end, 'created')
    const ceilings = [8, 16, 32]
    const waits = waitsOf(end)
    expect(waits).toHaveLength(ceilings.length)
    for (const [index, ceiling] of ceilings.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(ceiling / 4)
      expect(waits[index]).toBeLessThanOrEqual(ceiling)
    }
    // Nor is the job looked at any earlier than that asks for: 1.2 times 32 seconds, less 15 %.
    const [created, polled] = (['CreateBackendStorage', 'GetBackendJob'] as const).map(
      (operation) => stage.emulator.calls(operation).at(-1)?.time ?? NaN,
    )
    expect((polled ?? NaN) - (created ?? NaN)).toBeGreaterThan(32_000)
    expect(stage.emulator.calls('GetBackendJob')).toHaveLength(1)
  })

  scenario('does not count that STS throttles', async () => {
    const stage = await openStage({}, FAST_SCALE)
    stage.emulator.injectFault({
      operation: 'AssumeRoleWithWebIdentity',
      kind: 'status',
      status: 400,
      name: 'Throttling',
      times: 3,
    })
    stage.emulator.injectFault({ operation: 'CreateBackendStorage', kind: 'status', status: 429 })
    const end = await runAction(stage, { with: { wait: 'false' } })

    expectSuccess(end, 'started')
    const waits = waitsOf(end)
    expect(waits).toHaveLength(4)
    const most = [1, 2, 4, 8]
    for (const [index, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(most[index] ?? 0)
    expect(waits[3]).toBeGreaterThanOrEqual(2)
  })
})

describe('Retry-After', () => {
  const waitOf = (end: StepResult): number => {
    const [first] = waitsOf(end)
    if (first === undefined) throw new Error(`no wait in the log:\n${getLog(end)}`)
    return first
  }

  /** The longest pause after a first throttled answer that is made without being asked for. */
  const ORDINARY = 8
  const LONGEST = 300

  scenario('T04: is kept to, in seconds and as a date', async () => {
    await forEachCase<(now: number) => Readonly<Record<string, string>>>(
      {
        seconds: () => ({ 'retry-after': '20' }),
        'a date': (now) => ({
          date: new Date(now).toUTCString(),
          'retry-after': new Date(now + 20_000).toUTCString(),
        }),
      },
      async (headers) => {
        const stage = await openStage({}, FAST_SCALE)
        const { emulator } = stage
        emulator.injectFault({
          operation: 'CreateBackendStorage',
          kind: 'status',
          status: 429,
          headers: headers(emulator.clock.now()),
        })
        const end = await runAction(stage, { with: { wait: 'false' } })

        expectSuccess(end, 'started')
        expect(waitOf(end)).toBeGreaterThanOrEqual(20)
        expect(waitOf(end)).toBeLessThanOrEqual(20 + ORDINARY)
        const [first, second] = emulator.calls('CreateBackendStorage').map(({ time }) => time)
        expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(19_500)
      },
    )
  })

  scenario('T04: counts as absent where it makes no sense', async () => {
    const past = 'Wed, 21 Oct 2015 07:28:00 GMT'
    await forEachCase(
      Object.fromEntries(['-5', 'abc', '0', '1e9', past].map((value) => [value, value])),
      async (value) => {
        const stage = await openStage({}, FAST_SCALE)
        stage.emulator.injectFault({
          operation: 'CreateBackendStorage',
          kind: 'status',
          status: 429,
          headers: { 'retry-after': value },
        })
        const end = await runAction(stage, { with: { wait: 'false' } })

        expectSuccess(end, 'started')
        expect(waitOf(end)).toBeLessThanOrEqual(ORDINARY)
      },
    )
  })

  // On Windows a signal would just end the process.
  if (process.platform !== 'win32') {
    scenario('T04: holds up no run for more than five minutes at a time', async () => {
      const stage = await openStage()
      stage.emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 429,
        headers: { 'retry-after': '3600' },
      })
      let pid = 0
      const end = await runAction(stage, {
        onStart: (started) => {
          pid = started
        },
        onLine: (line) => {
          if (line.includes('Next attempt in')) process.kill(pid, 'SIGINT')
        },
      })

      expectFailure(end, 'CANCELLED', 'cancelled')
      expect(waitOf(end)).toBeGreaterThanOrEqual(LONGEST)
      expect(waitOf(end)).toBeLessThanOrEqual(LONGEST + ORDINARY)
    })
  }
})
