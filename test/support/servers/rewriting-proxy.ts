/** A server in front of the emulator that rewrites responses. */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

import { forwardRequest, listenInTest } from './loopback-server.ts'

export type RewritingProxy = Readonly<{ port: number; url: string }>

/** @param change gets the path of the request and the text of the response, and returns the new text */
export async function startRewritingProxy(
  behind: number,
  change: (path: string, answer: string) => string,
): Promise<RewritingProxy> {
  const server = createServer((request, response) => {
    const { url: path = '/' } = request
    forwardRequest(request, response, { port: behind, path }, (answer) => {
      text(answer).then(
        (body) => {
          const changed = change(path, body)
          const headers = { ...answer.headers, 'content-length': Buffer.byteLength(changed) }
          response.writeHead(answer.statusCode ?? 502, headers).end(changed)
        },
        () => response.destroy(),
      )
    })
  })
  const port = await listenInTest(server)
  return { port, url: `http://127.0.0.1:${port}` }
}
