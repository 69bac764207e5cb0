import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/workflows/**/*.test.ts'],
    testTimeout: 60_000,
  },
})
