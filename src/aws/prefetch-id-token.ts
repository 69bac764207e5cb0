/** The token request goes out before anything that takes long to load. */
import type { Inputs } from '../inputs/read-inputs.ts'
import { requestIdToken, getIdTokenEndpoint } from './id-token.ts'
import { createRetryPolicy, getRoleArn, type RunContext } from '../run/context.ts'

export type PrefetchedIdToken = Readonly<{
  token: Promise<string>
  /**
   * Settles once the request has left this process, or never will: what is loaded before keeps the event
   * loop from sending it. Never rejects.
   */
  sent: Promise<unknown>
}>

/**
 * Asks for the token of the first attempt to assume the role; undefined when there is no role or no token
 * to be had, which is for the authentication to judge.
 */
export function prefetchIdToken(
  run: RunContext,
  inputs: Inputs,
  does: 'apply' | 'plan',
): PrefetchedIdToken | undefined {
  const service = getIdTokenEndpoint(run.env)
  if (service === undefined || getRoleArn(inputs, does) === undefined) return undefined
  const patience = { ...createRetryPolicy(run, inputs), refreshCredentials: () => undefined }
  let token = Promise.resolve('')
  const sent = new Promise((resolve) => {
    const onSent = (): void => {
      resolve(undefined)
    }
    token = requestIdToken(service, inputs.audience, run.agents, run.secrets, patience, onSent)
    // Who awaits it comes later; until then a failure is nobody's.
    token.then(onSent, onSent)
  })
  return { token, sent }
}
