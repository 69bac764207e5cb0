/** A forward proxy: CONNECT tunnels for https, and requests in absolute form for http. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'

import { forwardRequest, listenInTest, pipeBoth } from './loopback-server.ts'

export type ForwardProxyOptions = Readonly<{
  /** The port on loopback to which the proxy connects for a host. */
  resolve(host: string, tunnel: boolean): number
  /** Requests without these credentials get a 407. */
  credentials?: Readonly<{ user: string; password: string }>
  /** `refuse`: a 403 for everything; `hang`: no response; `cut`: a reset of the connection. */
  failure?: 'refuse' | 'hang' | 'cut'
}>

type ProxiedRequest = Readonly<{ form: 'tunnel' | 'absolute'; host: string }>

export type ForwardProxy = Readonly<{
  port: number
  url: string
  /** Every request, also those that were not forwarded, oldest first. */
  requests: readonly ProxiedRequest[]
}>

/** Stops with the test. */
export async function startForwardProxy(options: ForwardProxyOptions): Promise<ForwardProxy> {
  const { resolve, credentials, failure } = options
  const requests: ProxiedRequest[] = []
  const expectedHeader =
    credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
  const isAuthorized = ({ headers }: IncomingMessage): boolean =>
    expectedHeader === undefined || headers['proxy-authorization'] === expectedHeader

  const server = createServer((request, response) => {
    const { hostname, pathname, search } = new URL(request.url ?? '', 'http://origin-form.invalid')
    requests.push({ form: 'absolute', host: hostname })
    if (failure === 'hang') return
    if (failure === 'cut') request.socket.resetAndDestroy()
    else if (!isAuthorized(request)) reject(response, 407)
    else if (failure === 'refuse') reject(response, 403)
    else {
      const target = { port: resolve(hostname, false), path: `${pathname}${search}` }
      forwardRequest(request, response, target, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
    }
  })
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const [host = ''] = (request.url ?? '').split(':')
    requests.push({ form: 'tunnel', host })
    socket.on('error', () => socket.destroy())
    if (failure === 'hang') return
    if (failure === 'cut') socket.resetAndDestroy()
    else if (!isAuthorized(request))
      socket.end(tunnelRejection('407 Proxy Authentication Required'))
    else if (failure === 'refuse') socket.end(tunnelRejection('403 Forbidden'))
    else {
      const target = connect(resolve(host, true), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        target.write(head)
        pipeBoth(socket, target)
      })
      target.on('error', () => socket.destroy())
    }
  })
  const port = await listenInTest(server)
  return { port, url: `http://127.0.0.1:${port}`, requests }
}

function tunnelRejection(status: string): string {
  return `HTTP/1.1 ${status}\r\nproxy-authenticate: Basic realm="test"\r\ncontent-length: 0\r\n\r\n`
}

function reject(response: ServerResponse, status: number): void {
  response.writeHead(status, {
    'content-type': 'text/html',
    ...(status === 407 ? { 'proxy-authenticate': 'Basic realm="test"' } : {}),
  })
  response.end('<html><body>The proxy says no.</body></html>')
}
