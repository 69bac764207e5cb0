/** Records in the state of the run what the storage steps report, and logs it. */
import type { Secrets } from '../lib/secrets.ts'
import { collapsePeriods } from '../lib/text.ts'
import type { Observer } from '../storage/context.ts'
import type { Change } from '../storage/diff.ts'
import type { Storage } from '../storage/model.ts'
import type { RunState } from './state.ts'
import { warn, type RunContext } from './context.ts'

/** @param onKnownOutputs called whenever more outputs are known */
export function createObserver(
  run: Pick<RunContext, 'state' | 'secrets' | 'log'>,
  onKnownOutputs: () => void,
): Observer {
  const { state, secrets, log } = run
  const redact = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : secrets.redact(text)
  const redactChange = (change: Change): Change => ({
    ...change,
    from: change.from === null ? null : redactValue(change.from),
    to: redactValue(change.to),
  })
  const redactValue = (value: string | readonly string[]): string | readonly string[] =>
    typeof value === 'string' ? secrets.redact(value) : value.map(secrets.redact)
  return {
    onLog: (text) => {
      log.info(collapsePeriods(text))
    },
    onWarning: (title, text, details) => {
      warn(run, title, text, details)
    },
    onMutation: (outcome) => {
      state.mutationSent = true
      state.mutationPending = outcome === 'pending'
    },
    onAccepted: ({ appId, backendEnvironmentName }) => {
      state.appId = redact(appId) ?? state.appId
      state.backendEnvironmentName = redact(backendEnvironmentName) ?? state.backendEnvironmentName
    },
    onJob: (jobId, status) => {
      state.jobId = redact(jobId)
      state.status = redact(status)
      onKnownOutputs()
    },
    onChanges: (changes) => {
      recordChanges(state, changes?.map(redactChange))
      onKnownOutputs()
    },
    onStorage: (storage) => {
      state.currentStorage = { storage: storage && redactStorage(storage, secrets) }
    },
    onOtherStorage: (name) => {
      recordOtherStorage(state, secrets.redact(name))
      onKnownOutputs()
    },
    onBucketName: (name) => {
      state.bucketName = secrets.redact(name)
    },
  }
}

/** Keeps the first difference: what a run has found stays true, whatever it finds later. */
function recordChanges(state: RunState, changes: readonly Change[] | undefined): void {
  if (state.comparison === 'different') return
  if (changes === undefined) {
    state.comparison = 'incomplete'
  } else if (changes.length > 0) {
    state.comparison = 'different'
    state.changes = changes
  } else {
    state.comparison ??= 'equal'
  }
}

/** The other storage is what the requested one differs from. */
function recordOtherStorage(state: RunState, name: string): void {
  const { resourceName = '' } = state
  state.otherStorage = name
  if (state.comparison !== 'different') {
    recordChanges(state, [{ field: 'resource-name', from: name, to: resourceName }])
  }
  state.changes = state.changes.map((change) =>
    change.field === 'resource-name' ? { ...change, from: name } : change,
  )
}

/** A service may repeat what it was sent wherever it returns a text. */
function redactStorage(storage: Storage, { redact }: Secrets): Storage {
  const { bucketName, unknownPermissions } = storage
  return {
    ...storage,
    bucketName: bucketName === undefined ? undefined : redact(bucketName),
    unknownPermissions: {
      authenticated: unknownPermissions.authenticated.map(redact),
      unauthenticated: unknownPermissions.unauthenticated.map(redact),
    },
  }
}
