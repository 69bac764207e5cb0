import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,emulator,bundle,contract,workflows}/**/*.test.ts'],
    globalSetup: 'test/support/node-version.ts',
    pool: 'threads',
    // Every file finds the modules loaded that another one has loaded before: none of them keeps a state.
    isolate: false,
    // Two more than there are cores: a test that watches a process waits most of the time.
    maxWorkers: availableParallelism() + 2,
    // Node keeps there what it made of code, types taken out: the same starts hundreds of times.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)),
    },
    sequence: { shuffle: true },
    // Of one file; and no more steps at a time than test/support/run-action.ts lets run, or their time would pass in a queue.
    maxConcurrency: 3,
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
})
