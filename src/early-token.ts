/** The token request goes out before anything that takes long to load. */
import type { Inputs } from './inputs.ts'
import { mintToken, tokenService } from './oidc.ts'
import { patienceOf, roleOf, type Run } from './run.ts'

export type EarlyToken = Readonly<{
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
export function mintEarly(
  run: Run,
  inputs: Inputs,
  does: 'apply' | 'plan',
): EarlyToken | undefined {
  const service = tokenService(run.env)
  if (service === undefined || roleOf(inputs, does) === undefined) return undefined
  const patience = { ...patienceOf(run, inputs), renewCredentials: () => undefined }
  let token = Promise.resolve('')
  const sent = new Promise((resolve) => {
    const onSent = (): void => {
      resolve(undefined)
    }
    token = mintToken(service, inputs.audience, run.agents, run.secrets, patience, onSent)
    // Who awaits it comes later; until then a failure is nobody's.
    token.then(onSent, onSent)
  })
  return { token, sent }
}
