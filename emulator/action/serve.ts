/** The background process of the action: the emulator itself. */
import { startEmulator, type Emulator } from '../emulator.ts'
import { serverIssuer, stripScheme } from '../iam/issuers.ts'
import { ValidationError } from '../lib/validation.ts'
import { IssuerError } from '../services/oidc/published-keys.ts'
import { patchState } from '../state/patch.ts'
import { InputError, readInputs, type ActionInputs } from './inputs.ts'
import { jobClaims } from './job-claims.ts'
import { audiencesIn, createRoleSource, issuersIn } from './roles.ts'
import type { Env } from './runner.ts'

/** The variable that tells this process that the job has tokens of its own. */
export const realTokens = 'EMULATOR_REAL_TOKENS'

const watchMs = 2_000

/** The longest time without a request; a job of a hosted runner ends earlier. */
const idleMs = 6 * 60 * 60 * 1000

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Stops the emulator when the runner has ended, or when nobody has used it for hours. */
function stopWithRunner(emulator: Emulator, runner: number): void {
  let lastRequests = 0
  let lastUsed = emulator.clock.now()
  const timer = setInterval(() => {
    const now = emulator.clock.now()
    if (emulator.requests.length !== lastRequests) lastUsed = now
    lastRequests = emulator.requests.length
    // In a container, the runner is not a process of this system.
    const abandoned = runner > 1 && !isRunning(runner)
    if (!abandoned && now - lastUsed < idleMs) return
    clearInterval(timer)
    void emulator.stop()
  }, watchMs)
  timer.unref()
}

/** The issuer of the job's server; the path that a policy names on it, if it names one. */
function findIssuer(server: string, trusted: readonly string[]): string {
  if (trusted.includes(server)) return server
  return trusted.find((url) => url.startsWith(`${server}/`)) ?? server
}

async function start(env: Env, inputs: ActionInputs): Promise<Emulator> {
  const server = serverIssuer(env['GITHUB_SERVER_URL'] ?? 'https://github.com')
  const trusted = issuersIn(inputs.trust)
  const issuer = findIssuer(server, trusted)
  const accepted = [...new Set([server, ...trusted])]
  const repository = {
    name: env['GITHUB_REPOSITORY'] ?? '',
    id: env['GITHUB_REPOSITORY_ID'] ?? '',
    ownerId: env['GITHUB_REPOSITORY_OWNER_ID'] ?? '',
  }
  const emulator = await startEmulator({
    rules: { jobMs: inputs.jobMs },
    claims: jobClaims(env, inputs.claims),
    issuer,
    audiences: audiencesIn(inputs.trust),
    ...(env[realTokens] === undefined
      ? { otherIssuers: accepted }
      : { publishedIssuers: accepted }),
    ...(Object.keys(inputs.apps).length === 0 ? {} : { apps: inputs.apps }),
    roleSource: createRoleSource(inputs, issuer, repository),
  })
  if (inputs.state !== undefined) patchState(emulator.state, inputs.state)
  return emulator
}

function toMessage(error: unknown): string {
  if (error instanceof InputError) return error.message
  if (error instanceof ValidationError) return `The input state is not valid: ${error.message}`
  if (error instanceof IssuerError)
    return `The job has id-token: write, so the emulator verifies the tokens of its issuer, but it cannot get the keys. ${error.message}. Check the proxy and the certificates of the runner, or remove id-token: write: the emulator then issues the tokens.`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Starts the emulator, and prints one line of JSON: what it is, or why it did not start. */
export async function serve(env: Env, runner: number): Promise<void> {
  let report: object
  try {
    const inputs = readInputs(env)
    const emulator = await start(env, inputs)
    stopWithRunner(emulator, runner)
    const { issuer, providers } = emulator.state
    report = {
      url: emulator.url,
      env: emulator.env,
      keys: emulator.ambientEnv,
      issuer: stripScheme(issuer),
      issuers: providers.map(({ url }) => url).join(', '),
      subject: emulator.state.claims['sub'] ?? '',
      apps: [...emulator.state.apps.keys()].join(', '),
      hasClaims: Object.keys(inputs.claims).length > 0,
    }
  } catch (error) {
    report = { error: toMessage(error) }
    process.exitCode = 1
  }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}
