/** The emulator's STS verifies the tokens of other issuers, and evaluates the policies of the user on them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import { githubTrustPolicy, type PolicyDocument } from '../../../emulator/emulator.ts'
import type { StepResult } from '../../../emulator/runner/step.ts'
import { startAction, type ActionStart } from '../../support/emulator-action.ts'
import { send, xmlText, type Reply } from '../../support/emulator-requests.ts'
import { addCleanup, scenario } from '../../support/scenario.ts'
import { findClosedPort } from '../../support/servers/loopback-server.ts'
import { serve, type Served } from '../../support/unit/http-server.ts'

type Keys = Readonly<{ privateKey: CryptoKey; jwk: JWK }>

let known: Keys
let other: Keys
beforeAll(async () => {
  const create = async (kid: string): Promise<Keys> => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid } }
  }
  known = await create('known')
  other = await create('other')
})

type TestIssuer = Readonly<{
  /** The server of the jobs, as GITHUB_SERVER_URL has it. */
  server: string
  issuer: string
  keys: JWK[]
  seen: Served['seen']
}>

/** An Enterprise Server on loopback that publishes the keys of its issuer. */
async function startIssuer(): Promise<TestIssuer> {
  const keys = [known.jwk]
  const { url, seen } = await serve((response, { target }) => {
    const issuer = `${url}/_services/token`
    const body = target.endsWith('/jwks')
      ? { keys }
      : { issuer, jwks_uri: `${issuer}/.well-known/jwks` }
    response.end(JSON.stringify(body))
  })
  return { server: url, issuer: `${url}/_services/token`, keys, seen }
}

const subject = 'repo:octo-org/octo-app:ref:refs/heads/main'
const role = 'arn:aws:iam::222233334444:role/mine'

type TokenOptions = Readonly<{
  issuer: string
  keys?: Keys
  kid?: string
  claims?: Readonly<Record<string, string>>
  /** Seconds until it expires. */
  lifetime?: number
}>

function createToken({
  issuer,
  keys = known,
  kid,
  claims,
  lifetime = 300,
}: TokenOptions): Promise<string> {
  return new SignJWT({ sub: subject, aud: 'sts.amazonaws.com', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: kid ?? keys.jwk.kid ?? '' })
    .setIssuer(issuer)
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifetime)
    .sign(keys.privateKey)
}

/** Starts the action in a job with `id-token: write` on the server. */
const startForReal = (server: string, options: ActionStart = {}): Promise<StepResult> =>
  startAction({
    ...options,
    env: {
      GITHUB_SERVER_URL: server,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${server}/token`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
      ...options.env,
    },
  })

const assume = ({ outputs }: StepResult, token: string, RoleArn = role): Promise<Reply> =>
  send(outputs['url'] ?? '', {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn,
      RoleSessionName: 'session',
      WebIdentityToken: token,
    }).toString(),
  })

const errorOf = ({ text }: Reply): unknown => [xmlText(text, 'Code'), xmlText(text, 'Message')]

/** Saves policies in a folder, which is the workspace of the job. */
function workspaceWith(files: Readonly<Record<string, object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'workspace-'))
  addCleanup(() => {
    rmSync(folder, { recursive: true })
  })
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(content))
  return folder
}

const containing = (text: string): unknown => expect.stringContaining(text)

describe('a job with tokens of its own', () => {
  scenario(
    'Its tokens are accepted for every role, by the keys that its issuer publishes',
    async () => {
      const { server, issuer } = await startIssuer()
      const started = await startForReal(server)
      expect(started.exitCode, started.log.join('\n')).toBe(0)
      expect(Object.keys(started.variables)).not.toContain('ACTIONS_ID_TOKEN_REQUEST_URL')
      const reply = await assume(started, await createToken({ issuer }))
      expect(xmlText(reply.text, 'Provider')).toBe(
        `arn:aws:iam::222233334444:oidc-provider/${issuer.replace('http://', '')}`,
      )
      const china = await createToken({ issuer, claims: { aud: 'sts.amazonaws.com.cn' } })
      const chineseRole = role.replace('aws', 'aws-cn')
      expect((await assume(started, china, chineseRole)).status).toBe(200)
      expect(errorOf(await assume(started, china))).toEqual([
        'InvalidIdentityToken',
        containing('Incorrect token audience'),
      ])
    },
  )

  scenario('A token of another repository is refused', async () => {
    const { server, issuer } = await startIssuer()
    const started = await startForReal(server)
    const sub = 'repo:octo-org/other:ref:refs/heads/main'
    expect(errorOf(await assume(started, await createToken({ issuer, claims: { sub } })))).toEqual([
      'AccessDenied',
      containing(`does not match the token's claim sub, which is ${sub}`),
    ])
  })

  const expired = 'Token expired: current date/time'
  const cases: Readonly<
    Record<string, readonly [(issuer: string) => TokenOptions, code: string, message: string]>
  > = {
    'with the signature of another key': [
      (issuer) => ({ issuer, keys: other, kid: 'known' }),
      'InvalidIdentityToken',
      'a signature that is not valid',
    ],
    'of another issuer': [
      (issuer) => ({ issuer: `${issuer}/other` }),
      'InvalidIdentityToken',
      'No OpenIDConnect provider found',
    ],
    'with an unknown key': [
      (issuer) => ({ issuer, kid: 'unknown' }),
      'InvalidIdentityToken',
      "Couldn't retrieve verification key",
    ],
    'that expired more than a minute ago': [
      (issuer) => ({ issuer, lifetime: -70 }),
      'ExpiredTokenException',
      expired,
    ],
  }
  for (const [name, [options, code, message]] of Object.entries(cases))
    scenario(`A token ${name} is refused`, async () => {
      const { server, issuer } = await startIssuer()
      const reply = await assume(await startForReal(server), await createToken(options(issuer)))
      expect(errorOf(reply)).toEqual([code, containing(message)])
      if (message === expired) expect(errorOf(reply)).toEqual([code, containing('clock is at')])
    })

  scenario('A token that expired less than a minute ago is accepted', async () => {
    const { server, issuer } = await startIssuer()
    const token = await createToken({ issuer, lifetime: -20 })
    expect((await assume(await startForReal(server), token)).status).toBe(200)
  })

  scenario('The keys are fetched once more for a token with a new key', async () => {
    const { server, issuer, keys, seen } = await startIssuer()
    const started = await startForReal(server)
    const before = seen.length
    const token = await createToken({ issuer, keys: other })
    keys.push(other.jwk)
    expect((await assume(started, token)).status).toBe(200)
    expect((await assume(started, token)).status).toBe(200)
    expect(seen.length - before).toBe(2)
  })

  scenario('The step fails if the issuer cannot be reached', async () => {
    const server = `http://127.0.0.1:${await findClosedPort()}`
    const started = await startForReal(server)
    expect(started.exitCode).toBe(1)
    const [annotation] = started.annotations
    expect(annotation?.message).toContain(`${server}/_services/token/.well-known`)
    expect(annotation?.message).toContain('ECONNREFUSED')
  })

  scenario('The input claims has no effect, and a warning says so', async () => {
    const { server } = await startIssuer()
    const started = await startForReal(server, { inputs: { claims: 'environment=prod' } })
    expect(started.annotations).toMatchObject([{ level: 'warning', message: containing('claims') }])
  })
})

describe('the policies of a user', () => {
  type Policies = Readonly<{
    trust: (issuer: string) => object
    permissions?: PolicyDocument
    asked?: string
  }>

  /** Asks for the role with a token of a push, and the policies in files. */
  async function askWith({ trust, permissions, asked }: Policies): Promise<Reply> {
    const { server, issuer } = await startIssuer()
    const files = {
      'trust.json': trust(issuer),
      ...(permissions === undefined ? {} : { 'permissions.json': permissions }),
    }
    const started = await startForReal(server, {
      inputs: { 'trust-policy': `${role}=trust.json` },
      env: { GITHUB_WORKSPACE: workspaceWith(files) },
    })
    expect(started.exitCode, started.log.join('\n')).toBe(0)
    return assume(started, await createToken({ issuer, claims: { ref: 'refs/heads/main' } }), asked)
  }

  const trustOf = (issuer: string, options: object = {}, subjects = [subject]): object =>
    githubTrustPolicy(subjects, { issuer, accountId: '222233334444', ...options })

  scenario('A trust policy that matches lets the token through', async () => {
    expect((await askWith({ trust: trustOf })).status).toBe(200)
  })

  scenario('A refusal has the condition and the claim that do not match', async () => {
    const other = 'repo:octo-org/octo-app:environment:prod'
    const reply = await askWith({ trust: (issuer) => trustOf(issuer, {}, [other]) })
    const [code, message] = [xmlText(reply.text, 'Code'), xmlText(reply.text, 'Message')]
    expect(code).toBe('AccessDenied')
    expect(message).toMatch(/^Not authorized to perform sts:AssumeRoleWithWebIdentity\. /)
    expect(message).toContain(other)
    expect(message).toContain(`the token's claim sub, which is ${subject}`)
  })

  scenario(
    'IAM does not know the other claims of an issuer that is not that of GitHub',
    async () => {
      const claims = { ref: 'refs/heads/main' }
      const reply = await askWith({ trust: (issuer) => trustOf(issuer, { claims }) })
      expect(errorOf(reply)).toEqual([
        'AccessDenied',
        containing('IAM does not know the claim ref: of this issuer it knows sub, aud'),
      ])
    },
  )

  scenario('A role that no line names does not exist', async () => {
    const asked = role.replace('mine', 'other')
    expect(errorOf(await askWith({ trust: trustOf, asked }))).toEqual([
      'AccessDenied',
      containing(`there is no role ${asked}`),
    ])
  })
})

test('A policy for every role refuses a role in another account, and names the principal', async () => {
  const { server, issuer } = await startIssuer()
  const trust = githubTrustPolicy([subject], { issuer })
  const started = await startForReal(server, {
    inputs: { 'trust-policy': 'trust.json' },
    env: { GITHUB_WORKSPACE: workspaceWith({ 'trust.json': trust }) },
  })
  expect(errorOf(await assume(started, await createToken({ issuer })))).toEqual([
    'AccessDenied',
    containing('is in the account 111122223333, and the role is in 222233334444'),
  ])
})
