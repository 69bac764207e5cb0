/** A forward proxy, as companies have them: tunnels for https (CONNECT), requests in absolute form for http. */
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { connect, type Socket } from 'node:net'

import { join, listen } from './sockets.ts'
import { onEnd } from './scope.ts'

export type ProxyOptions = Readonly<{
  /** The port on loopback that a host stands for, whatever its name; the proxy alone knows it. */
  resolve(host: string, tunnel: boolean): number
  /** Asks for them, with a 407, when they are not sent. */
  credentials?: Readonly<{ user: string; password: string }>
  /** `refuse`: a 403 for everything; `hang`: no answer at all; `cut`: the connection is reset. */
  mood?: Mood
}>

export type Mood = 'refuse' | 'hang' | 'cut'

export type Passage = Readonly<{ form: 'tunnel' | 'absolute'; host: string }>

export type Proxy = Readonly<{
  port: number
  url: string
  /** What went through, or was to go, oldest first. */
  passages: readonly Passage[]
}>

/** Stops with the test. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { resolve, credentials, mood } = options
  const passages: Passage[] = []
  const wanted =
    credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
  const mayPass = ({ headers }: IncomingMessage): boolean =>
    wanted === undefined || headers['proxy-authorization'] === wanted

  const server = createServer((request, response) => {
    const { hostname, pathname, search } = new URL(request.url ?? '', 'http://origin-form.invalid')
    passages.push({ form: 'absolute', host: hostname })
    if (mood === 'hang') return
    if (mood === 'cut') request.socket.resetAndDestroy()
    else if (!mayPass(request)) refuse(response, 407)
    else if (mood === 'refuse') refuse(response, 403)
    else pass(request, response, resolve(hostname, false), `${pathname}${search}`)
  })
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const [host = ''] = (request.url ?? '').split(':')
    passages.push({ form: 'tunnel', host })
    socket.on('error', () => socket.destroy())
    if (mood === 'hang') return
    if (mood === 'cut') socket.resetAndDestroy()
    else if (!mayPass(request)) socket.end(tunnelRefusal('407 Proxy Authentication Required'))
    else if (mood === 'refuse') socket.end(tunnelRefusal('403 Forbidden'))
    else {
      const target = connect(resolve(host, true), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        target.write(head)
        join(socket, target)
      })
      target.on('error', () => socket.destroy())
    }
  })
  const { port, stop } = await listen(server)
  onEnd(stop)
  return { port, url: `http://127.0.0.1:${port}`, passages }
}

function tunnelRefusal(status: string): string {
  return `HTTP/1.1 ${status}\r\nproxy-authenticate: Basic realm="test"\r\ncontent-length: 0\r\n\r\n`
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, {
    'content-type': 'text/html',
    ...(status === 407 ? { 'proxy-authenticate': 'Basic realm="test"' } : {}),
  })
  response.end('<html><body>The proxy says no.</body></html>')
}

/** Hop-by-hop headers end here; the rest, the host included, is what the client signed. */
function pass(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  path: string,
): void {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !name.startsWith('proxy-')),
  )
  const { method } = request
  const onward = forward(
    { host: '127.0.0.1', port, path, headers, ...(method === undefined ? {} : { method }) },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    },
  )
  onward.on('error', () => response.destroy())
  request.pipe(onward)
}
