/** Trust policies for events beside those that the emulator's roles know. */
import {
  addRole,
  allowPolicy,
  defaults,
  githubTrustPolicy,
  readActions,
} from '../../emulator/emulator.ts'
import type { WorkflowEvent } from '../../emulator/runner/events.ts'
import { tokenClaims } from '../../emulator/runner/github-context.ts'
import type { TestBed } from './run-action.ts'

/** Lets both roles trust the tokens of these events and of no other. */
export function trustEvents({ emulator }: TestBed, ...events: readonly WorkflowEvent[]): void {
  const subjects = events.map(
    (event) => tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' })['sub'] ?? '',
  )
  addRole(emulator.state, { arn: defaults.applyRole, trust: githubTrustPolicy(subjects) })
  addRole(emulator.state, {
    arn: defaults.planRole,
    trust: githubTrustPolicy(subjects),
    policies: [allowPolicy(readActions)],
  })
}
