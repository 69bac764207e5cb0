/** Hosts by names of their own, behind a proxy or TLS. */
import { join } from 'node:path'
import { createHome } from '../../support/home-folder.ts'
import type { TestBed } from '../../support/run-action.ts'
import { createCertificateAuthority } from '../../support/servers/certificate-authority.ts'
import { startForwardProxy, type ForwardProxyOptions } from '../../support/servers/forward-proxy.ts'
import { startTlsTerminator } from '../../support/servers/tls-terminator.ts'

/** The four hosts of a run, by names that only a proxy knows. */
export const HOSTS = [
  'token.fake.test',
  'sts.fake.test',
  'amplify.fake.test',
  'github.fake.test',
] as const

export const authority = createCertificateAuthority()

/** The path of a file with this text, which is deleted after the test. */
export const writeTempFile = (text: string): string => join(createHome({ file: text }).HOME, 'file')

export type Scheme = 'http' | 'https'

/** The variables that lead all requests of a run to the four hosts. */
export function useHosts(scheme: Scheme, port = ''): Record<string, string> {
  const [token = '', sts = '', amplify = '', github = ''] = HOSTS.map(
    (host) => `${scheme}://${host}${port}`,
  )
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${token}/idtoken?api-version=2.0`,
    AWS_ENDPOINT_URL_STS: sts,
    AWS_ENDPOINT_URL_AMPLIFYBACKEND: amplify,
    GITHUB_API_URL: `${github}/api/v3`,
    GITHUB_GRAPHQL_URL: `${github}/api/graphql`,
  }
}

export const customEndpoints = { 'allow-custom-endpoints': 'true', 'max-attempts': '2' } as const

/** A proxy behind which all hosts are the emulator, over TLS in a tunnel. */
export async function startProxy(
  { emulator }: TestBed,
  options: Omit<ForwardProxyOptions, 'resolve'> = {},
): ReturnType<typeof startForwardProxy> {
  const tls = await startTlsTerminator(emulator.port, authority.issue(['*.fake.test']))
  return startForwardProxy({
    ...options,
    resolve: (_, tunnel) => (tunnel ? tls.port : emulator.port),
  })
}
