import { describe, expect, onTestFinished, test } from 'vitest'
import type { Env } from '../../../src/lib/env.ts'
import {
  createAgents,
  createTrackedAgents,
  destroyAgents,
  type Agents,
  type ConnectionState,
} from '../../../src/network/agents.ts'
import { httpRequest } from '../../../src/network/request.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'
import { createTestAgents, serve, serveRaw } from '../../support/unit/http-server.ts'
import { neverAborted } from '../../support/unit/storage-context.ts'

const send = (url: string, agents: Agents): Promise<unknown> =>
  httpRequest(new URL(url), agents, {
    method: 'POST',
    headers: {},
    body: 'x',
    signal: neverAborted,
  })

describe('createAgents', () => {
  test('A connection is kept for the next request, and closed with its agents', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<string>()
    const server = await serve((response) => {
      response.socket?.once('close', () => {
        resolve('closed')
      })
      response.end('ok')
    })
    const agents = createAgents({})
    await send(server.url, agents)
    await send(server.url, agents)
    expect(server.connections()).toBe(1)
    destroyAgents(agents)
    expect(await closed).toBe('closed')
  })

  test.each(['closes', 'resets'])(
    'A server that %s kept connections when they are used again costs one request',
    async (how) => {
      const server = await serveRaw((socket) => {
        let requests = 0
        socket.on('data', () => {
          requests += 1
          if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
          else if (how === 'closes') socket.end()
          else socket.resetAndDestroy()
        })
      })
      const agents = createTestAgents()
      const results: string[] = []
      for (let request = 0; request < 8; request += 1) {
        results.push(
          await send(server.url, agents).then(
            () => 'ok',
            () => 'failed',
          ),
        )
      }
      expect(results.filter((result) => result === 'failed')).toHaveLength(1)
    },
  )

  test('Each proxy is reported once', () => {
    const reported: unknown[] = []
    const env = { HTTP_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2' }
    const agents = createAgents(env, (proxy) => reported.push(proxy))
    for (const url of ['http://x.test', 'https://x.test', 'https://y.test']) {
      agents.routeTo(new URL(url))
    }
    expect(reported).toEqual([
      { host: 'a:1', variable: 'HTTP_PROXY', isSecure: false },
      { host: 'b:2', variable: 'HTTPS_PROXY', isSecure: false },
    ])
  })
})

describe('createTrackedAgents', () => {
  function createTracked(env: Env = {}): { agents: Agents; connection: ConnectionState } {
    const connection = { connected: false }
    const agents = createTrackedAgents(env, connection)
    onTestFinished(() => {
      destroyAgents(agents)
    })
    return { agents, connection }
  }

  const startResettingServer = () =>
    serveRaw((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })

  test('Every request opens a new connection, and a successful one is recorded', async () => {
    const server = await serve((response) => response.end('ok'))
    const { agents, connection } = createTracked()
    await send(server.url, agents)
    expect(connection.connected).toBe(true)
    await send(server.url, agents)
    expect(server.connections()).toBe(2)
  })

  test('A refused connection is recorded, also after a successful one', async () => {
    const server = await serve((response) => response.end('ok'))
    const { agents, connection } = createTracked()
    await send(server.url, agents)
    await expect(send(`http://127.0.0.1:${await findClosedPort()}`, agents)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
    expect(connection.connected).toBe(false)
  })

  test('A connection that breaks after the request was established', async () => {
    const { agents, connection } = createTracked()
    await expect(send((await startResettingServer()).url, agents)).rejects.toThrow()
    expect(connection.connected).toBe(true)
  })

  test('A connection that breaks in the TLS handshake was not established', async () => {
    const server = await startResettingServer()
    const { agents, connection } = createTracked()
    await expect(send(`https://127.0.0.1:${server.port}`, agents)).rejects.toThrow()
    expect(server.connections()).toBe(1)
    expect(connection.connected).toBe(false)
  })

  test.each([
    ['when the proxy refuses the tunnel', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', 'end'],
    [
      'when the TLS handshake in the tunnel breaks',
      'HTTP/1.1 200 Connection established\r\n\r\n',
      'reset',
    ],
  ])('No connection is established %s', async (_, response, then) => {
    const proxy = await serveRaw((socket) => {
      socket.once('data', () => {
        if (then === 'reset') socket.once('data', () => socket.resetAndDestroy())
        if (then === 'reset') socket.write(response)
        else socket.end(response)
      })
    })
    const { agents, connection } = createTracked({ HTTPS_PROXY: proxy.url })
    await expect(send('https://amplify.fake.test', agents)).rejects.toThrow()
    expect(connection.connected).toBe(false)
  })

  test('A connection to a proxy over HTTP counts as established', async () => {
    const proxy = await serve((response) => response.end('ok'))
    const { agents, connection } = createTracked({ HTTP_PROXY: proxy.url })
    await send('http://amplify.fake.test', agents)
    expect(connection.connected).toBe(true)
  })
})
