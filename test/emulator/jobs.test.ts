import { describe, expect, test } from 'vitest'

import { addJob, defaults, endJob, permissiveRules } from '../../emulator/emulator.ts'
import {
  createStorage,
  getJob,
  getJobId,
  getStorage,
  listJobs,
} from '../support/emulator-requests.ts'
import {
  completed,
  createAndFinish,
  errorOf,
  failed,
  startPaused,
} from '../support/paused-emulator.ts'

const badRequest = [400, 'BadRequestException']
const notFound = [404, 'NotFoundException']

describe('a job', () => {
  test('A job passes through its statuses, and the storage exists when it has completed', async () => {
    const { emulator, clock } = await startPaused()
    const reply = await createStorage(emulator)
    const jobId = getJobId(reply)
    const common = { appId: defaults.appId, backendEnvironmentName: 'prod', jobId }
    expect(jobId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
    expect(reply.json).toEqual({ ...common, status: 'PENDING' })
    clock.advance(5000)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'RUNNING' })
    clock.advance(4999)
    expect((await getStorage(emulator)).status).toBe(404)
    clock.advance(1)
    expect((await getJob(emulator, jobId)).json).toEqual({
      ...common,
      operation: 'CreateBackendStorage',
      status: 'COMPLETED',
      createTime: String(clock.now() - 10_000),
      updateTime: String(clock.now()),
    })
    expect((await getStorage(emulator)).json).toMatchObject({ resourceName: 'media' })
  })

  test('A planned failure fails the job and leaves its bucket behind', async () => {
    const backend = await startPaused()
    backend.emulator.planJob({ error: 'Command failed: S3 is not amused' })
    expect(await createAndFinish(backend)).toMatchObject(failed('S3 is not amused'))
    expect((await getStorage(backend.emulator)).status).toBe(404)
    const bucketExists = failed('mybucket9c04b-prod already exists')
    expect(await createAndFinish(backend)).toMatchObject(bucketExists)
    const other = { config: { bucketName: 'another' } }
    expect(await createAndFinish(backend, other)).toMatchObject(completed)
    const counters = { received: 3, accepted: 3, executed: 1 }
    expect(backend.emulator.state.counters.create).toEqual(counters)
  })

  test('A plan can give a job any last status, or keep it pending forever', async () => {
    const backend = await startPaused()
    backend.emulator.planJob({ finalStatus: 'SUCCEEDED', ms: 10, statuses: ['QUEUED'] })
    backend.emulator.planJob({ ms: 'never' })
    expect(await createAndFinish(backend)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await createAndFinish(backend, { environment: 'dev' })).toMatchObject({
      status: 'RUNNING',
    })
  })

  test('A job is PENDING for five seconds at most, however long it takes', async () => {
    const { emulator, clock } = await startPaused({ jobMs: 60_000 })
    const jobId = getJobId(await createStorage(emulator))
    clock.advance(4999)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'PENDING' })
    clock.advance(1)
    expect((await getJob(emulator, jobId)).json).toMatchObject({ status: 'RUNNING' })
    clock.advance(55_000)
    expect((await getJob(emulator, jobId)).json).toMatchObject(completed)
  })

  test('Reads and lists do not find a job before the times that the rules set', async () => {
    const rules = { jobReadableAfterMs: 1000, jobListedAfterMs: 2000 }
    const { emulator, clock } = await startPaused(rules)
    const jobId = getJobId(await createStorage(emulator))
    expect(errorOf(await getJob(emulator, jobId))).toEqual(notFound)
    clock.advance(1000)
    expect((await getJob(emulator, jobId)).status).toBe(200)
    expect((await listJobs(emulator)).json).toEqual({ jobs: [] })
    clock.advance(1000)
    expect((await listJobs(emulator)).json).toMatchObject({ jobs: [{ jobId }] })
  })

  test("Another client's job prevents a create in its environment until it ends", async () => {
    const { emulator, clock } = await startPaused()
    const other = addJob(emulator.environment(), {
      operation: 'UpdateBackendAPI',
      status: 'DEPLOYING',
      createTime: '1625670294153',
    })
    const reply = await createStorage(emulator)
    expect(errorOf(reply)).toEqual(badRequest)
    expect(reply.json).toEqual({
      message: `There is already a pending job for the requested appId: ${defaults.appId} and backendEnvironmentName: prod, wait for it to complete before creating a new job`,
    })
    expect((await createStorage(emulator, { environment: 'dev' })).status).toBe(200)
    endJob(other, 'COMPLETED', clock.now())
    expect((await createStorage(emulator)).status).toBe(200)
  })

  test('ListBackendJobs returns the newest jobs first, in pages, with filters', async () => {
    const { emulator } = await startPaused()
    for (const [index, status] of ['COMPLETED', 'FAILED', 'COMPLETED'].entries())
      addJob(emulator.environment(), { operation: `Op${index}`, status, jobId: `job-${index}` })
    const list = async (filter: Record<string, unknown>): Promise<unknown> =>
      (await listJobs(emulator, filter)).json
    const first = await list({ maxResults: 2 })
    expect(first).toMatchObject({ jobs: [{ jobId: 'job-2' }, { jobId: 'job-1' }] })
    const nextToken: unknown = Reflect.get(Object(first), 'nextToken')
    expect(await list({ maxResults: 2, nextToken })).toEqual({
      jobs: [expect.objectContaining({ jobId: 'job-0' })],
    })
    expect(await list({ status: 'FAILED' })).toMatchObject({ jobs: [{ jobId: 'job-1' }] })
    expect(await list({ operation: 'Op0' })).toMatchObject({ jobs: [{ jobId: 'job-0' }] })
    expect(errorOf(await listJobs(emulator, { nextToken: '!' }))).toEqual(badRequest)
  })
})

test.each([
  [{}, { accepted: 1, executed: 1 }, 1],
  [permissiveRules, { accepted: 2, executed: 2 }, 2],
])('Of two creates at the same time, the rules %j let through %j', async (rules, counts, max) => {
  const { emulator, clock } = await startPaused(rules)
  await createStorage(emulator)
  await createStorage(emulator)
  clock.advance(10_000)
  expect(emulator.state.counters).toMatchObject({
    create: { received: 2, ...counts },
    maxPendingJobs: max,
  })
})
