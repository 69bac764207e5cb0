/** The names of the resources in a new emulator. */
export const defaults = {
  accountId: '111122223333',
  appId: 'd1a2b3c4d5e6f7',
  applyRole: 'arn:aws:iam::111122223333:role/amplify-storage-apply',
  planRole: 'arn:aws:iam::111122223333:role/amplify-storage-plan',
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'sts.amazonaws.com',
  region: 'eu-west-1',
  repository: 'octo-org/octo-app',
} as const
