import type { App, Environment, State } from './state.ts'

function environmentSnapshot(environment: Environment): object {
  return {
    auth: environment.auth,
    suffix: environment.suffix,
    storages: [...environment.storages.values()],
    jobs: environment.jobs,
    buckets: [...environment.buckets],
  }
}

function appSnapshot(app: App): object {
  const environments = new Map(
    [...app.environments].map(([name, environment]) => [name, environmentSnapshot(environment)]),
  )
  return { name: app.name, environments: Object.fromEntries<object>(environments) }
}

/** The world as JSON can show it, without any secret. */
export function snapshot(world: State): object {
  return {
    accountId: world.accountId,
    issuer: world.issuer,
    claims: world.claims,
    tokenSeconds: world.tokenSeconds,
    providers: world.providers,
    rules: world.rules,
    apps: Object.fromEntries([...world.apps].map(([appId, app]) => [appId, appSnapshot(app)])),
    roles: [...world.roles.values()],
    sessions: [...world.credentials.values()].map(({ accessKeyId, arn, expiresAt }) => ({
      accessKeyId,
      arn,
      expiresAt,
    })),
    jobPlans: world.jobPlans,
    counters: world.counters,
    github: { ...world.github, locked: [...world.github.locked] },
  }
}
