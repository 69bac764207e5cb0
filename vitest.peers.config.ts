import { defineConfig } from 'vitest/config'

/** The peers' run: clients that others wrote, installed by test/interop/install.sh. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    // Other people's processes start slowly and wait long between their attempts.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    maxWorkers: 2,
  },
})
