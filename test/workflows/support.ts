import { join } from 'node:path'

import { root } from './harness/actions.ts'

/** The action of the harness's own tests. */
export const sampleActions: ReadonlyMap<string, string> = new Map([
  ['octo-org/sample', join(root, 'test', 'workflows', 'actions', 'sample')],
])
