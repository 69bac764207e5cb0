import { defineConfig } from 'vitest/config'

/** The tests that run programs of others, which test/interop/install.sh installs. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    // The programs start slowly and wait long between their attempts.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    maxWorkers: 2,
    // Of one file; these wait most of the time.
    maxConcurrency: 8,
  },
})
