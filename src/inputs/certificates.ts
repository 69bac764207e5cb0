/** The environment variable by which Node trusts any certificate. */

import type { InputProblem } from './parsed.ts'
import type { Env } from '../lib/env.ts'

/** A token and signed requests are for the hosts that they are for: nobody may stand in for one. */
export function certificateProblems(env: Env): readonly InputProblem[] {
  // Node takes this value and no other (tls.connect).
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return []
  return [
    {
      input: 'NODE_TLS_REJECT_UNAUTHORIZED',
      value: '"0"',
      rule: 'must not turn off the verification of certificates',
      remedy:
        'Unset it, or set it to `1` in the `env` of this step; `NODE_EXTRA_CA_CERTS` names a file with an authority to trust.',
    },
  ]
}
