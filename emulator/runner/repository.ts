import { defaults } from '../lib/defaults.ts'

/** The repository of every event, with the member names of GitHub's payloads. */
export const repository = {
  id: 456789,
  name: 'octo-app',
  full_name: defaults.repository,
  fork: false,
  default_branch: 'main',
  owner: { login: 'octo-org', id: 12345 },
}

/** A fork of it. */
export const fork = { id: 987654, name: 'octo-app', full_name: 'mona/octo-app', fork: true }
