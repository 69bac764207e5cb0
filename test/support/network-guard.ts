/** A process that is kept on loopback by `guard.ts`, and the hosts that it would have liked to reach. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { preloadArguments } from './preload.ts'
import { addCleanup } from './scenario.ts'

export type NetworkGuard = Readonly<{
  nodeArguments: readonly string[]
  env: Readonly<Record<string, string>>
  /** Every host outside of loopback that was looked up or dialled, one for each time. */
  attempts(): readonly string[]
}>

/** How a name resolves: to addresses, or "try again" for so many look-ups and then to 127.0.0.1. */
export type Resolution = Readonly<{ addresses?: readonly string[]; again?: number }>

/** @param names names that resolve; every other one is not found */
export function createNetworkGuard(names: Readonly<Record<string, Resolution>> = {}): NetworkGuard {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'))
  addCleanup(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const log = join(folder, 'hosts')
  writeFileSync(log, '')
  return {
    nodeArguments: preloadArguments('preload/network-guard.ts'),
    env: { GUARD_LOG: log, GUARD_NAMES: JSON.stringify(names) },
    attempts: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
  }
}
