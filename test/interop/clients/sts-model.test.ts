/** The emulator of STS agrees with AWS's own model of the service. */
import { describe, expect, test } from 'vitest'

import { defaults, type Emulator } from '../../../emulator/emulator.ts'
import { stsOperations } from '../../../emulator/lib/operations.ts'
import {
  assumeRoleWithWebIdentity,
  xmlText,
  send,
  start,
  requestToken,
  type Reply,
} from '../../support/emulator-requests.ts'
import { getOperation, readModel, type Member, type Shape } from './model.ts'

const model = readModel('sts/2011-06-15', stsOperations)
const assumeRole = getOperation(model, 'AssumeRoleWithWebIdentity')

const getMember = ({ members }: Shape, name: string): Member => {
  const member = members.find((candidate) => candidate.name === name)
  if (member === undefined) throw new Error(`AWS's model has no member ${name}`)
  return member
}

const getErrorCode = (reply: Reply): string => xmlText(reply.text, 'Code')

/** An emulator whose role allows the longest sessions. */
async function startWithLongSessions(): Promise<Emulator> {
  const emulator = await start()
  const role = emulator.state.roles.get(defaults.applyRole)
  if (role !== undefined) role.maxSessionSeconds = 43200
  return emulator
}

/** A value of a given length that is otherwise valid for its member. */
const ofLength: Readonly<Record<string, (length: number) => string>> = {
  RoleArn: (length) => 'arn:aws:iam::111122223333:role/'.padEnd(length, 'a').slice(0, length),
  RoleSessionName: (length) => 'a'.repeat(length),
  WebIdentityToken: (length) => 'a'.repeat(length),
  DurationSeconds: String,
}

describe('AssumeRoleWithWebIdentity', () => {
  test.each(assumeRole.input.members.filter(({ required }) => required).map(({ name }) => name))(
    'AssumeRoleWithWebIdentity rejects a request without %s',
    async (name) => {
      const emulator = await startWithLongSessions()
      const form = new URLSearchParams({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: defaults.applyRole,
        RoleSessionName: 'session',
        WebIdentityToken: await requestToken(emulator),
      })
      form.delete(name)
      const reply = await send(emulator.url, {
        method: 'POST',
        path: '/',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      })
      expect([reply.status, getErrorCode(reply)]).toEqual([400, 'ValidationError'])
    },
  )

  test.each(Object.entries(ofLength))(
    'AssumeRoleWithWebIdentity rejects a value of %s beyond the limits of the model',
    async (name, make) => {
      const emulator = await startWithLongSessions()
      const { min, max } = getMember(assumeRole.input, name).shape
      if (min === undefined || max === undefined) throw new Error(`${name} has no limits`)
      const answer = async (length: number): Promise<string> =>
        getErrorCode(await assumeRoleWithWebIdentity(emulator, { [name]: make(length) }))
      expect(await answer(min - 1)).toBe('ValidationError')
      expect(await answer(max + 1)).toBe('ValidationError')
      expect(await answer(max)).not.toBe('ValidationError')
      // No ARN of a role is as short as the model's least length.
      if (name !== 'RoleArn') expect(await answer(min)).not.toBe('ValidationError')
    },
  )

  test('AssumeRoleWithWebIdentity returns only members of the model’s output, and all required ones', async () => {
    const { status, text } = await assumeRoleWithWebIdentity(await startWithLongSessions())
    expect(status).toBe(200)
    const tags = [...text.matchAll(/<(\w+)>/g)].map(([, tag]) => tag)
    const names = (shape: Shape): string[] =>
      shape.members.flatMap(({ name, shape: inner }) => [name, ...names(inner)])
    const required = (shape: Shape): string[] =>
      shape.members.flatMap((member) => [
        ...(member.required ? [member.name] : []),
        ...required(member.shape),
      ])
    const around = ['AssumeRoleWithWebIdentityResult', 'ResponseMetadata', 'RequestId']
    expect(tags.filter((tag) => !around.includes(tag ?? ''))).toEqual(
      tags.filter((tag) => names(assumeRole.output).includes(tag ?? '')),
    )
    expect(tags).toEqual(expect.arrayContaining(required(assumeRole.output)))
  })
})

test.each([
  ['MalformedPolicyDocument', { Policy: '{' }],
  ['PackedPolicyTooLarge', { Policy: ' '.repeat(2049) }],
  ['InvalidIdentityToken', { WebIdentityToken: 'no.token.atall' }],
])('STS returns %s with the code and the status of the model', async (code, parameters) => {
  const reply = await assumeRoleWithWebIdentity(await start(), parameters)
  const { status } = assumeRole.errors.find((error) => error.code === code) ?? {}
  expect([getErrorCode(reply), reply.status]).toEqual([code, status])
})
