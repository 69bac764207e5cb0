import type { CredentialDeps, CredentialOptions, Credentials } from './credentials.ts'
import { roleCredentials } from './role-credentials.ts'

/**
 * Gets the credentials that the inputs ask for, masks them, and checks their account: those of the role,
 * or, without a role, those that the SDK's default chain finds.
 *
 * @throws ActionError when credentials are missing or refused; the signal's reason when aborted
 */
export async function authenticate(
  options: CredentialOptions,
  deps: CredentialDeps,
): Promise<Credentials> {
  const { roleArn } = options
  if (roleArn !== undefined) return await roleCredentials(options, roleArn, deps)
  const { ambientCredentials } = await import('./ambient-credentials.ts')
  return await ambientCredentials(options, deps)
}
