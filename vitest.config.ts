import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,emulator,bundle,contract,workflows}/**/*.test.ts'],
    globalSetup: 'test/kit/node-version.ts',
    sequence: { shuffle: true },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
