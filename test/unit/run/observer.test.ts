import { describe, expect, it } from 'vitest'

import { createSecrets } from '../../../src/lib/secrets.ts'
import { createObserver } from '../../../src/run/observer.ts'
import { createRunState, type RunState } from '../../../src/run/state.ts'
import type { Observer } from '../../../src/storage/context.ts'
import type { Change } from '../../../src/storage/diff.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

/** The state of a run after an observer was told something. */
function observe(tell: (observer: Observer) => void): RunState {
  const state: RunState = { ...createRunState(), resourceName: 'media' }
  const secrets = createSecrets(() => undefined)
  secrets.add(SECRET)
  const log = { info: ignore, group: ignore, debug: ignore, annotate: ignore }
  tell(createObserver({ state, secrets, log }, ignore))
  return state
}

const ignore = (): undefined => undefined

const change: Change = { field: 'bucket-name', from: 'a', to: 'b' }
const later: Change = { field: 'bucket-name', from: 'c', to: 'b' }

describe('What a run has compared', () => {
  it.each<[readonly (readonly Change[] | undefined)[], RunState['comparison'], readonly Change[]]>([
    [[], undefined, []],
    [[[]], 'equal', []],
    [[undefined], 'incomplete', []],
    [[[], undefined], 'incomplete', []],
    [[undefined, []], 'incomplete', []],
    [[[], [change]], 'different', [change]],
    [[undefined, [change]], 'different', [change]],
    [[[change], [], undefined], 'different', [change]],
    [[[change], [later]], 'different', [change]],
  ])('After the comparisons %j, a run is %s with the changes %j', (comparisons, found, changes) => {
    const state = observe(({ onChanges }) => {
      for (const each of comparisons) onChanges(each)
    })
    expect([state.comparison, state.changes]).toEqual([found, changes])
  })

  it('Another storage is what the requested one differs from', () => {
    const other: Change = { field: 'resource-name', from: 'files', to: 'media' }
    const expected = { otherStorage: 'files', comparison: 'different' }
    const unseen = observe(({ onOtherStorage }) => {
      onOtherStorage('files')
    })
    expect(unseen).toMatchObject({ ...expected, changes: [other] })
    const planned = observe(({ onChanges, onOtherStorage }) => {
      onChanges([{ ...other, from: null }, change])
      onOtherStorage('files')
    })
    expect(planned).toMatchObject({ ...expected, changes: [other, change] })
  })
})

describe('What the service returns', () => {
  it('No secret that the service returns enters the state of a run', () => {
    const encoded = encodeURIComponent(SECRET)
    const state = observe((observer) => {
      observer.onJob(SECRET, encoded)
      observer.onAccepted({
        ...{ jobId: SECRET, status: SECRET },
        ...{ appId: SECRET, backendEnvironmentName: encoded, mismatch: undefined },
      })
      observer.onOtherStorage(SECRET)
      observer.onBucketName(encoded)
      observer.onStorage({
        bucketName: encoded,
        imported: false,
        permissions: { authenticated: [], unauthenticated: [] },
        unknownPermissions: { authenticated: [SECRET], unauthenticated: [encoded] },
      })
      observer.onChanges([{ field: 'unauthenticated-permissions', from: [SECRET], to: [] }])
      observer.onWarning('Title', SECRET)
    })
    expect(JSON.stringify(state)).not.toMatch(/MDENG/)
    expect(state).toMatchObject({ jobId: '***', bucketName: '***', otherStorage: '***' })
  })
})
