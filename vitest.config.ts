import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/{unit,emulator,bundle,contract,workflows}/**/*.test.ts'],
    globalSetup: 'test/kit/node-version.ts',
    // The packages of GitHub's language service import JSON without an attribute.
    server: { deps: { inline: [/@actions\//] } },
    sequence: { shuffle: true },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
