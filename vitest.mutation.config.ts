import { defineConfig } from 'vitest/config'

/** The tests that kill mutants: pure, and fast enough to run hundreds of times. Stryker knows no projects. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    exclude: [
      // These start servers, or try what is not mutated.
      'test/unit/aws/*.test.ts',
      'test/unit/network/{agents,request}.test.ts',
      'test/unit/inputs/{any-text,environment,lists,names,read-inputs,region-and-roles}.test.ts',
    ],
    testTimeout: 30_000,
  },
})
