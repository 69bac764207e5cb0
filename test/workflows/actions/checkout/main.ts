/** Stand-in for actions/checkout: copies the files of the test's repository into the workspace. */
import { cpSync } from 'node:fs'

const { STAND_IN_REPOSITORY: from, GITHUB_WORKSPACE: to } = process.env
if (from === undefined || to === undefined) throw new Error('Not run by the harness')
cpSync(from, to, { recursive: true })
console.log('Stand-in for actions/checkout: the files are here')
