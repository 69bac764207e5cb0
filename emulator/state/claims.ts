import { defaults } from '../lib/defaults.ts'

/** Claims of an OIDC token; undefined removes a claim. */
export type Claims = Record<string, string | undefined>

/** The claims of GitHub's token for a push to main. */
export function defaultClaims(): Claims {
  return {
    sub: 'repo:octo-org/octo-app:ref:refs/heads/main',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    ref_protected: 'true',
    sha: '1d1b8f0dbb3d5d3d4d55cf2b1d1c3a1f6a5f7e10',
    repository: defaults.repository,
    repository_id: '456789',
    repository_owner: 'octo-org',
    repository_owner_id: '12345',
    repository_visibility: 'private',
    job_workflow_ref: 'octo-org/octo-app/.github/workflows/storage.yml@refs/heads/main',
    workflow_ref: 'octo-org/octo-app/.github/workflows/storage.yml@refs/heads/main',
    workflow: 'storage',
    event_name: 'push',
    actor: 'octocat',
    actor_id: '583231',
    run_id: '1234567890',
    run_number: '1',
    run_attempt: '1',
    runner_environment: 'github-hosted',
    head_ref: '',
    base_ref: '',
  }
}
