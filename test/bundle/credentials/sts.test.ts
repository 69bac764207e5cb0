/** The role of a run; test/unit/aws/assume-role.test.ts has every error of STS. */
import { expect } from 'vitest'
import type { Fault } from '../../../emulator/emulator.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createHome, toProfile } from '../../support/home-folder.ts'
import { runOnce, withoutRole } from '../../support/run-action.ts'
import { scenarios } from '../../support/scenario.ts'
import { expectFailure, expectSuccess } from '../../support/step-result.ts'
import { getTokens } from './sts-requests.ts'

const ASSUME = 'AssumeRoleWithWebIdentity'

const runWith = (
  fault: Fault & { readonly times?: number | 'always' },
): ReturnType<typeof runOnce> =>
  runOnce({
    with: { wait: 'false', 'max-attempts': '3' },
    faults: [{ operation: ASSUME, ...fault }],
  })

const idpError: Fault = { kind: 'status', status: 400, name: 'IDPCommunicationError', message: 'x' }

scenarios<Fault>(
  'A failure of STS that may pass is retried with a fresh token, up to max-attempts',
  { 'an error of the identity provider': idpError, 'no response': { kind: 'stall' } },
  async (fault) => {
    const passing = await runWith(fault)
    expectSuccess(passing.step, 'started')
    expect(new Set(getTokens(passing.emulator)).size).toBe(2)
    const lasting = await runWith({ ...fault, times: 'always' })
    expect(expectFailure(lasting.step, 'STS_UNAVAILABLE')).toMatch(/IDPCommunicationError|time/)
    expect(lasting.emulator.calls(ASSUME)).toHaveLength(3)
    expect(lasting.emulator.calls('GetBackendStorage')).toEqual([])
  },
)

type Rejected = Readonly<{
  code: ErrorCode
  status: number
  name: string
  message: string
  detail: RegExp
}>

scenarios<Rejected>(
  'A rejection by STS ends the run at once with its code',
  {
    'another audience': {
      code: 'AUDIENCE_REFUSED',
      ...{ status: 400, name: 'InvalidIdentityToken', message: 'Incorrect token audience' },
      detail: /audience/,
    },
    'an inactive region': {
      code: 'STS_REGION_DISABLED',
      ...{ status: 403, name: 'RegionDisabledException', message: 'not activated' },
      detail: /eu-west-1.*AWS_ENDPOINT_URL_STS/s,
    },
    'a malformed request': {
      code: 'STS_REQUEST_REFUSED',
      ...{ status: 400, name: 'ValidationError', message: 'Role is odd' },
      detail: /Role is odd/,
    },
  },
  async ({ code, detail, ...fault }) => {
    const { step, emulator } = await runWith({ kind: 'status', ...fault, times: 'always' })
    expect(expectFailure(step, code)).toMatch(detail)
    expect(emulator.calls(ASSUME)).toHaveLength(1)
    expect(emulator.calls('GetBackendStorage')).toEqual([])
  },
)

const withoutExpiration =
  '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>'

scenarios<Fault>(
  'A response of STS without complete credentials is an error, and no other credentials are used',
  {
    nothing: { kind: 'empty' },
    'no expiration': { kind: 'body', contentType: 'text/xml', body: withoutExpiration },
  },
  async (fault) => {
    const { step, emulator } = await runOnce({
      with: { 'max-attempts': '2' },
      faults: [{ operation: ASSUME, ...fault, times: 'always' }],
      // The default chain of the SDK would find credentials in several places.
      env: ({ ambientEnv, state: { user } }) => ({
        ...ambientEnv,
        ...createHome({ '.aws/credentials': toProfile({ ...user, sessionToken: '' }) }),
      }),
    })
    expect(expectFailure(step, 'STS_UNAVAILABLE')).toContain('200')
    expect(new Set(emulator.requests.map(({ operation }) => operation))).toEqual(
      new Set(['token', ASSUME]),
    )
  },
)

scenarios<Readonly<{ ids: string; calls: number; code?: ErrorCode; fails?: true }>>(
  'allowed-account-ids asks for the account of ambient credentials before any read',
  {
    'not set': { ids: '', calls: 0 },
    allowed: { ids: '["444455556666",\r\n "111122223333"]', calls: 1 },
    'not allowed': { ids: '444455556666', calls: 1, code: 'ACCOUNT_NOT_ALLOWED' },
    'not to be found out': { ids: '111122223333', calls: 2, code: 'STS_UNAVAILABLE', fails: true },
  },
  async ({ ids, calls, code, fails }) => {
    const { step, emulator } = await runOnce({
      env: ({ ambientEnv }) => ambientEnv,
      with: { ...withoutRole, 'allowed-account-ids': ids, wait: 'false', 'max-attempts': '2' },
      faults:
        fails === true ? [{ operation: 'GetCallerIdentity', kind: 'reset', times: 'always' }] : [],
    })
    if (code === undefined) expectSuccess(step, 'started')
    else expectFailure(step, code)
    expect(emulator.calls('GetCallerIdentity')).toHaveLength(calls)
    expect(emulator.calls('GetBackendStorage').length > 0).toBe(code === undefined)
  },
)
