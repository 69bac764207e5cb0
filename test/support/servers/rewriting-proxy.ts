/** A server in front of the emulator that rewrites responses. */
import { createServer, request as forward } from 'node:http'

import { listen } from './loopback-server.ts'
import { addCleanup } from '../scenario.ts'

export type RewritingProxy = Readonly<{ port: number; url: string }>

/** @param change gets the path of the request and the text of the response, and returns the new text */
export async function startRewritingProxy(
  behind: number,
  change: (path: string, answer: string) => string,
): Promise<RewritingProxy> {
  const server = createServer((request, response) => {
    const { method, headers, url = '/' } = request
    const onward = forward(
      {
        host: '127.0.0.1',
        port: behind,
        path: url,
        headers,
        ...(method === undefined ? {} : { method }),
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', () => response.destroy())
        answer.on('end', () => {
          const text = change(url, Buffer.concat(chunks).toString('utf8'))
          response.writeHead(answer.statusCode ?? 502, {
            ...answer.headers,
            'content-length': Buffer.byteLength(text),
          })
          response.end(text)
        })
      },
    )
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  const { port, stop } = await listen(server)
  addCleanup(stop)
  return { port, url: `http://127.0.0.1:${port}` }
}
