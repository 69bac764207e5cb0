/**
 * How often a create is sent, by clients as they come and by the action, and what that does to a backend
 * that prevents nothing. The page docs/sends.md shows the same figures.
 */
import { readFile } from 'node:fs/promises'

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

import {
  defaults,
  permissiveRules,
  startEmulator,
  type Clock,
  type Emulator,
  type FaultSpec,
} from '../../../emulator/emulator.ts'
import { preloadArguments } from '../../support/preload.ts'
import { runAction } from '../../support/run-action.ts'
import { clockEnv, scaledClock } from '../../support/scaled-clock.ts'
import { startBoto3 } from './boto3.ts'
import { awsCli } from './aws-cli.ts'
import type { Client, Request } from './client.ts'
import { createWithJavaScript } from './javascript-sdk.ts'
import { forwardClock } from './forward-clock.ts'

const page = new URL('../../../docs/sends.md', import.meta.url)

const order = { operation: 'CreateBackendStorage', kind: 'status' } as const

/** What a create is answered with, by the head of its column. */
const columns: readonly { readonly head: string; readonly fault: FaultSpec }[] = [
  { head: '429 every time', fault: { ...order, status: 429, times: 'always' } },
  { head: '504 every time, nothing done', fault: { ...order, status: 504, times: 'always' } },
  { head: '504 once, but done', fault: { ...order, status: 504, when: 'after' } },
  {
    head: '504 every time, but done',
    fault: { ...order, status: 504, times: 'always', when: 'after' },
  },
]

const input = {
  AppId: defaults.appId,
  BackendEnvironmentName: 'prod',
  ResourceName: 'media',
  ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['READ'] } },
} as const

const boto3 = startBoto3()
afterAll(() => {
  boto3.stop()
})

beforeAll(() => {
  for (const name of ['AWS_MAX_ATTEMPTS', 'AWS_RETRY_MODE', 'AWS_PROFILE'])
    vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
})

afterAll(() => {
  vi.unstubAllEnvs()
})

type Counted = { readonly sends: number; readonly jobs: number; readonly buckets: number }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** An emulator that prevents nothing and spoils the answers to creates. */
async function startFaulty(fault: FaultSpec, clock: Clock): Promise<Emulator> {
  const emulator = await startEmulator({ rules: permissiveRules, clock })
  stops.push(() => emulator.stop())
  emulator.injectFault(fault)
  return emulator
}

const count = (emulator: Emulator): Counted => ({
  sends: emulator.state.counters.create.received,
  jobs: emulator.state.counters.create.accepted,
  buckets: emulator.environment().buckets.size,
})

/** Counts what one create results in; the service chooses the bucket, a new one for every job. */
async function countWith(
  create: (emulator: Emulator) => Promise<unknown>,
  fault: FaultSpec,
): Promise<Counted> {
  const clock = forwardClock()
  const emulator = await startFaulty(fault, clock)
  await create(emulator)
  clock.pass(60_000)
  return count(emulator)
}

const sending =
  (client: Client, retries: NonNullable<Request['retries']>) =>
  (emulator: Emulator): Promise<unknown> =>
    client.send({
      service: 'amplifybackend',
      operation: 'CreateBackendStorage',
      parameters: input,
      emulator,
      retries,
    })

const others: readonly {
  readonly name: string
  readonly create: (emulator: Emulator) => Promise<unknown>
}[] = [
  {
    name: 'AWS SDK for JavaScript 3, default',
    create: (emulator) =>
      createWithJavaScript(emulator, {
        ...input,
        ResourceConfig: { ServiceName: 'S3', Permissions: { Authenticated: ['READ'] } },
      }),
  },
  { name: 'AWS CLI 2, default', create: sending(awsCli, 'default') },
  { name: 'boto3, default', create: sending(boto3, 'default') },
  { name: 'boto3, `legacy`', create: sending(boto3, 'legacy') },
  { name: 'boto3, `standard`', create: sending(boto3, 'standard') },
]

const scale = 10

/** The action with its defaults, in a world ten times as fast: it looks for half a minute at a time. */
async function countOwn(fault: FaultSpec): Promise<Counted> {
  const origin = Date.now()
  const emulator = await startFaulty(fault, scaledClock(scale, origin))
  const clock = {
    nodeArguments: preloadArguments('preload/scaled-clock.ts'),
    env: clockEnv(scale, origin),
  }
  await runAction({ emulator, clock }, { with: { 'authenticated-permissions': 'READ' } })
  return count(emulator)
}

const formatCount = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`

/** A cell; where nothing was done, the sends are all there is to tell. */
const cell = ({ sends, jobs, buckets }: Counted): string =>
  jobs === 0
    ? formatCount(sends, 'send')
    : [formatCount(sends, 'send'), formatCount(jobs, 'job'), formatCount(buckets, 'bucket')].join(
        ', ',
      )

async function countAll(): Promise<readonly (readonly string[])[]> {
  const theirs = await Promise.all(
    others.map(async ({ name, create }) => [
      name,
      ...(await Promise.all(columns.map(({ fault }) => countWith(create, fault)))).map(cell),
    ]),
  )
  // Afterwards, since a fast clock and a busy machine go ill together.
  const own = await Promise.all(columns.map(({ fault }) => countOwn(fault)))
  return [
    ['one create by', ...columns.map(({ head }) => head)],
    ['this action', ...own.map(cell)],
    ...theirs,
  ]
}

test('docs/sends.md shows how often each client sends a create, and how many jobs and buckets result', async () => {
  const counted = await countAll()
  const rows = (await readFile(page, 'utf8')).split('\n').filter((line) => line.startsWith('|'))
  const [head = [], , ...others] = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((text) => text.trim()),
  )
  expect([head, ...others]).toEqual(counted)
})
