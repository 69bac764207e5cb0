/** The four exceptions that the service's model has, and refusals beside them: on a create, for good. */
import { afterAll, describe, expect, it, vi } from 'vitest'

import type { Fault, Rules } from '../../emulator/emulator.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { FAST, runAction } from '../kit/action.ts'
import { errorOf, logOf } from '../kit/step-ends.ts'
import { createStages } from '../kit/stages.ts'

vi.setConfig({ maxConcurrency: 6, testTimeout: 60_000 })

const stages = createStages(FAST)
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

const rows: readonly Row[] = [
  {
    name: 'BadRequestException',
    fault: bad('Invalid bucket name'),
    code: 'BAD_REQUEST',
    says: 'CreateBackendStorage was refused as invalid: 400 BadRequestException: Invalid bucket name.',
    sends: 1,
  },
  {
    name: 'NotFoundException',
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
  {
    name: 'throttling with status 400',
    fault: { kind: 'status', status: 400, name: 'ThrottlingException' },
    code: 'THROTTLED',
    says: '400 ThrottlingException',
    sends: 3,
  },
  {
    name: "throttling as a page of somebody in front: 'Rate exceeded'",
    fault: { kind: 'html', status: 429, html: '<html>Rate exceeded</html>' },
    code: 'THROTTLED',
    says: 'throttled in every attempt: 429',
    sends: 3,
  },
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
    name: 'an explicit denial',
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
    name: 'another client error',
    fault: { kind: 'status', status: 422, name: 'UnprocessableException', message: 'no' },
    code: 'REQUEST_REFUSED',
    says: '422 UnprocessableException: no',
    sends: 1,
  },
]

describe.concurrent('a create that the service answers for good with', () => {
  it.each(rows)('$name ends red', ({ fault, rules = {}, code, says, sends }) =>
    stages.use(rules, async (stage) => {
      const { emulator } = stage
      emulator.orderFault({ operation: 'CreateBackendStorage', times: 'always', ...fault })
      const end = await runAction(stage, { with: { 'max-attempts': '3' } })

      expect(end.exitCode, logOf(end)).toBe(1)
      expect(errorOf(end)).toContain(says)
      const calls = emulator.calls('CreateBackendStorage')
      expect(calls).toHaveLength(sends)
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

describe.concurrent('the number of sends', () => {
  it.each([
    { AWS_MAX_ATTEMPTS: '7' },
    { AWS_MAX_ATTEMPTS: '7', AWS_RETRY_MODE: 'adaptive' },
    { AWS_RETRY_MODE: 'legacy' },
  ])('is that of max-attempts, whatever the environment says: %o', (env) =>
    stages.use({}, async (stage) => {
      stage.emulator.orderFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 429,
        times: 'always',
      })
      const end = await runAction(stage, { with: { 'max-attempts': '2' }, env })

      expect(end.exitCode, logOf(end)).toBe(1)
      expect(stage.emulator.calls('CreateBackendStorage')).toHaveLength(2)
    }),
  )
})
