/** The main step: starts the emulator in the background, and sets its variables for the steps that follow. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

import { ObjectReader } from '../lib/validation.ts'
import { exportVariable, info, mask, saveState, setOutput, warning, type Env } from './runner.ts'
import { realTokens } from './serve.ts'

/** What the background process needs of the environment of the step. */
const passedVariables =
  /^(?:INPUT_.*|GITHUB_(?!TOKEN$).*|RUNNER_.*|(?:HTTPS?|NO)_PROXY|NODE_(?:EXTRA_CA_CERTS|USE_SYSTEM_CA)|SSL_CERT_(?:FILE|DIR)|PATH|SYSTEMROOT|TE?MP|TMPDIR)$/i

const startTimeoutMs = 60_000

/** Endpoints of single services, which override the one that the emulator sets. */
const serviceEndpoints = ['AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_AMPLIFYBACKEND']

/** Whether GitHub gives the job tokens. Another instance of the emulator in the job does it, too. */
function hasRealTokens(env: Env): boolean {
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''
  const emulator = env['AWS_ENDPOINT_URL'] ?? ''
  return url !== '' && (emulator === '' || !url.startsWith(`${emulator}/`))
}

function startProcess(env: Env, program: string, isReal: boolean): ChildProcess {
  const passed = Object.fromEntries(
    Object.entries(env).filter(([name]) => passedVariables.test(name)),
  )
  return spawn(process.execPath, [program, 'serve', String(process.ppid)], {
    // In a process group of its own, it survives the end of the step.
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...passed, ...(isReal ? { [realTokens]: 'true' } : {}) },
  })
}

/** The line of JSON that the process prints; what it says otherwise if it ends without one. */
async function readReport({ stdout, stderr }: ChildProcess): Promise<ObjectReader> {
  if (stdout === null || stderr === null) throw new Error('The emulator has no output')
  let errors = ''
  stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const signal = AbortSignal.timeout(startTimeoutMs)
  const lines = createInterface({ input: stdout, signal })
  for await (const line of lines) {
    if (line.startsWith('{')) return new ObjectReader(JSON.parse(line), 'the emulator')
  }
  throw new Error(
    signal.aborted ? 'The emulator did not start in time' : `The emulator did not start: ${errors}`,
  )
}

function exportVariables(env: Env, report: ObjectReader, isReal: boolean): void {
  const variables = report.optionalStringRecord('env') ?? {}
  const url = variables['AWS_ENDPOINT_URL'] ?? ''
  const hasRegion = [env['AWS_REGION'], env['AWS_DEFAULT_REGION']].some(Boolean)
  exportVariable(env, 'AWS_ENDPOINT_URL', url)
  for (const name of serviceEndpoints) if (env[name]) exportVariable(env, name, url)
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'])
    exportVariable(env, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'false')
  if (!hasRegion) exportVariable(env, 'AWS_REGION', variables['AWS_REGION'] ?? '')
  if (isReal) return
  for (const name of ['ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'])
    exportVariable(env, name, variables[name] ?? '')
}

function explain(report: ObjectReader, isReal: boolean): void {
  info(`The emulator listens on ${report.string('url')}, with the apps ${report.string('apps')}.`)
  if (isReal)
    info(
      `The job has id-token: write, so it uses its own tokens. The emulator accepts those of ${report.string('issuers')}.`,
    )
  else
    info(
      `The job has no id-token: write, so the emulator issues its tokens, as ${report.string('issuer')} would, with the subject ${report.string('subject')}.`,
    )
  info('Comments on pull requests go to GitHub: no step can change GITHUB_API_URL.')
  if (isReal && report.boolean('hasClaims'))
    warning('The input claims has no effect: the job has id-token: write, so its own tokens count.')
}

/**
 * Starts the emulator.
 *
 * @throws Error if it does not start
 */
export async function start(env: Env, program: string): Promise<void> {
  saveState(env, 'started', 'true')
  const isReal = hasRealTokens(env)
  const child = startProcess(env, program, isReal)
  try {
    const report = await readReport(child)
    const problem = report.optionalString('error')
    if (problem !== undefined) throw new Error(problem)
    const keys = report.optionalStringRecord('keys') ?? {}
    const variables = report.optionalStringRecord('env') ?? {}
    const secrets = [
      keys['AWS_SECRET_ACCESS_KEY'],
      variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN'],
    ].filter((secret) => secret !== undefined)
    // Before anything else can print them.
    secrets.forEach(mask)
    const url = report.string('url')
    saveState(env, 'url', url)
    const response = await fetch(`${url}/_emulator/`)
    if (!response.ok) throw new Error(`The emulator responds with ${response.status}`)
    exportVariables(env, report, isReal)
    setOutput(env, 'url', url)
    setOutput(env, 'access-key-id', keys['AWS_ACCESS_KEY_ID'] ?? '')
    setOutput(env, 'secret-access-key', keys['AWS_SECRET_ACCESS_KEY'] ?? '')
    explain(report, isReal)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  child.stdout?.destroy()
  child.stderr?.destroy()
  child.unref()
}
