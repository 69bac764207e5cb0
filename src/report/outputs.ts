/** The outputs of a run: a pure function of what it learnt and how it ended. */
import { isRed, type Ending } from '../ending.ts'
import type { Findings } from '../findings.ts'
import { oneLine } from '../text.ts'

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
  'changes',
  'error-code',
  'error-message',
  'request-id',
] as const

export type OutputName = (typeof OUTPUTS)[number]
export type Outputs = Readonly<Record<OutputName, string>>

/** What is known on the way, to be set as soon as it is. */
export function earlyOutputs(findings: Findings): Pick<Outputs, EarlyOutput> {
  return {
    'job-id': value(findings.jobId),
    status: value(findings.status),
    'app-id': value(findings.appId),
    'backend-environment-name': value(findings.backendEnvironmentName),
    'resource-name': value(findings.resourceName),
    changes: JSON.stringify(findings.changes),
  }
}

type EarlyOutput =
  'job-id' | 'status' | 'app-id' | 'backend-environment-name' | 'resource-name' | 'changes'

/** All outputs at the end of the run. */
export function outputsOf(findings: Findings, ending: Ending): Outputs {
  const seen = 'seen' in ending && ending.seen
  const error = isRed(ending) ? ending.error : undefined
  return {
    ...earlyOutputs(findings),
    ready: seen ? 'true' : '',
    'bucket-name': 'bucketName' in ending ? value(ending.bucketName ?? '') : '',
    result: ending.result,
    changed: ending.result === 'created' || ending.result === 'updated' ? 'true' : '',
    'error-code': error?.code ?? '',
    'error-message': error === undefined ? '' : lines(error.message),
    'request-id': error?.requestId ?? '',
  }
}

/** One line; longer than any name that the API has. */
function value(text: string): string {
  return oneLine(text, 300)
}

/** A message can have a line for each problem. */
function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => oneLine(line, 4_000))
    .join('\n')
}
