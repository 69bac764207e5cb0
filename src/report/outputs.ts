/** The outputs of a run: a pure function of its state and its outcome. */
import { isFailure, type RunOutcome } from '../run/outcome.ts'
import type { RunState } from '../run/state.ts'
import type { Change } from '../storage/diff.ts'
import { sanitizeLine, truncate } from '../lib/text.ts'

// GitHub takes at most 1 MiB of outputs from a job, and a server can return any number of permissions.
const MAX_LIST_LENGTH = 100
const MAX_TEXT_LENGTH = 1_000
const MAX_MESSAGE_LENGTH = 50_000

/** Every output, in the order of action.yml. */
export const OUTPUTS = [
  'ready',
  'job-id',
  'status',
  'app-id',
  'backend-environment-name',
  'resource-name',
  'bucket-name',
  'result',
  'changed',
  'has-changes',
  'changes',
  'error-code',
  'error-message',
  'request-id',
] as const

export type OutputName = (typeof OUTPUTS)[number]
export type Outputs = Readonly<Record<OutputName, string>>

/** The outputs that are set while the run is in progress; the others are known only at its end. */
export function knownOutputs(state: RunState): Pick<Outputs, KnownOutput> {
  return {
    'job-id': singleLine(state.jobId),
    status: singleLine(state.status),
    'app-id': singleLine(state.appId),
    'backend-environment-name': singleLine(state.backendEnvironmentName),
    'resource-name': singleLine(state.resourceName),
    'has-changes': HAS_CHANGES[state.comparison ?? 'incomplete'],
    changes: JSON.stringify(state.changes.map(shortenChange)),
  }
}

type KnownOutput =
  | 'job-id'
  | 'status'
  | 'app-id'
  | 'backend-environment-name'
  | 'resource-name'
  | 'has-changes'
  | 'changes'

const HAS_CHANGES = { different: 'true', equal: 'false', incomplete: '' } as const

/** All outputs at the end of the run. */
export function toOutputs(state: RunState, outcome: RunOutcome): Outputs {
  const verified = 'verified' in outcome && outcome.verified
  const error = isFailure(outcome) ? outcome.error : undefined
  return {
    ...knownOutputs(state),
    ready: verified ? 'true' : '',
    'bucket-name': singleLine('bucketName' in outcome ? outcome.bucketName : state.bucketName),
    result: outcome.result,
    changed: outcome.result === 'created' || outcome.result === 'updated' ? 'true' : '',
    'error-code': error?.code ?? '',
    'error-message': error === undefined ? '' : multiLine(`${error.message}\n${error.advice}`),
    'request-id': error?.requestId ?? '',
  }
}

function shortenChange({ field, from, to }: Change): Change {
  return { field, from: shortenValue(from), to: shortenValue(to) }
}

function shortenValue<Value extends Change['from' | 'to']>(
  value: Value,
): Value | string | string[] {
  if (value === null) return value
  if (typeof value === 'string') return truncate(value, MAX_TEXT_LENGTH)
  const kept = value.slice(0, MAX_LIST_LENGTH).map((text) => truncate(text, MAX_TEXT_LENGTH))
  const more = value.length - kept.length
  return more === 0 ? kept : [...kept, `… and ${more} more`]
}

/** One line, truncated well above the length of any name of the API; empty for undefined. */
function singleLine(text = ''): string {
  return sanitizeLine(text, 300)
}

/** A message may have one line per problem. */
function multiLine(text: string): string {
  return truncate(text, MAX_MESSAGE_LENGTH)
    .split('\n')
    .map((line) => sanitizeLine(line, 4_000))
    .join('\n')
}
