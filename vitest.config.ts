import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,emulator,bundle,contract,workflows}/**/*.test.ts'],
    globalSetup: 'test/kit/node-version.ts',
    pool: 'threads',
    // One more than there are cores: a test that watches a process waits most of the time.
    maxWorkers: availableParallelism() + 1,
    sequence: { shuffle: true },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
