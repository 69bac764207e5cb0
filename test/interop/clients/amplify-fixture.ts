/** An emulator on which every operation of Amplify Backend's model can succeed, and what it is asked. */
import {
  addJob,
  addStorage,
  defaults,
  permissiveRules,
  type Emulator,
} from '../../../emulator/emulator.ts'
import { amplifyOperations } from '../../../emulator/lib/operations.ts'
import { call, start, type Reply } from '../../support/emulator-requests.ts'
import { object, string } from './json.ts'
import { getOperation, readModel, type Operation, type Shape } from './model.ts'
import { createSample, memberPaths, type WireRequest } from './model-values.ts'
import { createProbes, type Probe, type Probes } from './probes.ts'

export const model = readModel('amplifybackend/2020-08-11', amplifyOperations)

export const withBody = amplifyOperations.filter((name) =>
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

export const probesFor = (operation: Operation, fixture: Fixture): Probes =>
  createProbes(operation, parametersOf(operation, fixture), names)

type Fixture = {
  readonly emulator: Emulator
  readonly samples: Readonly<Record<string, string>>
}

/** A backend with a storage and two jobs, in which every operation of the model can succeed. */
export async function createFixture(): Promise<Fixture> {
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

export function send(emulator: Emulator, { method, path, body }: WireRequest): Promise<Reply> {
  return call(emulator, {
    method,
    path,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

export const parametersOf = (
  { input }: Operation,
  { samples }: Fixture,
): Record<string, unknown> => ({
  ...object(createSample(input, samples)),
})

/** The probes whose response is not the expected one. */
export async function findUnexpected(
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

export const isAccepted = ({ status }: Reply): boolean => status === 200

/** The model's BadRequestException; for what is missing in the path, no operation at all. */
export const isRejected = ({ status, headers }: Reply): boolean =>
  status === 400 && headers['x-amzn-errortype'] === 'BadRequestException'

export const getError = (operation: Operation, status: number): Shape => {
  const error = operation.errors.find((candidate) => candidate.status === status)
  if (error === undefined) throw new Error(`${operation.name} has no error ${status}`)
  return error.shape
}

/** The name of an error and all of its members, as they were sent. */
export const summarizeError = ({ status, headers, json }: Reply): unknown => ({
  status,
  name: headers['x-amzn-errortype'],
  members: Object.keys(object(json)).sort(),
})

export const summarizeModelledError = (shape: Shape, status: number): unknown => ({
  status,
  name: shape.name,
  members: shape.members.map(({ wire }) => wire).sort(),
})
