/** An action for the harness's own tests, which tells what it was given. */
import { appendFileSync } from 'node:fs'

const { env } = process
const file = (name: string): string => env[name] ?? ''
const said = env['INPUT_SAY'] ?? ''
const secret = env['INPUT_SECRET'] ?? ''
if (secret !== '') console.log(`::add-mask::${secret}`)
console.log(`Said: ${said}${secret}`)
console.log(`May mint a token: ${String(env['ACTIONS_ID_TOKEN_REQUEST_URL'] !== undefined)}`)
appendFileSync(file('GITHUB_OUTPUT'), `said<<END\n${said}\nEND\n`)
appendFileSync(file('GITHUB_STATE'), `said=${said}\n`)
appendFileSync(file('GITHUB_ENV'), `SAID=${said}\nNODE_OPTIONS=--no-warnings\n`)
appendFileSync(file('GITHUB_STEP_SUMMARY'), `# ${said}${secret}\n`)
if (env['INPUT_FAIL'] === 'true') {
  console.log('::error title=It failed::because it was asked to%0Aand said so')
  process.exitCode = 1
}
