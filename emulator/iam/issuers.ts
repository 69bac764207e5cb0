/** The issuers of workflow tokens: their names, their IAM providers, and what IAM reads of their tokens. */
import { defaults } from '../lib/defaults.ts'

/** Claims of GitHub's own issuer that IAM evaluates; of every other issuer, it evaluates the first two. */
const githubClaims = [
  'sub',
  'aud',
  'ref',
  'job_workflow_ref',
  'repository',
  'repository_id',
  'environment',
  'workflow',
  'actor',
  'actor_id',
  'enterprise_id',
]

export const stripScheme = (url: string): string => url.replace(/^https?:\/\//, '')

/** Whether an issuer is that of github.com; an enterprise can have a path of its own on it. */
export const isGithubIssuer = (issuer: string): boolean =>
  issuer === defaults.issuer || issuer.startsWith(`${defaults.issuer}/`)

/** The names of the claims that conditions of a trust policy see. */
export const evaluatedClaims = (issuer: string): readonly string[] =>
  isGithubIssuer(issuer) ? githubClaims : githubClaims.slice(0, 2)

/** The issuer of the jobs of a GitHub server: github.com, a subdomain of GHE.com, or an Enterprise Server. */
export function serverIssuer(serverUrl: string): string {
  const { origin, hostname } = new URL(serverUrl)
  if (hostname === 'github.com') return defaults.issuer
  if (hostname.endsWith('.ghe.com')) return `https://token.actions.${hostname}`
  return `${origin}/_services/token`
}

/** The audience that AWS recommends for the partition of a role. */
export const partitionAudience = (roleArn: string): string =>
  roleArn.startsWith('arn:aws-cn:') ? 'sts.amazonaws.com.cn' : defaults.audience

export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)

/** The account of an IAM OIDC provider and the URL of its issuer; undefined if the ARN is of something else. */
export function parseProviderArn(arn: string): { account: string; issuer: string } | undefined {
  const [, account, name] = /^arn:[\w-]+:iam::(\d{12}):oidc-provider\/(\S+)$/.exec(arn) ?? []
  if (account === undefined || name === undefined) return undefined
  const url = `https://${name}`
  if (!URL.canParse(url)) return undefined
  const scheme = isLoopback(new URL(url).hostname) ? 'http' : 'https'
  return { account, issuer: `${scheme}://${name}` }
}

/** The ARN of an issuer's provider in the account of a role. */
export function providerArn(roleArn: string, issuer: string): string {
  const [, partition = '', , , account = ''] = roleArn.split(':')
  return `arn:${partition}:iam::${account}:oidc-provider/${stripScheme(issuer)}`
}
