/** Records in the state of the run what the storage steps report, and logs it. */
import type { Secrets } from '../lib/secrets.ts'
import { collapsePeriods } from '../lib/text.ts'
import type { Observer } from '../storage/context.ts'
import type { Storage } from '../storage/model.ts'
import { warn, type RunContext } from './context.ts'

/** @param onKnownOutputs called whenever more outputs are known */
export function createObserver(run: RunContext, onKnownOutputs: () => void): Observer {
  const { state, secrets, log } = run
  const redact = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : secrets.redact(text)
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
      if (changes === undefined) return
      state.changes = changes.map((change) => ({
        ...change,
        from: change.from === null ? null : redactValue(change.from),
        to: redactValue(change.to),
      }))
      onKnownOutputs()
    },
    onStorage: (storage) => {
      state.currentStorage = { storage: storage && redactStorage(storage, secrets) }
    },
  }
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
