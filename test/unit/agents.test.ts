import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createAgents,
  createTrackedAgents,
  destroyAgents,
  proxyEnv,
  httpRequest,
  type Agents,
  type HttpRequestOptions,
  type HttpResponse,
} from '../../src/network/agents.ts'
import type { Env } from '../../src/lib/env.ts'
import { neverAborted } from '../support/unit/storage-context.ts'
import { findClosedPort } from '../support/servers/loopback-server.ts'
import { serve, serveRaw } from '../support/unit/http-server.ts'

function agents(env: Env = {}): Agents {
  const made = createAgents(env)
  onTestFinished(() => {
    destroyAgents(made)
  })
  return made
}

const get = (
  url: string,
  request: Partial<HttpRequestOptions> = {},
  by: Agents = agents(),
): Promise<HttpResponse> =>
  httpRequest(new URL(url), by, { headers: {}, signal: neverAborted, ...request })

describe('N01: the proxy variables', () => {
  test('are those that are set and not empty, in either case', () => {
    expect(
      proxyEnv({
        HTTP_PROXY: 'http://a:1',
        https_proxy: ' http://b:2 ',
        NO_PROXY: '',
        no_proxy: '  ',
        HTTPS_PROXY: undefined,
        ALL_PROXY: 'http://c:3',
        NODE_USE_ENV_PROXY: '1',
      }),
    ).toEqual({ HTTP_PROXY: 'http://a:1/', https_proxy: 'http://b:2/' })
    expect(proxyEnv({ no_proxy: 'c', NO_PROXY: 'C' })).toEqual({
      no_proxy: 'c',
      NO_PROXY: 'C',
    })
    expect(proxyEnv({})).toEqual({})
  })

  test('are taken for http where they do not say, and left out where they name no HTTP proxy', () => {
    expect(
      proxyEnv({
        http_proxy: 'proxy.example.com:3128',
        HTTP_PROXY: 'user:100%@proxy.example.com',
        https_proxy: 'socks5://proxy.example.com:1080',
        HTTPS_PROXY: 'http://bad host:1',
      }),
    ).toEqual({
      http_proxy: 'http://proxy.example.com:3128/',
      HTTP_PROXY: 'http://user:100%25@proxy.example.com/',
    })
  })
})

describe('a request', () => {
  test('is a GET, and its answer comes whole', async () => {
    const server = await serve((response) => {
      response.writeHead(201, { 'content-type': 'text/plain', 'x-one': '1' })
      response.write('grü')
      response.end('ße 🚀')
    })
    const answer = await get(`${server.url}/path?a=b`, { headers: { 'x-two': '2' } })
    expect(answer).toMatchObject({
      status: 201,
      headers: { 'content-type': 'text/plain', 'x-one': '1' },
      body: 'grüße 🚀',
    })
    expect(server.seen).toMatchObject([
      { method: 'GET', target: '/path?a=b', headers: { 'x-two': '2' }, body: '' },
    ])
  })

  test('may have another method, and a body', async () => {
    const server = await serve((response) => response.end('ok'))
    await get(server.url, { method: 'PATCH', body: '{"a":1}' })
    expect(server.seen).toMatchObject([{ method: 'PATCH', body: '{"a":1}' }])
  })

  test.each([302, 307, 404, 500])('has %i for its answer, and follows nothing', async (status) => {
    const server = await serve((response) => {
      response.writeHead(status, { location: '/elsewhere' }).end('no')
    })
    expect(await get(server.url)).toMatchObject({ status, body: 'no' })
    expect(server.seen).toHaveLength(1)
  })

  test('whose character is cut by the network is whole all the same', async () => {
    const bytes = Buffer.from('🚀')
    const server = await serve((response) => {
      response.write(bytes.subarray(0, 2))
      setImmediate(() => response.end(bytes.subarray(2)))
    })
    expect((await get(server.url)).body).toBe('🚀')
  })

  test.each([
    ['with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"value":"abc'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n50\r\nab'],
  ])('O08: cut short %s fails', async (_how, text) => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.end(text))
    })
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('whose connection breaks fails', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('that nobody listens for fails', async () => {
    const port = await findClosedPort()
    await expect(get(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('whose answer is longer than 4 MiB fails, and one of just that length does not', async () => {
    const most = 4 * 1024 * 1024
    const server = await serve((response, { target }) => {
      response.end(Buffer.alloc(target === '/more' ? most + 1 : most, 'x'))
    })
    expect((await get(`${server.url}/most`)).body).toHaveLength(most)
    await expect(get(`${server.url}/more`)).rejects.toThrow('the answer is too long')
  })

  test.each(['before it is sent', 'before the answer', 'in the middle of the answer'])(
    'ends with the reason of its signal, %s',
    async (when) => {
      const abort = new AbortController()
      const reason = new Error('cancelled')
      if (when === 'before it is sent') abort.abort(reason)
      const server = await serve((response) => {
        if (when === 'in the middle of the answer') response.write('half')
        setTimeout(() => {
          abort.abort(reason)
        }, 10)
      })
      await expect(get(server.url, { signal: abort.signal })).rejects.toBe(reason)
    },
  )
})

describe('N01: with a proxy', () => {
  const proxy = () =>
    serve((response, { target }) => {
      response.end(`by proxy: ${target}`)
    })

  test.each(['HTTP_PROXY', 'http_proxy'])(
    'a request over http goes through it (%s)',
    async (name) => {
      const server = await proxy()
      const { body } = await get('http://amplify.fake.test/x', {}, agents({ [name]: server.url }))
      expect(body).toBe('by proxy: http://amplify.fake.test/x')
    },
  )

  test('a request to a host that is excepted does not', async () => {
    const server = await proxy()
    const direct = await serve((response) => response.end('direct'))
    const by = agents({ HTTP_PROXY: server.url, NO_PROXY: '127.0.0.1' })
    expect((await get(direct.url, {}, by)).body).toBe('direct')
    expect(server.seen).toEqual([])
  })

  test.each(['HTTPS_PROXY', 'https_proxy'])(
    'a request over https asks it for a tunnel (%s)',
    async (name) => {
      const asked: string[] = []
      const server = await serveRaw((socket) => {
        socket.once('data', (bytes) => {
          asked.push(bytes.toString().split('\r\n')[0] ?? '')
          socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
        })
      })
      await expect(
        get('https://amplify.fake.test/', {}, agents({ [name]: server.url })),
      ).rejects.toMatchObject({ code: 'ERR_PROXY_TUNNEL' })
      expect(asked).toEqual(['CONNECT amplify.fake.test:443 HTTP/1.1'])
    },
  )
})

describe('what is told of a request on its way', () => {
  test('is that it has left, long before there is an answer', async () => {
    const sent = Promise.withResolvers<string>()
    const server = await serve((response) => {
      void sent.promise.then((word) => response.end(word))
    })
    const answer = await get(server.url, {
      onSent: () => {
        sent.resolve('has left')
      },
    })
    expect(answer.body).toBe('has left')
  })

  test('is nothing when there is no connection', async () => {
    let told = 0
    const onSent = (): void => {
      told += 1
    }
    await expect(get(`http://127.0.0.1:${await findClosedPort()}`, { onSent })).rejects.toThrow()
    expect(told).toBe(0)
  })
})

describe('connections', () => {
  test('are kept for the next request', async () => {
    const server = await serve((response) => response.end('ok'))
    const by = agents()
    await get(server.url, {}, by)
    await get(server.url, {}, by)
    expect(server.connections()).toBe(1)
  })

  test('end with their agents', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    const server = await serve((response) => {
      response.socket?.on('close', () => {
        resolve('closed')
      })
      response.end('ok')
    })
    const by = createAgents({})
    await get(server.url, {}, by)
    destroyAgents(by)
    expect(await ended).toBe('closed')
  })
})

describe('agents that know whether a connection came about', () => {
  function tracked(env: Env = {}): { by: Agents; reach: { connected: boolean } } {
    const reach = { connected: false }
    const by = createTrackedAgents(env, reach)
    onTestFinished(() => {
      destroyAgents(by)
    })
    return { by, reach }
  }

  test('know of a good one, and take a fresh one for every call', async () => {
    const server = await serve((response) => response.end('ok'))
    const { by, reach } = tracked()
    await get(server.url, {}, by)
    expect(reach.connected).toBe(true)
    await get(server.url, {}, by)
    expect(server.connections()).toBe(2)
  })

  test('know of one that was refused, also after a good one', async () => {
    const server = await serve((response) => response.end('ok'))
    const port = await findClosedPort()
    const { by, reach } = tracked()
    await get(server.url, {}, by)
    await expect(get(`http://127.0.0.1:${port}`, {}, by)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    expect(reach.connected).toBe(false)
  })

  test('N05: know that there was one when it breaks after the request', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const { by, reach } = tracked()
    await expect(get(server.url, { method: 'POST', body: 'x' }, by)).rejects.toThrow()
    expect(reach.connected).toBe(true)
  })

  test('know that there was none when it breaks in the handshake', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const { by, reach } = tracked()
    await expect(get(`https://127.0.0.1:${server.port}`, {}, by)).rejects.toThrow()
    expect(server.connections()).toBe(1)
    expect(reach.connected).toBe(false)
  })

  test('know that there was none when the proxy refuses the tunnel', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    })
    const { by, reach } = tracked({ HTTPS_PROXY: server.url })
    await expect(get('https://amplify.fake.test', {}, by)).rejects.toThrow()
    expect(reach.connected).toBe(false)
  })

  test('know that there was none when the handshake breaks inside of the tunnel', async () => {
    const server = await serveRaw((socket) => {
      socket.once('data', () => {
        socket.once('data', () => socket.resetAndDestroy())
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      })
    })
    const { by, reach } = tracked({ HTTPS_PROXY: server.url })
    await expect(get('https://amplify.fake.test', {}, by)).rejects.toThrow()
    expect(reach.connected).toBe(false)
  })

  test('know of a good one to a proxy over http', async () => {
    const server = await serve((response) => response.end('ok'))
    const { by, reach } = tracked({ HTTP_PROXY: server.url })
    await get('http://amplify.fake.test', {}, by)
    expect(reach.connected).toBe(true)
  })
})
