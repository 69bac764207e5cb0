import type { Environment } from '../../state/backends.ts'

/** Where a backend is. */
export type BackendLocation = {
  readonly appId: string
  readonly accountId: string
  readonly region: string
}

function rootStackName(environment: Environment): string {
  return environment.suffix === ''
    ? `${environment.appName}-${environment.name}`
    : `amplify-${environment.appName}-${environment.name}-${environment.suffix}`
}

function storageSection(environment: Environment, region: string, now: number): object {
  const visible = [...environment.storages.values()].filter((storage) => storage.visibleAt <= now)
  if (visible.length === 0) return {}
  return {
    storage: Object.fromEntries(
      visible.map((storage) => [
        storage.resourceName,
        {
          service: 'S3',
          serviceType: storage.imported ? 'imported' : undefined,
          providerPlugin: 'awscloudformation',
          dependsOn: [],
          output: { BucketName: storage.bucket, Region: region },
        },
      ]),
    ),
  }
}

function authSection(environment: Environment): object {
  const { auth, appName, suffix } = environment
  if (auth === false) return {}
  const identityPool =
    auth === true ? { IdentityPoolName: `${appName}_identitypool_${suffix}` } : {}
  return {
    auth: {
      [appName]: {
        service: 'Cognito',
        serviceType: auth === 'imported-user-pool' ? 'imported' : undefined,
        providerPlugin: 'awscloudformation',
        dependsOn: [],
        output: { UserPoolName: `${appName}_userpool_${suffix}`, ...identityPool },
      },
    },
  }
}

/** The metadata of a backend as JSON, in the format of Amplify's `amplify-meta.json`. */
export function amplifyMeta(
  environment: Environment,
  { appId, accountId, region }: BackendLocation,
  now: number,
): string {
  if (environment.metadata !== undefined) return environment.metadata
  const stack = rootStackName(environment)
  return JSON.stringify({
    providers: {
      awscloudformation: {
        AuthRoleName: `${stack}-authRole`,
        UnauthRoleName: `${stack}-unauthRole`,
        Region: region,
        DeploymentBucketName: `${stack}-deployment`,
        StackName: stack,
        StackId: `arn:aws:cloudformation:${region}:${accountId}:stack/${stack}/6d9c1f30`,
        AmplifyAppId: appId,
      },
    },
    ...authSection(environment),
    ...storageSection(environment, region, now),
  })
}
