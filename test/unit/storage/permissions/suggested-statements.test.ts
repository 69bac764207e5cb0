import { describe, expect, test } from 'vitest'
import type { StorageRef } from '../../../../src/storage/api.ts'
import { failed } from '../jobs/failed-job.ts'

describe('the resource of a suggested statement', () => {
  const resourceOf = (text: string, ref: Partial<StorageRef> = {}): string | undefined =>
    /"Resource":"([^"]*)"\}$/.exec(failed(text, ref).advice)?.[1]
  const on = (resource: string): string =>
    `is not authorized to perform: s3:CreateBucket on resource: ${resource}`

  test.each([
    ['"group ops"', 'arn:aws:iam::111122223333:group/ops'],
    ['"instance profile web"', 'arn:aws:iam::111122223333:instance-profile/web'],
    ['"a role deployer"', undefined],
    ['"role deployer of the team"', undefined],
    ['arn:aws:s3:::éa', undefined],
    ['arn:aws:s3:::aé', undefined],
    ['arn:aws:s3:::{BUCKET}', 'arn:aws:s3:::{BUCKET}'],
    [`arn:aws:s3:::${'a'.repeat(499)}`, `arn:aws:s3:::${'a'.repeat(499)}`],
    [`arn:aws:s3:::${'a'.repeat(500)}`, undefined],
  ])('The resource %.60s becomes %.60s', (resource, arn) => {
    expect(resourceOf(on(resource))).toBe(arn)
  })

  test('It is in the partition and region of the run', () => {
    expect(resourceOf('API: lambda:GetFunction Access Denied', { region: 'cn-north-1' })).toBe(
      'arn:aws-cn:lambda:cn-north-1:111122223333:function:YOUR-FUNCTION',
    )
  })

  /** The names to replace that the sentences before the statement name. */
  const placeholders = (text: string, ref: Partial<StorageRef> = {}): string[] =>
    failed(text, ref)
      .advice.split(' {"Effect"')[0]
      ?.match(/YOUR-[A-Z-]+/g) ?? []

  test.each([
    ['API: s3:CreateBucket Access Denied', ['YOUR-BUCKET']],
    ['API: cognito-identity:UpdateIdentityPool Access Denied', ['YOUR-IDENTITY-POOL']],
    ['API: ssm:PutParameter Access Denied', []],
    [on('arn:aws:s3:::a'), []],
  ])('The advice for "%s" names the placeholders %j', (text, names) => {
    expect(placeholders(text)).toEqual(names)
    expect(failed(text).advice).not.toContain('undefined')
    expect(failed(text).advice.includes('real value')).toBe(names.length > 0)
  })

  test('Without a placeholder, the rest of the advice is the same', () => {
    const unnamed = failed('API: s3:CreateBucket Access Denied').advice
    const named = failed(on('arn:aws:s3:::a')).advice
    expect(unnamed.replace(/, with [^,]* YOUR-BUCKET,/, ',')).toBe(
      named.replace('arn:aws:s3:::a', 'arn:aws:s3:::YOUR-BUCKET'),
    )
  })

  test('The advice names all placeholders', () => {
    const text = 'API: lambda:GetFunction Access Denied'
    expect(placeholders(text, { accountId: undefined })).toEqual([
      'YOUR-ACCOUNT-ID',
      'YOUR-FUNCTION',
    ])
  })
})

describe('the meaning of a permission on a role', () => {
  const allow = (action: string, resource: string): string =>
    failed(`x is not authorized to perform: ${action} on resource: ${resource}`).advice

  test.each([
    'iam:AttachRolePolicy',
    'iam:CreateRole',
    'iam:DeleteRolePolicy',
    'iam:DetachRolePolicy',
    'iam:PassRole',
    'iam:PutRolePolicy',
    'iam:UpdateAssumeRolePolicy',
  ])('For %s, the advice names the role once, before the statement', (action) => {
    for (const resource of ['role app-role', 'arn:aws:iam::1:role/path/app-role']) {
      const [meaning = ''] = allow(action, resource).split(' {"Effect"')
      expect(meaning.match(/\b(?:the )?role app-role\b/g)).toEqual(['the role app-role'])
      expect(meaning).not.toContain('ROLE')
      expect(meaning).not.toContain('the role the role')
    }
  })

  test.each(['*', ''])('For the resource "%s", the advice names no role', (resource) => {
    const advice = allow('iam:PassRole', resource)
    expect(advice).toMatch(/ a role\b/)
    expect(advice).not.toMatch(/ {2}|role \*|ROLE/)
  })

  test.each(['*', 'arn:aws:iam::1:role/app-role'])(
    'For an action that needs no explanation, on %s, the rest of the advice is the same',
    (resource) => {
      const explained = allow('iam:PassRole', resource).replaceAll('PassRole', 'GetRole')
      const plain = allow('iam:GetRole', resource)
      expect(explained.length).toBeGreaterThan(plain.length)
      expect(explained.replace(/ This is a permission [^.]*\./, '')).toBe(plain)
    },
  )
})
