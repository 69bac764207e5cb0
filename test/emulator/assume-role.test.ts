/** AssumeRole: a role that trusts another role, a user or an account. */
import { describe, expect, test } from 'vitest'

import { addRole, defaults, type Emulator } from '../../emulator/emulator.ts'
import { parsePolicy, parseTrustPolicy } from '../../emulator/iam/parse-policy.ts'
import { send, signed, start, type Keys, type Reply } from '../support/emulator-requests.ts'

const entry = 'arn:aws:iam::444455556666:role/github-entry'
const target = 'arn:aws:iam::111122223333:role/amplify-target'
const Version = '2012-10-17'

function addTarget(emulator: Emulator, principal: string): void {
  const trust = parseTrustPolicy({
    Version,
    Statement: { Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole' },
  })
  addRole(emulator.state, { arn: target, trust })
}

/** Adds the entry role, which may assume the roles of the policy, and a session of it. */
function addEntrySession(emulator: Emulator, mayAssume: string): Keys {
  const policy = parsePolicy({
    Version,
    Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: mayAssume },
  })
  addRole(emulator.state, { arn: entry, trust: { Statement: [] }, policies: [policy] })
  const session = {
    accessKeyId: 'ASIAENTRYENTRYENTRY1',
    secretAccessKey: 'secret-of-the-entry-session',
    sessionToken: 'token-of-the-entry-session',
    expiresAt: emulator.clock.now() + 60_000,
    arn: 'arn:aws:sts::444455556666:assumed-role/github-entry/GitHubActions',
    userId: 'AROAENTRY:GitHubActions',
    accountId: '444455556666',
    roleArn: entry,
    policies: [],
  }
  emulator.state.credentials.set(session.accessKeyId, session)
  return session
}

function assumeTarget(
  emulator: Emulator,
  keys?: Keys,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const form = { Version: '2011-06-15', RoleArn: target, RoleSessionName: 'storage', ...parameters }
  const body = new URLSearchParams({ Action: 'AssumeRole', ...form }).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return send(
    emulator.url,
    signed(emulator, { path: '/', service: 'sts', body, headers, ...(keys && { keys }) }),
  )
}

const codeOf = ({ text }: Reply): string => /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? ''

describe('AssumeRole', () => {
  test('A session of a role that the role trusts gets a session that may call the service', async () => {
    const emulator = await start()
    addTarget(emulator, entry)
    const reply = await assumeTarget(emulator, addEntrySession(emulator, target))
    expect(reply.status).toBe(200)
    const element = (name: string): string =>
      new RegExp(`<${name}>([^<]+)</${name}>`).exec(reply.text)?.[1] ?? ''
    expect(element('Arn')).toBe('arn:aws:sts::111122223333:assumed-role/amplify-target/storage')
    const keys = {
      accessKeyId: element('AccessKeyId'),
      secretAccessKey: element('SecretAccessKey'),
      sessionToken: element('SessionToken').replaceAll('&#43;', '+').replaceAll('&#61;', '='),
    }
    const path = `/backend/${defaults.appId}/details`
    expect((await send(emulator.url, signed(emulator, { path, body: '{}', keys }))).status).toBe(
      200,
    )
  })

  test.each([
    ['does not trust it', entry.replace('entry', 'other'), target],
    ['trusts it, but its own account does not allow it', entry, target.replace('target', 'other')],
  ])(
    'A session of a role of another account is refused if the role %s',
    async (_, trusted, may) => {
      const emulator = await start()
      addTarget(emulator, trusted)
      const reply = await assumeTarget(emulator, addEntrySession(emulator, may))
      expect([reply.status, codeOf(reply)]).toEqual([403, 'AccessDenied'])
      expect(reply.text).toContain(`sts:AssumeRole on resource: ${target}`)
    },
  )

  test('A user of the same account is accepted if the role trusts the user', async () => {
    const emulator = await start()
    addTarget(emulator, emulator.state.user.arn)
    expect((await assumeTarget(emulator)).status).toBe(200)
  })

  test('A session of a role that was assumed with another role lasts at most one hour', async () => {
    const emulator = await start()
    addTarget(emulator, entry)
    const role = emulator.state.roles.get(target)
    if (role !== undefined) role.maxSessionSeconds = 43_200
    const keys = addEntrySession(emulator, target)
    const reply = await assumeTarget(emulator, keys, { DurationSeconds: '3601' })
    expect([reply.status, codeOf(reply)]).toEqual([400, 'ValidationError'])
  })

  test('A request without a signature is refused', async () => {
    const emulator = await start()
    addTarget(emulator, entry)
    const body = `Action=AssumeRole&Version=2011-06-15&RoleArn=${target}&RoleSessionName=storage`
    const reply = await send(emulator.url, { method: 'POST', path: '/', body })
    expect([reply.status, codeOf(reply)]).toEqual([403, 'MissingAuthenticationToken'])
  })
})
