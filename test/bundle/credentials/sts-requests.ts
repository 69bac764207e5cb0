/** The requests for a role that STS got. */
import type { Emulator } from '../../../emulator/emulator.ts'

const ASSUME = 'AssumeRoleWithWebIdentity'

/** The parameters of the requests for a role, one set for each attempt. */
export const getRequests = (emulator: Emulator): readonly URLSearchParams[] =>
  emulator.calls(ASSUME).map(({ rawBody }) => new URLSearchParams(rawBody))

export const getTokens = (emulator: Emulator): readonly string[] =>
  getRequests(emulator).map((request) => request.get('WebIdentityToken') ?? '')
