import type { Claims } from '../state/claims.ts'
import { defaultClaims } from '../state/claims.ts'
import type { Env } from './runner.ts'

/** Claims that have the value of the variable with their name after `GITHUB_`. */
const fromVariables = [
  'ref',
  'ref_type',
  'ref_protected',
  'sha',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'event_name',
  'actor',
  'actor_id',
  'run_id',
  'run_number',
  'run_attempt',
  'head_ref',
  'base_ref',
]

function subject(claims: Claims): string {
  const { environment, event_name: event, ref } = claims
  if (environment !== undefined) return `environment:${environment}`
  return event === 'pull_request' ? 'pull_request' : `ref:${ref ?? ''}`
}

/** The claims of the job's tokens, as its GITHUB_ variables and the input `claims` say. */
export function jobClaims(env: Env, given: Readonly<Record<string, string>>): Claims {
  const absent = Object.fromEntries(Object.keys(defaultClaims()).map((name) => [name, undefined]))
  const variables = Object.fromEntries(
    fromVariables.map((name) => [name, env[`GITHUB_${name.toUpperCase()}`]]),
  )
  const claims: Claims = {
    ...absent,
    ...variables,
    // A called workflow has the claim of its own file, which no variable names.
    job_workflow_ref: env['GITHUB_WORKFLOW_REF'],
    runner_environment: env['RUNNER_ENVIRONMENT'],
    ...given,
  }
  const repository = claims['repository'] ?? ''
  return { ...claims, sub: given['sub'] ?? `repo:${repository}:${subject(claims)}` }
}
