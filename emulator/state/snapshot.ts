import type { App, Environment } from './backends.ts'
import type { State } from './state.ts'

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

/** The state as JSON, without secrets. */
export function snapshot(state: State): object {
  return {
    accountId: state.accountId,
    issuer: state.issuer,
    claims: state.claims,
    tokenSeconds: state.tokenSeconds,
    providers: state.providers,
    rules: state.rules,
    apps: Object.fromEntries([...state.apps].map(([appId, app]) => [appId, appSnapshot(app)])),
    roles: [...state.roles.values()],
    sessions: [...state.credentials.values()].map(({ accessKeyId, arn, expiresAt }) => ({
      accessKeyId,
      arn,
      expiresAt,
    })),
    jobPlans: state.jobPlans,
    counters: state.counters,
    github: { ...state.github, locked: [...state.github.locked] },
  }
}
