/** The tests by project. `vitest run` runs the default suite; each other project is a mode: `vitest run --mode interop`. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const cores = availableParallelism()

/** Node keeps compiled code here, since the tests start the same code hundreds of times. */
const compileCache = fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** A project with the tests of one folder. */
const folder = (name: string, ...more: readonly string[]) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`, ...more] },
})

const defaultProjects = [
  folder('unit'),
  folder('emulator'),
  folder('bundle', 'test/support/**/*.test.ts'),
  folder('contract'),
  folder('workflows'),
]

/** Projects that run only in the mode of their name. */
const modeProjects = [
  // All cases of the tests that try a sample in `npm test`; see test/support/sampling.ts.
  {
    test: {
      name: 'thorough',
      include: ['test/bundle/**/*.test.ts', 'test/unit/**/*-properties.test.ts'],
      env: { NODE_COMPILE_CACHE: compileCache, THOROUGH: 'yes' },
      testTimeout: 300_000,
    },
  },
  // Programs of others, which test/interop/install.sh installs; they start and retry slowly.
  {
    test: {
      name: 'interop',
      include: ['test/interop/**/*.test.ts'],
      isolate: true,
      maxWorkers: 2,
      maxConcurrency: 8,
      testTimeout: 120_000,
      hookTimeout: 60_000,
    },
  },
  // The tests that reach the source, in their own process or in that of a step.
  {
    test: {
      name: 'coverage',
      include: ['test/{unit,bundle}/**/*.test.ts'],
      // These reach nothing else: they are about races, the bundle itself or many runs.
      exclude: [
        'test/bundle/fault-table/**',
        'test/bundle/process/{cancellation,loaded-chunks,self-contained}.test.ts',
        'test/bundle/storage/{concurrent-runs,pending-job}.test.ts',
        'test/bundle/workflow/any-inputs.test.ts',
      ],
      // The source starts more slowly than the bundle.
      maxWorkers: cores,
      maxConcurrency: 3,
      env: { NODE_COMPILE_CACHE: compileCache, COVERED_ENTRY: 'src/index.ts' },
    },
  },
]

const selectProjects = (mode: string) => {
  const selected = modeProjects.filter(({ test }) => test.name === mode)
  return selected.length > 0 ? selected : defaultProjects
}

export default defineConfig(({ mode }) => ({
  test: {
    globalSetup: 'test/support/node-version.ts',
    pool: 'threads',
    // No test file depends on the state of a module, so the files of a worker can share their modules.
    isolate: false,
    // More workers than cores: a test that watches a process mostly waits.
    maxWorkers: cores + 2,
    // In one file, for the same reason; test/support/run-action.ts limits how many processes start at a time.
    maxConcurrency: 6,
    sequence: { shuffle: true },
    testTimeout: 120_000,
    hookTimeout: 30_000,
    teardownTimeout: 20_000,
    env: { NODE_COMPILE_CACHE: compileCache },
    projects: selectProjects(mode),
    coverage: {
      provider: 'v8',
      autoAttachSubprocess: true,
      include: ['src/**/*.ts'],
      reporter: ['text', 'json'],
      reportsDirectory: 'coverage',
      thresholds: { lines: 99.5, branches: 96.5 },
    },
  },
}))
