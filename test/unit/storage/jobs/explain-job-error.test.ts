import { describe, expect, test } from 'vitest'
import { explainJobError } from '../../../../src/storage/jobs/explain-job-error.ts'
import { STORAGE_REF } from '../../../support/unit/storage-context.ts'

const explained = (text: string): ReturnType<typeof explainJobError> =>
  explainJobError(text, 'job-1', STORAGE_REF)

describe('the explanation of a failed job', () => {
  test.each([
    ['', 'no-text', 'JOB_FAILED', undefined],
    ['Something went wrong', 'unknown', 'JOB_FAILED', undefined],
    ['API: s3:CreateBucket Access Denied', 'missing-permission', 'JOB_LACKS_PERMISSION', 21],
    ['x: AccessDenied', 'missing-permission', 'JOB_LACKS_PERMISSION', 3],
    ['You are not authorized to perform it', 'missing-permission', 'JOB_LACKS_PERMISSION', 8],
    [
      'x has no permission; does not have permission to call s3 getObject',
      'missing-permission',
      'JOB_LACKS_PERMISSION',
      9,
    ],
    [
      'x is not authorized to perform: s3:GetObject with an explicit deny',
      'denied-by-policy',
      'JOB_LACKS_PERMISSION',
      5,
    ],
    ['photos14a5e-prod already exists', 'leftover-bucket', 'JOB_FAILED', 16],
    ['The following resource(s) failed to create: x', 'nested-failure', 'JOB_FAILED', 14],
    ['x: TooManyBuckets', 'bucket-limit', 'JOB_FAILED', 3],
    [
      'ROLLBACK: Resource is not in the state stackUpdateComplete',
      'nested-failure',
      'JOB_FAILED',
      10,
    ],
  ])('The text "%s" is of the kind %s, with the code %s, at %s', (text, kind, code, position) => {
    const explanation = explained(text)
    expect(explanation).toMatchObject({ kind, code })
    expect(explanation.position).toBe(position)
  })
})

describe('the stack whose events the advice shows', () => {
  const ROOT = 'arn:aws:cloudformation:eu-west-1:111122223333:stack/amplify-acme-dev-14a5e'
  const ID = '0f1e2d3c-0000-11ec-900f-06c939e0aa2d'
  const AUTH = `${ROOT}-authacme-1IKU/${ID}`
  const STORAGE = `${ROOT}-storagemedia-1IKU/${ID}`

  test.each([
    [`Stack ${ROOT} failed`, ROOT],
    [`Stack ${ROOT}/${ID} failed`, `${ROOT}/${ID}`],
    [`Stack ${ROOT}/7eb5c9a0, failed`, `${ROOT}/7eb5c9a0`],
    [`Stack ${ROOT}/7eb5c9a failed`, ROOT],
    [`Stack ${ROOT}/$(id) failed`, ROOT],
    [`Stacks ${AUTH} and ${ROOT} failed`, AUTH],
    [`Stacks ${AUTH} and ${STORAGE} failed`, STORAGE],
    [`Stacks ${ROOT}, ${AUTH} and ${STORAGE}/x failed`, STORAGE],
    [
      'Stack arn:aws-us-gov:cloudformation:us-gov-west-1:111122223333:stack/a/x failed',
      'arn:aws-us-gov:cloudformation:us-gov-west-1:111122223333:stack/a',
    ],
  ])('For the text "%s", it is %s', (text, stack) => {
    for (const prefix of ['', 'Embedded stack: ']) {
      expect(explained(`${prefix}${text}`).advice).toContain(`--stack-name ${stack} --query`)
    }
  })

  test.each([
    'Something went wrong',
    'arn:aws:cloudformation:eu-west-1:1111:stack/amplify-acme',
    'arn:aws:cloudformation:eu-west-1:111122223333:changeSet/amplify-acme',
    'arn:aws:s3:eu-west-1:111122223333:stack/amplify-acme',
    '',
  ])('For the text "%s", it is the root stack of the environment', (text) => {
    expect(explained(text).advice).toContain(
      '--stack-name "$(aws amplify get-backend-environment --region eu-west-1 --app-id d1a2b3c4d5 --environment-name prod --query backendEnvironment.stackName --output text)" --query',
    )
  })
})
