import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import {
  findStartedJob,
  findPendingJob,
  jobPhase,
  parseJob,
  parseJobId,
  parseTime,
  type Job,
} from '../../src/storage/jobs/job.ts'
import { TIME_STYLES } from '../support/unit/virtual-amplify.ts'

const NOON = Date.UTC(2026, 0, 15, 12)

const aJob = (members: Partial<Job> = {}): Job => ({
  jobId: 'job-1',
  status: 'RUNNING',
  operation: 'CreateBackendStorage',
  createdAt: NOON,
  error: '',
  ...members,
})

describe('a job out of an answer', () => {
  test('is the only public sample as it was seen', () => {
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

  test('is empty where the answer says nothing', () => {
    const nothing = { jobId: '', status: '', operation: '', createdAt: undefined, error: '' }
    expect(parseJob({})).toEqual(nothing)
    const wrong = { JobId: {}, Status: [], Operation: null, CreateTime: true, Error: new Map() }
    expect(parseJob(wrong)).toEqual(nothing)
  })

  test('takes numbers for texts', () => {
    expect(parseJob({ Status: 7, Operation: 8, Error: 9, CreateTime: 1625670294153 })).toEqual({
      jobId: '',
      status: '7',
      operation: '8',
      createdAt: 1625670294153,
      error: '9',
    })
  })

  test('has status and operation in one short line each, and a bounded error', () => {
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

describe('I06: a job id', () => {
  test.each(['a', '8d5a1a0e-7c1b-4d0e-9a55-0d3f7b1f2c11', 'job_1.2', '0', 'x'.repeat(128)])(
    'can be %j',
    (id) => {
      expect(parseJobId(id)).toBe(id)
    },
  )

  test.each([
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
    7,
    null,
    undefined,
    ['a'],
  ])('is never %j', (id) => {
    expect(parseJobId(id)).toBeUndefined()
    expect(parseJob({ JobId: id }).jobId).toBe('')
  })
})

describe('a time', () => {
  test.each([
    ['1625670294153', 1625670294153],
    [1625670294153, 1625670294153],
    [' 1625670294153 ', 1625670294153],
    ['162567029415', 162567029415],
    ['16256702941530', 16256702941530],
    ['1625670294', 1625670294000],
    ['162567029', 162567029000],
    ['16256702941', 16256702941000],
    [1625670294.5, 1625670294500],
    ['1625670294.1537', 1625670294154],
    ['2026-01-15T12:00:00Z', NOON],
    ['2026-01-15T12:00:00.250Z', NOON + 250],
    ['2026-01-15T13:00:00+01:00', NOON],
    [new Date(NOON), NOON],
  ])('%j is understood', (value, time) => {
    expect(parseTime(value)).toBe(time)
  })

  test.each([
    '',
    'soon',
    '12345678',
    '162567029415300',
    '1625670294153.5',
    '-1625670294153',
    '1625670294153x',
    'x1625670294153',
    '1625670294x',
    '1625670294.',
    'x1625670294',
    '2026-01-15',
    '2026-01-15T99:00:00Z',
    'x2026-01-15T12:00:00Z',
    'Thu, 15 Jan 2026 12:00:00 GMT',
    undefined,
    null,
    true,
    {},
    NaN,
    Infinity,
    new Date(NaN),
  ])('%j is none', (value) => {
    expect(parseTime(value)).toBeUndefined()
  })

  property.prop([
    fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2050, 0) }),
    fc.constantFrom(
      TIME_STYLES.milliseconds,
      TIME_STYLES.millisecondsAsNumber,
      TIME_STYLES.fractionOfSeconds,
      TIME_STYLES.iso,
      TIME_STYLES.date,
    ),
  ])('is the same in whatever way it is written', (ms, style) => {
    expect(parseTime(style(ms))).toBe(ms)
  })

  property.prop([fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2050, 0) })])(
    'in whole seconds loses less than one',
    (ms) => {
      expect(parseTime(TIME_STYLES.seconds(ms))).toBe(ms - (ms % 1000))
    },
  )

  property.prop([fc.anything({ withDate: true, withBigInt: true })])(
    'is a number or absent, whatever the service says',
    (value) => {
      expect(['number', 'undefined']).toContain(typeof parseTime(value))
    },
  )
})

describe('W07: the phase of a job', () => {
  test.each(['COMPLETED', 'completed', 'Completed', ' COMPLETED '])(
    '%j is its good end',
    (status) => {
      expect(jobPhase(status)).toBe('completed')
    },
  )

  test.each(['FAILED', 'failed', ' Failed\n'])('%j is its bad end', (status) => {
    expect(jobPhase(status)).toBe('failed')
  })

  test.each([
    'RUNNING',
    'PENDING',
    'Succeeded',
    'CANCELLED',
    'NEW_STATE',
    '',
    'COMPLETED?',
    'NOTFAILED',
  ])('%j means that it still runs', (status) => {
    expect(jobPhase(status)).toBe('running')
  })
})

describe('the pending job of an environment', () => {
  test('is absent where there are no jobs, or all have ended', () => {
    expect(findPendingJob([])).toBeUndefined()
    expect(
      findPendingJob([aJob({ status: 'COMPLETED' }), aJob({ status: 'FAILED' })]),
    ).toBeUndefined()
  })

  test.each([
    'RUNNING',
    'running',
    'PENDING',
    'QUEUED',
    'CREATED',
    'STARTED',
    'PROVISIONING',
    'IN_PROGRESS',
    'IN PROGRESS',
    'IN-PROGRESS',
    'INPROGRESS',
    ' RUNNING ',
  ])('is one that says %j, however old it is', (status) => {
    const old = aJob({ jobId: 'old', status, createdAt: NOON - 86_400_000 })
    expect(findPendingJob([aJob({ status: 'COMPLETED' }), old])).toBe(old)
  })

  test.each(['', 'CANCELLED', 'NEW_STATE', 'RUNNINGX', 'XRUNNING'])(
    'is one of the unknown status %j only as long as there is no newer one',
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

  test('is one of an unknown status whose time cannot be read', () => {
    const strange = aJob({ status: 'NEW_STATE', createdAt: undefined })
    expect(findPendingJob([aJob({ status: 'COMPLETED', createdAt: NOON }), strange])).toBe(strange)
  })

  test('is one of an unknown status where no time can be read', () => {
    const strange = aJob({ status: 'NEW_STATE' })
    const timeless = aJob({ status: 'FAILED', createdAt: undefined })
    expect(findPendingJob([timeless, strange])).toBe(strange)
  })
})

describe('the job that our call started', () => {
  const find = (jobs: readonly Job[]): Job | undefined =>
    findStartedJob(jobs, 'CreateBackendStorage', NOON)

  test('has our operation, in any letter case', () => {
    const job = aJob({ operation: 'createbackendstorage' })
    expect(find([job])).toBe(job)
    expect(find([aJob({ operation: 'UpdateBackendStorage' })])).toBeUndefined()
    expect(find([aJob({ operation: '' })])).toBeUndefined()
    expect(findStartedJob([aJob()], 'CREATEBACKENDSTORAGE', NOON)).toEqual(aJob())
  })

  test('was created no earlier than our send, give or take the second that times are cut to', () => {
    const at = (createdAt: number | undefined): Job => aJob({ createdAt })
    expect(find([at(NOON)])).toEqual(at(NOON))
    expect(find([at(NOON + 60_000)])).toEqual(at(NOON + 60_000))
    expect(find([at(NOON - 1_000)])).toEqual(at(NOON - 1_000))
    expect(find([at(NOON - 1_001)])).toBeUndefined()
    expect(find([at(undefined)])).toBeUndefined()
  })

  test('has an id that can be asked for', () => {
    expect(find([aJob({ jobId: '' })])).toBeUndefined()
  })

  test('is one that completed before one that runs before one that failed', () => {
    const failed = aJob({ jobId: 'failed', status: 'FAILED' })
    const running = aJob({ jobId: 'running', status: 'RUNNING' })
    const completed = aJob({ jobId: 'completed', status: 'COMPLETED' })
    expect(find([failed, running, completed])).toBe(completed)
    expect(find([failed, running])).toBe(running)
    expect(find([running, failed])).toBe(running)
    expect(find([failed])).toBe(failed)
  })

  test('is absent where the list is empty', () => {
    expect(find([])).toBeUndefined()
  })
})
