/** Keeps a process on loopback, and records the other hosts that it tries to reach. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createFolder } from './home-folder.ts'
import { preloadArguments } from './preload.ts'

export type NetworkGuard = Readonly<{
  nodeArguments: readonly string[]
  env: Readonly<Record<string, string>>
  /** Every attempt to look up or reach a host outside of loopback. */
  attempts(): readonly string[]
}>

/** How a name resolves: to addresses, or to EAI_AGAIN for so many lookups and then to 127.0.0.1. */
export type Resolution = Readonly<{ addresses?: readonly string[]; again?: number }>

/** @param names the names that resolve; no other name is found */
export function createNetworkGuard(names: Readonly<Record<string, Resolution>> = {}): NetworkGuard {
  const log = join(createFolder('guard-'), 'hosts')
  writeFileSync(log, '')
  return {
    nodeArguments: preloadArguments('preload/network-guard.ts'),
    env: { GUARD_LOG: log, GUARD_NAMES: JSON.stringify(names) },
    attempts: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
  }
}
