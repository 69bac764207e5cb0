import { defineConfig } from 'vitest/config'

/** The tests that kill mutants of the decision modules: pure, and quick enough to run hundreds of times. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    exclude: ['test/unit/{inputs,http,sdk,oidc,sts}.test.ts'],
    testTimeout: 30_000,
  },
})
