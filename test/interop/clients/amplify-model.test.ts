/**
 * The emulated Amplify Backend beside AWS's own model of it, member by member. What the emulator does
 * not hold as data is asked of it over HTTP: one signed request for every place in every shape.
 */
import { describe, expect, test } from 'vitest'

import {
  addJob,
  addStorage,
  defaults,
  permissiveRules,
  type Emulator,
} from '../../../emulator/emulator.ts'
import { amplifyOperations, type AmplifyOperation } from '../../../emulator/lib/operations.ts'
import { createRouter } from '../../../emulator/server/routes.ts'
import { permissions } from '../../../emulator/state/backends.ts'
import { call, start, type Reply } from '../../support/emulator-requests.ts'
import { list, object, string } from './json.ts'
import { getOperation, readModel, type Operation, type Shape } from './model.ts'
import {
  memberPaths,
  valuePaths,
  findViolations,
  toWireRequest,
  createSample,
  toWire,
  type WireRequest,
} from './model-values.ts'
import { createProbes, type Probe, type Probes } from './probes.ts'

const model = readModel('amplifybackend/2020-08-11', amplifyOperations)

const withBody = amplifyOperations.filter((name) =>
  getOperation(model, name).input.members.some(({ location }) => location === 'body'),
)

/** Every name that any input has on the wire. */
const names = [
  ...new Set(
    amplifyOperations
      .flatMap((name) => memberPaths(getOperation(model, name).input))
      .map((path) => path.split('.').at(-1) ?? path),
  ),
]

const probesFor = (operation: Operation, world: Fixture): Probes =>
  createProbes(operation, parametersOf(operation, world), names)

type Fixture = {
  readonly emulator: Emulator
  readonly samples: Readonly<Record<string, string>>
}

/** A backend with a storage and two jobs, in which every operation of the model can succeed. */
async function createFixture(): Promise<Fixture> {
  const emulator = await start({ rules: permissiveRules })
  const environment = emulator.environment()
  addStorage(environment, {
    resourceName: 'media',
    bucketName: 'mybucket',
    permissions: { authenticated: ['READ'], unAuthenticated: ['READ'] },
  })
  const seed = { operation: 'CreateBackendStorage', status: 'FAILED', createTime: '1625670294153' }
  addJob(environment, { ...seed, error: 'Command failed' })
  const job = addJob(environment, { ...seed, error: 'Command failed' })
  const page = await send(emulator, {
    method: 'POST',
    path: `/backend/${defaults.appId}/job/prod`,
    body: { maxResults: 1 },
  })
  const samples = {
    AppId: defaults.appId,
    BackendEnvironmentName: 'prod',
    ResourceName: 'media',
    BucketName: 'mybucket',
    JobId: job.jobId,
    NextToken: string(object(page.json)['nextToken']),
    Operation: 'CreateBackendStorage',
    Status: 'FAILED',
  }
  return { emulator, samples }
}

function send(emulator: Emulator, { method, path, body }: WireRequest): Promise<Reply> {
  return call(emulator, {
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

const parametersOf = ({ input }: Operation, { samples }: Fixture): Record<string, unknown> => ({
  ...object(createSample(input, samples)),
})

/** The probes that are answered otherwise than they should be. */
async function findUnexpected(
  { emulator }: Fixture,
  probes: readonly Probe[],
  expected: (reply: Reply) => boolean,
): Promise<string[]> {
  const wrong: string[] = []
  for (const { title, request } of probes) {
    const reply = await send(emulator, request)
    if (!expected(reply)) wrong.push(`${title}: ${reply.status} ${reply.text}`)
  }
  return wrong
}

const isAccepted = ({ status }: Reply): boolean => status === 200

/** The model's BadRequestException; for what is missing in the path, no operation at all. */
const isRejected = ({ status, headers }: Reply): boolean =>
  status === 400 && headers['x-amzn-errortype'] === 'BadRequestException'

const getError = (operation: Operation, status: number): Shape => {
  const error = operation.errors.find((candidate) => candidate.status === status)
  if (error === undefined) throw new Error(`${operation.name} has no error ${status}`)
  return error.shape
}

/** What is sent for an error, beside what its shape has: its name and every member. */
const summarizeError = ({ status, headers, json }: Reply): unknown => ({
  status,
  name: headers['x-amzn-errortype'],
  members: Object.keys(object(json)).sort(),
})

const summarizeModelledError = (shape: Shape, status: number): unknown => ({
  status,
  name: shape.name,
  members: shape.members.map(({ wire }) => wire).sort(),
})

describe.each(amplifyOperations)('%s beside its model', (name: AmplifyOperation) => {
  const operation = getOperation(model, name)

  test('has the method and the path of the model, and no other method', async () => {
    const world = await createFixture()
    const { method, path, body } = toWireRequest(operation, parametersOf(operation, world))
    const find = createRouter()
    expect(find(method, path)).toMatchObject({ service: 'amplifybackend', operation: name })
    expect(find(method, `${path}/`)).toBeUndefined()
    expect(find(method, `/prod${path}`)).toBeUndefined()
    const others = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter((other) => other !== method)
    for (const other of others) {
      const reply = await send(world.emulator, { method: other, path, body })
      expect([other, reply.status]).toEqual([other, 404])
    }
    expect(world.emulator.calls(name).every((received) => received.method === method)).toBe(true)
  })

  test('answers every request that the model allows with the status of the model', async () => {
    const world = await createFixture()
    const { valid } = probesFor(operation, world)
    expect(operation.status).toBe(200)
    expect(await findUnexpected(world, valid, isAccepted)).toEqual([])
  })

  test('refuses a request that lacks a required member', async () => {
    const world = await createFixture()
    const { missing } = probesFor(operation, world)
    const inPath = missing.filter(({ title }) => title.endsWith('in the path'))
    const inBody = missing.filter((probe) => !inPath.includes(probe))
    expect(await findUnexpected(world, inPath, ({ status }) => status === 404)).toEqual([])
    expect(await findUnexpected(world, inBody, isRejected)).toEqual([])
    expect(world.emulator.state.counters).toMatchObject({
      create: { accepted: 0 },
      update: { accepted: 0 },
    })
  })

  test('answers with the members of the output, each of its type, and with nothing else', async () => {
    const world = await createFixture()
    const reply = await send(
      world.emulator,
      toWireRequest(operation, { ...parametersOf(operation, world), NextToken: undefined }),
    )
    expect(reply.status).toBe(200)
    expect(findViolations(operation.output, reply.json)).toEqual([])
  })

  test.each(operation.errors.map(({ shape, status, code }) => [shape.name, status, code]))(
    'words %s as the model does',
    async (_, status, code) => {
      const world = await createFixture()
      world.emulator.injectFault({ operation: name, kind: 'status', status })
      const reply = await send(
        world.emulator,
        toWireRequest(operation, parametersOf(operation, world)),
      )
      expect(reply.headers['x-amzn-errortype']).toBe(code)
      expect(summarizeError(reply)).toEqual(
        summarizeModelledError(getError(operation, status), status),
      )
    },
  )

  test('gives the errors of the model by itself', async () => {
    const world = await createFixture()
    const { emulator } = world
    const request = toWireRequest(operation, parametersOf(operation, world))
    const unknown = toWireRequest(operation, { ...parametersOf(operation, world), AppId: 'd0000' })
    expect(summarizeError(await send(emulator, unknown))).toEqual(
      summarizeModelledError(getError(operation, 404), 404),
    )
    emulator.state.rules.throttle = { perSecond: 0, burst: 0 }
    expect(summarizeError(await send(emulator, request))).toEqual(
      summarizeModelledError(getError(operation, 429), 429),
    )
    emulator.state.rules.throttle = null
    const wrong = await call(emulator, { ...request, body: '[]' })
    expect(summarizeError(wrong)).toEqual(summarizeModelledError(getError(operation, 400), 400))
  })
})

describe.each(withBody)('The body of %s beside its model', (name) => {
  const operation = getOperation(model, name)

  test('refuses whatever lies outside of an enum, a range or a type', async () => {
    const world = await createFixture()
    const { invalid } = probesFor(operation, world)
    expect(await findUnexpected(world, invalid, isRejected)).toEqual([])
  })

  test('reads every member by its name on the wire and by no other', async () => {
    const world = await createFixture()
    const { misnamed, unknown } = probesFor(operation, world)
    expect(misnamed.length + unknown.length).toBeGreaterThan(0)
    expect(await findUnexpected(world, misnamed, isRejected)).toEqual([])
    expect(await findUnexpected(world, unknown, isAccepted)).toEqual([])
  })
})

describe('The emulated service beside the whole model', () => {
  test('gives every operation a body but the one that is a GET', () => {
    expect(amplifyOperations.filter((name) => !withBody.includes(name))).toEqual(['GetBackendJob'])
  })

  test('has the permissions of both enums', () => {
    const { input } = getOperation(model, 'CreateBackendStorage')
    const enums = (shape: Shape): (readonly string[])[] => [
      ...(shape.values === undefined ? [] : [shape.values]),
      ...(shape.element === undefined ? [] : enums(shape.element)),
      ...shape.members.flatMap((member) => enums(member.shape)),
    ]
    expect(enums(input)).toEqual([permissions, permissions, ['S3']])
  })

  test('plays some operations of the model, and knows none of the others', async () => {
    const { emulator, samples } = await createFixture()
    const played: readonly string[] = amplifyOperations
    const others = [...model.operations.values()].filter(({ name }) => !played.includes(name))
    expect(others.length).toBe(model.operations.size - amplifyOperations.length)
    for (const { name, method, uri } of others) {
      const path = uri.replace(
        /\{(\w)(\w*)\}/g,
        (_, first: string, rest: string) => samples[first.toUpperCase() + rest] ?? 'some',
      )
      const reply = await send(emulator, { method, path, body: {} })
      expect([name, reply.status]).toEqual([name, 404])
    }
    expect(emulator.requests.slice(-others.length).map(({ operation }) => operation)).toEqual(
      others.map(() => undefined),
    )
  })

  test('wants the signing name of the model', async () => {
    const { emulator, samples } = await createFixture()
    const operation = getOperation(model, 'GetBackend')
    const { path, body } = toWireRequest(operation, object(createSample(operation.input, samples)))
    const signedFor = (service: string): Promise<Reply> =>
      call(emulator, { path, body: JSON.stringify(body), service })
    expect(model.signingName).toBe('amplifybackend')
    expect((await signedFor(model.signingName)).status).toBe(200)
    expect((await signedFor('amplify')).status).toBe(403)
  })

  test('shows every member of every output at some time', async () => {
    const seen = new Map<string, Set<string>>()
    const note = (name: string, reply: Reply): void => {
      expect(findViolations(getOperation(model, name).output, reply.json)).toEqual([])
      const paths = seen.get(name) ?? new Set<string>()
      for (const path of valuePaths(reply.json)) paths.add(path)
      seen.set(name, paths)
    }
    const { emulator, samples } = await createFixture()
    const ask = (name: string, changed: Record<string, unknown> = {}): Promise<Reply> => {
      const operation = getOperation(model, name)
      return send(
        emulator,
        toWireRequest(operation, {
          ...object(createSample(operation.input, samples)),
          NextToken: undefined,
          JobId: name === 'GetBackendJob' ? samples['JobId'] : undefined,
          ...changed,
        }),
      )
    }
    for (const name of amplifyOperations) note(name, await ask(name, { MaxResults: 1 }))
    emulator.state.rules.unknownEnvironment = 'error-member'
    note('GetBackend', await ask('GetBackend', { BackendEnvironmentName: 'nowhere' }))

    for (const name of amplifyOperations)
      expect([name, [...(seen.get(name) ?? [])].sort()]).toEqual([
        name,
        memberPaths(getOperation(model, name).output).sort(),
      ])
  })
})

test('ListBackendJobs filters by each member that the model has for it', async () => {
  const { emulator, samples } = await createFixture()
  const environment = emulator.environment()
  addJob(environment, { operation: 'UpdateBackendStorage', status: 'COMPLETED' })
  const { input } = getOperation(model, 'ListBackendJobs')
  const count = async (filter: Record<string, unknown>): Promise<number> => {
    const reply = await send(emulator, {
      method: 'POST',
      path: `/backend/${defaults.appId}/job/prod`,
      body: toWire(input, filter),
    })
    return list(object(reply.json)['jobs']).length
  }
  expect(await count({})).toBe(3)
  expect(await count({ JobId: samples['JobId'] })).toBe(1)
  expect(await count({ Operation: 'UpdateBackendStorage' })).toBe(1)
  expect(await count({ Status: 'FAILED' })).toBe(2)
  expect(await count({ MaxResults: 2 })).toBe(2)
  expect(await count({ MaxResults: 2, NextToken: samples['NextToken'] })).toBe(2)
})
