/** All cases of what `npm test` tries a share of; see test/support/sampling.ts. */
import { defineConfig } from 'vitest/config'

import usual from './vitest.config.ts'

export default defineConfig({
  test: {
    ...usual.test,
    include: [
      'test/bundle/{fault-table/*,any-inputs,cancellation,hostile-text,plans-write-nothing}.test.ts',
      'test/bundle/{ambient-credentials,bundle-alone,endpoints,event-file,events,inputs,modelled-errors}.test.ts',
      'test/bundle/{failed-jobs,network,oidc,process,region,secrets,sts}.test.ts',
      'test/unit/apply-properties.test.ts',
    ],
    env: { THOROUGH: 'yes' },
    testTimeout: 300_000,
  },
})
