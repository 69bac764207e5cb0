import type { Environment } from '../../state/state.ts'

function rootStack(environment: Environment): string {
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
  if (!environment.auth) return {}
  return {
    auth: {
      [environment.appName]: {
        service: 'Cognito',
        providerPlugin: 'awscloudformation',
        dependsOn: [],
        output: { UserPoolName: `${environment.appName}_userpool_${environment.suffix}` },
      },
    },
  }
}

/** The backend's metadata, as Amplify's `amplify-meta.json` has it: JSON in a string. */
export function amplifyMeta(
  environment: Environment,
  place: { appId: string; accountId: string; region: string },
  now: number,
): string {
  if (environment.metadata !== undefined) return environment.metadata
  const stack = rootStack(environment)
  const arn = `arn:aws:cloudformation:${place.region}:${place.accountId}:stack/${stack}/6d9c1f30`
  return JSON.stringify({
    providers: {
      awscloudformation: {
        AuthRoleName: `${stack}-authRole`,
        UnauthRoleName: `${stack}-unauthRole`,
        Region: place.region,
        DeploymentBucketName: `${stack}-deployment`,
        StackName: stack,
        StackId: arn,
        AmplifyAppId: place.appId,
      },
    },
    ...authSection(environment),
    ...storageSection(environment, place.region, now),
  })
}
