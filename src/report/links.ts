/** The links of a report: the console, the run, the commit, the pull request. */
import { getPartition } from '../lib/aws-partitions.ts'
import type { Env } from '../lib/env.ts'
import type { Links } from './data.ts'

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
}>

export function buildLinks(env: Env, { region, appId, commit, pullRequest }: LinkSubject): Links {
  const repository = repositoryUrl(env)
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
  }
}

function consoleLink(region: string | undefined, appId: string | undefined): Links['console'] {
  if (region === undefined || appId === undefined) return undefined
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

function repositoryUrl(env: Env): string | undefined {
  const server = env['GITHUB_SERVER_URL'] ?? ''
  const repository = env['GITHUB_REPOSITORY'] ?? ''
  return /^https?:\/\/[\w.-]+(?::\d+)?$/.test(server) && /^[\w.-]+\/[\w.-]+$/.test(repository)
    ? `${server}/${repository}`
    : undefined
}
