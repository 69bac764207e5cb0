import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createAmplify } from '../../../src/aws/amplify/amplify-backend.ts'
import type { ApiFailure } from '../../../src/network/failure.ts'
import type { ApiResult } from '../../../src/network/retry.ts'
import type { Amplify } from '../../../src/storage/api.ts'
import {
  createTestAgents,
  serve,
  type Handler,
  type Served,
} from '../../support/unit/http-server.ts'
import { containing } from '../../support/unit/matchers.ts'
import { neverAborted } from '../../support/unit/storage-context.ts'
import { aDesiredStorage } from '../../support/unit/storages.ts'

const SECRET = 'FwoGZXIvYXdzEXAMPLETOKEN=='
const OPTIONS = { signal: neverAborted, remainingMs: 60_000 }
const ABOUT = { appId: 'd1', backendEnvironmentName: 'prod' }

/** The API of the environment `prod` of the app `d1`, on a server that gives these responses. */
async function connect(handle: Handler): Promise<Served & { amplify: Amplify }> {
  const server = await serve(handle)
  vi.stubEnv('AWS_ENDPOINT_URL', server.url)
  const { amplify, destroy } = createAmplify(
    ABOUT,
    {
      region: 'eu-west-1',
      agents: createTestAgents(),
      allowCustomEndpoints: false,
      onNonDefaultHost: () => undefined,
      redact: (text) => text.replaceAll(SECRET, '***'),
    },
    () => Promise.resolve({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }),
    {},
    () => undefined,
  )
  onTestFinished(() => {
    vi.unstubAllEnvs()
    destroy()
  })
  return { ...server, amplify }
}

const answering = (...bodies: readonly object[]): Promise<Served & { amplify: Amplify }> =>
  connect((response, _, index) => {
    response.end(JSON.stringify(bodies[Math.min(index, bodies.length - 1)]))
  })

function valueOf<T>(result: ApiResult<T>): T {
  if (!result.ok) throw new Error(result.failure.message)
  return result.value
}

function failureOf(result: ApiResult<unknown>): ApiFailure {
  if (result.ok) throw new Error('The call succeeded.')
  return result.failure
}

describe('GetBackendStorage', () => {
  const config = { serviceName: 'S3', bucketName: 'photos', permissions: { authenticated: [] } }
  const getStorage = async (body: object) =>
    (await answering(body)).amplify.getStorage('media', OPTIONS)

  test.each([
    { ...ABOUT, resourceName: 'media', resourceConfig: config },
    { appId: 'd1', resourceConfig: { ...config, serviceName: undefined } },
    { appId: 'd1', backendEnvironmentName: null, resourceName: '', resourceConfig: config },
  ])(
    'The response %j is about the storage; a member that it lacks counts as equal',
    async (body) => {
      expect(valueOf(await getStorage(body))).toMatchObject({
        kind: 'storage',
        storage: { bucketName: 'photos', imported: false },
      })
    },
  )

  test.each([
    [{ ...ABOUT, appId: 'd2' }, 'appId is "d2" instead of "d1"'],
    [{ ...ABOUT, backendEnvironmentName: 'dev' }, 'backendEnvironmentName is "dev"'],
    [{ ...ABOUT, resourceName: 'files' }, 'resourceName is "files" instead of "media"'],
    [{ ...ABOUT, resourceConfig: { serviceName: 'DynamoDB' } }, 'serviceName is "DynamoDB"'],
  ])('The response %j is about another storage', async (body, mismatch) => {
    expect(valueOf(await getStorage({ resourceConfig: config, ...body }))).toEqual({
      kind: 'other',
      mismatch: containing(mismatch),
    })
  })

  test('A response about the storage without a configuration has none', async () => {
    expect(valueOf(await getStorage({ ...ABOUT, resourceName: 'media' }))).toEqual({ kind: 'none' })
  })

  test('A response without an app is malformed', async () => {
    const body = { resourceName: 'media', resourceConfig: config }
    expect(failureOf(await getStorage(body))).toMatchObject({
      status: 200,
      message: containing('lacks'),
    })
  })

  test('An imported storage is marked', async () => {
    const body = { ...ABOUT, resourceConfig: { ...config, imported: true } }
    expect(valueOf(await getStorage(body))).toMatchObject({ storage: { imported: true } })
  })

  test('A secret is taken out of every text before the text is cut', async () => {
    const permission = `${'X'.repeat(30)}${SECRET}`
    const body = {
      ...ABOUT,
      resourceConfig: {
        ...config,
        bucketName: SECRET,
        permissions: { authenticated: [permission] },
      },
    }
    expect(valueOf(await getStorage(body))).toMatchObject({
      storage: {
        bucketName: '***',
        unknownPermissions: { authenticated: [`${'X'.repeat(30)}***`] },
      },
    })
  })
})

describe('The response to a create or an update', () => {
  test.each([
    [ABOUT, undefined],
    [{}, undefined],
    [{ ...ABOUT, appId: 'd2' }, 'appId is "d2" instead of "d1"'],
    [{ backendEnvironmentName: 'dev' }, 'backendEnvironmentName is "dev" instead of "prod"'],
  ])('With the members %j, its job is known, and the mismatch is %j', async (members, mismatch) => {
    const { amplify } = await answering({ ...members, jobId: 'job-1', status: 'PENDING' })
    const expected = { jobId: 'job-1', status: 'PENDING', mismatch }
    const created = await amplify.createStorage(aDesiredStorage(), OPTIONS)
    expect(valueOf(created)).toMatchObject(expected)
    const permissions = { authenticated: [], unauthenticated: [] }
    expect(valueOf(await amplify.updateStorage('media', permissions, OPTIONS))).toMatchObject(
      expected,
    )
  })
})

describe('GetBackend', () => {
  test('Only an answer about the app and the environment counts', async () => {
    const other = { ...ABOUT, backendEnvironmentName: 'dev' }
    const { amplify } = await answering(other, other, { ...ABOUT, appId: 'd2' })
    expect(failureOf(await amplify.getBackend('environment', OPTIONS))).toMatchObject({
      status: 200,
      message: containing('backendEnvironmentName is "dev" instead of "prod"'),
    })
    expect((await amplify.getBackend('app', OPTIONS)).ok).toBe(true)
    expect((await amplify.getBackend('app', OPTIONS)).ok).toBe(false)
  })
})

describe('GetBackendJob', () => {
  test.each([
    [{ jobId: 'job-1', status: 'RUNNING' }, true],
    [{ status: 'RUNNING' }, true],
    [{ ...ABOUT, status: 'RUNNING', jobId: 'job-2' }, false],
    [{ ...ABOUT, status: 'COMPLETED', backendEnvironmentName: 'dev' }, false],
    [{ ...ABOUT, status: 'COMPLETED', appId: 'd2' }, false],
    [{ ...ABOUT }, false],
  ])('Whether the answer %j is about the job is %j', async (body, isAboutJob) => {
    const { amplify } = await answering(body)
    expect((await amplify.getJob('job-1', OPTIONS)).ok).toBe(isAboutJob)
  })
})

describe('ListBackendJobs', () => {
  const aPage = (ids: readonly string[], nextToken?: string) => ({
    jobs: ids.map((jobId) => ({ jobId, status: 'COMPLETED' })),
    nextToken,
  })

  const listFrom = async (handle: Handler) => {
    const server = await connect(handle)
    const list = valueOf(await server.amplify.listJobs(OPTIONS))
    return { ...list, requests: server.seen.length }
  }

  test('Pages are read to the end of the list', async () => {
    const { amplify, seen } = await answering(aPage(['a', 'b'], 'next'), aPage(['c']))
    const { jobs, isComplete } = valueOf(await amplify.listJobs(OPTIONS))
    expect(jobs.map(({ jobId }) => jobId)).toEqual(['a', 'b', 'c'])
    expect(isComplete).toBe(true)
    expect(seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { maxResults: 25 },
      { maxResults: 25, nextToken: 'next' },
    ])
  })

  test('Jobs of other apps and environments are left out', async () => {
    const { amplify } = await answering({
      jobs: [
        { ...ABOUT, jobId: 'own' },
        { ...ABOUT, appId: 'd2', jobId: 'other-app' },
        { ...ABOUT, backendEnvironmentName: 'dev', jobId: 'other-environment' },
        { jobId: 'unnamed' },
      ],
    })
    const { jobs } = valueOf(await amplify.listJobs(OPTIONS))
    expect(jobs.map(({ jobId }) => jobId)).toEqual(['own', 'unnamed'])
  })

  test('A list of ten thousand pages is not read to its end, and does not count as complete', async () => {
    const { jobs, isComplete, requests } = await listFrom((response, _, index) => {
      response.end(JSON.stringify(aPage([`job-${index}`], `token-${index}`)))
    })
    expect({ isComplete, requests, jobs: jobs.length }).toEqual({
      ...{ isComplete: false, requests: 40, jobs: 40 },
    })
  })

  test.each([
    ['comes again', 'same', 2],
    ['is too long', 'x'.repeat(10_001), 1],
  ])('A page token that %s ends an incomplete list', async (_, token, expected) => {
    const { isComplete, requests } = await listFrom((response) => {
      response.end(JSON.stringify(aPage(['a'], token)))
    })
    expect({ isComplete, requests }).toEqual({ isComplete: false, requests: expected })
  })

  test('A page of a million jobs is cut, and does not count as complete', async () => {
    const { jobs, isComplete } = await listFrom((response) => {
      response.end(`{"jobs":[${'{},'.repeat(999_999)}{}]}`)
    })
    expect({ jobs: jobs.length, isComplete }).toEqual({ jobs: 4_000, isComplete: false })
  })
})
