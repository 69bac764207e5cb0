import { describe, expect, test } from 'vitest'
import type { StorageRef } from '../../../../src/storage/api.ts'
import { explainJobError } from '../../../../src/storage/jobs/explain-job-error.ts'
import { STORAGE_REF } from '../../../support/unit/storage-context.ts'
import { kindOf } from '../jobs/failed-job.ts'

const causeOf = (text: string, ref: Partial<StorageRef> = {}): string | undefined =>
  explainJobError(text, 'job-1', { ...STORAGE_REF, ...ref }).cause

describe('who lacks a permission', () => {
  const causeFor = (principal: string, ref: Partial<StorageRef> = {}): string | undefined =>
    causeOf(`User: ${principal} is not authorized to perform: s3:CreateBucket`, ref)

  test.each([
    ['arn:aws:sts::1:assumed-role/deployer/run-1', 'the role deployer'],
    ['arn:aws:sts::1:assumed-role/deployer', 'the role deployer'],
    ['arn:aws:iam::1:user/alice', 'the IAM user alice'],
    ['arn:aws:iam::1:user/ci/team/alice', 'the IAM user alice'],
    ['arn:aws:iam::1:root', 'the role of this run'],
    ['arn:aws:iam::1:x/assumed-role/deployer', 'the role of this run'],
    ['arn:aws:iam::1:x/user/alice', 'the role of this run'],
    ['alice', 'the role of this run'],
  ])('The principal %s is called %s', (principal, name) => {
    expect(causeFor(principal)).toBe(`${name} may not call s3:CreateBucket`)
  })

  test('Without a known account, the run can have a role or a user', () => {
    expect(causeFor('alice', { accountId: undefined })).toContain('the role or user of this run')
  })

  test('A long name is shortened', () => {
    expect(causeFor(`arn:aws:iam::1:user/${'a'.repeat(100)}`)).toContain(` ${'a'.repeat(63)}… `)
    expect(causeFor(`arn:aws:sts::1:assumed-role/${'a'.repeat(100)}/s`)).toContain(
      ` ${'a'.repeat(63)}… `,
    )
  })
})

describe('the cause that a missing permission is given', () => {
  test.each([
    ['API: s3:PutBucketCors Access Denied', ['s3:PutBucketCors']],
    ['API: s3:CreateBucket Access Denied', ['s3:CreateBucket']],
    ['User does not have permission to call lambda createFunction', ['lambda:createFunction']],
    ['API: s3:HeadBucket Access Denied', ['s3:HeadBucket', 's3:ListBucket']],
    [
      'API: lambda:CreateFunction20150331 Access Denied',
      ['lambda:CreateFunction20150331', 'lambda:CreateFunction'],
    ],
    ['API: s3:FrobnicateBucket Access Denied', ['s3:FrobnicateBucket']],
    ['is not authorized to perform: s3:CreateBucket', ['s3:CreateBucket']],
    ['AccessDenied: Access Denied', []],
  ])('For the text "%s", it names %j', (text, names) => {
    expect(causeOf(text)?.match(/[a-z0-9-]+:\w+/g) ?? []).toEqual(names)
  })

  test('For a text without an action, it still names who lacks the permission', () => {
    const cause = causeOf('AccessDenied: Access Denied')
    expect(cause).toContain('the role of this run')
    expect(cause).not.toContain('undefined')
  })

  test('An SDK that names no service gets no note about the name of the action', () => {
    expect(causeOf('(AccessDenied) when calling the HeadBucket operation')).toBe(
      'the role of this run may not call HeadBucket',
    )
  })

  test.each([
    ['', 'missing-permission', false],
    ['because no identity-based policy allows it', 'missing-permission', false],
    ['because no session policy allows it', 'denied-by-policy', '(session policy)'],
    [
      'with an explicit deny in a permissions boundary',
      'denied-by-policy',
      '(permissions boundary)',
    ],
    [
      'with an explicit deny in an identity-based policy',
      'denied-by-policy',
      '(identity-based policy)',
    ],
    ['with an explicit deny', 'denied-by-policy', '(explicit deny)'],
  ])('A denial that ends "%s" is of the kind %s, with the note %s', (end, kind, note) => {
    const text = `x is not authorized to perform: s3:CreateBucket ${end}`
    expect(kindOf(text)).toBe(kind)
    const denied = 'the role of this run may not call s3:CreateBucket'
    expect(causeOf(text)).toBe(note === false ? denied : `${denied} ${note}`)
  })
})
