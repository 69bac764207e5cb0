import { createHash } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { defaults } from '../../emulator/emulator.ts'
import {
  call,
  getStorage,
  openSession,
  send,
  signed,
  start,
  type Reply,
  type SignedRequest,
} from '../support/emulator-requests.ts'

const details: SignedRequest = {
  path: `/backend/${defaults.appId}/storage/prod/details`,
  body: '{"resourceName":"media"}',
}

const errorOf = (reply: Reply): unknown => [reply.status, reply.headers['x-amzn-errortype']]

type Signed = ReturnType<typeof signed>

const withHeader =
  (name: string, value: string) =>
  ({ headers, ...request }: Signed): Signed => ({
    ...request,
    headers: { ...headers, [name]: value },
  })

describe('a signature', () => {
  test.each(['eu-west-1', 'us-east-1'])('A valid signature for %s is accepted', async (region) => {
    const emulator = await start()
    const { accessKeyId } = emulator.state.user
    const reply = await call(emulator, { ...details, region })
    expect(errorOf(reply)).toEqual([404, 'NotFoundException'])
    expect(emulator.requests.at(-1)).toMatchObject({ region, accessKeyId })
  })

  test.each<[string, (request: Signed) => Signed]>([
    ['another body', (request) => ({ ...request, body: '{"resourceName":"other"}' })],
    ['another path', (request) => ({ ...request, path: request.path.replace('prod', 'dev') })],
    ['a query', (request) => ({ ...request, path: `${request.path}?a=b` })],
    ['another value of a signed header', withHeader('Content-Type', 'text/plain')],
    ['another host', withHeader('Host', 'other.test')],
    ['an unsigned payload', withHeader('x-amz-content-sha256', 'UNSIGNED-PAYLOAD')],
    [
      'the hash of another payload',
      withHeader('x-amz-content-sha256', createHash('sha256').update('{}').digest('hex')),
    ],
  ])('A request with %s after it was signed is rejected', async (_, tamper) => {
    const emulator = await start()
    const reply = await send(emulator.url, tamper(signed(emulator, details)))
    expect(errorOf(reply)).toEqual([403, 'InvalidSignatureException'])
  })

  test.each<[string, Partial<SignedRequest> & { readonly minutes?: number }, string]>([
    ['for another service', { service: 'amplify' }, "correct service: 'amplifybackend'"],
    ['made six minutes ago', { minutes: -6 }, 'Signature expired'],
    ['made in six minutes', { minutes: 6 }, 'Signature not yet current'],
  ])('A signature %s is rejected', async (_, { minutes = 0, ...changed }, text) => {
    const emulator = await start()
    const at = emulator.clock.now() + minutes * 60_000
    const reply = await call(emulator, { ...details, ...changed, at })
    expect(errorOf(reply)).toEqual([403, 'InvalidSignatureException'])
    expect(reply.text).toContain(text)
  })

  test.each([-4, 4])('A signature with a clock skew of %d minutes is accepted', async (minutes) => {
    const emulator = await start()
    const at = emulator.clock.now() + minutes * 60_000
    expect((await call(emulator, { ...details, at })).status).toBe(404)
  })

  test.each([
    [{}, 'MissingAuthenticationTokenException'],
    [{ authorization: 'Bearer abc' }, 'IncompleteSignatureException'],
  ])('A request with the headers %j and no signature is rejected', async (headers, name) => {
    const emulator = await start()
    const { path, method, body } = signed(emulator, details)
    const reply = await send(emulator.url, { path, method, body, headers })
    expect(errorOf(reply)).toEqual([403, name])
  })
})

test('A session key is rejected without its token, with that of another session, and once expired', async () => {
  const emulator = await start()
  const keys = await openSession(emulator)
  const other = await openSession(emulator)
  for (const sessionToken of [undefined, other.sessionToken]) {
    const reply = await getStorage(emulator, { keys: { ...keys, sessionToken } })
    expect(errorOf(reply)).toEqual([403, 'UnrecognizedClientException'])
  }
  expect((await getStorage(emulator, { keys })).status).toBe(404)
  const credential = emulator.state.credentials.get(keys.accessKeyId)
  if (credential !== undefined) credential.expiresAt = emulator.clock.now() - 1
  expect(errorOf(await getStorage(emulator, { keys }))).toEqual([403, 'ExpiredTokenException'])
})

test('A signature with an unknown key, or with another secret key, is rejected', async () => {
  const emulator = await start()
  const other = { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'secret' }
  const unknown = await getStorage(emulator, { keys: other })
  expect(errorOf(unknown)).toEqual([403, 'UnrecognizedClientException'])
  const { accessKeyId } = emulator.state.user
  const wrong = await getStorage(emulator, { keys: { ...other, accessKeyId } })
  expect(errorOf(wrong)).toEqual([403, 'InvalidSignatureException'])
})
