/** Which hosts may receive tokens and signed requests when an endpoint is configured. */
import { PARTITIONS } from '../lib/aws-partitions.ts'
import type { Env } from '../lib/env.ts'

/** `custom` hosts are allowed by `allow-custom-endpoints`; `refused` hosts are not allowed. */
export type EndpointKind = 'aws' | 'loopback' | 'custom' | 'refused'

/** The variables of the AWS SDKs for all services, for STS and for Amplify Backend. */
export const ENDPOINT_VARIABLES = [
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_AMPLIFYBACKEND',
] as const

// The services that this action calls, and those from which the SDK gets ambient credentials.
const DEFAULT_SERVICE = /^(?:sts|amplifybackend|oidc|portal\.sso|signin)(?:-fips)?$/

// A service, in a region or not. Not S3: this action does not call it, and its hosts can name a bucket.
const SERVICE = /^(?!s3(?:[.-]|$))[a-z][a-z\d-]*(?:\.[a-z]{2,4}-[a-z-]+-\d+)?$/

/** The forms of the hosts that AWS runs, without the DNS suffix. */
const AWS_OPERATED = [
  SERVICE,
  /^portal\.sso(?:-fips)?\.[a-z\d-]+$/,
  // An interface endpoint (PrivateLink) to one of the services that this action calls.
  /^vpce-[\da-z-]+\.(?:sts|amplifybackend|oidc|portal\.sso)(?:-fips)?\.[a-z\d-]+\.vpce$/,
] as const

const DNS_SUFFIXES = [...new Set(PARTITIONS.flatMap((partition) => partition.dnsSuffixes))]

/**
 * Classifies a configured endpoint. Loopback addresses (`localhost`, 127.0.0.0/8, `::1`) are accepted over
 * HTTP and HTTPS, AWS domains over HTTPS, and other hosts only with `allow-custom-endpoints`.
 */
export function classifyEndpoint(url: URL, allowCustom: boolean): EndpointKind {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'refused'
  const host = url.hostname.replace(/\.$/, '')
  if (isLoopback(host)) return 'loopback'
  if (url.protocol === 'https:' && isAws(host)) return 'aws'
  return allowCustom ? 'custom' : 'refused'
}

/** Whether the SDK chooses this host for the region when no endpoint is configured. */
export function isDefaultHost(host: string, region: string): boolean {
  const suffix = DNS_SUFFIXES.find((candidate) => host.endsWith(`.${region}.${candidate}`))
  if (suffix === undefined) return false
  return DEFAULT_SERVICE.test(host.slice(0, -`.${region}.${suffix}`.length))
}

/** The variables whose value names the host of a URL, for a message; undefined when there is none. */
export function getEndpointVariables(url: URL, env: Env): string | undefined {
  const names = ENDPOINT_VARIABLES.filter((name) => URL.parse(env[name] ?? '')?.host === url.host)
  return names.length === 0 ? undefined : names.join(' and ')
}

// The URL parser turns every form of an IPv4 address (127.1, 0x7f000001) into four decimal parts.
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/**
 * Whether AWS runs the host. Hosts that customers run (API Gateway, load balancers, Airflow, Cloud9 and many
 * more) are in the same domains, but have a label of their own before the service or the region.
 */
function isAws(host: string): boolean {
  const suffix = DNS_SUFFIXES.find((candidate) => host.endsWith(`.${candidate}`))
  if (suffix === undefined) return false
  const name = host.slice(0, -suffix.length - 1)
  return AWS_OPERATED.some((form) => form.test(name))
}
