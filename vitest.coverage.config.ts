/** The lines and branches of src that the tests reach, in their own process or in the action's. */
import { availableParallelism } from 'node:os'
import { defineConfig, mergeConfig } from 'vitest/config'

import usual from './vitest.config.ts'

export default mergeConfig(
  usual,
  defineConfig({
    test: {
      // The source starts slowly, and several tests at a time would make it slower still.
      maxWorkers: availableParallelism(),
      // What they show, the others reach too: these are about races, the bundle itself, many runs, or other
      // parts than src.
      exclude: [
        'test/{contract,emulator,workflows}/**',
        'test/bundle/fault-table/**',
        'test/bundle/{any-inputs,bundle-alone,cancellation,late-effect,loaded-chunks,other-runs,pending-job,two-runs-at-once}.test.ts',
      ],
      env: { COVERED_ENTRY: 'src/index.ts' },
      coverage: {
        enabled: true,
        provider: 'v8',
        autoAttachSubprocess: true,
        include: ['src/**/*.ts'],
        reporter: ['text', 'json'],
        reportsDirectory: 'coverage',
        thresholds: { lines: 99.5, branches: 96.5 },
      },
    },
  }),
)
