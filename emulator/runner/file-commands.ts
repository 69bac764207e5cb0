/** The files through which a step passes data to its runner: outputs, variables, state, path and summary. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileNames = [
  'GITHUB_OUTPUT',
  'GITHUB_ENV',
  'GITHUB_STATE',
  'GITHUB_PATH',
  'GITHUB_STEP_SUMMARY',
] as const

type FileName = (typeof fileNames)[number]

export type FileCommands = Readonly<{
  /** The environment variables with the paths of the files. */
  env: Readonly<Record<FileName, string>>
  pairs(file: 'GITHUB_OUTPUT' | 'GITHUB_ENV' | 'GITHUB_STATE'): Record<string, string>
  path(): readonly string[]
  summary(): string
}>

/** A file with content that fails a step because its runner cannot parse it. */
class FileCommandError extends Error {}

/** Creates the files for one step, all of them empty. */
export function createFileCommands(temp: string): FileCommands {
  const folder = mkdtempSync(join(temp, 'file-commands-'))
  const pathOf = (name: FileName): string => join(folder, name.toLowerCase())
  for (const name of fileNames) writeFileSync(pathOf(name), '')
  const read = (name: FileName): string => readFileSync(pathOf(name), 'utf8')
  return {
    env: {
      GITHUB_OUTPUT: pathOf('GITHUB_OUTPUT'),
      GITHUB_ENV: pathOf('GITHUB_ENV'),
      GITHUB_STATE: pathOf('GITHUB_STATE'),
      GITHUB_PATH: pathOf('GITHUB_PATH'),
      GITHUB_STEP_SUMMARY: pathOf('GITHUB_STEP_SUMMARY'),
    },
    pairs: (name) => parsePairs(read(name)),
    path: () => read('GITHUB_PATH').split(/\r?\n/).filter(Boolean),
    summary: () => read('GITHUB_STEP_SUMMARY'),
  }
}

/** Parses lines of `name=value`, and values of several lines after `name<<DELIMITER`. */
function parsePairs(text: string): Record<string, string> {
  const pairs: [string, string][] = []
  const lines = text.split(/\r?\n/)
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc))
      pairs.push([parseName(line, equals), line.slice(equals + 1)])
    else if (heredoc >= 0)
      pairs.push([parseName(line, heredoc), parseHeredoc(lines, line.slice(heredoc + 2))])
    else throw new FileCommandError(`Invalid format '${line}'`)
  }
  return Object.fromEntries(pairs)
}

function parseName(line: string, end: number): string {
  if (end === 0) throw new FileCommandError(`Invalid format '${line}'. Name must not be empty`)
  return line.slice(0, end)
}

function parseHeredoc(lines: string[], delimiter: string): string {
  const end = lines.indexOf(delimiter)
  if (delimiter === '' || end < 0)
    throw new FileCommandError(`Matching delimiter not found '${delimiter}'`)
  const value = lines.splice(0, end + 1).slice(0, -1)
  return value.join('\n')
}
