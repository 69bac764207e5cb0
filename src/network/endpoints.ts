/** Which hosts may be sent tokens and signed requests, when an endpoint is configured. */

import { PARTITIONS } from '../lib/aws-partitions.ts'

/** What an endpoint is; `custom` was allowed by the user, `refused` was not. */
export type EndpointKind = 'aws' | 'loopback' | 'custom' | 'refused'

// Hosts below an AWS domain that are run by customers, so that anyone can have one: API Gateway, AppSync,
// load balancers, EC2, S3, search domains, endpoint services. No AWS service is reached by them.
const CUSTOMER_OPERATED =
  /^(?:aoss|appsync-(?:realtime-)?api|cloudsearch|compute(?:-\d+)?|elb|es|execute-api|lambda-url|s3|s3-.*|s3express-.*|vpce-svc-.*)$/

// The services that this action calls, and those that the SDK asks for ambient credentials.
const DEFAULT_SERVICE = /^(?:sts|amplifybackend|oidc|portal\.sso|signin)(?:-fips)?$/

const DNS_SUFFIXES = [...new Set(PARTITIONS.flatMap((partition) => partition.dnsSuffixes))]

/**
 * Judges a configured endpoint: loopback (`localhost`, 127.0.0.0/8, `::1`) by http or https, and AWS's
 * own domains by https, are taken; anything else only where `allow-custom-endpoints` is on.
 */
export function classifyEndpoint(url: URL, allowCustom: boolean): EndpointKind {
  const web = url.protocol === 'http:' || url.protocol === 'https:'
  if (!web) return 'refused'
  const host = url.hostname.replace(/\.$/, '')
  if (isLoopback(host)) return 'loopback'
  if (url.protocol === 'https:' && isAws(host)) return 'aws'
  return allowCustom ? 'custom' : 'refused'
}

/** Whether the SDK itself would choose the host for a region, without any endpoint setting. */
export function isDefaultHost(host: string, region: string): boolean {
  const end = DNS_SUFFIXES.find((suffix) => host.endsWith(`.${region}.${suffix}`))
  if (end === undefined) return false
  return DEFAULT_SERVICE.test(host.slice(0, -`.${region}.${end}`.length))
}

// The URL parser has written every form of an IPv4 address (127.1, 0x7f000001) as four decimal parts.
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

function isAws(host: string): boolean {
  const below = DNS_SUFFIXES.find((suffix) => host.endsWith(`.${suffix}`))
  if (below === undefined) return false
  const labels = host.slice(0, -below.length - 1).split('.')
  return !labels.some((label) => CUSTOMER_OPERATED.test(label))
}
