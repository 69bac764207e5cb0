/** The token request goes out before anything that takes long to load. */
import type { Inputs } from './inputs.ts'
import { mintToken, tokenService } from './oidc.ts'
import { patienceOf, roleOf, type Run } from './run.ts'

/**
 * Asks for the token of the first attempt to assume the role; undefined when there is no role or no token
 * to be had, which is for the authentication to judge.
 */
export function mintEarly(
  run: Run,
  inputs: Inputs,
  does: 'apply' | 'plan',
): Promise<string> | undefined {
  const service = tokenService(run.env)
  if (service === undefined || roleOf(inputs, does) === undefined) return undefined
  const patience = { ...patienceOf(run, inputs), renewCredentials: () => undefined }
  const token = mintToken(service, inputs.audience, run.agents, run.secrets, patience)
  // Who awaits it comes later; until then a failure is nobody's.
  token.catch(() => undefined)
  return token
}
