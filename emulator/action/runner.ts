/** How a step reports to its runner: commands in the log, and files for variables, outputs and state. */
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'

export type Env = Readonly<Record<string, string | undefined>>

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** Text that comes from outside, on one line and without a command. */
export const info = (text: string): void => {
  print(text.replace(/[\r\n]+/g, ' ').replace(/^\s*(?=::|##\[)/, '| '))
}
export const warning = (text: string): void => {
  print(`::warning title=Emulator::${escapeData(text)}`)
}
export const error = (text: string): void => {
  print(`::error title=Emulator::${escapeData(text)}`)
}
export const mask = (secret: string): void => {
  print(`::add-mask::${escapeData(secret)}`)
}

function append(env: Env, file: string, name: string, value: string): void {
  const path = env[file]
  if (path === undefined || path === '') throw new Error(`${file} is not set: a runner sets it`)
  const delimiter = `ghadelimiter_${randomUUID()}`
  appendFileSync(path, `${name}<<${delimiter}\n${value}\n${delimiter}\n`)
}

/** Sets a variable for the steps that follow. */
export const exportVariable = (env: Env, name: string, value: string): void => {
  append(env, 'GITHUB_ENV', name, value)
}
export const setOutput = (env: Env, name: string, value: string): void => {
  append(env, 'GITHUB_OUTPUT', name, value)
}
/** Keeps a value for the post step, which finds it in the variable `STATE_` and its name. */
export const saveState = (env: Env, name: string, value: string): void => {
  append(env, 'GITHUB_STATE', name, value)
}
