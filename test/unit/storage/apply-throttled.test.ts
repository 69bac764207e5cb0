import { describe, expect, test } from 'vitest'
import {
  CREATED,
  runApply,
  summarizeApply,
  summarizePlan,
  type RunSummary,
} from '../../support/unit/storage-runs.ts'
import type { Fault } from '../../support/unit/virtual-amplify-types.ts'

describe('apply on a throttled account', () => {
  const throttled: Fault = { failure: 'throttled' }
  const everyCall = {
    faults: {
      GetBackendStorage: [throttled],
      GetBackend: [throttled],
      CreateBackendStorage: [throttled],
    },
  }
  /** The delays after failed calls, without the reasons. */
  const delays = ({ recorded }: RunSummary): readonly string[] =>
    recorded.retries.map((line) => line.replace(/ failed .* in /, ': '))

  test('Every throttled response makes the next throttled call wait longer, whichever it is', async () => {
    const run = await runApply({ connection: everyCall })
    expect(run.result).toEqual({ ok: true, value: CREATED })
    expect(run.recorded.retries.map((line) => line.replace(/ failed .* in /, ': '))).toEqual([
      'GetBackendStorage: 5 s.',
      'GetBackend: 10 s.',
      'CreateBackendStorage: 20 s.',
    ])
    // Polls of the job are 1.2 times as far apart as the maximum of the next back-off, which is 32 seconds.
    expect(run.service.calls.filter(({ operation }) => operation === 'GetBackendJob')).toEqual([
      { run: 'run', operation: 'GetBackendJob', at: 35_000 + 38_400 },
    ])
  })

  test('Throttled calls wait like others where they share no known limit', async () => {
    const run = await runApply({ context: { throttleState: null }, connection: everyCall })
    expect(run.recorded.retries.map((line) => line.replace(/ failed .* in /, ': '))).toEqual([
      'GetBackendStorage: 1 s.',
      'GetBackend: 1 s.',
      'CreateBackendStorage: 1 s.',
    ])
    const polls = run.service.calls.filter(({ operation }) => operation === 'GetBackendJob')
    expect(polls.map(({ at }) => at)).toEqual([7_000, 12_500, 18_000, 23_500])
  })

  test('A throttled poll makes the throttled read after it wait longer', async () => {
    const run = await summarizeApply({
      connection: {
        faults: {
          GetBackendJob: [throttled, throttled],
          GetBackendStorage: [undefined, throttled],
        },
      },
    })
    expect(run.end).toEqual(CREATED)
    expect(delays(run)).toEqual([
      'GetBackendJob: 6 s.',
      'GetBackendJob: 10 s.',
      'GetBackendStorage: 20 s.',
    ])
  })

  test('Other failures in between do not count as throttled', async () => {
    const run = await summarizeApply({
      options: { wait: false },
      connection: {
        faults: {
          GetBackendStorage: [throttled, { failure: 'unavailable' }],
          CreateBackendStorage: [{ failure: 'connectionRefused' }, throttled],
        },
      },
    })
    // The second consecutive failure of a call waits up to 2 seconds, or up to 16 where it is throttled.
    expect(delays(run)).toEqual([
      'GetBackendStorage: 5 s.',
      'GetBackendStorage: 1 s.',
      'CreateBackendStorage: 1 s.',
      'CreateBackendStorage: 10 s.',
    ])
  })

  test('A plan waits as long as an apply', async () => {
    const run = await summarizePlan({
      connection: { faults: { GetBackendStorage: [throttled], GetBackend: [throttled] } },
    })
    expect(delays(run)).toEqual(['GetBackendStorage: 5 s.', 'GetBackend: 10 s.'])
    expect(run.durationMs).toBe(15_000)
  })
})
