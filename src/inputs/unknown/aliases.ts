/**
 * What other actions, the Amplify Backend API and the Amplify CLI call our inputs. Names are compared without
 * their separators: the runner turns `appId` into `INPUT_APPID`.
 */
export const ALIASES: Readonly<Record<string, string>> = {
  'app-id': 'app amplifyapp amplifyappid',
  'backend-environment-name':
    'env envname environment environmentname amplifyenv backendenv backendenvironment',
  'resource-name': 'name resource storage storagename',
  'bucket-name': 'bucket s3bucket s3bucketname',
  'authenticated-permissions': 'authenticated authpermissions permissions userpermissions',
  'unauthenticated-permissions':
    'guest guests guestpermissions guestaccess publicpermissions unauthenticated unauthpermissions',
  'aws-region': 'region awsdefaultregion',
  'role-to-assume':
    'role rolearn awsassumerole awsrole awsrolearn awsroletoassume iamrole iamrolearn assumerole assumerolearn oidcrole oidcrolearn roletoassumearn',
  'plan-role-to-assume': 'planrole planrolearn readonlyrole',
  'role-session-name': 'sessionname',
  'role-duration-seconds': 'duration durationseconds roleduration sessionduration',
  audience: 'aud oidcaudience',
  'allowed-account-ids': 'accountid accountids allowedaccounts awsaccountid',
  'apply-branches': 'branch branches',
  'if-exists': 'onconflict overwrite update',
  wait: 'async waitforcompletion waitforjob',
  'timeout-in-minutes': 'maxwait timeout timeoutminutes timeoutseconds',
  'max-attempts': 'attempts maxretries retries retry',
  'comment-on-pr': 'addcomment comment commentpr prcomment',
  'github-token': 'ghtoken repotoken token',
  'fail-on-changes': 'detailedexitcode failondiff failondrift',
}

/** Inputs that promise not to write, without their separators. To ignore one would write. */
export const DRY_RUNS: ReadonlySet<string> = new Set(
  'check checkmode checkonly diffonly dry dryrun noop nooperation plan planonly preview previewonly simulate whatif'.split(
    ' ',
  ),
)
