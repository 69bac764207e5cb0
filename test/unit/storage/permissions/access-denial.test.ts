import { describe, expect, test } from 'vitest'
import { parseArn } from '../../../../src/lib/arn.ts'
import { findAccessDenial } from '../../../../src/storage/permissions/access-denial.ts'

const USER = 'arn:aws:iam::111122223333:user/alice'
const SENTENCE = `User: ${USER} is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::a`
const NOTHING = {
  action: undefined,
  operation: undefined,
  resource: undefined,
  principal: undefined,
}

describe('a denial in the words of IAM', () => {
  test.each([
    ['alone', SENTENCE],
    ['at the end of a longer text', `${'event '.repeat(500)}${SENTENCE}`],
    ['at the start of a longer text', `${SENTENCE} ${'event '.repeat(1_000)}`],
    ['after another user', `User: arn:aws:iam::1:user/bob did something. ${SENTENCE}`],
  ])('It names the action, the resource and the principal when it stands %s', (_, text) => {
    expect(findAccessDenial(text)).toStrictEqual({
      action: 's3:CreateBucket',
      operation: undefined,
      resource: 'arn:aws:s3:::a',
      principal: parseArn(USER),
    })
  })

  test.each([
    'is not authorized to perform: s3:CreateBucket',
    'x is not authorized to perform: s3:CreateBucket',
    `User: ${USER} of this account is not authorized to perform: s3:CreateBucket`,
    'User: alice is not authorized to perform: s3:CreateBucket',
  ])('Without the ARN of a user right before it, it names no principal: %s', (text) => {
    expect(findAccessDenial(text)).toStrictEqual({ ...NOTHING, action: 's3:CreateBucket' })
  })

  test('The resource of another sentence is not its resource', () => {
    const text =
      'x is not authorized to perform: iam:PassRole. It failed on resource: arn:aws:s3:::a'
    expect(findAccessDenial(text)).toStrictEqual({ ...NOTHING, action: 'iam:PassRole' })
  })

  test.each([
    'x is not authorized to perform',
    'x is not authorized to perform this call',
    'x is not authorized to perform this call. Ask for s3:CreateBucket',
  ])('Without an action right after it, it names nothing: %s', (text) => {
    expect(findAccessDenial(text)).toStrictEqual(NOTHING)
  })
})

describe('a denial that names an API operation', () => {
  test.each([
    ['API: s3:CreateBucket Access Denied', 's3:CreateBucket'],
    ['API: s3:CreateBucket AccessDenied', 's3:CreateBucket'],
    ['API: s3:CreateBucket You are not authorized to perform this operation', 's3:CreateBucket'],
    ['User does not have permission to call s3 createBucket', 's3:createBucket'],
    ['(AccessDenied) when calling the CreateBucket operation', 'CreateBucket'],
    ['(AccessDeniedException) when calling the CreateBucket operation', 'CreateBucket'],
  ])('The text "%s" names the operation %s', (text, operation) => {
    expect(findAccessDenial(text)).toStrictEqual({
      action: 's3:CreateBucket',
      operation,
      resource: 'arn:{PARTITION}:s3:::YOUR-BUCKET',
      principal: undefined,
    })
  })

  test.each([
    ['API: s3:FrobnicateBucket Access Denied', 's3:FrobnicateBucket'],
    ['(AccessDenied) when calling the FrobnicateBucket operation', 'FrobnicateBucket'],
  ])('The text "%s" names the unknown operation %s and no action', (text, operation) => {
    expect(findAccessDenial(text)).toStrictEqual({ ...NOTHING, operation })
  })
})

describe('a denial that names nothing', () => {
  test.each([
    'HandlerErrorCode: AccessDenied',
    'Access Denied (Service: S3)',
    'You are not authorized to perform this operation',
    'Error code: UnauthorizedOperation',
  ])('The text "%s" is a denial', (text) => {
    expect(findAccessDenial(text)).toStrictEqual(NOTHING)
  })

  test.each(['', 'The registry requires authentication', 'User: alice is authorized'])(
    'The text "%s" is not a denial',
    (text) => {
      expect(findAccessDenial(text)).toBeUndefined()
    },
  )
})
