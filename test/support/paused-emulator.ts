/** An emulator whose clock stands still, and what its rules make of a create. */
import { expect } from 'vitest'

import { addStorage, type Emulator, type Rules } from '../../emulator/emulator.ts'
import {
  createStorage,
  getJob,
  getJobId,
  manualClock,
  start,
  type ManualClock,
  type Reply,
} from './emulator-requests.ts'

export const errorOf = (reply: Reply): unknown => [reply.status, reply.headers['x-amzn-errortype']]

type Backend = { readonly emulator: Emulator; readonly clock: ManualClock }
export type Environment = ReturnType<Emulator['environment']>
export type Target = Parameters<typeof createStorage>[1]

/** An emulator whose clock stands still, with jobs of ten seconds. */
export async function startPaused(rules: Partial<Rules> = {}): Promise<Backend> {
  const clock = manualClock()
  return { clock, emulator: await start({ clock, rules: { jobMs: 10_000, ...rules } }) }
}

/** Sends a create, lets its job end and returns the job. */
export async function createAndFinish(
  { emulator, clock }: Backend,
  target?: Target,
): Promise<unknown> {
  const jobId = getJobId(await createStorage(emulator, target))
  clock.advance(10_000)
  return (await getJob(emulator, jobId, target)).json
}

export const completed = { status: 'COMPLETED' }

export const failed = (text: string): object => ({
  status: 'FAILED',
  error: expect.stringContaining(text) as unknown,
})

export const addMedia = (environment: Environment): unknown =>
  addStorage(environment, { resourceName: 'media', bucketName: 'mybucket' })
