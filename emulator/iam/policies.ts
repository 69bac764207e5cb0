/** Permission policies for the actions of Amplify Backend. */
import { defaults } from '../lib/defaults.ts'
import type { PolicyDocument } from './evaluate.ts'

export const readActions = [
  'amplifybackend:GetBackend',
  'amplifybackend:GetBackendStorage',
  'amplifybackend:GetBackendJob',
  'amplifybackend:ListBackendJobs',
]

export const writeActions = [
  'amplifybackend:CreateBackendStorage',
  'amplifybackend:UpdateBackendStorage',
]

/** The actions of the role that plans, as in docs/permissions.md; a plan starts no job, so it reads none. */
export const planActions = ['amplifybackend:GetBackend', 'amplifybackend:GetBackendStorage']

/** A policy that allows these actions on every backend of an account. */
export function allowPolicy(
  actions: string[],
  accountId: string = defaults.accountId,
  partition = 'aws',
): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: actions,
        Resource: `arn:${partition}:amplifybackend:*:${accountId}:/backend/*`,
      },
    ],
  }
}
