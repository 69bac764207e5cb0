/** Names that are not found, addresses that do not connect, wrong clocks and closed connections. */
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'vitest'
import type { StepResult } from '../../../emulator/runner/step.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createNetworkGuard } from '../../support/network-guard.ts'
import { preloadArguments } from '../../support/preload.ts'
import { createTestBed, runAction, runOnce } from '../../support/run-action.ts'
import { scenario, scenarios } from '../../support/scenario.ts'
import {
  findClosedPort,
  forwardRequest,
  listenInTest,
} from '../../support/servers/loopback-server.ts'
import { expectFailure, expectSuccess, getLog } from '../../support/step-result.ts'
import { customEndpoints, HOSTS, useHosts } from './hosts.ts'

const CREATE = 'CreateBackendStorage'

scenario('A name that does not resolve for a while is looked up again by every call', async () => {
  const { step, emulator } = await runOnce({
    with: { 'allow-custom-endpoints': 'true', wait: 'false' },
    guard: createNetworkGuard(Object.fromEntries(HOSTS.map((host) => [host, { again: 2 }]))),
    env: ({ port }) => useHosts('http', `:${port}`),
  })
  expectSuccess(step, 'started')
  for (const call of ['token request', 'AssumeRoleWithWebIdentity', 'GetBackendStorage'])
    expect(getLog(step)).toMatch(new RegExp(`${call} failed \\(attempt 2 of \\d\\): EAI_AGAIN`))
  expect(emulator.calls(CREATE)).toHaveLength(1)
})

const stsLink = 'vpce-1.sts.eu-west-1.vpce.amazonaws.com'
const amplifyLink = 'vpce-1.amplifybackend.eu-west-1.vpce.amazonaws.com'

scenarios<Readonly<{ code: ErrorCode; host: string }>>(
  'A configured host that is not found is reported with its variable, and not with the region',
  {
    AWS_ENDPOINT_URL_STS: { code: 'STS_UNAVAILABLE', host: stsLink },
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: { code: 'HOST_UNREACHABLE', host: amplifyLink },
    AWS_ENDPOINT_URL: { code: 'STS_UNAVAILABLE', host: stsLink },
  },
  async ({ code, host }, variable) => {
    const { step } = await runOnce({
      guard: createNetworkGuard(),
      env: { [variable]: `https://${host}` },
    })
    const message = expectFailure(step, code)
    expect(message).toContain(variable)
    expect(message).toContain(host)
    expect(message).not.toMatch(/\bregion\b/)
  },
)

scenarios<ErrorCode>(
  'When no address of a host accepts connections, the error names each of them',
  {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'TOKEN_UNAVAILABLE',
    AWS_ENDPOINT_URL_STS: 'STS_UNAVAILABLE',
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: 'HOST_UNREACHABLE',
  },
  async (code, variable) => {
    const port = await findClosedPort()
    const { step } = await runOnce({
      with: customEndpoints,
      guard: createNetworkGuard({ 'dead.fake.test': { addresses: ['::1', '127.0.0.1'] } }),
      env: { [variable]: `http://dead.fake.test:${port}/` },
    })
    const message = expectFailure(step, code)
    expect(message).toContain(`ECONNREFUSED ::1:${port}`)
    expect(message).toContain(`ECONNREFUSED 127.0.0.1:${port}`)
  },
)

/** Runs in real time with an STS that has these addresses, one of which connects late. */
async function runWithSlowAddress(
  addresses: readonly string[],
  slow: string,
  ms: number,
): Promise<StepResult> {
  const { step } = await runOnce({
    scale: 1,
    with: { 'allow-custom-endpoints': 'true', wait: 'false', 'max-attempts': '1' },
    guard: createNetworkGuard({ 'sts.fake.test': { addresses } }),
    nodeArguments: preloadArguments('preload/slow-connect.ts'),
    env: ({ port }) => ({
      AWS_ENDPOINT_URL_STS: `http://sts.fake.test:${port}`,
      SLOW_ADDRESS: slow,
      SLOW_MS: String(ms),
    }),
  })
  return step
}

scenarios(
  'A distant address may take longer to connect than the default of Node, also beside a dead one',
  { 'the dead address last': ['127.0.0.1', '::1'], 'the dead address first': ['::1', '127.0.0.1'] },
  async (addresses) => {
    const step = await runWithSlowAddress(addresses, '127.0.0.1', 300)
    expectSuccess(step, 'started')
    expect(getLog(step)).not.toContain('Next attempt')
  },
)

scenario('An address that connects too late is named beside one that refuses', async () => {
  const step = await runWithSlowAddress(['127.0.0.2', '::1'], '127.0.0.2', 20_000)
  expect(expectFailure(step, 'STS_UNAVAILABLE')).toMatch(
    /ETIMEDOUT 127\.0\.0\.2:\d+; .*ECONNREFUSED ::1:\d+/,
  )
})

scenarios<number>(
  'A run on a runner whose clock is wrong creates the storage',
  {
    'four and a half minutes slow': -4.5,
    'four and a half minutes fast': 4.5,
    'fourteen minutes slow': -14,
    'fourteen minutes fast': 14,
  },
  async (minutes) => {
    const bed = await createTestBed({ scale: 5 })
    // An earlier origin of the scaled time makes it later by four times as much.
    const origin = Number(bed.clock.env['CLOCK_ORIGIN']) - (minutes * 60_000) / 4
    const step = await runAction(bed, { env: { CLOCK_ORIGIN: String(origin) } })
    expectSuccess(step, 'created', { ready: 'true' })
    expect(bed.emulator.state.counters.create.executed).toBe(1)
  },
)

scenario(
  'A server that closes kept connections when they are used again costs one attempt',
  async () => {
    const { emulator, clock } = await createTestBed()
    const used = new WeakSet<Socket>()
    const server = createServer((request, response) => {
      const { socket, url: path = '/' } = request
      if (used.has(socket)) {
        socket.destroy()
        return
      }
      used.add(socket)
      forwardRequest(
        request,
        response,
        { port: Number(new URL(emulator.url).port), path },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
        },
      )
    })
    const url = `http://127.0.0.1:${await listenInTest(server)}`
    const env = Object.fromEntries(
      Object.entries(emulator.env).map(([name, text]) => [
        name,
        text.replaceAll(emulator.url, url),
      ]),
    )
    const step = await runAction({ emulator, clock }, { env })
    expectSuccess(step, 'created', { ready: 'true' })
    expect(getLog(step).match(/ failed /g)).toHaveLength(1)
  },
)
