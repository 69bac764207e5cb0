import { generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'

import { addRole, defaults, githubTrustPolicy, type Emulator } from '../../emulator/emulator.ts'
import {
  assumeRoleWithWebIdentity,
  call,
  createStorage,
  xmlText,
  getStorage,
  manualClock,
  send,
  openSession,
  start,
  requestToken,
  type Keys,
  type ManualClock,
  type Reply,
} from '../support/emulator-requests.ts'

const errorOf = (reply: Reply): unknown => [reply.status, xmlText(reply.text, 'Code')]

const notAuthorized = [403, 'AccessDenied']

describe('the token endpoint', () => {
  test('A token has the claims of a workflow and the signature of a published key', async () => {
    const emulator = await start({ claims: { environment: 'production', head_ref: undefined } })
    const [header = '', payload = ''] = (await requestToken(emulator)).split('.')
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect(read(payload)).toMatchObject({
      iss: 'https://token.actions.githubusercontent.com',
      aud: 'sts.amazonaws.com',
      sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
      repository: 'octo-org/octo-app',
      environment: 'production',
    })
    expect(read(payload)).not.toHaveProperty('head_ref')
    const document = await send(emulator.url, { path: '/.well-known/openid-configuration' })
    expect(document.json).toMatchObject({ jwks_uri: `${emulator.url}/.well-known/jwks` })
    const jwks = await send(emulator.url, { path: '/.well-known/jwks' })
    expect(jwks.json).toMatchObject({
      keys: [{ kid: Reflect.get(Object(read(header)), 'kid') as unknown, alg: 'RS256' }],
    })
  })

  test.each([undefined, 'Bearer other'])(
    'A request with the authorization %s is rejected',
    async (authorization) => {
      const emulator = await start()
      const headers = authorization === undefined ? {} : { authorization }
      const reply = await send(emulator.url, { path: '/idtoken?audience=a', headers })
      expect(reply.status).toBe(401)
    },
  )
})

const trusted = 'repo:octo-org/octo-app:ref:refs/heads/main'

describe('AssumeRoleWithWebIdentity', () => {
  test('A session of a role expires after the requested duration', async () => {
    const clock = manualClock()
    const emulator = await start({ clock })
    const request = { DurationSeconds: '900', RoleSessionName: 'octo@1' }
    const reply = await assumeRoleWithWebIdentity(emulator, request)
    expect(reply.status).toBe(200)
    expect(xmlText(reply.text, 'AccessKeyId')).toMatch(/^ASIA[A-Z2-7]{16}$/)
    expect(xmlText(reply.text, 'Expiration')).toBe('2026-01-15T12:15:00Z')
    expect(xmlText(reply.text, 'Arn')).toBe(
      'arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/octo@1',
    )
    const keys = await openSession(emulator, request)
    clock.advance(899_000)
    expect((await getStorage(emulator, { keys })).status).toBe(404)
    clock.advance(1000)
    expect((await getStorage(emulator, { keys })).status).toBe(403)
  })

  test('The parameters can be in the query', async () => {
    const emulator = await start()
    const query = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: defaults.applyRole,
      RoleSessionName: 'query',
      WebIdentityToken: await requestToken(emulator),
    })
    expect((await send(emulator.url, { path: `/?${query.toString()}` })).status).toBe(200)
  })

  test.each([
    [trusted, defaults.applyRole, true],
    ['repo:octo-org@12345/octo-app@456789:ref:refs/heads/main', defaults.applyRole, true],
    ['repo:octo-org/octo-app:pull_request', defaults.planRole, true],
    ['repo:octo-org/octo-app:pull_request', defaults.applyRole, false],
    [trusted, 'arn:aws:iam::111122223333:role/missing', false],
    [trusted, 'arn:aws:iam::999999999999:role/amplify', false],
  ])('Whether the subject %s can assume %s: %s', async (sub, RoleArn, isAllowed) => {
    const reply = await assumeRoleWithWebIdentity(await start({ claims: { sub } }), { RoleArn })
    if (isAllowed) expect(reply.status).toBe(200)
    else {
      expect(errorOf(reply)).toEqual(notAuthorized)
      expect(xmlText(reply.text, 'Message')).toMatch(
        /^Not authorized to perform sts:AssumeRoleWithWebIdentity\. The emulator adds: /,
      )
    }
  })

  test('A trust policy can have conditions on other claims, with wildcards', async () => {
    const emulator = await start()
    const trust = githubTrustPolicy([trusted])
    const arn = 'arn:aws:iam::111122223333:role/releases'
    const condition = trust.Statement[0]?.Condition ?? {}
    condition['StringLike'] = {
      'token.actions.githubusercontent.com:job_workflow_ref': 'octo-org/*@refs/heads/release-?',
    }
    addRole(emulator.state, { arn, trust })
    const request = { RoleArn: arn }
    expect(errorOf(await assumeRoleWithWebIdentity(emulator, request))).toEqual(notAuthorized)
    emulator.state.claims['job_workflow_ref'] = 'octo-org/a/.github/w.yml@refs/heads/release-1'
    expect((await assumeRoleWithWebIdentity(emulator, request)).status).toBe(200)
  })

  /** A token with the right claims and the signature of another key. */
  const forgeToken = async (): Promise<string> => {
    const { privateKey } = await generateKeyPair('RS256')
    return new SignJWT({ sub: trusted })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(defaults.issuer)
      .setAudience('sts.amazonaws.com')
      .setExpirationTime('5m')
      .sign(privateKey)
  }

  test.each<[string, (emulator: Emulator, clock: ManualClock) => Promise<string>, string, string]>([
    [
      'for an audience that the provider does not list',
      (emulator) => requestToken(emulator, 'other'),
      'InvalidIdentityToken',
      'Incorrect token audience',
    ],
    [
      'of an issuer without a provider in the account',
      (emulator) => {
        emulator.state.providers = []
        return requestToken(emulator)
      },
      'InvalidIdentityToken',
      'No OpenIDConnect provider found',
    ],
    [
      'that has expired',
      async (emulator, clock) => {
        const token = await requestToken(emulator)
        clock.advance(360_000)
        return token
      },
      'ExpiredTokenException',
      '',
    ],
    ['with the signature of another key', forgeToken, 'InvalidIdentityToken', ''],
    ['that is only text', () => Promise.resolve('a.b.c'), 'InvalidIdentityToken', ''],
  ])('A token %s is rejected', async (_, createToken, code, message) => {
    const clock = manualClock()
    const emulator = await start({ clock })
    const WebIdentityToken = await createToken(emulator, clock)
    const reply = await assumeRoleWithWebIdentity(emulator, { WebIdentityToken })
    expect(errorOf(reply)).toEqual([400, code])
    expect(xmlText(reply.text, 'Message')).toContain(message)
  })

  // test/interop compares the limits of every parameter with AWS's model.
  test.each([
    ['an invalid session name', { RoleSessionName: 'a/b' }, 'ValidationError'],
    ["a duration above the role's maximum", { DurationSeconds: '3601' }, 'ValidationError'],
    ['a duration that is not a number', { DurationSeconds: '1h' }, 'ValidationError'],
    ['an invalid ARN', { RoleArn: 'arn:aws:iam::1:user/somebody' }, 'ValidationError'],
    ['a policy that is not JSON', { Policy: '{' }, 'MalformedPolicyDocument'],
    ['a policy without statements', { Policy: '{}' }, 'MalformedPolicyDocument'],
    ['a policy above 2048 characters', { Policy: ' '.repeat(2049) }, 'PackedPolicyTooLarge'],
    ['tags', { 'Tags.member.1.Key': 'a' }, 'ValidationError'],
    ['an unknown action', { Action: 'GetSessionToken' }, 'InvalidAction'],
  ])('A request with %s is rejected', async (_, parameters, code) => {
    expect(errorOf(await assumeRoleWithWebIdentity(await start(), parameters))).toEqual([400, code])
  })
})

const denyWrites = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: ['amplifybackend:Create*'], Resource: '*' },
  ],
})

describe('permissions', () => {
  test('A session policy restricts the permissions of the role', async () => {
    const emulator = await start()
    const keys = await openSession(emulator, { Policy: denyWrites })
    expect((await getStorage(emulator, { keys })).status).toBe(404)
    const reply = await createStorage(emulator, { keys })
    expect([reply.status, reply.headers['x-amzn-errortype']]).toEqual([
      403,
      'AccessDeniedException',
    ])
    expect(reply.json).toEqual({
      message:
        'User: arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/session is not authorized' +
        ' to perform: amplifybackend:CreateBackendStorage on resource:' +
        ` arn:aws:amplifybackend:eu-west-1:111122223333:/backend/${defaults.appId}/storage` +
        ' with an explicit deny in a session policy',
    })
    expect(emulator.state.counters.create).toMatchObject({ received: 1, accepted: 0 })
  })

  test('A session policy cannot extend the permissions of the role', async () => {
    const emulator = await start()
    const everything = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    const keys = await openSession(emulator, { RoleArn: defaults.planRole, Policy: everything })
    const reply = await createStorage(emulator, { keys })
    expect(reply.status).toBe(403)
    expect(reply.text).toContain('because no identity-based policy allows')
  })

  test('A policy can restrict a role to one app, and a change applies to open sessions', async () => {
    const emulator = await start()
    const keys = await openSession(emulator)
    const role = emulator.state.roles.get(defaults.applyRole)
    const Resource = `arn:aws:amplifybackend:eu-west-1:111122223333:/backend/${defaults.appId}/*`
    if (role !== undefined)
      role.policies = [{ Statement: [{ Effect: 'Allow', Action: 'amplifybackend:*', Resource }] }]
    expect((await getStorage(emulator, { keys })).status).toBe(404)
    expect((await getStorage(emulator, { keys, appId: 'dother' })).status).toBe(403)
  })
})

describe('GetCallerIdentity', () => {
  const ask = (emulator: Emulator, keys: Keys = emulator.state.user): Promise<Reply> =>
    call(emulator, {
      path: '/',
      service: 'sts',
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      keys,
    })

  test('The response has the ARN of the user or of the session', async () => {
    const emulator = await start()
    const user = await ask(emulator)
    expect(xmlText(user.text, 'Account')).toBe('111122223333')
    expect(xmlText(user.text, 'Arn')).toBe('arn:aws:iam::111122223333:user/octocat')
    const role = await ask(emulator, await openSession(emulator))
    expect(xmlText(role.text, 'Arn')).toBe(
      'arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/session',
    )
  })

  test('A request with an invalid signature, an unknown key or an expired session is rejected', async () => {
    const emulator = await start()
    const expired = await openSession(emulator)
    const credential = emulator.state.credentials.get(expired.accessKeyId)
    if (credential !== undefined) credential.expiresAt = 0
    const secretAccessKey = 'other'
    const codes: Readonly<Record<string, Keys>> = {
      SignatureDoesNotMatch: { ...emulator.state.user, secretAccessKey },
      InvalidClientTokenId: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey },
      ExpiredToken: expired,
    }
    for (const [code, keys] of Object.entries(codes))
      expect(errorOf(await ask(emulator, keys))).toEqual([403, code])
  })
})
