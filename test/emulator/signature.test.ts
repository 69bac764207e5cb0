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

const invalidSignature = [403, 'InvalidSignatureException']
const minutes = 60_000

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
    expect(errorOf(reply)).toEqual(invalidSignature)
  })

  test('A signature with another secret key is rejected', async () => {
    const emulator = await start()
    const keys = { ...emulator.state.user, secretAccessKey: 'other' }
    expect(errorOf(await call(emulator, { ...details, keys }))).toEqual(invalidSignature)
  })

  test('A signature for another service is rejected', async () => {
    const reply = await call(await start(), { ...details, service: 'amplify' })
    expect(errorOf(reply)).toEqual(invalidSignature)
    expect(reply.text).toContain("correct service: 'amplifybackend'")
  })

  test.each([
    [-6 * minutes, 'Signature expired'],
    [6 * minutes, 'Signature not yet current'],
  ])('A signature with a clock skew of %d ms is rejected: %s', async (skewMs, text) => {
    const emulator = await start()
    const reply = await call(emulator, { ...details, at: emulator.clock.now() + skewMs })
    expect(errorOf(reply)).toEqual(invalidSignature)
    expect(reply.text).toContain(text)
  })

  test.each([-4 * minutes, 4 * minutes])(
    'A signature with a clock skew of %d ms is accepted',
    async (skewMs) => {
      const emulator = await start()
      const reply = await call(emulator, { ...details, at: emulator.clock.now() + skewMs })
      expect(reply.status).toBe(404)
    },
  )

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

describe('an access key', () => {
  const unrecognized = [403, 'UnrecognizedClientException']

  test('An unknown key is rejected', async () => {
    const keys = { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'secret' }
    expect(errorOf(await getStorage(await start(), { keys }))).toEqual(unrecognized)
  })

  test('The key of a session is rejected without its token or with that of another session', async () => {
    const emulator = await start()
    const keys = await openSession(emulator)
    const other = await openSession(emulator)
    for (const sessionToken of [undefined, other.sessionToken]) {
      const reply = await getStorage(emulator, { keys: { ...keys, sessionToken } })
      expect(errorOf(reply)).toEqual(unrecognized)
    }
    expect((await getStorage(emulator, { keys })).status).toBe(404)
  })

  test('The key of a session is rejected when the session has expired', async () => {
    const emulator = await start()
    const keys = await openSession(emulator)
    const credential = emulator.state.credentials.get(keys.accessKeyId)
    expect(credential).toBeDefined()
    if (credential !== undefined) credential.expiresAt = emulator.clock.now() - 1
    expect(errorOf(await getStorage(emulator, { keys }))).toEqual([403, 'ExpiredTokenException'])
  })
})
