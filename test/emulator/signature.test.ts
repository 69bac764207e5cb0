import { createHash } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { defaults, type Emulator } from '../../emulator/emulator.ts'
import {
  call,
  getStorage,
  send,
  openSession,
  signed,
  start,
  type Reply,
  type SignedRequest,
} from '../support/emulator-requests.ts'

const details: SignedRequest = {
  path: `/backend/${defaults.appId}/storage/prod/details`,
  body: '{"resourceName":"media"}',
}

const refusal = (reply: Reply): unknown => [reply.status, reply.headers['x-amzn-errortype']]

const invalid = [403, 'InvalidSignatureException']
const minutes = 60_000

describe('a signature', () => {
  test('that is right is accepted, in whatever region it is made', async () => {
    const emulator = await start()
    for (const region of ['eu-west-1', 'us-east-1']) {
      const reply = await call(emulator, { ...details, region })
      expect(refusal(reply)).toEqual([404, 'NotFoundException'])
      expect(emulator.requests.at(-1)).toMatchObject({
        region,
        accessKeyId: emulator.state.user.accessKeyId,
      })
    }
  })

  test.each<[string, (request: ReturnType<typeof signed>) => ReturnType<typeof signed>]>([
    ['another body', (request) => ({ ...request, body: '{"resourceName":"other"}' })],
    ['another path', (request) => ({ ...request, path: request.path.replace('prod', 'dev') })],
    ['a query', (request) => ({ ...request, path: `${request.path}?a=b` })],
    [
      'another signed header',
      ({ headers, ...request }) => ({
        ...request,
        headers: { ...headers, 'Content-Type': 'text/plain' },
      }),
    ],
    [
      'another host',
      ({ headers, ...request }) => ({ ...request, headers: { ...headers, Host: 'other.test' } }),
    ],
    [
      'an unsigned payload',
      ({ headers, ...request }) => ({
        ...request,
        headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      }),
    ],
    [
      'the hash of another payload',
      ({ headers, ...request }) => ({
        ...request,
        headers: {
          ...headers,
          'x-amz-content-sha256': createHash('sha256').update('{}').digest('hex'),
        },
      }),
    ],
  ])('is refused with %s', async (_, tamper) => {
    const emulator = await start()
    const reply = await send(emulator.url, tamper(signed(emulator, details)))
    expect(refusal(reply)).toEqual(invalid)
  })

  test('is refused when it is made with another secret', async () => {
    const emulator = await start()
    const keys = { ...emulator.state.user, secretAccessKey: 'other' }
    expect(refusal(await call(emulator, { ...details, keys }))).toEqual(invalid)
  })

  test('is refused when it is scoped to another service', async () => {
    const emulator = await start()
    const reply = await call(emulator, { ...details, service: 'amplify' })
    expect(refusal(reply)).toEqual(invalid)
    expect(reply.text).toContain("correct service: 'amplifybackend'")
  })

  test.each([
    ['expired', -6 * minutes, 'Signature expired'],
    ['not yet current', 6 * minutes, 'Signature not yet current'],
  ])('is refused when it is %s', async (_, offset, text) => {
    const emulator = await start()
    const reply = await call(emulator, { ...details, at: emulator.clock.now() + offset })
    expect(refusal(reply)).toEqual(invalid)
    expect(reply.text).toContain(text)
  })

  test.each([-4 * minutes, 4 * minutes])('may be %d ms off', async (offset) => {
    const emulator = await start()
    const reply = await call(emulator, { ...details, at: emulator.clock.now() + offset })
    expect(reply.status).toBe(404)
  })

  test('is asked for', async () => {
    const emulator = await start()
    const { path, method, body } = signed(emulator, details)
    const missing = await send(emulator.url, { path, method, body })
    expect(refusal(missing)).toEqual([403, 'MissingAuthenticationTokenException'])
    const headers = { authorization: 'Bearer abc' }
    const strange = await send(emulator.url, { path, method, body, headers })
    expect(refusal(strange)).toEqual([403, 'IncompleteSignatureException'])
  })
})

describe('a key', () => {
  test('that nobody was given is refused', async () => {
    const emulator = await start()
    const keys = { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'secret' }
    const reply = await getStorage(emulator, { keys })
    expect(refusal(reply)).toEqual([403, 'UnrecognizedClientException'])
  })

  test('of a session is refused without its token, or with that of another session', async () => {
    const emulator = await start()
    const keys = await openSession(emulator)
    const other = await openSession(emulator)
    for (const sessionToken of [undefined, other.sessionToken]) {
      const reply = await getStorage(emulator, { keys: { ...keys, sessionToken } })
      expect(refusal(reply)).toEqual([403, 'UnrecognizedClientException'])
    }
    expect((await getStorage(emulator, { keys })).status).toBe(404)
  })

  test('of a session is refused once the session has expired', async () => {
    const emulator: Emulator = await start()
    const keys = await openSession(emulator)
    const credential = emulator.state.credentials.get(keys.accessKeyId)
    expect(credential).toBeDefined()
    if (credential !== undefined) credential.expiresAt = emulator.clock.now() - 1
    const reply = await getStorage(emulator, { keys })
    expect(refusal(reply)).toEqual([403, 'ExpiredTokenException'])
  })
})
