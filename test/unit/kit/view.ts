/** What reports are made of, for a run about which nothing special is to be said. */
import type { Ending } from '../../../src/ending.ts'
import { ActionError, type ErrorCode, type RedResult } from '../../../src/errors.ts'
import { createFindings, type Findings } from '../../../src/findings.ts'
import type { View } from '../../../src/report/view.ts'
import { changesOfCreate, type StorageRequest } from '../../../src/storage.ts'

export const request: StorageRequest = {
  resourceName: 'media',
  serviceName: 'S3',
  bucketName: undefined,
  authenticated: ['READ', 'DELETE'],
  unauthenticated: undefined,
}

export function findings(given: Partial<Findings> = {}): Findings {
  return {
    ...createFindings(),
    does: 'apply',
    why: 'a push to "main", the default branch',
    appId: 'd1a2b3c4d5e6f7',
    backendEnvironmentName: 'prod',
    resourceName: 'media',
    ...given,
  }
}

/** A plan that creates the storage. */
export const planToCreate = (given: Partial<Findings> = {}): Findings =>
  findings({
    does: 'plan',
    why: 'the pull request is not merged yet',
    next: 'After the merge into "main", the run there applies this.',
    seen: { storage: undefined },
    changes: changesOfCreate(request),
    ...given,
  })

/** The storage as it is after a create. */
export const storage = {
  bucketName: 'acme-media14558-prod',
  permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: [] },
  foreign: { authenticated: [], unauthenticated: [] },
} as const

export const red = (
  code: ErrorCode,
  message: string,
  details: Readonly<{ result?: RedResult; advice?: string; requestId?: string }> = {},
): Ending => ({
  result: details.result ?? 'failed',
  error: new ActionError(code, message, details),
})

const web = 'https://github.com/octo-org/octo-app'

export function view(ending: Ending, given: Partial<View> = {}): View {
  return {
    findings: findings(),
    ending,
    request,
    region: 'eu-west-1',
    links: {
      console: {
        title: 'Amplify console',
        url: 'https://eu-west-1.console.aws.amazon.com/amplify/home?region=eu-west-1#/d1a2b3c4d5e6f7',
      },
      run: { title: 'run 42', url: `${web}/actions/runs/1234567890` },
      commit: { title: '7f3c2b9', url: `${web}/commit/7f3c2b9` },
      pullRequest: undefined,
    },
    tookMs: 61_000,
    ...given,
  }
}
