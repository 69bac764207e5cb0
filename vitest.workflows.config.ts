import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/workflows/**/*.test.ts'],
    testTimeout: 60_000,
    // These packages import JSON files without saying that they are JSON, which Node alone refuses.
    server: { deps: { inline: [/@actions\/(?:workflow-parser|languageservice)/] } },
  },
})
