import { describe, expect, onTestFinished, test } from 'vitest'
import type { Env } from '../../../src/lib/env.ts'
import { createAgents, destroyAgents, type Agents } from '../../../src/network/agents.ts'
import {
  httpRequest,
  type HttpRequestOptions,
  type HttpResponse,
} from '../../../src/network/request.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'
import { serve, serveRaw } from '../../support/unit/http-server.ts'
import { neverAborted } from '../../support/unit/storage-context.ts'

function agentsFor(env: Env = {}): Agents {
  const agents = createAgents(env)
  onTestFinished(() => {
    destroyAgents(agents)
  })
  return agents
}

const get = (
  url: string,
  options: Partial<HttpRequestOptions> = {},
  agents: Agents = agentsFor(),
): Promise<HttpResponse> =>
  httpRequest(new URL(url), agents, { headers: {}, signal: neverAborted, ...options })

describe('httpRequest', () => {
  test('A GET request returns the complete response', async () => {
    const server = await serve((response) => {
      response.writeHead(201, { 'content-type': 'text/plain', 'x-one': '1' })
      response.write('grü')
      response.end('ße 🚀')
    })
    const response = await get(`${server.url}/path?a=b`, { headers: { 'x-two': '2' } })
    expect(response).toMatchObject({
      status: 201,
      headers: { 'content-type': 'text/plain', 'x-one': '1' },
      body: 'grüße 🚀',
    })
    expect(server.seen).toMatchObject([
      { method: 'GET', target: '/path?a=b', headers: { 'x-two': '2' }, body: '' },
    ])
  })

  test('A request can have another method and a body', async () => {
    const server = await serve((response) => response.end('ok'))
    await get(server.url, { method: 'PATCH', body: '{"a":1}' })
    expect(server.seen).toMatchObject([{ method: 'PATCH', body: '{"a":1}' }])
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

describe('A proxy', () => {
  const startProxy = () =>
    serve((response, { target }) => {
      response.end(`by proxy: ${target}`)
    })

  test.each(['HTTP_PROXY', 'http_proxy'])(
    'A request over HTTP goes through the proxy in %s',
    async (name) => {
      const proxy = await startProxy()
      const agents = agentsFor({ [name]: proxy.url })
      const { body } = await get('http://amplify.fake.test/x', {}, agents)
      expect(body).toBe('by proxy: http://amplify.fake.test/x')
    },
  )

  test('A request to a host in NO_PROXY does not go through the proxy', async () => {
    const proxy = await startProxy()
    const direct = await serve((response) => response.end('direct'))
    const agents = agentsFor({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' })
    expect((await get(direct.url, {}, agents)).body).toBe('direct')
    expect(proxy.seen).toEqual([])
  })

  test.each(['HTTPS_PROXY', 'https_proxy'])(
    'A request over HTTPS asks the proxy in %s for a tunnel',
    async (name) => {
      const requests: string[] = []
      const proxy = await serveRaw((socket) => {
        socket.once('data', (bytes) => {
          requests.push(bytes.toString().split('\r\n')[0] ?? '')
          socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
        })
      })
      await expect(
        get('https://amplify.fake.test/', {}, agentsFor({ [name]: proxy.url })),
      ).rejects.toMatchObject({ code: 'ERR_PROXY_TUNNEL' })
      expect(requests).toEqual(['CONNECT amplify.fake.test:443 HTTP/1.1'])
    },
  )
})
