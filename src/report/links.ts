/** The links of a report: the console, the run, the commit, the pull request. */
import { getPartition } from '../lib/aws-partitions.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import type { Env } from '../lib/env.ts'
import type { Link, Links } from './data.ts'

const CONSOLE_HOSTS: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
}

export type LinkSubject = Readonly<{
  region: string | undefined
  appId: string | undefined
  commit: string | undefined
  /** Number of the pull request, if there is one. */
  pullRequest: number | undefined
  errorCode: ErrorCode | undefined
}>

/** The pages that the advice of an error refers to. */
const PAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  ACCESS_DENIED: 'permissions.md',
  JOB_LACKS_PERMISSION: 'permissions.md#when-the-job-lacks-a-permission',
}

/** Links about an error, at the version of the action that runs; none if the runner does not provide it. */
export function buildErrorLinks(
  env: Env,
  errorCode: ErrorCode | undefined,
): Pick<Links, 'error' | 'page' | 'report'> {
  const action = repositoryUrl(env, 'GITHUB_ACTION_REPOSITORY')
  const ref = env['GITHUB_ACTION_REF'] ?? ''
  if (action === undefined || errorCode === undefined)
    return { error: undefined, page: undefined, report: undefined }
  const toPage = (title: string, path: string | undefined): Link | undefined =>
    path === undefined || !/^[\w./-]+$/.test(ref)
      ? undefined
      : { title, url: `${action}/blob/${ref}/docs/${path}` }
  return {
    error: toPage(errorCode, `errors.md#${errorCode.toLowerCase()}`),
    page: toPage('Permissions', PAGES[errorCode]),
    report:
      errorCode === 'INTERNAL_ERROR'
        ? { title: 'Report this error', url: `${action}/issues/new?template=bug.yml` }
        : undefined,
  }
}

export function buildLinks(
  env: Env,
  { region, appId, commit, pullRequest, errorCode }: LinkSubject,
): Links {
  const repository = repositoryUrl(env, 'GITHUB_REPOSITORY')
  return {
    console: consoleLink(region, appId),
    run: repository === undefined ? undefined : runLink(env, repository),
    commit:
      repository === undefined || commit === undefined
        ? undefined
        : { title: commit.slice(0, 7), url: `${repository}/commit/${commit}` },
    pullRequest:
      repository === undefined || pullRequest === undefined
        ? undefined
        : { title: `#${pullRequest}`, url: `${repository}/pull/${pullRequest}` },
    ...buildErrorLinks(env, errorCode),
  }
}

function consoleLink(region: string | undefined, appId: string | undefined): Links['console'] {
  // The console knows no ID that would have to be encoded in a URL.
  if (region === undefined || !/^[\w-]+$/.test(appId ?? '')) return undefined
  const host = CONSOLE_HOSTS[getPartition(region).id]
  return host === undefined
    ? undefined
    : {
        title: 'Amplify console',
        url: `https://${region}.${host}/amplify/home?region=${region}#/${appId}`,
      }
}

function runLink(env: Env, repository: string): Links['run'] {
  const id = parseDigits(env['GITHUB_RUN_ID'])
  if (id === undefined) return undefined
  const attempt = parseDigits(env['GITHUB_RUN_ATTEMPT']) ?? '1'
  const isRerun = attempt !== '1'
  return {
    title: `run ${parseDigits(env['GITHUB_RUN_NUMBER']) ?? id}${isRerun ? `, attempt ${attempt}` : ''}`,
    url: `${repository}/actions/runs/${id}${isRerun ? `/attempts/${attempt}` : ''}`,
  }
}

function parseDigits(text: string | undefined): string | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) ? text : undefined
}

function repositoryUrl(
  env: Env,
  variable: 'GITHUB_REPOSITORY' | 'GITHUB_ACTION_REPOSITORY',
): string | undefined {
  const server = env['GITHUB_SERVER_URL'] ?? ''
  const repository = env[variable] ?? ''
  return /^https?:\/\/[\w.-]+(?::\d+)?$/.test(server) && /^[\w.-]+\/[\w.-]+$/.test(repository)
    ? `${server}/${repository}`
    : undefined
}
