/** Addresses that people want from a report: the console, the run, the pull request. */
import { partitionOf } from '../inputs/regions.ts'
import type { Env } from '../inputs.ts'
import type { Links } from './summary.ts'

const CONSOLE_HOSTS: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
}

/** @param pullRequest number of the pull request, where there is one */
export function linksOf(
  env: Env,
  region: string,
  appId: string,
  pullRequest: number | undefined,
): Links {
  const host = CONSOLE_HOSTS[partitionOf(region).id]
  const repository = repositoryUrl(env)
  const runId = env['GITHUB_RUN_ID'] ?? ''
  return {
    console:
      host === undefined || appId === ''
        ? undefined
        : `https://${region}.${host}/amplify/home?region=${region}#/${appId}`,
    run:
      repository === undefined || !/^\d+$/.test(runId)
        ? undefined
        : `${repository}/actions/runs/${runId}`,
    pullRequest:
      repository === undefined || pullRequest === undefined
        ? undefined
        : { number: pullRequest, url: `${repository}/pull/${pullRequest}` },
  }
}

function repositoryUrl(env: Env): string | undefined {
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com'
  const repository = env['GITHUB_REPOSITORY'] ?? ''
  if (!/^https:\/\/[\w.-]+(?::\d+)?$/.test(server) || !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    return undefined
  }
  return `${server}/${repository}`
}
