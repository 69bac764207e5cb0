import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'

import type { RunOutcome } from '../../src/run/outcome.ts'
import { ActionError } from '../../src/errors/action-error.ts'
import { createRunState } from '../../src/run/state.ts'
import { knownOutputs, OUTPUTS, toOutputs } from '../../src/report/outputs.ts'
import { anyCharacter } from '../support/any-character.ts'

const findings = {
  ...createRunState(),
  appId: 'd1a2b3c4d5e6f7',
  backendEnvironmentName: 'prod',
  resourceName: 'media',
  jobId: 'job-7',
  status: 'COMPLETED',
  changes: [{ field: 'resource-name', from: null, to: 'media' } as const],
}

describe('the outputs', () => {
  it('of a storage that was created and seen are these', () => {
    const ending: RunOutcome = { result: 'created', verified: true, bucketName: 'b-prod' }
    expect(toOutputs(findings, ending)).toEqual({
      ready: 'true',
      'job-id': 'job-7',
      status: 'COMPLETED',
      'app-id': 'd1a2b3c4d5e6f7',
      'backend-environment-name': 'prod',
      'resource-name': 'media',
      'bucket-name': 'b-prod',
      result: 'created',
      changed: 'true',
      changes: '[{"field":"resource-name","from":null,"to":"media"}]',
      'error-code': '',
      'error-message': '',
      'request-id': '',
    })
  })

  it.each(['created', 'updated', 'unchanged', 'started'] as const)(
    'say ready only when the storage was seen: %s',
    (result) => {
      const ready = (verified: boolean): string =>
        toOutputs(findings, { result, verified, bucketName: undefined }).ready
      expect([ready(true), ready(false)]).toEqual(['true', ''])
    },
  )

  it.each(['failed', 'unknown', 'timed-out', 'cancelled'] as const)(
    'of a red end name the error, and are not ready: %s',
    (result) => {
      const error = new ActionError('NOT_FOUND', 'Nothing.', { requestId: 'r-1' })
      expect(toOutputs(findings, { result, error })).toMatchObject({
        ready: '',
        changed: '',
        'bucket-name': '',
        'job-id': 'job-7',
        'error-code': 'NOT_FOUND',
        'error-message': 'Nothing.',
        'request-id': 'r-1',
      })
    },
  )

  it('that are known on the way are the ones that do not change at the end', () => {
    const end = toOutputs(findings, { result: 'planned' })
    expect(end).toMatchObject(knownOutputs(findings))
    expect(knownOutputs(createRunState()).changes).toBe('[]')
  })

  property.prop([
    fc.string({ unit: anyCharacter }),
    fc.string({ unit: anyCharacter, maxLength: 9_000 }),
  ])('are all there, and each is one line, whatever a server says', (text, message) => {
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
