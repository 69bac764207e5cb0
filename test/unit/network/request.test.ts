import { describe, expect, test } from 'vitest'
import {
  httpRequest,
  type HttpRequestOptions,
  type HttpResponse,
} from '../../../src/network/request.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'
import { createTestAgents, serve, serveRaw } from '../../support/unit/http-server.ts'
import { neverAborted } from '../../support/unit/storage-context.ts'

const get = (url: string, options: Partial<HttpRequestOptions> = {}): Promise<HttpResponse> =>
  httpRequest(new URL(url), createTestAgents(), { headers: {}, signal: neverAborted, ...options })

describe('httpRequest', () => {
  test('A request is sent as given, and its complete response is returned', async () => {
    const server = await serve((response) => {
      response.writeHead(201, { 'content-type': 'text/plain', 'x-one': '1' })
      response.write('grü')
      response.end('ße 🚀')
    })
    const options = { method: 'PATCH', body: '{"a":1}', headers: { 'x-two': '2' } }
    expect(await get(`${server.url}/path?a=b`, options)).toMatchObject({
      status: 201,
      headers: { 'content-type': 'text/plain', 'x-one': '1' },
      body: 'grüße 🚀',
    })
    await get(server.url)
    expect(server.seen).toMatchObject([
      { method: 'PATCH', target: '/path?a=b', headers: { 'x-two': '2' }, body: '{"a":1}' },
      { method: 'GET', target: '/', body: '' },
    ])
  })

  test.each([302, 307, 404, 500])(
    'A response with status %i is returned and not followed',
    async (status) => {
      const server = await serve((response) => {
        response.writeHead(status, { location: '/elsewhere' }).end('no')
      })
      expect(await get(server.url)).toMatchObject({ status, body: 'no' })
      expect(server.seen).toHaveLength(1)
    },
  )

  test('A character that arrives in two parts is decoded as one', async () => {
    const bytes = Buffer.from('🚀')
    const server = await serve((response) => {
      response.write(bytes.subarray(0, 2))
      setImmediate(() => response.end(bytes.subarray(2)))
    })
    expect((await get(server.url)).body).toBe('🚀')
  })

  test.each([
    [
      'ends before its content-length',
      'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"value":"abc',
    ],
    [
      'ends in the middle of a chunk',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n50\r\nab',
    ],
    ['is a reset', undefined],
  ])('A response that %s fails with ECONNRESET', async (_, text) => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => {
        if (text === undefined) socket.resetAndDestroy()
        else socket.end(text)
      })
    })
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('A response of more than 4 MiB fails', async () => {
    const max = 4 * 1024 * 1024
    const server = await serve((response, { target }) => {
      response.end(Buffer.alloc(target === '/more' ? max + 1 : max, 'x'))
    })
    expect((await get(`${server.url}/max`)).body).toHaveLength(max)
    await expect(get(`${server.url}/more`)).rejects.toThrow('the response is larger than 4 MiB')
  })

  test.each(['before the request', 'before the response', 'in the middle of the response'])(
    'A signal that is aborted %s ends the request with its reason',
    async (when) => {
      const abort = new AbortController()
      const reason = new Error('cancelled')
      if (when === 'before the request') abort.abort(reason)
      const server = await serve((response) => {
        if (when === 'in the middle of the response') response.write('half')
        setTimeout(() => {
          abort.abort(reason)
        }, 10)
      })
      await expect(get(server.url, { signal: abort.signal })).rejects.toBe(reason)
    },
  )

  test('onSent is called when the request has left, before there is a response', async () => {
    const sent = Promise.withResolvers<string>()
    const server = await serve((response) => {
      void sent.promise.then((word) => response.end(word))
    })
    const onSent = (): void => {
      sent.resolve('has left')
    }
    expect((await get(server.url, { onSent })).body).toBe('has left')
  })

  test('A request without a connection fails, and onSent is not called', async () => {
    let calls = 0
    const onSent = (): void => {
      calls += 1
    }
    await expect(
      get(`http://127.0.0.1:${await findClosedPort()}`, { onSent }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(calls).toBe(0)
  })
})
