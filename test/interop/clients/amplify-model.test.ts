/**
 * The emulator of Amplify Backend agrees with AWS's own model of the service. What it does not hold as data
 * is found out over HTTP, with a signed request for every member of every shape.
 */
import { describe, expect, test } from 'vitest'

import { addJob, defaults, permissiveRules, type Emulator } from '../../../emulator/emulator.ts'
import { amplifyOperations } from '../../../emulator/lib/operations.ts'
import { createRouter } from '../../../emulator/server/routes.ts'
import { permissions } from '../../../emulator/state/backends.ts'
import { call, listJobs, start, type Reply } from '../../support/emulator-requests.ts'
import { addMedia, READ } from '../../support/emulator-state.ts'
import { object, string } from './json.ts'
import { getOperation, readModel, type Operation, type Shape } from './model.ts'
import {
  createSample,
  findViolations,
  memberPaths,
  toWireRequest,
  valuePaths,
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

const probesFor = (operation: Operation, fixture: Fixture): Probes =>
  createProbes(operation, parametersOf(operation, fixture), names)

type Fixture = {
  readonly emulator: Emulator
  readonly samples: Readonly<Record<string, string>>
}

/** A backend with a storage and two jobs, in which every operation of the model can succeed. */
async function createFixture(): Promise<Fixture> {
  const emulator = await start({ rules: permissiveRules })
  const environment = emulator.environment()
  const granted = { authenticated: [...READ], unAuthenticated: [...READ] }
  addMedia(emulator, { bucketName: 'mybucket', permissions: granted })
  const kind = { operation: 'CreateBackendStorage', status: 'FAILED' }
  const seed = { ...kind, createTime: '1625670294153', error: 'Command failed' }
  addJob(environment, seed)
  const job = addJob(environment, seed)
  const page = await listJobs(emulator, { maxResults: 1 })
  const samples = {
    AppId: defaults.appId,
    BackendEnvironmentName: 'prod',
    ResourceName: 'media',
    BucketName: 'mybucket',
    JobId: job.jobId,
    NextToken: string(object(page.json)['nextToken']),
    Operation: kind.operation,
    Status: kind.status,
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

/** The probes whose response is not the expected one. */
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

/** Checks that a reply is the error of the model with this status, with all of its members. */
function expectError({ name, errors }: Operation, status: number, reply: Reply): void {
  const error = errors.find((candidate) => candidate.status === status)
  if (error === undefined) throw new Error(`${name} has no error ${status}`)
  expect({
    status: reply.status,
    name: reply.headers['x-amzn-errortype'],
    members: Object.keys(object(reply.json)).sort(),
  }).toEqual({
    status,
    name: error.shape.name,
    members: error.shape.members.map(({ wire }) => wire).sort(),
  })
}

describe.each(amplifyOperations)('%s', (name) => {
  const operation = getOperation(model, name)

  test(`${name} has the method and the path of the model, and no other method`, async () => {
    const fixture = await createFixture()
    const { method, path, body } = toWireRequest(operation, parametersOf(operation, fixture))
    const find = createRouter()
    expect(find(method, path)).toMatchObject({ service: 'amplifybackend', operation: name })
    expect(find(method, `${path}/`)).toBeUndefined()
    expect(find(method, `/prod${path}`)).toBeUndefined()
    const others = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter((other) => other !== method)
    for (const other of others) {
      const reply = await send(fixture.emulator, { method: other, path, body })
      expect([other, reply.status]).toEqual([other, 404])
    }
    expect(fixture.emulator.calls(name).every((received) => received.method === method)).toBe(true)
  })

  test(`${name} accepts every request that the model allows, with the status of the model`, async () => {
    const fixture = await createFixture()
    const { valid } = probesFor(operation, fixture)
    expect(operation.status).toBe(200)
    expect(await findUnexpected(fixture, valid, isAccepted)).toEqual([])
  })

  test(`${name} rejects a request without a required member`, async () => {
    const fixture = await createFixture()
    const { missing } = probesFor(operation, fixture)
    const inPath = missing.filter(({ title }) => title.endsWith('in the path'))
    const inBody = missing.filter((probe) => !inPath.includes(probe))
    expect(await findUnexpected(fixture, inPath, ({ status }) => status === 404)).toEqual([])
    expect(await findUnexpected(fixture, inBody, isRejected)).toEqual([])
    expect(fixture.emulator.state.counters).toMatchObject({
      create: { accepted: 0 },
      update: { accepted: 0 },
    })
  })

  test(`${name} returns the members of the model's output, each of its type, and no others`, async () => {
    const fixture = await createFixture()
    const reply = await send(
      fixture.emulator,
      toWireRequest(operation, { ...parametersOf(operation, fixture), NextToken: undefined }),
    )
    expect(reply.status).toBe(200)
    expect(findViolations(operation.output, reply.json)).toEqual([])
  })

  test(`${name} returns the errors of the model without an injected fault`, async () => {
    const fixture = await createFixture()
    const { emulator } = fixture
    const request = toWireRequest(operation, parametersOf(operation, fixture))
    const unknown = toWireRequest(operation, {
      ...parametersOf(operation, fixture),
      AppId: 'd0000',
    })
    expectError(operation, 404, await send(emulator, unknown))
    emulator.state.rules.throttle = { perSecond: 0, burst: 0 }
    expectError(operation, 429, await send(emulator, request))
    emulator.state.rules.throttle = null
    expectError(operation, 400, await call(emulator, { ...request, body: '[]' }))
  })
})

describe.each(withBody)('The body of %s', (name) => {
  const operation = getOperation(model, name)

  test(`${name} rejects a value outside of an enum, a range or a type`, async () => {
    const fixture = await createFixture()
    const { invalid } = probesFor(operation, fixture)
    expect(await findUnexpected(fixture, invalid, isRejected)).toEqual([])
  })

  test(`${name} reads every member by its name on the wire, and by no other name`, async () => {
    const fixture = await createFixture()
    const { misnamed, unknown } = probesFor(operation, fixture)
    expect(misnamed.length + unknown.length).toBeGreaterThan(0)
    expect(await findUnexpected(fixture, misnamed, isRejected)).toEqual([])
    expect(await findUnexpected(fixture, unknown, isAccepted)).toEqual([])
  })
})

describe('The emulated service', () => {
  test('Every operation has a body, except the one with the method GET', () => {
    expect(amplifyOperations.filter((name) => !withBody.includes(name))).toEqual(['GetBackendJob'])
  })

  test('The emulator has the permissions of both enums of the model', () => {
    const { input } = getOperation(model, 'CreateBackendStorage')
    const enums = (shape: Shape): (readonly string[])[] => [
      ...(shape.values === undefined ? [] : [shape.values]),
      ...(shape.element === undefined ? [] : enums(shape.element)),
      ...shape.members.flatMap((member) => enums(member.shape)),
    ]
    expect(enums(input)).toEqual([permissions, permissions, ['S3']])
  })

  test('An operation of the model that the emulator does not have returns 404', async () => {
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

  test('Every member of every output is returned by some request', async () => {
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
