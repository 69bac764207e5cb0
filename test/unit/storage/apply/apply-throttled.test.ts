import { describe } from 'vitest'
import {
  failing,
  runApply,
  runPlan,
  testRuns,
  type RunScenario,
} from '../../../support/unit/storage-runs.ts'

/** A run with the delays after failed calls. */
const withDelays =
  <T extends { readonly retries: readonly string[] }>(run: (scenario: RunScenario) => Promise<T>) =>
  async (scenario: RunScenario): Promise<T & { delays: readonly string[] }> => {
    const result = await run(scenario)
    return { ...result, delays: result.retries.map((line) => line.replace(/ failed .* in /, ': ')) }
  }

describe('a run on a throttled account', () => {
  const everyCall = {
    faults: {
      GetBackendStorage: ['throttled'],
      GetBackend: ['throttled'],
      CreateBackendStorage: ['throttled'],
    },
  } as const

  testRuns(withDelays(runApply), {
    'Every throttled response makes the next throttled call wait longer, whichever it is': [
      { ...everyCall, wait: false },
      { delays: ['GetBackendStorage: 5 s.', 'GetBackend: 10 s.', 'CreateBackendStorage: 20 s.'] },
    ],
    'Throttled calls wait like others where they share no known limit': [
      { ...everyCall, wait: false, throttleState: null },
      {
        delays: ['GetBackendStorage: 0.5 s.', 'GetBackend: 0.5 s.', 'CreateBackendStorage: 0.5 s.'],
      },
    ],
    'A throttled poll makes the throttled read after it wait longer': [
      {
        faults: {
          GetBackendJob: ['throttled', 'throttled'],
          GetBackendStorage: [undefined, 'throttled'],
        },
      },
      { delays: ['GetBackendJob: 5 s.', 'GetBackendJob: 10 s.', 'GetBackendStorage: 20 s.'] },
    ],
    // The second consecutive failure of a call waits up to 2 seconds, or up to 16 where it is throttled.
    'Other failures in between do not count as throttled': [
      {
        wait: false,
        ...failing('CreateBackendStorage', 'throttled', 'connectionRefused', 'throttled'),
      },
      {
        delays: [
          'CreateBackendStorage: 5 s.',
          'CreateBackendStorage: 1 s.',
          'CreateBackendStorage: 20 s.',
        ],
      },
    ],
  })

  testRuns(withDelays(runPlan), {
    'A plan waits as long as an apply': [
      everyCall,
      { delays: ['GetBackendStorage: 5 s.', 'GetBackend: 10 s.'], durationMs: 15_000 },
    ],
  })
})
