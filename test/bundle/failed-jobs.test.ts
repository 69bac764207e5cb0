/** A job that fails: its text cleaned and cut, and advice where the text is known. */
import { afterAll, describe, expect, it } from 'vitest'

import type { ErrorCode } from '../../src/errors/catalog.ts'
import { FAST_SCALE, runAction } from '../support/run-action.ts'
import { getError, getLog } from '../support/step-result.ts'
import { createEmulatorPool } from '../support/emulator-pool.ts'
import { sampleCases } from '../support/sampling.ts'

const stages = createEmulatorPool(FAST_SCALE)
afterAll(() => stages.stop())

const command = 'Command failed with exit code 1 (EPERM): amplify push --yes\n'
const user = 'arn:aws:sts::111122223333:assumed-role/amplify-storage-apply/run'

type Row = Readonly<{ name: string; text: string; code: ErrorCode; advice: string }>

const rows: readonly Row[] = [
  {
    name: 'no auth resource',
    text: 'Cannot headlessly add storage resource without an existing auth resource. It can be added with "amplify add auth"',
    code: 'AUTH_MISSING',
    advice: 'Add auth (Cognito) to the backend environment',
  },
  {
    name: 'an imported auth resource that allows no guests',
    text: 'Current auth config is not compatible with your storage config',
    code: 'JOB_FAILED',
    advice: 'does not allow guests',
  },
  {
    name: 'storage of another name',
    text: 'Add Storage Failed: only one S3 resource is allowed',
    code: 'OTHER_STORAGE',
    advice: 'set resource-name to the existing one',
  },
  {
    name: 'a bucket that was left behind',
    text: 'UPDATE_FAILED storagemedia AWS::CloudFormation::Stack\nS3Bucket AWS::S3::Bucket: octo-media9c04b-prod already exists',
    code: 'JOB_FAILED',
    advice: 'left behind by an earlier storage (buckets are retained)',
  },
  {
    name: 'another deployment',
    text: 'A deployment is in progress.',
    code: 'JOB_FAILED',
    advice: 'Wait until the other deployment of this environment has ended',
  },
  {
    name: 'a missing permission with its resource',
    text: `User: ${user} is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::octo-media because no identity-based policy allows it`,
    code: 'JOB_LACKS_PERMISSION',
    advice: '{"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::octo-media"}',
  },
  {
    name: 'a missing permission without its resource',
    text: `User: ${user} is not authorized to perform: iam:CreateRole`,
    code: 'JOB_LACKS_PERMISSION',
    advice: '{"Effect":"Allow","Action":"iam:CreateRole","Resource":"*"}',
  },
  {
    name: 'a missing permission in other words',
    text: 'The user does not have permissions to call lambda createFunction.',
    code: 'JOB_LACKS_PERMISSION',
    advice: '{"Effect":"Allow","Action":"lambda:CreateFunction","Resource":"*"}',
  },
  {
    name: 'something that nobody has seen before',
    text: 'Resource is not in the state stackUpdateComplete',
    code: 'JOB_FAILED',
    advice: 'The whole text: aws amplifybackend get-backend-job',
  },
  {
    name: 'no text at all',
    text: '',
    code: 'JOB_FAILED',
    advice: 'in the Amplify console, at the backend environment "prod"',
  },
]

describe.concurrent('a job that fails for', () => {
  it.each(sampleCases(rows))(
    '$name is red, with its text and the advice for it',
    ({ text, code, advice }) =>
      stages.use({}, async (stage) => {
        const { emulator } = stage
        emulator.planJob({ error: text === '' ? '' : command + text })
        const end = await runAction(stage)

        expect(end.exitCode, getLog(end)).toBe(1)
        expect(end.outputs).toMatchObject({
          result: 'failed',
          ready: '',
          changed: '',
          status: 'FAILED',
          'job-id': emulator.environment().jobs[0]?.jobId,
          'error-code': code,
        })
        const error = getError(end)
        expect(error).toContain(text === '' ? 'gives no reason' : (text.split('\n').at(-1) ?? ''))
        expect(error).toContain(advice)
        expect(error).not.toContain('goes on remotely')
        if (text === '') expect(error).not.toMatch(/the text|whole text/)
        expect(emulator.calls('CreateBackendStorage')).toHaveLength(1)
      }),
  )

  it('something, after the answer to its create was lost, is failed all the same: its outcome is known', () =>
    stages.use({}, async (stage) => {
      const { emulator } = stage
      emulator.planJob({ error: 'Something is wrong with the stack' })
      emulator.injectFault({
        operation: 'CreateBackendStorage',
        kind: 'status',
        status: 504,
        when: 'after',
      })
      const end = await runAction(stage)

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({ result: 'failed', 'error-code': 'JOB_FAILED' })
      expect(getError(end)).not.toContain('not known')
      expect(emulator.calls('CreateBackendStorage')).toHaveLength(1)
    }))
})

describe.concurrent('W07, L01: the text of a failed job', () => {
  it('is cut, and can neither command the runner nor break the summary', () =>
    stages.use({}, async (stage) => {
      const text = [
        '::error::forged',
        '##[error]forged',
        '%0A::set-output name=ready::true',
        '\u001B[31m\u202Ered</td></table>```',
        'ghadelimiter_1',
        'x'.repeat(50_000),
      ].join('\n')
      stage.emulator.planJob({ error: text })
      const end = await runAction(stage)

      expect(end.exitCode, getLog(end)).toBe(1)
      expect(end.outputs).toMatchObject({ result: 'failed', ready: '' })
      expect(getError(end).length).toBeLessThan(2_500)
      expect(end.outputs['error-message']?.length).toBeLessThan(2_500)
      expect(end.outputs['error-message']).not.toMatch(/\p{Cc}|\p{Cf}/u)
      expect(
        end.rawLines.filter((line) => /^\s*(?:::error::|##\[error\])forged/.test(line)),
      ).toEqual([])
      expect(end.summary).not.toContain('</td></table>')
      expect(Buffer.byteLength(end.summary)).toBeLessThan(64 * 1024)
    }))
})
