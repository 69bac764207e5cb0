/** Records in the state of the run what the storage steps report, and logs it. */
import { collapsePeriods } from '../lib/text.ts'
import type { Observer } from '../storage/context.ts'
import { warn, type RunContext } from './context.ts'

/** @param onKnownOutputs called whenever more outputs are known */
export function createObserver(run: RunContext, onKnownOutputs: () => void): Observer {
  const { state, secrets, log } = run
  const redact = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : secrets.redact(text)
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
      state.changes = changes
      onKnownOutputs()
    },
    onStorage: (storage) => {
      state.currentStorage = { storage }
    },
  }
}
