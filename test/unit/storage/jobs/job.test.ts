import { describe, expect, test } from 'vitest'
import {
  findCreateJob,
  findPendingJob,
  findStartedJobs,
  isCreateJob,
  jobPhase,
  parseJob,
  parseJobId,
  type Job,
} from '../../../../src/storage/jobs/job.ts'

const NOON = Date.UTC(2026, 0, 15, 12)

const aJob = (members: Partial<Job> = {}): Job => ({
  jobId: 'job-1',
  status: 'RUNNING',
  operation: 'CreateBackendStorage',
  createdAt: NOON,
  error: undefined,
  ...members,
})

describe('parsing a job', () => {
  test('The only public sample is parsed as it was published', () => {
    const sample = {
      JobId: '8d5a1a0e-7c1b-4d0e-9a55-0d3f7b1f2c11',
      Operation: 'UpdateBackendAPI',
      Status: 'FAILED',
      CreateTime: '1625670294153',
      UpdateTime: '1625670327263',
      Error: 'Command failed with exit code 1\nTemplate error',
    }
    expect(parseJob(sample)).toEqual({
      jobId: '8d5a1a0e-7c1b-4d0e-9a55-0d3f7b1f2c11',
      operation: 'UpdateBackendAPI',
      status: 'FAILED',
      createdAt: 1625670294153,
      error: 'Command failed with exit code 1\nTemplate error',
    })
  })

  test('Members of other types count as absent', () => {
    const wrong = { JobId: {}, Status: [], Operation: null, CreateTime: true, Error: new Map() }
    for (const response of [{}, wrong]) {
      expect(Object.values(parseJob(response))).toEqual(Array(5).fill(undefined))
    }
  })

  test('Numbers are taken as text', () => {
    expect(parseJob({ Status: 7, Operation: 8, Error: 9, CreateTime: 1625670294153 })).toEqual({
      jobId: undefined,
      status: '7',
      operation: '8',
      createdAt: 1625670294153,
      error: '9',
    })
  })

  test('The status and the operation are one short line each, and the error is limited', () => {
    const job = parseJob({
      Status: `::error::\n${'x'.repeat(100)}`,
      Operation: 'y'.repeat(61),
      Error: 'z'.repeat(20_001),
    })
    expect(job.status).toMatch(/^: :error:: x+…$/)
    expect(job.status).toHaveLength(60)
    expect(job.operation).toBe(`${'y'.repeat(59)}…`)
    expect(job.error).toBe('z'.repeat(20_000))
  })
})

describe('a job id', () => {
  test.each(['a', '8d5a1a0e-7c1b-4d0e-9a55-0d3f7b1f2c11', 'job_1.2', '0', 'x'.repeat(128)])(
    '%j is a job id',
    (id) => {
      expect(parseJobId(id)).toBe(id)
    },
  )

  test.each([
    ...[
      '',
      '.',
      '..',
      '../../x',
      '-a',
      '_a',
      'a/b',
      'a?b',
      'a b',
      'a\n',
      ' a',
      'ü',
      'x'.repeat(129),
    ],
    ...[7, null, undefined, ['a']],
  ])('%j is not a job id', (id) => {
    expect(parseJobId(id)).toBeUndefined()
    expect(parseJob({ JobId: id }).jobId).toBeUndefined()
  })
})

describe('the phase of a job', () => {
  test.each([
    ['completed', ['COMPLETED', 'completed', ' COMPLETED ']],
    ['failed', ['FAILED', 'failed', ' Failed\n']],
    ['running', ['RUNNING', 'Succeeded', 'CANCELLED', '', undefined, 'COMPLETED?', 'NOTFAILED']],
  ])('The phase %s is that of the statuses %j', (phase, statuses) => {
    expect(statuses.map(jobPhase)).toEqual(statuses.map(() => phase))
  })
})

describe('the pending job of an environment', () => {
  test('There is none where there are no jobs, or all have ended', () => {
    const ended = [aJob({ status: 'COMPLETED' }), aJob({ status: 'FAILED' })]
    expect([findPendingJob([]), findPendingJob(ended)]).toEqual([undefined, undefined])
  })

  test.each([
    ...['RUNNING', 'running', ' RUNNING ', 'PENDING', 'QUEUED', 'CREATED', 'STARTED'],
    ...['PROVISIONING', 'IN_PROGRESS', 'IN PROGRESS', 'IN-PROGRESS', 'INPROGRESS'],
  ])('A job with the status %j is pending, however old it is', (status) => {
    const old = aJob({ jobId: 'old', status, createdAt: NOON - 86_400_000 })
    expect(findPendingJob([aJob({ status: 'COMPLETED' }), old])).toBe(old)
  })

  test.each(['', 'CANCELLED', 'NEW_STATE', 'RUNNINGX', 'XRUNNING'])(
    'A job with the unknown status %j is pending only as long as there is no newer one',
    (status) => {
      const strange = aJob({ jobId: 'strange', status })
      const older = aJob({ jobId: 'older', status: 'COMPLETED', createdAt: NOON - 1 })
      const newer = aJob({ jobId: 'newer', status: 'COMPLETED', createdAt: NOON + 1 })
      const equal = aJob({ jobId: 'equal', status: 'COMPLETED' })
      expect(findPendingJob([strange])).toBe(strange)
      expect(findPendingJob([older, strange])).toBe(strange)
      expect(findPendingJob([equal, strange])).toBe(strange)
      expect(findPendingJob([newer, strange])).toBeUndefined()
    },
  )

  test('A job with an unknown status is pending where its time cannot be parsed', () => {
    const strange = aJob({ status: 'NEW_STATE', createdAt: undefined })
    expect(findPendingJob([aJob({ status: 'COMPLETED', createdAt: NOON }), strange])).toBe(strange)
  })

  test('A job with an unknown status is pending where no other time can be parsed', () => {
    const strange = aJob({ status: 'NEW_STATE' })
    const timeless = aJob({ status: 'FAILED', createdAt: undefined })
    expect(findPendingJob([timeless, strange])).toBe(strange)
  })
})

describe('the job that a call has started', () => {
  const find = (jobs: readonly Job[]): string | undefined =>
    findStartedJobs(jobs, 'CreateBackendStorage', NOON).candidates[0]?.jobId

  test.each([
    ['CreateBackendStorage', 'CreateBackendStorage', 'job-1'],
    ['createbackendstorage', 'CreateBackendStorage', 'job-1'],
    ['CreateBackendStorage', 'CREATEBACKENDSTORAGE', 'job-1'],
    ['UpdateBackendStorage', 'CreateBackendStorage', undefined],
    [undefined, 'CreateBackendStorage', undefined],
  ])('A job of the operation %j started by %s is found as %j', (operation, call, jobId) => {
    const { candidates } = findStartedJobs([aJob({ operation })], call, NOON)
    expect(candidates.map((job) => job.jobId)).toEqual(jobId === undefined ? [] : [jobId])
  })

  test.each([
    [NOON, 'job-1'],
    [NOON + 60_000, 'job-1'],
    [NOON - 1_000, 'job-1'],
    [NOON - 1_001, undefined],
    [undefined, undefined],
  ])('A job created at %j, for a call at noon, is found as %j', (createdAt, jobId) => {
    expect(find([aJob({ createdAt })])).toBe(jobId)
  })

  const unclear = (job: Job): number =>
    findStartedJobs([job], 'CreateBackendStorage', NOON).unclear.length

  test('A job without an id is unclear', () => {
    expect(find([aJob({ jobId: undefined })])).toBeUndefined()
    expect(unclear(aJob({ jobId: undefined }))).toBe(1)
  })

  test('A job is unclear where its creation time or the time of the server is not known', () => {
    expect(unclear(aJob({ createdAt: undefined }))).toBe(1)
    expect(findStartedJobs([aJob()], 'CreateBackendStorage', undefined).unclear).toHaveLength(1)
  })

  test('A job that was created before the call is not unclear, and no job of another operation is', () => {
    expect(unclear(aJob({ jobId: undefined, createdAt: NOON - 1_001 }))).toBe(0)
    expect(unclear(aJob({ operation: 'UpdateBackendStorage', createdAt: undefined }))).toBe(0)
  })

  test('A completed job is preferred to a running one, and that to a failed one', () => {
    const failed = aJob({ jobId: 'failed', status: 'FAILED' })
    const running = aJob({ jobId: 'running', status: 'RUNNING' })
    const completed = aJob({ jobId: 'completed', status: 'COMPLETED' })
    expect(find([failed, running, completed])).toBe('completed')
    expect(find([failed, running])).toBe('running')
    expect(find([running, failed])).toBe('running')
    expect(find([failed])).toBe('failed')
    expect(find([])).toBeUndefined()
  })
})

describe('the job that has created a storage', () => {
  const completed = (jobId: string, createdAt: number | undefined): Job =>
    aJob({ jobId, createdAt, status: 'COMPLETED' })
  const find = (...jobs: readonly Job[]): string | undefined => findCreateJob(jobs)?.jobId

  test.each([
    ['CreateBackendStorage', true],
    ['CREATEBACKENDSTORAGE', true],
    ['UpdateBackendStorage', false],
    [undefined, false],
  ])('Whether a job of the operation %j creates a storage: %j', (operation, isCreate) => {
    expect(isCreateJob(aJob({ operation }))).toBe(isCreate)
  })

  test('No job is not a job that creates a storage', () => {
    expect(isCreateJob(undefined)).toBe(false)
    expect(find()).toBeUndefined()
  })

  test('The newest one is found, in whatever order the service lists them', () => {
    const [old, middle, newest] = [
      completed('old', NOON - 1),
      completed('middle', NOON),
      completed('newest', NOON + 1),
    ]
    expect(find(old, middle, newest)).toBe('newest')
    expect(find(newest, middle, old)).toBe('newest')
    expect(find(middle, newest, old)).toBe('newest')
  })

  test('One whose time is not known is older than all others', () => {
    const [dated, undated] = [completed('dated', NOON), completed('undated', undefined)]
    expect(find(undated, dated)).toBe('dated')
    expect(find(dated, undated)).toBe('dated')
    expect(find(undated)).toBe('undated')
  })

  test.each([
    ['that has failed', { status: 'FAILED' }],
    ['that is running', { status: 'RUNNING' }],
    ['of another operation', { operation: 'UpdateBackendStorage' }],
  ])('A newer job %s is not the one', (_, members) => {
    const other = { ...completed('other', NOON + 1), ...members }
    expect(find(other, completed('created', NOON))).toBe('created')
    expect(find(other)).toBeUndefined()
  })
})
