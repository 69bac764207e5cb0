/** Trust policies for events beside those that the emulator's roles know. */
import { addRole, allow, defaults, githubTrust, readActions } from '../../emulator/emulator.ts'
import { tokenClaims, type WorkflowEvent } from '../../emulator/workflow/events.ts'
import type { Stage } from './action.ts'

/** Lets both roles trust the tokens of these events and of no other. */
export function trust({ emulator }: Stage, ...events: readonly WorkflowEvent[]): void {
  const subjects = events.map(
    (event) => tokenClaims(event, { file: 'storage.yml', workflow: 'Storage' })['sub'] ?? '',
  )
  addRole(emulator.world, { arn: defaults.applyRole, trust: githubTrust(subjects) })
  addRole(emulator.world, {
    arn: defaults.planRole,
    trust: githubTrust(subjects),
    policies: [allow(readActions)],
  })
}
