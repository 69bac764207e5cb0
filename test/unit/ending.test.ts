import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'

import { isRed, redEnding, RESULTS, type Ending } from '../../src/ending.ts'
import { ActionError } from '../../src/errors.ts'
import { createFindings, type Findings } from '../../src/findings.ts'
import { PLACE } from './kit/engine.ts'

const cancelled = new ActionError('CANCELLED', 'The run was cancelled (SIGINT).', {
  result: 'cancelled',
})
const knowing = (known: Partial<Findings> = {}): Findings => ({ ...createFindings(), ...known })
const asIs = (text: string): string => text

const job = { jobId: 'job-7', status: 'RUNNING' }

describe('what is thrown comes to a red end', () => {
  it('as it is, when it is an error of the action and nothing is open', () => {
    const error = new ActionError('BAD_REQUEST', 'Refused.', {
      advice: 'Mend it.',
      requestId: 'r1',
    })
    const ending = redEnding(error, knowing(), PLACE, asIs)
    expect(ending.result).toBe('failed')
    expect(ending.error).toMatchObject({
      code: 'BAD_REQUEST',
      message: 'Refused.',
      advice: 'Mend it.',
      requestId: 'r1',
    })
  })

  it.each([new Error('boom'), 'boom', undefined, null, 7, Object.create(null)])(
    'as an internal error when it is something else: %o',
    (thrown) => {
      const ending = redEnding(thrown, knowing(), PLACE, asIs)
      expect(ending.result).toBe('failed')
      expect(ending.error.code).toBe('INTERNAL_ERROR')
      expect(ending.error.message).toMatch(/^Something unforeseen happened: ./)
    },
  )

  it.each(['unknown', 'timed-out'] as const)(
    'with the result that the error says: %s',
    (result) => {
      const error = new ActionError('TIMED_OUT', 'Over.', { result })
      expect(redEnding(error, knowing(job), PLACE, asIs)).toMatchObject({
        result,
        error: { message: 'Over.' },
      })
    },
  )

  it('without any secret that a server has repeated', () => {
    const error = new ActionError('BAD_REQUEST', 'said s3cret', { advice: 'ask s3cret' })
    const redact = (text: string): string => text.replaceAll('s3cret', '***')
    const { error: clean } = redEnding(error, knowing(), PLACE, redact)
    expect([clean.message, clean.advice]).toEqual(['said ***', 'ask ***'])
  })
})

describe('an error in the middle of a change', () => {
  const error = new ActionError('ROLE_REFUSED', 'No more rights.', { advice: 'Look.' })

  it('is unknown while the job of the run goes on, and says how to look at it', () => {
    const ending = redEnding(error, knowing(job), PLACE, asIs)
    expect(ending.result).toBe('unknown')
    expect(ending.error.code).toBe('ROLE_REFUSED')
    expect(ending.error.advice).toMatch(/^Look\. Job job-7 goes on remotely\..*--job-id job-7/)
  })

  it('is unknown while what became of a send is open', () => {
    const ending = redEnding(error, knowing({ openSend: true }), PLACE, asIs)
    expect(ending.result).toBe('unknown')
    expect(ending.error.advice).toContain('A request was sent whose outcome is not known')
    expect(ending.error.advice).toContain('get-backend-storage')
  })

  it.each(['COMPLETED', 'FAILED', 'completed'])('is failed when the job was over: %s', (status) => {
    expect(redEnding(error, knowing({ jobId: 'job-7', status }), PLACE, asIs).result).toBe('failed')
  })
})

describe('a cancellation', () => {
  it('says that nothing goes on when nothing was sent', () => {
    const ending = redEnding(cancelled, knowing(), PLACE, asIs)
    expect(ending.result).toBe('cancelled')
    expect(ending.error.advice).toContain('Nothing that this run started is still going on')
  })

  it('says which job goes on', () => {
    const { error } = redEnding(cancelled, knowing({ ...job, openSend: true }), PLACE, asIs)
    expect(error.advice).toContain('Job job-7 goes on remotely')
  })

  it('says that the outcome of a send is not known', () => {
    const { error } = redEnding(cancelled, knowing({ openSend: true }), PLACE, asIs)
    expect(error.advice).toContain('outcome is not known')
  })

  it('before the inputs were read has nothing to look at', () => {
    expect(redEnding(cancelled, knowing(), undefined, asIs).result).toBe('cancelled')
  })
})

describe('the colour of a result', () => {
  const error = new ActionError('INTERNAL_ERROR', 'x')
  const endings: readonly Ending[] = RESULTS.map((result): Ending => {
    switch (result) {
      case 'created':
      case 'updated':
      case 'unchanged':
      case 'started':
        return { result, seen: false, bucketName: undefined }
      case 'planned':
        return { result }
      case 'skipped':
        return { result, why: 'x' }
      case 'failed':
      case 'unknown':
      case 'timed-out':
      case 'cancelled':
        return { result, error }
    }
  })

  it('is red for four of them, and green for the rest', () => {
    expect(endings.filter(isRed).map(({ result }) => result)).toEqual([
      'failed',
      'unknown',
      'timed-out',
      'cancelled',
    ])
  })
})

describe('whatever is thrown, and whatever is known', () => {
  property.prop([
    fc.anything(),
    fc.record({ jobId: fc.string(), status: fc.string(), openSend: fc.boolean() }),
  ])('there is one red end, with a message and advice', (thrown, known) => {
    const ending = redEnding(thrown, knowing(known), PLACE, asIs)
    expect(RESULTS).toContain(ending.result)
    expect(ending.error.message).not.toBe('')
    expect(ending.error.advice).not.toBe('')
    if (known.openSend) expect(ending.result).toBe('unknown')
  })
})
