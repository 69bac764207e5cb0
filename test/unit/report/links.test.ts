import { describe, expect, it } from 'vitest'
import { buildLinks, type LinkSubject } from '../../../src/report/links.ts'

const ENV = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'octo-org/octo-app',
  GITHUB_RUN_ID: '1234567890',
  GITHUB_RUN_NUMBER: '42',
  GITHUB_RUN_ATTEMPT: '1',
}
const SUBJECT = {
  region: 'eu-west-1',
  appId: 'd1a2b3c4d5e6f7',
  commit: '7f3c2b9d8e1a4c5b6d7e8f9a0b1c2d3e4f5a6b7c',
  pullRequest: 7,
  errorCode: undefined,
}

const linksIn = (
  env: Readonly<Record<string, string | undefined>>,
  subject: Partial<LinkSubject> = {},
): ReturnType<typeof buildLinks> => buildLinks({ ...ENV, ...env }, { ...SUBJECT, ...subject })

describe('The links of a report', () => {
  it('A re-run links to its attempt', () => {
    expect(linksIn({ GITHUB_RUN_ATTEMPT: '3' }).run).toEqual({
      title: 'run 42, attempt 3',
      url: 'https://github.com/octo-org/octo-app/actions/runs/1234567890/attempts/3',
    })
  })

  it.each([
    ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
    ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
  ])('The console link uses the console of the partition of %s', (region, start) => {
    expect(linksIn({}, { region }).console?.url.startsWith(start)).toBe(true)
  })

  it('Links lead to the GitHub Enterprise Server that runs the workflow', () => {
    expect(linksIn({ GITHUB_SERVER_URL: 'https://ghe.example.com:8443' }).pullRequest).toEqual({
      title: '#7',
      url: 'https://ghe.example.com:8443/octo-org/octo-app/pull/7',
    })
  })

  it('An error links to its section at the version that runs, and an unexpected one to the form, too', () => {
    const action = { GITHUB_ACTION_REPOSITORY: 'octo/action', GITHUB_ACTION_REF: 'v1.2.3' }
    const base = 'https://github.com/octo/action'
    expect(linksIn(action, { errorCode: 'JOB_FAILED' })).toMatchObject({
      error: { title: 'JOB_FAILED', url: `${base}/blob/v1.2.3/docs/errors.md#job_failed` },
      report: undefined,
    })
    expect(linksIn(action, { errorCode: 'INTERNAL_ERROR' }).report?.url).toBe(
      `${base}/issues/new?template=bug.yml`,
    )
    const malformed = { ...action, GITHUB_ACTION_REF: 'v1) <b>' }
    expect(linksIn(malformed, { errorCode: 'JOB_FAILED' }).error).toBeUndefined()
    expect(linksIn({}, { errorCode: 'JOB_FAILED' }).error).toBeUndefined()
  })

  it('A missing permission links to the page about permissions at the version that runs, too', () => {
    const action = { GITHUB_ACTION_REPOSITORY: 'octo/action', GITHUB_ACTION_REF: 'v1.2.3' }
    const page = 'https://github.com/octo/action/blob/v1.2.3/docs/permissions.md'
    expect(linksIn(action, { errorCode: 'JOB_LACKS_PERMISSION' }).page?.url).toBe(
      `${page}#when-the-job-lacks-a-permission`,
    )
    expect(linksIn(action, { errorCode: 'ACCESS_DENIED' }).page?.url).toBe(page)
    expect(linksIn(action, { errorCode: 'JOB_FAILED' }).page).toBeUndefined()
    expect(linksIn({}, { errorCode: 'ACCESS_DENIED' }).page).toBeUndefined()
  })

  it.each([
    ['no region yet', {}, { region: undefined }, 'console'],
    ['no app yet', {}, { appId: undefined }, 'console'],
    ['an app ID that no address contains', {}, { appId: 'a b' }, 'console'],
    ['no run ID', { GITHUB_RUN_ID: undefined }, {}, 'run'],
    ['a malformed run ID', { GITHUB_RUN_ID: '1/../x' }, {}, 'run'],
    ['no repository', { GITHUB_REPOSITORY: undefined }, {}, 'pullRequest'],
    ['a server URL that is not HTTP', { GITHUB_SERVER_URL: 'javascript:alert(1)' }, {}, 'commit'],
  ] as const)('A link is left out where there is %s', (_, env, subject, link) => {
    expect(linksIn(env, subject)[link]).toBeUndefined()
  })
})
