/**
 * How often a create is sent, by clients as they come and by the action, and what that does to a backend
 * that prevents nothing. The page docs/sends.md shows the same figures.
 */
import {
  AmplifyBackendClient,
  CreateBackendStorageCommand,
  type CreateBackendStorageCommandInput,
} from '@aws-sdk/client-amplifybackend'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

import {
  defaults,
  permissiveRules,
  startEmulator,
  type Emulator,
  type FaultSpec,
} from '../../../emulator/emulator.ts'
import { readPage } from '../../support/contract/pages.ts'
import { runAction, startTestBed } from '../../support/run-action.ts'
import { startBoto3 } from './boto3.ts'
import { awsCli } from './aws-cli.ts'
import { region, type Client, type Request } from './client.ts'
import { forwardClock } from './forward-clock.ts'

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
} satisfies CreateBackendStorageCommandInput

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

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const formatCount = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : 's'}`

/** The cell of a table; where nothing was done, the sends are all there is to tell. */
function count(emulator: Emulator): string {
  const { received, accepted } = emulator.state.counters.create
  const jobs = [
    formatCount(accepted, 'job'),
    formatCount(emulator.environment().buckets.size, 'bucket'),
  ]
  return [formatCount(received, 'send'), ...(accepted === 0 ? [] : jobs)].join(', ')
}

/** Counts what one create results in; the service chooses the bucket, a new one for every job. */
async function countWith(
  create: (emulator: Emulator) => Promise<unknown>,
  fault: FaultSpec,
): Promise<string> {
  const clock = forwardClock()
  const emulator = await startEmulator({ rules: permissiveRules, clock })
  stops.push(() => emulator.stop())
  emulator.injectFault(fault)
  await create(emulator)
  clock.pass(60_000)
  return count(emulator)
}

/** Sends one create, as often as the SDK for JavaScript sends it by default. */
async function createWithJavaScript({ url: endpoint, state }: Emulator): Promise<void> {
  const { accessKeyId, secretAccessKey } = state.user
  const credentials = { accessKeyId, secretAccessKey }
  const client = new AmplifyBackendClient({ endpoint, region, credentials })
  try {
    await client.send(new CreateBackendStorageCommand(input))
  } catch (error) {
    // Most of these calls end in an error of the service; any other is a bug of the test.
    if (!(error instanceof Error && '$metadata' in error)) throw error
  } finally {
    client.destroy()
  }
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
  { name: 'AWS SDK for JavaScript 3, default', create: createWithJavaScript },
  { name: 'AWS CLI 2, default', create: sending(awsCli, 'default') },
  { name: 'boto3, default', create: sending(boto3, 'default') },
  { name: 'boto3, `legacy`', create: sending(boto3, 'legacy') },
  { name: 'boto3, `standard`', create: sending(boto3, 'standard') },
]

/** The action with its defaults, on a clock ten times as fast; it checks for an effect for half a minute at a time. */
async function countOwn(fault: FaultSpec): Promise<string> {
  const bed = await startTestBed({ rules: permissiveRules, scale: 10 })
  stops.push(() => bed.emulator.stop())
  bed.emulator.injectFault(fault)
  await runAction(bed, { with: { 'authenticated-permissions': 'READ' } })
  return count(bed.emulator)
}

async function countAll(): Promise<readonly (readonly string[])[]> {
  const theirs = await Promise.all(
    others.map(async ({ name, create }) => [
      name,
      ...(await Promise.all(columns.map(({ fault }) => countWith(create, fault)))),
    ]),
  )
  // Afterwards, since a fast clock and a busy machine go ill together.
  const own = await Promise.all(columns.map(({ fault }) => countOwn(fault)))
  return [['one create by', ...columns.map(({ head }) => head)], ['this action', ...own], ...theirs]
}

test('docs/sends.md shows how often each client sends a create, and how many jobs and buckets result', async () => {
  const counted = await countAll()
  const rows = readPage('docs/sends.md')
    .text.split('\n')
    .filter((line) => line.startsWith('|'))
  const [head = [], , ...others] = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((text) => text.trim()),
  )
  expect([head, ...others]).toEqual(counted)
})
