/** What reports are made of, for a run about which nothing special is to be said. */
import type { RunOutcome } from '../../../src/run/outcome.ts'
import { ActionError, type FailureResult } from '../../../src/errors/action-error.ts'
import type { ErrorCode } from '../../../src/errors/catalog.ts'
import { createRunState, type RunState } from '../../../src/run/state.ts'
import type { ReportData } from '../../../src/report/data.ts'
import { getCreateChanges } from '../../../src/storage/diff.ts'
import { aDesiredStorage } from './storages.ts'

export const request = aDesiredStorage({ bucketName: undefined })

export function runState(given: Partial<RunState> = {}): RunState {
  return {
    ...createRunState(),
    command: 'apply',
    reason: 'a push to "main", the default branch',
    appId: 'd1a2b3c4d5e6f7',
    backendEnvironmentName: 'prod',
    resourceName: 'media',
    ...given,
  }
}

/** A plan that creates the storage. */
export const planToCreate = (given: Partial<RunState> = {}): RunState =>
  runState({
    command: 'plan',
    reason: 'the pull request is not merged yet',
    followUp: 'After the merge, the run on "main" applies these changes.',
    currentStorage: { storage: undefined },
    changes: getCreateChanges(request),
    ...given,
  })

/** The storage as it is after a create. */
export const storage = {
  imported: false,
  bucketName: 'acme-media14558-prod',
  permissions: { authenticated: ['READ', 'DELETE'], unauthenticated: [] },
  unknownPermissions: { authenticated: [], unauthenticated: [] },
} as const

export const failedOutcome = (
  code: ErrorCode,
  message: string,
  details: Readonly<{ result?: FailureResult; advice?: string; requestId?: string }> = {},
): RunOutcome => ({
  result: details.result ?? 'failed',
  error: new ActionError(code, message, details),
})

const web = 'https://github.com/octo-org/octo-app'

export function reportData(outcome: RunOutcome, given: Partial<ReportData> = {}): ReportData {
  return {
    state: runState(),
    outcome,
    desired: request,
    region: 'eu-west-1',
    inputValues: [],
    links: {
      console: {
        title: 'Amplify console',
        url: 'https://eu-west-1.console.aws.amazon.com/amplify/home?region=eu-west-1#/d1a2b3c4d5e6f7',
      },
      run: { title: 'run 42', url: `${web}/actions/runs/1234567890` },
      commit: { title: '7f3c2b9', url: `${web}/commit/7f3c2b9` },
      pullRequest: undefined,
      error: undefined,
      page: undefined,
      report: undefined,
    },
    durationMs: 61_000,
    ...given,
  }
}
