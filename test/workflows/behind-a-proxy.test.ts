/** The example for runners behind a proxy: everything by TLS, through a tunnel, with a private CA. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { pullRequest, push } from '../../emulator/runner/events.ts'
import {
  createCertificateAuthority,
  type TlsIdentity,
} from '../support/servers/certificate-authority.ts'
import { asked, permissionsIn, writes } from './seen.ts'
import { example, logOf, replaced, storageStep, world, type World } from './support.ts'

type Certificate = TlsIdentity & Readonly<{ /** Of the authority that issued it. */ file: string }>

/** A certificate for 127.0.0.1 that only those trust who are told to. */
function createCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const authority = createCertificateAuthority('The corporation')
  const file = join(folder, 'corp-ca.pem')
  writeFileSync(file, authority.cert)
  return { ...authority.issue(['127.0.0.1']), file }
}

/** Starts a server on loopback that ends with the test; gives back its port. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return address.port
}

type Front = Readonly<{ url: string; host: string; connections: () => number }>

/** The emulator by TLS. */
async function startFront(target: string, certificate: Certificate): Promise<Front> {
  let connections = 0
  const server = createTlsServer(certificate, (incoming, answer) => {
    const { method, headers } = incoming
    const outgoing = request(new URL(incoming.url ?? '/', target), { method, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(answer)
    })
    incoming.pipe(outgoing)
  })
  server.on('connection', () => {
    connections += 1
  })
  const host = `127.0.0.1:${String(await listen(server))}`
  return { url: `https://${host}`, host, connections: () => connections }
}

type Proxy = Readonly<{ url: string; tunnels: readonly string[] }>

/** A proxy that opens tunnels, and writes down where to. */
async function startProxy(): Promise<Proxy> {
  const tunnels: string[] = []
  const server = createServer((_, answer) => {
    answer.writeHead(405).end()
  })
  server.on('connect', ({ url = '' }, client) => {
    tunnels.push(url)
    const target = new URL(`http://${url}`)
    const upstream = connect(Number(target.port), target.hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    for (const socket of [client, upstream]) socket.on('error', () => upstream.destroy())
    onTestFinished(() => {
      upstream.destroy()
    })
  })
  return { url: `http://127.0.0.1:${String(await listen(server))}`, tunnels }
}

type Corporation = World & Readonly<{ text: string; front: Front; proxy: Proxy }>

/** A network in which AWS and GitHub are reached by TLS and through the proxy. */
async function corporation(): Promise<Corporation> {
  const certificate = createCertificate()
  const proxy = await startProxy()
  // The front needs the emulator's address, and the runner the front's.
  const env: Record<string, string> = {}
  const machine = { env, tokenUrl: '' }
  const made = await world(machine)
  const front = await startFront(made.emulator.url, certificate)
  env['AWS_ENDPOINT_URL'] = front.url
  machine.tokenUrl = (made.emulator.env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '').replace(
    made.emulator.url,
    front.url,
  )
  const text = replaced(
    example('behind-a-proxy.yml'),
    ['http://proxy.example.com:3128', proxy.url],
    ['/etc/ssl/certs/corp-ca.pem', certificate.file],
  )
  return { ...made, text, front, proxy }
}

describe('behind-a-proxy.yml', () => {
  test('plans on a pull request', async () => {
    const { emulator, run, text, front, proxy } = await corporation()
    const ran = await run('behind-a-proxy.yml', text, pullRequest())
    expect(ran.result, logOf(ran)).toBe('success')
    expect(storageStep(ran.jobs[0]).outputs).toMatchObject({ result: 'planned' })
    expect(writes(emulator)).toBe(0)
    expect(new Set(proxy.tunnels)).toEqual(new Set([front.host]))
  })

  test('applies on the push to main, with every connection through the proxy', async () => {
    const { emulator, run, text, front, proxy } = await corporation()
    const ran = await run('behind-a-proxy.yml', text, push())
    expect(ran.result, logOf(ran)).toBe('success')
    expect(permissionsIn(emulator)).toEqual(asked)
    expect(new Set(proxy.tunnels)).toEqual(new Set([front.host]))
    expect(front.connections()).toBe(proxy.tunnels.length)
  })

  test('goes around the proxy where NO_PROXY says so', async () => {
    const { emulator, run, text, front, proxy } = await corporation()
    const around = replaced(text, ['NO_PROXY: ', 'NO_PROXY: 127.0.0.1,'])
    expect(await run('behind-a-proxy.yml', around, push())).toMatchObject({ result: 'success' })
    expect(permissionsIn(emulator)).toEqual(asked)
    expect(proxy.tunnels).toEqual([])
    expect(front.connections()).toBeGreaterThan(0)
  })

  test('is red without the certificate authority, and says what is missing', async () => {
    const { emulator, run, text } = await corporation()
    const without = replaced(text, ['NODE_EXTRA_CA_CERTS:', 'SOMETHING_ELSE:'])
    const ran = await run('behind-a-proxy.yml', without, push())
    expect(ran.result, logOf(ran)).toBe('failure')
    expect(emulator.requests).toEqual([])
    const errors = storageStep(ran.jobs[0]).annotations.map(({ message }) => message)
    expect(errors.join('\n')).toContain('NODE_EXTRA_CA_CERTS')
  })
})
