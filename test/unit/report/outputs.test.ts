import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'

import { ActionError } from '../../../src/errors/action-error.ts'
import { createRunState } from '../../../src/run/state.ts'
import { knownOutputs, OUTPUTS, toOutputs } from '../../../src/report/outputs.ts'
import { anyCharacter } from '../../support/any-character.ts'

const findings = {
  ...createRunState(),
  appId: 'd1a2b3c4d5e6f7',
  backendEnvironmentName: 'prod',
  resourceName: 'media',
  jobId: 'job-7',
  status: 'COMPLETED',
  changes: [{ field: 'resource-name', from: null, to: 'media' } as const],
}

describe('The outputs', () => {
  it.each(['created', 'updated', 'unchanged', 'started'] as const)(
    'The output ready is true only when the storage was verified: %s',
    (result) => {
      const ready = (verified: boolean): string =>
        toOutputs(findings, { result, verified, bucketName: undefined }).ready
      expect([ready(true), ready(false)]).toEqual(['true', ''])
    },
  )

  it.each(['failed', 'unknown', 'timed-out', 'cancelled'] as const)(
    'A failure names its error and is not ready: %s',
    (result) => {
      const error = new ActionError('NOT_FOUND', 'Nothing.', { advice: 'Look.', requestId: 'r-1' })
      expect(toOutputs(findings, { result, error })).toMatchObject({
        ready: '',
        changed: '',
        'bucket-name': '',
        'job-id': 'job-7',
        'error-code': 'NOT_FOUND',
        'error-message': 'Nothing.\nLook.',
        'request-id': 'r-1',
      })
    },
  )

  it('The outputs that are set during the run do not change at its end', () => {
    const end = toOutputs(findings, { result: 'planned' })
    expect(end).toMatchObject(knownOutputs(findings))
    expect(knownOutputs(createRunState()).changes).toBe('[]')
  })

  it('A storage with 100,000 odd permissions and a message of a million lines stay far below 1 MiB', () => {
    const odd = Array.from({ length: 100_000 }, (_, index) => `PERMISSION_${index}`)
    const changes = [
      { field: 'authenticated-permissions', from: odd, to: ['READ'] },
      { field: 'bucket-name', from: 'x'.repeat(100_000), to: 'photos' },
    ] as const
    const error = new ActionError('STORAGE_DIFFERS', 'a line\n'.repeat(1_000_000))
    const outputs = toOutputs({ ...findings, changes }, { result: 'failed', error })
    const parsed = JSON.parse(outputs.changes) as unknown
    expect(parsed).toMatchObject([
      { from: expect.arrayContaining(['PERMISSION_99', '… and 99900 more']) as unknown },
      { field: 'bucket-name', to: 'photos' },
    ])
    expect(2 * Object.values(outputs).join('').length).toBeLessThan(512 * 1024)
  })

  property.prop([
    fc.string({ unit: anyCharacter }),
    fc.string({ unit: anyCharacter, maxLength: 9_000 }),
  ])('Every output is set and is one line, whatever a server returns', (text, message) => {
    const error = new ActionError('BAD_REQUEST', message)
    const known = { ...findings, jobId: text, status: text, appId: text }
    const outputs = toOutputs(known, { result: 'failed', error })
    expect(Object.keys(outputs).toSorted()).toEqual([...OUTPUTS].toSorted())
    for (const [name, value] of Object.entries(outputs)) {
      // A message may have lines, and nothing else that cannot be seen.
      const line = name === 'error-message' ? value.replaceAll('\n', '') : value
      expect(line).not.toMatch(/\p{Cc}/u)
    }
  })
})
