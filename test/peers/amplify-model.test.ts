/**
 * The emulated Amplify Backend beside AWS's own model of it, member by member. What the emulator does
 * not hold as data is asked of it over HTTP: one signed request for every place in every shape.
 */
import { describe, expect, test } from 'vitest'

import { addJob, addStorage, defaults, permissive, type Emulator } from '../../emulator/emulator.ts'
import { amplifyOperations, type AmplifyOperation } from '../../emulator/operations.ts'
import { createRoutes } from '../../emulator/routes.ts'
import { permissions } from '../../emulator/world.ts'
import { call, start, type Reply } from '../emulator/support.ts'
import { list, object, string } from './json.ts'
import { operationOf, readModel, type Operation, type Shape } from './model.ts'
import {
  memberPaths,
  pathsIn,
  problems,
  requestOf,
  sampleOf,
  toWire,
  type Wire,
} from './model-values.ts'
import { probesOf, type Probe, type Probes } from './probes.ts'

const model = readModel('amplifybackend/2020-08-11', amplifyOperations)

const withBody = amplifyOperations.filter((name) =>
  operationOf(model, name).input.members.some(({ location }) => location === 'body'),
)

/** Every name that any input has on the wire. */
const names = [
  ...new Set(
    amplifyOperations
      .flatMap((name) => memberPaths(operationOf(model, name).input))
      .map((path) => path.split('.').at(-1) ?? path),
  ),
]

const probesFor = (operation: Operation, world: Stage): Probes =>
  probesOf(operation, parametersOf(operation, world), names)

type Stage = {
  readonly emulator: Emulator
  readonly samples: Readonly<Record<string, string>>
}

/** A backend with a storage and two jobs, in which every operation of the model can succeed. */
async function stage(): Promise<Stage> {
  const emulator = await start({ rules: permissive })
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

function send(emulator: Emulator, { method, path, body }: Wire): Promise<Reply> {
  return call(emulator, {
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

const parametersOf = ({ input }: Operation, { samples }: Stage): Record<string, unknown> => ({
  ...object(sampleOf(input, samples)),
})

/** The probes that are answered otherwise than they should be. */
async function otherwise(
  { emulator }: Stage,
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

const accepted = ({ status }: Reply): boolean => status === 200

/** The model's BadRequestException; for what is missing in the path, no operation at all. */
const refused = ({ status, headers }: Reply): boolean =>
  status === 400 && headers['x-amzn-errortype'] === 'BadRequestException'

const errorOf = (operation: Operation, status: number): Shape => {
  const error = operation.errors.find((candidate) => candidate.status === status)
  if (error === undefined) throw new Error(`${operation.name} has no error ${status}`)
  return error.shape
}

/** What is sent for an error, beside what its shape has: its name and every member. */
const wordsOf = ({ status, headers, json }: Reply): unknown => ({
  status,
  name: headers['x-amzn-errortype'],
  members: Object.keys(object(json)).sort(),
})

const wordsInModel = (shape: Shape, status: number): unknown => ({
  status,
  name: shape.name,
  members: shape.members.map(({ wire }) => wire).sort(),
})

describe.each(amplifyOperations)('%s beside its model', (name: AmplifyOperation) => {
  const operation = operationOf(model, name)

  test('has the method and the path of the model, and no other method', async () => {
    const world = await stage()
    const { method, path, body } = requestOf(operation, parametersOf(operation, world))
    const find = createRoutes()
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
    const world = await stage()
    const { allowed } = probesFor(operation, world)
    expect(operation.status).toBe(200)
    expect(await otherwise(world, allowed, accepted)).toEqual([])
  })

  test('refuses a request that lacks a required member', async () => {
    const world = await stage()
    const { lacking } = probesFor(operation, world)
    const inPath = lacking.filter(({ title }) => title.endsWith('in the path'))
    const inBody = lacking.filter((probe) => !inPath.includes(probe))
    expect(await otherwise(world, inPath, ({ status }) => status === 404)).toEqual([])
    expect(await otherwise(world, inBody, refused)).toEqual([])
    expect(world.emulator.world.counters).toMatchObject({
      create: { accepted: 0 },
      update: { accepted: 0 },
    })
  })

  test('answers with the members of the output, each of its type, and with nothing else', async () => {
    const world = await stage()
    const reply = await send(
      world.emulator,
      requestOf(operation, { ...parametersOf(operation, world), NextToken: undefined }),
    )
    expect(reply.status).toBe(200)
    expect(problems(operation.output, reply.json)).toEqual([])
  })

  test.each(operation.errors.map(({ shape, status, code }) => [shape.name, status, code]))(
    'words %s as the model does',
    async (_, status, code) => {
      const world = await stage()
      world.emulator.orderFault({ operation: name, kind: 'status', status })
      const reply = await send(world.emulator, requestOf(operation, parametersOf(operation, world)))
      expect(reply.headers['x-amzn-errortype']).toBe(code)
      expect(wordsOf(reply)).toEqual(wordsInModel(errorOf(operation, status), status))
    },
  )

  test('gives the errors of the model by itself', async () => {
    const world = await stage()
    const { emulator } = world
    const request = requestOf(operation, parametersOf(operation, world))
    const unknown = requestOf(operation, { ...parametersOf(operation, world), AppId: 'd0000' })
    expect(wordsOf(await send(emulator, unknown))).toEqual(
      wordsInModel(errorOf(operation, 404), 404),
    )
    emulator.world.rules.throttle = { perSecond: 0, burst: 0 }
    expect(wordsOf(await send(emulator, request))).toEqual(
      wordsInModel(errorOf(operation, 429), 429),
    )
    emulator.world.rules.throttle = null
    const wrong = await call(emulator, { ...request, body: '[]' })
    expect(wordsOf(wrong)).toEqual(wordsInModel(errorOf(operation, 400), 400))
  })
})

describe.each(withBody)('The body of %s beside its model', (name) => {
  const operation = operationOf(model, name)

  test('refuses whatever lies outside of an enum, a range or a type', async () => {
    const world = await stage()
    const { strange } = probesFor(operation, world)
    expect(await otherwise(world, strange, refused)).toEqual([])
  })

  test('reads every member by its name on the wire and by no other', async () => {
    const world = await stage()
    const { misnamed, unread } = probesFor(operation, world)
    expect(misnamed.length + unread.length).toBeGreaterThan(0)
    expect(await otherwise(world, misnamed, refused)).toEqual([])
    expect(await otherwise(world, unread, accepted)).toEqual([])
  })
})

describe('The emulated service beside the whole model', () => {
  test('gives every operation a body but the one that is a GET', () => {
    expect(amplifyOperations.filter((name) => !withBody.includes(name))).toEqual(['GetBackendJob'])
  })

  test('has the permissions of both enums', () => {
    const { input } = operationOf(model, 'CreateBackendStorage')
    const enums = (shape: Shape): (readonly string[])[] => [
      ...(shape.values === undefined ? [] : [shape.values]),
      ...(shape.element === undefined ? [] : enums(shape.element)),
      ...shape.members.flatMap((member) => enums(member.shape)),
    ]
    expect(enums(input)).toEqual([permissions, permissions, ['S3']])
  })

  test('plays some operations of the model, and knows none of the others', async () => {
    const { emulator, samples } = await stage()
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
    expect(emulator.received.slice(-others.length).map(({ operation }) => operation)).toEqual(
      others.map(() => undefined),
    )
  })

  test('wants the signing name of the model', async () => {
    const { emulator, samples } = await stage()
    const operation = operationOf(model, 'GetBackend')
    const { path, body } = requestOf(operation, object(sampleOf(operation.input, samples)))
    const signedFor = (service: string): Promise<Reply> =>
      call(emulator, { path, body: JSON.stringify(body), service })
    expect(model.signingName).toBe('amplifybackend')
    expect((await signedFor(model.signingName)).status).toBe(200)
    expect((await signedFor('amplify')).status).toBe(403)
  })

  test('shows every member of every output at some time', async () => {
    const seen = new Map<string, Set<string>>()
    const note = (name: string, reply: Reply): void => {
      expect(problems(operationOf(model, name).output, reply.json)).toEqual([])
      const paths = seen.get(name) ?? new Set<string>()
      for (const path of pathsIn(reply.json)) paths.add(path)
      seen.set(name, paths)
    }
    const { emulator, samples } = await stage()
    const ask = (name: string, changed: Record<string, unknown> = {}): Promise<Reply> => {
      const operation = operationOf(model, name)
      return send(
        emulator,
        requestOf(operation, {
          ...object(sampleOf(operation.input, samples)),
          NextToken: undefined,
          JobId: name === 'GetBackendJob' ? samples['JobId'] : undefined,
          ...changed,
        }),
      )
    }
    for (const name of amplifyOperations) note(name, await ask(name, { MaxResults: 1 }))
    emulator.world.rules.unknownEnvironment = 'error-member'
    note('GetBackend', await ask('GetBackend', { BackendEnvironmentName: 'nowhere' }))

    for (const name of amplifyOperations)
      expect([name, [...(seen.get(name) ?? [])].sort()]).toEqual([
        name,
        memberPaths(operationOf(model, name).output).sort(),
      ])
  })
})

test('ListBackendJobs filters by each member that the model has for it', async () => {
  const { emulator, samples } = await stage()
  const environment = emulator.environment()
  addJob(environment, { operation: 'UpdateBackendStorage', status: 'COMPLETED' })
  const { input } = operationOf(model, 'ListBackendJobs')
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
